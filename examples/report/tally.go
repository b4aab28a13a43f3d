package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	names    = 5000 // counted at once; so many are exact
	maxName  = 120  // characters of a name
	maxSpans = 20_000
	shown    = 15
)

// A filter says what counts.
type filter struct {
	user         string
	since, until time.Time
}

// A tally is what one worker has counted, in constant memory.
type tally struct {
	want                         filter
	lines, other, broken, noTime int
	total, lost, unnamed         int
	users, operations, pairs     transport.TopK
	spans                        map[int64]int // by minute, or by hour if there are too many
	wide                         bool
	first, last                  time.Time
	where                        []place // the first broken lines
}

func newTally(want filter) *tally {
	k := transport.TopK{Most: names}
	return &tally{want: want, users: k, operations: k, pairs: k, spans: map[int64]int{}}
}

func (t *tally) block(b block) {
	at := place{b.source, b.first, b.name}
	for text := range bytes.Lines(b.text) {
		t.line(text, at)
		at.line++
	}
}

func (t *tally) line(text []byte, at place) {
	t.lines++
	l, k := parse(text)
	switch k {
	case foreign:
		t.other++
	case broken:
		t.broken++
		if len(t.where) < 3 {
			t.where = append(t.where, at)
		}
	case limited:
		if l.Op == "" {
			l.Op = transport.Operation(l.Method, l.URL)
		}
		if t.count(l.Time.Time, l.User, l.Op, 1) && !l.Again {
			t.lost++
		}
	case summed:
		for _, r := range l.Rest {
			t.count(l.Time.Time, r.User, r.Operation, r.Count)
		}
		if l.Other > 0 && t.want.user == "" && t.at(l.Time.Time, l.Other) {
			t.total += l.Other
			t.unnamed += l.Other
		}
	}
}

func (t *tally) count(at time.Time, user, operation string, n int) bool {
	if n == 0 || t.want.user != "" && user != t.want.user || !t.at(at, n) {
		return false
	}
	user, operation = clean(user), clean(operation)
	t.total += n
	t.users.AddTally(transport.Tally{Name: user, Count: n})
	t.operations.AddTally(transport.Tally{Name: operation, Count: n})
	t.pairs.AddTally(transport.Tally{Name: user + "\n" + operation, Count: n})
	return true
}

// at counts so many at a point in time, unless they are not asked for.
func (t *tally) at(at time.Time, n int) bool {
	if at.IsZero() {
		t.noTime += n
		return t.want.since.IsZero() && t.want.until.IsZero()
	}
	if at.Before(t.want.since) || !t.want.until.IsZero() && !at.Before(t.want.until) {
		return false
	}
	if t.first.IsZero() || at.Before(t.first) {
		t.first = at
	}
	if at.After(t.last) {
		t.last = at
	}
	t.spans[at.Unix()/t.span()] += n
	if len(t.spans) > maxSpans && !t.wide {
		t.widen()
	}
	return true
}

func (t *tally) span() int64 {
	if t.wide {
		return 3600
	}
	return 60
}

// widen counts by the hour from now on.
func (t *tally) widen() {
	old := t.spans
	t.spans, t.wide = map[int64]int{}, true
	for m, n := range old {
		t.spans[m/60] += n
	}
}

// add takes in what another worker has counted.
func (t *tally) add(o *tally) {
	t.lines, t.other, t.broken, t.noTime = t.lines+o.lines, t.other+o.other, t.broken+o.broken, t.noTime+o.noTime
	t.total, t.lost, t.unnamed = t.total+o.total, t.lost+o.lost, t.unnamed+o.unnamed
	for _, m := range []struct{ to, from *transport.TopK }{{&t.users, &o.users}, {&t.operations, &o.operations}, {&t.pairs, &o.pairs}} {
		for _, x := range m.from.Top(names) {
			m.to.AddTally(x)
		}
	}
	if t.wide != o.wide {
		for _, x := range []*tally{t, o} {
			if !x.wide {
				x.widen()
			}
		}
	}
	for m, n := range o.spans {
		t.spans[m] += n
	}
	if t.first.IsZero() || !o.first.IsZero() && o.first.Before(t.first) {
		t.first = o.first
	}
	if o.last.After(t.last) {
		t.last = o.last
	}
	t.where = append(t.where, o.where...)
	slices.SortFunc(t.where, func(a, b place) int { return cmp.Or(a.source-b.source, a.line-b.line) })
	t.where = t.where[:min(3, len(t.where))]
}

// A place is a line of a source.
type place struct {
	source, line int
	name         string
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.name, p.line) }

// A report is what there is to say.
type report struct {
	Lines      int               `json:"lines"`
	Broken     int               `json:"broken"`
	BrokenAt   []string          `json:"broken_at,omitempty"`
	Total      int               `json:"total"`
	GivenUp    int               `json:"given_up"`
	Unnamed    int               `json:"unnamed,omitempty"` // of which the log's summaries do not name user and operation
	First      time.Time         `json:"first,omitzero"`
	Last       time.Time         `json:"last,omitzero"`
	Span       string            `json:"span"` // of each in When: 1m or 1h
	When       []moment          `json:"when"`
	Users      []transport.Tally `json:"users"`
	Operations []transport.Tally `json:"operations"`
	Pairs      []cause           `json:"causes"`
	Advice     []string          `json:"advice"`
}

// A moment is a minute or an hour.
type moment struct {
	Time  time.Time `json:"time"`
	Count int       `json:"count"`
}

// A cause is a user and what he did.
type cause struct {
	User      string `json:"user"`
	Operation string `json:"operation"`
	Count     int    `json:"count"`
	Error     int    `json:"error,omitempty"`
}

func (t *tally) report() report {
	r := report{
		Lines: t.lines, Broken: t.broken, Total: t.total, GivenUp: t.lost, Unnamed: t.unnamed,
		First: t.first, Last: t.last, Span: "1m", Users: t.users.Top(shown), Operations: t.operations.Top(shown),
	}
	for _, p := range t.where {
		r.BrokenAt = append(r.BrokenAt, p.String())
	}
	if t.last.Sub(t.first) > 3*time.Hour && !t.wide {
		t.widen()
	}
	if t.wide {
		r.Span = "1h"
	}
	for _, m := range slices.Sorted(maps.Keys(t.spans)) {
		r.When = append(r.When, moment{time.Unix(m*t.span(), 0).UTC(), t.spans[m]})
	}
	for _, x := range t.pairs.Top(shown) {
		user, operation, _ := strings.Cut(x.Name, "\n")
		r.Pairs = append(r.Pairs, cause{user, operation, x.Count, x.Error})
	}
	r.Advice = advise(r)
	return r
}

// clean makes a name printable and short; a log may have been written by anybody.
func clean(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxName)], "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName-1]) + "…"
	}
	return cmp.Or(s, "(unknown)")
}
