package main

import (
	"bytes"
	"encoding/json"
	"time"
)

// A line is what is read of one, if it is about 429s.
type line struct {
	Time    stamp  `json:"time"`
	User    string `json:"user.name"`
	Op      string `json:"aprimo.operation"`
	Method  string `json:"http.request.method"`
	URL     string `json:"url.full"`
	Status  int    `json:"http.response.status_code"`
	Resend  *int   `json:"http.request.resend_count"`
	Again   bool   `json:"aprimo.rate_limit.will_retry"`
	Event   string `json:"event"`
	GivenUp int    `json:"aprimo.429.given_up"`
	Rest    []struct {
		User      string `json:"user"`
		Operation string `json:"operation"`
		Count     int    `json:"count"`
	} `json:"aprimo.429.rest"`
	Other int `json:"aprimo.429.rest_other"`
}

const summary = "aprimo.429.summary"

// A kind says what a line is.
type kind int

const (
	foreign kind = iota // not about 429s
	limited             // a 429
	summed              // a summary
	broken              // not JSON, though it begins so
)

var of429 = []byte("429")

// parse reads a line. Most lines of a log are about other things: they are looked at,
// not taken apart.
func parse(text []byte) (l line, k kind) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0 || text[0] != '{':
		return l, foreign
	case !bytes.Contains(text, of429):
		if !json.Valid(text) {
			return l, broken
		}
		return l, foreign
	}
	if err := json.Unmarshal(text, &l); err != nil {
		if json.Valid(text) { // of another program, which has other types
			return l, foreign
		}
		return l, broken
	}
	switch {
	case l.Event == summary && l.Other >= 0:
		for _, r := range l.Rest {
			if r.Count < 0 {
				return l, broken
			}
		}
		return l, summed
	case l.Status == 429 && l.Resend != nil:
		return l, limited
	}
	return l, foreign
}

// A stamp is a time as zerolog or slog writes it: a text or seconds since 1970.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler. A time that cannot be read is none.
func (s *stamp) UnmarshalJSON(b []byte) error {
	var seconds float64
	if len(b) > 0 && b[0] == '"' {
		s.Time, _ = time.Parse(`"`+time.RFC3339Nano+`"`, string(b))
	} else if json.Unmarshal(b, &seconds) == nil && seconds > 0 {
		for seconds > 1e11 { // milliseconds, microseconds or nanoseconds
			seconds /= 1000
		}
		s.Time = time.Unix(int64(seconds), 0).UTC()
	}
	return nil
}
