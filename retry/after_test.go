package retry_test

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

func TestAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	in := func(d time.Duration, layout string) string { return now.Add(d).Format(layout) }
	const forever = time.Duration(math.MaxInt64)
	for name, test := range map[string]struct {
		values []string
		date   string
		want   time.Duration
	}{
		"absent":            {},
		"empty":             {values: []string{""}},
		"seconds":           {values: []string{"3"}, want: 3 * time.Second},
		"zero":              {values: []string{"0"}},
		"a fraction":        {values: []string{"1.5"}, want: 1500 * time.Millisecond},
		"begins with point": {values: []string{".25"}, want: 250 * time.Millisecond},
		"spaces":            {values: []string{"  7 "}, want: 7 * time.Second},
		"negative":          {values: []string{"-5"}},
		"plus":              {values: []string{"+5"}},
		"exponent":          {values: []string{"1e3"}},
		"hexadecimal":       {values: []string{"0x10"}},
		"infinite":          {values: []string{"Inf"}},
		"not a number":      {values: []string{"NaN"}},
		"underscore":        {values: []string{"1_000"}},
		"two points":        {values: []string{"1.2.3"}},
		"a point":           {values: []string{"."}},
		"a word":            {values: []string{"soon"}},
		"a unit":            {values: []string{"5s"}},
		"large":             {values: []string{"86400"}, want: 24 * time.Hour},
		"absurd":            {values: []string{"99999999999999999999"}, want: forever},
		"2^63 ns":           {values: []string{"9223372036.854775808"}, want: forever},
		"beyond a float":    {values: []string{string(make9s(400))}, want: forever},
		"IMF-fixdate":       {values: []string{in(2*time.Second, http.TimeFormat)}, want: 2 * time.Second},
		"RFC 850":           {values: []string{in(time.Minute, "Monday, 02-Jan-06 15:04:05 GMT")}, want: time.Minute},
		"asctime":           {values: []string{in(time.Hour, time.ANSIC)}, want: time.Hour},
		"in the past":       {values: []string{in(-time.Hour, http.TimeFormat)}, want: 0},
		"years ahead":       {values: []string{"Fri, 31 Dec 9999 23:59:59 GMT"}, want: forever},
		"several":           {values: []string{"2", "soon", "9", "-1"}, want: 9 * time.Second},
		"the server's clock is an hour slow": {
			values: []string{in(-time.Hour+4*time.Second, http.TimeFormat)},
			date:   in(-time.Hour, http.TimeFormat), want: 4 * time.Second,
		},
		"garbage as Date": {values: []string{in(4*time.Second, http.TimeFormat)}, date: "today", want: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Retry-After": test.values}
			if test.date != "" {
				h.Set("Date", test.date)
			}
			if got := retry.After(h, now); got != test.want {
				t.Errorf("After(%q) = %v, want %v", test.values, got, test.want)
			}
		})
	}
}

func make9s(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = '9'
	}
	return b
}

func FuzzAfter(f *testing.F) {
	for _, s := range []string{"1", "1.5", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "99999999999999999999"} {
		f.Add(s, "Wed, 21 Oct 2026 07:28:00 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		one := retry.After(http.Header{"Retry-After": {value}, "Date": {date}}, now)
		if one < 0 {
			t.Errorf("After(%q): got %v, want no negative time", value, one)
		}
		if two := retry.After(http.Header{"Retry-After": {"1", value}, "Date": {date}}, now); two != max(one, time.Second) {
			t.Errorf("got %v beside another header of 1 s and %v alone, want the longer one", two, one)
		}
	})
}

// A date can be judged by the server's clock alone. If that is not known, a date far away
// does not end the call.
func TestRetryAfterOfAnUnknownClock(t *testing.T) {
	for name, c := range map[string]struct {
		ahead     time.Duration // the date, by our clock
		date      bool          // there is a Date header, of our clock
		seconds   string        // instead of a date
		want      time.Duration
		attempted int
	}{
		"a clock that is ahead":    {ahead: 2*time.Minute + 5*time.Second, want: time.Minute, attempted: 2},
		"soon":                     {ahead: 5 * time.Second, want: 5 * time.Second, attempted: 2},
		"a clock that is known":    {ahead: 30 * time.Minute, date: true, attempted: 1},
		"a number needs no clock":  {seconds: "1800", attempted: 1},
		"a number within the most": {seconds: "30", want: 30 * time.Second, attempted: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, began := 0, time.Now()
				resp, err := send(t.Context(), &retry.Transport{Base: roundTripper(func(*http.Request) (*http.Response, error) {
					h := http.Header{"Retry-After": {c.seconds}}
					if c.seconds == "" {
						h.Set("Retry-After", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
					}
					if c.date {
						h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
					}
					n++
					return &http.Response{StatusCode: []int{429, 200}[n-1], Header: h, Body: http.NoBody}, nil
				})}, "GET", "")
				// A delay is longer by up to a quarter, so that not all come at once.
				if took := time.Since(began); err != nil || n != c.attempted || took < c.want || took > c.want*5/4 {
					t.Errorf("%v, %v after %d attempts and %v; want %d attempts, %v between them", resp, err, n, took, c.attempted, c.want)
				}
			})
		})
	}
}
