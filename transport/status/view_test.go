package status

import (
	"testing"

	"github.com/aprimo-go/aprimo/transport"
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
		want string
	}{
		{hour(15, minute{}), "990 a minute"},
		{hour(15, minute{Sent: 2000}), "2000 a minute"},
		{hour(0, minute{Sent: 20}), "20 a minute"}, // a Limiter that does not say
		{hour(0, minute{}), "1 a minute"},
	} {
		c := test.view.Chart()
		if c.Scale != test.want {
			t.Errorf("%+v: %q, want %q", test.view.Now, c.Scale, test.want)
		}
		for _, column := range c.Columns {
			if column.Y < 0 || column.Height < 0 || column.Red > column.Height || column.X+column.Width > chartWidth {
				t.Errorf("%+v", column)
			}
		}
		if c.Limit < 0 || c.Limit > chartHeight || (c.Limit > 0) != (test.view.Now.Limit > 0) {
			t.Errorf("the limit is at %v", c.Limit)
		}
	}
}

// A 429 is seen among any number of requests.
func TestChartShowsEach429(t *testing.T) {
	c := hour(1000, minute{Sent: 50_000, Limited: 1}).Chart()
	if last := c.Columns[minutes-1]; last.Red != visible || last.RedTop != chartHeight-visible || last.Height <= last.Red {
		t.Errorf("%+v", last)
	}
	c = hour(1000, minute{Limited: 1}).Chart() // of a call that has not ended
	if last := c.Columns[minutes-1]; last.Red != visible || last.Height != visible {
		t.Errorf("%+v", last)
	}
}
