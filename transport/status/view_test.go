package status

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// hour returns a view of a Transport, with the requests of the last minute.
func hour(limit float64, m minute) view {
	return view{Now: transport.Stats{Limit: limit}, Minutes: append(make([]minute, minutes-1), m)}
}

// The full height of the chart is never less than what is in it, nor a number that
// has been rounded to nothing.
func TestChartScale(t *testing.T) {
	for _, test := range []struct {
		view view
		want int
	}{
		{hour(15, minute{}), 1000},
		{hour(15, minute{Sent: 2000}), 2000},
		{hour(15, minute{Sent: 2001}), 4000},
		{hour(0, minute{Sent: 20}), 20}, // a Limiter that does not say
		{hour(0, minute{}), 2},
	} {
		c := test.view.Chart()
		if c.Full != test.want {
			t.Errorf("%+v: %d, want %d", test.view.Now, c.Full, test.want)
		}
		for _, column := range c.Columns {
			if column.Y < 0 || column.Height < 0 || column.Red > column.Height || column.X+column.Width > chartWidth {
				t.Errorf("column: got %+v, want it inside the chart", column)
			}
		}
		if c.Limit < 0 || c.Limit > chartHeight || (c.Limit > 0) != (test.view.Now.Limit > 0) {
			t.Errorf("limit: got %v, want it inside the chart, of %v", c.Limit, test.view.Now.Limit)
		}
	}
}

// A 429 is seen among any number of requests.
func TestChartShowsEach429(t *testing.T) {
	c := hour(1000, minute{Sent: 50_000, Limited: 1}).Chart()
	if last := c.Columns[minutes-1]; last.Red != visible || last.RedTop != chartHeight-visible || last.Height <= last.Red {
		t.Errorf("last column: got %+v, want a 429 of %d below requests", last, visible)
	}
	c = hour(1000, minute{Limited: 1}).Chart() // of a call that has not ended
	if last := c.Columns[minutes-1]; last.Red != visible || last.Height != visible {
		t.Errorf("last column: got %+v, want a 429 of %d alone", last, visible)
	}
}

// What the page says first, and how bad that is.
func TestHeadline(t *testing.T) {
	stats := func(queued int, b transport.Bottleneck) view {
		return view{Now: transport.Stats{Queued: queued, Bottleneck: b}, Minutes: make([]minute, minutes)}
	}
	paused := stats(3, transport.BottleneckPause)
	paused.Pause = 90 * time.Second
	firing := stats(0, transport.BottleneckDemand)
	firing.Alerts = []measure.AlertStatus{{State: "ok"}, {State: "firing"}}
	pending := stats(0, transport.BottleneckDemand)
	pending.Alerts = []measure.AlertStatus{{State: "pending"}, {State: "clearing"}}
	for _, test := range []struct {
		view               view
		headline, severity string
	}{
		{stats(0, transport.BottleneckDemand), "The queue is empty.", "good"},
		{stats(1, transport.BottleneckLimit), "1 call is queued: the rate limit is reached.", "busy"},
		{stats(2, transport.BottleneckWindow), "2 calls are queued: other programs keep Aprimo busy.", "busy"},
		{stats(3, transport.BottleneckPause), "3 calls are queued.", "busy"},
		{stats(3, transport.BottleneckHeavy), "3 calls are queued: other heavy operations are in progress.", "busy"},
		{hour(15, minute{Limited: 1}), "The queue is empty.", "busy"},
		{paused, "All calls are paused for 1m30s after a 429.", "bad"},
		{firing, "The queue is empty.", "bad"},
		{pending, "The queue is empty.", "good"},
	} {
		if h, s := test.view.Headline(), test.view.Severity(); h != test.headline || s != test.severity {
			t.Errorf("%q, %s; want %q, %s", h, s, test.headline, test.severity)
		}
	}
}

// What is rare is on the page when it is there, and not when it is not.
func TestPageOfWhatIsRare(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	v := hour(15, minute{})
	v.Time, v.Now.Window = now, math.MaxInt
	rare := v
	rare.Now.Window, rare.Now.Sharing, rare.Now.Processes = 7, transport.SharingAlone, 4
	rare.Now.Others = transport.Others{Rate: 8.25, Stddev: 0.9}
	rare.Waiting = []waiting{{Class: "batch", Heavy: true, Calls: 2}}
	rare.Limited = []limited{{Time: now, User: "anna", Operation: "GET /", Attempt: 9}}
	rare.Alerts = []measure.AlertStatus{{Condition: "throttled", State: "ok", Muted: now.Add(time.Hour), Reason: "release"}}
	rare.Delivered = delivered{Sent: 5, Failed: 2, Pending: 1}
	rare.Users = []topk.Tally{{Name: "ben", Count: 7, Error: 3}}
	text := func(v view) string {
		var b bytes.Buffer
		if err := page.Execute(&b, v); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for part, common := range map[string]bool{
		"unlimited; window":                     true,
		"of 7; window":                          false,
		"<b>unknown</b>":                        true,
		"<b>8.2</b><span class=\"soft\">± 0.9":  false,
		"batch, heavy":                          false,
		"(unknown)":                             false,
		"9, given up":                           false,
		"muted until 13:00:00: release":         false,
		"(at most 3 too high)":                  false,
		"5 delivered, 1 pending":                false,
		"2 not delivered: see the log":          false,
		" delivered":                            false,
		"processes; the others are unreachable": false,
	} {
		if strings.Contains(text(v), part) != common || strings.Contains(text(rare), part) == common {
			t.Errorf("%q: got it on the wrong page, want it on the common one: %v", part, common)
		}
	}
}

// The axis of the delay ends at a number that can be read, above the longest delay of the
// hour. Minutes without requests have no delay.
func TestChartOfDelays(t *testing.T) {
	v := hour(15, minute{})
	v.Minutes[3] = minute{Sent: 1, ServerDelay: 3 * time.Second}
	v.Minutes[4] = minute{Sent: 1}
	v.Minutes[6] = minute{Sent: 1, ServerDelay: time.Second}
	const want = "M35.0,25.0L35.0,25.0L45.0,100.0M65.0,75.0L65.0,75.0"
	if c := v.Chart(); c.FullDelay != 4*time.Second || c.Delay != want {
		t.Errorf("delay: got %v, %s; want 4s, %s", c.FullDelay, c.Delay, want)
	}
}
