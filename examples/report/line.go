package main

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/aprimo-go/aprimo/transport/topk"
)

// A line is what is read of one, if it is about 429s.
type line struct {
	Time   stamp  `json:"time"`
	User   string `json:"user.name"`
	Op     string `json:"aprimo.operation"`
	Method string `json:"http.request.method"`
	URL    string `json:"url.full"`
	Status int    `json:"http.response.status_code"`
	Resend *int   `json:"http.request.resend_count"`
	Again  bool   `json:"aprimo.rate_limit.will_retry"`
	Sum    isSum  `json:"event"`

	// The time, where a program has set another name for it.
	TS          stamp `json:"ts"`
	Timestamp   stamp `json:"timestamp"`
	AtTimestamp stamp `json:"@timestamp"`

	// Of a summary: the 429s that have no line, and when the first one was.
	Since          stamp    `json:"aprimo.429.since"`
	All            int      `json:"aprimo.429.total"`
	OthersRate     *float64 `json:"aprimo.rate_limit.others_rate_min"`
	Suppressed     *int     `json:"aprimo.429.suppressed"`
	GivenUp        int      `json:"aprimo.429.suppressed_given_up"`
	Rest           []cause  `json:"aprimo.429.rest"`
	Other          int      `json:"aprimo.429.rest_other"`
	RestUsers      []named  `json:"aprimo.429.rest_users"`
	RestOperations []named  `json:"aprimo.429.rest_operations"`
}

type named = topk.Tally

const (
	summary = "aprimo.429.summary"
	status  = "http.response.status_code"

	// maxCount is more than any program can have in a minute.
	maxCount = 1_000_000_000
)

// A kind says what a line is.
type kind int

const (
	foreign kind = iota // not about 429s
	limited             // a 429
	summed              // a summary
	plain               // not JSON at all
	broken              // not JSON, though it begins so, or makes no sense
)

// at returns when the line was written.
func (l *line) at() stamp {
	for _, s := range []stamp{l.Time, l.Timestamp, l.AtTimestamp, l.TS} {
		if !s.IsZero() {
			return s
		}
	}
	return stamp{}
}

// kind tells what a line is that is JSON.
func (l *line) kind() kind {
	switch {
	case bool(l.Sum) && l.sound():
		return summed
	case bool(l.Sum):
		return broken
	case l.Status == 429 && l.Resend != nil:
		return limited
	}
	return foreign
}

// sound tells whether a summary's numbers can be true.
func (l *line) sound() bool {
	ok := func(n int) bool { return n >= 0 && n <= maxCount }
	if l.Suppressed != nil && !ok(*l.Suppressed) || !ok(l.GivenUp) || !ok(l.Other) || !ok(l.All) || l.OthersRate != nil && !ok(int(*l.OthersRate)) {
		return false
	}
	for _, c := range l.Rest {
		if !ok(c.Count) || !ok(c.Error) {
			return false
		}
	}
	for _, list := range [][]named{l.RestUsers, l.RestOperations} {
		for _, t := range list {
			if !ok(t.Count) || !ok(t.Error) {
				return false
			}
		}
	}
	return true
}

// An isSum tells whether a line is a summary. The program that logs may have an event of
// its own in each line, of any type, before ours or after it.
type isSum bool

// UnmarshalJSON implements json.Unmarshaler.
func (s *isSum) UnmarshalJSON(b []byte) error {
	*s = *s || string(b) == `"`+summary+`"`
	return nil
}

// A stamp is a time as zerolog or slog writes it, or docker or journald: a text, or a
// number since 1970.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler. A time that cannot be read is none.
func (s *stamp) UnmarshalJSON(b []byte) error {
	if len(b) > 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	if t, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
		s.Time = t.UTC()
		return nil
	}
	if seconds, err := strconv.ParseFloat(string(b), 64); err == nil && seconds > 0 {
		for seconds > 1e11 && seconds < 1e20 { // milliseconds, microseconds or nanoseconds
			seconds /= 1000
		}
		if seconds <= 1e11 {
			s.Time = time.Unix(int64(seconds), 0).UTC()
		}
	}
	return nil
}

var _, _ json.Unmarshaler = (*stamp)(nil), (*isSum)(nil)
