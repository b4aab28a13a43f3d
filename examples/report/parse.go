package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	summary = "aprimo.429.summary"
	status  = "http.response.status_code"
	unknown = "(unknown)" // the name of calls without a user

	maxName  = 120         // characters of a name
	maxSize  = 2 * maxName // bytes of a name
	maxDepth = 3           // JSON objects around a line, such as a group of slog in a line of docker
	maxCount = 10_000_000  // more than a program can have in a minute
)

// A line holds the fields of a log line about 429s.
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

	// Other names of the time, which a program can choose, and that of journald.
	TS          stamp `json:"ts"`
	Timestamp   stamp `json:"timestamp"`
	AtTimestamp stamp `json:"@timestamp"`
	Journal     stamp `json:"__REALTIME_TIMESTAMP"`

	// A summary counts the 429s that have no line of their own.
	Since          stamp    `json:"aprimo.429.since"` // the first of them
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

// A kind classifies a line.
type kind int

const (
	foreign kind = iota // not about 429s
	limited             // a 429
	summed              // a summary
	plain               // not JSON
	broken              // incomplete JSON, or impossible numbers
)

// parse reads a line. To be fast, it only validates lines that are not about 429s. A
// prefix before the JSON is skipped: that of a container runtime or of syslog, a byte
// order mark.
func parse(text []byte) (line, kind) { return parseInside(text, maxDepth) }

func parseInside(text []byte, depth int) (line, kind) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return line{}, foreign
	}
	begin := 0
	if text[0] != '{' {
		if begin = bytes.Index(text, []byte(`{"`)); begin < 0 {
			return line{}, plain
		}
	}
	text = text[begin:]
	switch {
	case relevant(text):
		return unwrap(text, depth)
	case json.Valid(text):
		return line{}, foreign
	case begin > 0: // text with a brace in it
		return line{}, plain
	}
	return line{}, broken
}

// relevant reports whether a text may be about 429s. It has no false negatives.
func relevant(text []byte) bool {
	return bytes.Contains(text, []byte("429")) &&
		(bytes.Contains(text, []byte(status)) || bytes.Contains(text, []byte(summary)))
}

// unwrap reads a JSON object, or the line inside it.
func unwrap(text []byte, depth int) (line, kind) {
	var l line
	err := json.Unmarshal(text, &l)
	if errors.As(err, new(*json.SyntaxError)) {
		return l, broken
	}
	l.Time = cmp.Or(l.Time, l.Timestamp, l.AtTimestamp, l.TS, l.Journal)
	if k := l.kind(); err == nil && k != foreign || depth == 0 {
		return l, k
	}
	inner, k := inside(text, depth-1)
	inner.Time = cmp.Or(inner.Time, l.Time)
	return inner, k
}

// inside searches the text fields of docker, journald and others for a line, and all
// objects, since groups of slog can have any name.
func inside(text []byte, depth int) (l line, k kind) {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(text, &fields) // it is valid
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value, wrapped := fields[name], ""
		switch {
		case !relevant(value):
		case value[0] == '{':
			l, k = unwrap(value, depth)
		case slices.Contains([]string{"log", "MESSAGE", "message", "textPayload"}, name) && json.Unmarshal(value, &wrapped) == nil:
			l, k = parseInside([]byte(wrapped), depth)
		}
		if k == limited || k == summed || k == broken {
			return l, k
		}
	}
	return l, foreign
}

// kind classifies a JSON line.
func (l *line) kind() kind {
	switch {
	case bool(l.Sum) && !l.plausible():
		return broken
	case bool(l.Sum):
		return summed
	case l.Status == 429 && l.Resend != nil:
		return limited
	}
	return foreign
}

// plausible reports whether the numbers of a summary are possible: none is negative or
// enormous, and no list counts more 429s than there were.
func (l *line) plausible() bool {
	f, rate := l.flood(""), *cmp.Or(l.OthersRate, new(float64))
	numbers := []int{l.All, l.Other, f.total, f.givenUp, f.total - f.givenUp}
	for _, list := range f.tables {
		numbers = append(numbers, f.total-sum(list))
		for _, t := range list {
			numbers = append(numbers, t.Count, t.Error, t.Count-t.Error)
		}
	}
	return min(rate, float64(slices.Min(numbers))) >= 0 && max(rate, float64(slices.Max(numbers))) <= maxCount && (l.All == 0 || l.All >= f.total)
}

// An isSum tells whether a line is a summary. The program that logs may have events of
// its own in the same line, of any type.
type isSum bool

func (s *isSum) UnmarshalJSON(b []byte) error {
	*s = *s || string(b) == `"`+summary+`"`
	return nil
}

// A stamp is a time as a logger writes it: RFC 3339, or a number since 1970 in seconds,
// milliseconds, microseconds or nanoseconds.
type stamp struct{ time.Time }

// UnmarshalJSON leaves the time zero if it cannot be read.
func (s *stamp) UnmarshalJSON(b []byte) error {
	if len(b) > 2 && b[0] == '"' {
		b = b[1 : len(b)-1]
	}
	if t, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
		s.Time = t.UTC()
	} else if seconds, err := strconv.ParseFloat(string(b), 64); err == nil && seconds > 0 && seconds < 1e20 {
		for seconds > 1e11 {
			seconds /= 1000
		}
		s.Time = time.Unix(int64(seconds), 0).UTC()
	}
	return nil
}

// clean makes a name printable and short: whoever writes to the log chooses it.
func clean(s string) string {
	const mark = "…"
	long := func(s string) bool { return len(s) > maxSize || utf8.RuneCountInString(s) > maxName }
	if s = program.Clean(s); long(s) {
		for s = s[:min(len(s), maxSize)]; long(s + mark); {
			_, size := utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-size]
		}
		s += mark
	}
	return cmp.Or(s, unknown)
}
