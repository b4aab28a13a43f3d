package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Each 429 is in its span, for any times, however wide the spans are.
func TestReportSpansAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := time.Date(rapid.IntRange(0, 9000).Draw(t, "year"), 11, 24, 23, 59, 59, 0, time.UTC)
		width := rapid.SampledFrom([]int64{1, 60, 5000, 100_000, 10_000_000, 30_000_000_000}).Draw(t, "width")
		var one spans
		var all []time.Time
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			for range rapid.IntRange(0, 300).Draw(t, "n") {
				at := time.Unix(first.Unix()+rapid.Int64Range(0, width).Draw(t, "at"), 0).UTC()
				all = append(all, at)
				one.add(at, 1)
			}
			for range rapid.IntRange(0, 4).Draw(t, "widen") {
				one.widen()
			}
		}
		_, rows := report{spans: one}.times(tableSpans)
		begins, _ := one.fit(tableSpans)
		length := steps[one.step].length
		if len(rows) > tableSpans || len(all) > 0 != (len(rows) > 0) {
			t.Fatalf("got %d rows, want up to %d", len(rows), tableSpans)
		}
		sum := 0
		for i, m := range rows {
			n := 0
			for _, at := range all {
				if since := at.Sub(begins[i].Time); since >= 0 && since < length {
					n++
				}
			}
			if sum += n; n != m.Count {
				t.Fatalf("got %d in the %v from %s on, want %d", m.Count, length, m.Name, n)
			}
		}
		if sum != len(all) {
			t.Fatalf("got %d in all rows, want %d", sum, len(all))
		}
	})
}

// The number of spans is bounded for any times.
func TestReportSpansAreFew(t *testing.T) {
	var s spans
	for i := range 200_000 {
		s.add(time.Unix(int64(i)*3600*365, 0), 1)
		if len(s.count) > maxSpans {
			t.Fatalf("got %d spans, want up to %d", len(s.count), maxSpans)
		}
	}
}

// The table covers the whole time and says the length of a row.
func TestReportShowsAllOfTheTime(t *testing.T) {
	r := reportOf(t, filter{}, logOf(100*60))
	out := tableOf(t, r)
	_, when, _ := strings.Cut(out, "\nWHEN (UTC, 5 minutes each)\n")
	if rows := strings.Count(when, "#\n"); rows != 20 {
		t.Errorf("got %d rows, want 20:\n%s", rows, out)
	}
}

// All times are UTC. 429s without a time are counted, not shown in year 1.
func TestReportTimes(t *testing.T) {
	const zone = `{"time":"2026-11-24T23:30:00-05:00","http.request.resend_count":0,"http.response.status_code":429}` + "\n"
	const none = `{"http.request.resend_count":0,"http.response.status_code":429}` + "\n"
	out := tableOf(t, reportOf(t, filter{}, zone+none))
	if !strings.Contains(out, "from 2026-11-25T04:30:00Z to 2026-11-25T04:30:00Z") || !strings.Contains(out, "Without a time: 1 of") {
		t.Errorf("got %s\nwant UTC, and one without a time", out)
	}
	if out := tableOf(t, reportOf(t, filter{}, none)); strings.Contains(out, "0001") || strings.Contains(out, "WHEN") || !strings.Contains(out, "Without a time: 1 of") {
		t.Errorf("got %s\nwant UTC, and one without a time", out)
	}
}

// A flood counts at its start, not when its summary was written.
func TestReportTellsWhenAFloodWas(t *testing.T) {
	f := filter{since: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), until: time.Date(2026, 11, 24, 10, 1, 0, 0, time.UTC)}
	for _, log := range []string{
		strings.Replace(newSummary, `"aprimo.429.total"`, `"aprimo.429.since":"2026-11-24T11:00:05+01:00","aprimo.429.total"`, 1),
		strings.Replace(newSummary, `"time":"2026-11-24T10:01:00Z"`, `"aprimo.429.since":1795514405`, 1),
	} {
		r := reportOf(t, f, log)
		if r.Total != 100 || len(r.When) != 1 || !r.When[0].Time.Equal(f.since) || r.NoTime != 0 || r.First.Second() != 5 {
			t.Errorf("got %+v, want 100 at the start of the flood", r)
		}
	}
}

func TestAdvice(t *testing.T) {
	for operation, want := range map[string]string{
		"GET /api/core/record/{id}":         "many records in one request",
		"GET /api/core/records":             "larger pages",
		"POST /api/core/search/records":     "larger pages",
		"POST /api/core/records":            "all fields of a record",
		"PUT /api/core/record/{id}":         "all fields of a record",
		"POST /api/core/record/{id}/fields": "all fields of a record",
		"POST /api/core/orders":             "into one order",
		"GET /api/core/order/{id}":          "wait for all orders",
	} {
		r := report{counts: counts{Total: 10}, Operations: []named{{Name: operation, Count: 10}}, Users: []named{{Name: unknown, Count: 10}}}
		got := fmt.Sprint(advise(r))
		if !strings.Contains(got, want) || !strings.Contains(got, "ContextWithUser") || strings.Contains(got, "Batch, so that") {
			t.Errorf("%s: got %s, want %q and ContextWithUser", operation, got, want)
		}
	}
}

// The user who caused most should yield; lost work should be repeated.
func TestAdviceForPeople(t *testing.T) {
	r := report{counts: counts{Total: 10}, Users: []named{{Name: "anna", Count: 6}, {Name: "ben", Count: 4}}}
	if got := fmt.Sprint(advise(r)); !strings.Contains(got, "anna caused 60 %") || strings.Contains(got, "ben") || strings.Contains(got, "given up") {
		t.Errorf("got %s, want only advice about anna", got)
	}
	r.GivenUp = 1
	if got := fmt.Sprint(advise(r)); !strings.Contains(got, "1 calls were given up") {
		t.Errorf("got %s, want advice about the call given up", got)
	}
}
