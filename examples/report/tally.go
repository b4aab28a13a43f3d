package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// maxNames is how many are counted at once by a worker. So many are exact; of more, none
// is wrong by more than a two-thousandth of all.
const maxNames = 2000

// A tally is what one worker has counted, in constant memory.
type tally struct {
	want                         filter
	lines, plain, broken, noTime int
	total, givenUp, others       int // others are left out by the filter
	unsure                       unsure
	foreign                      mean
	users, operations, pairs     table
	spans                        spans
	first, last                  time.Time
	where                        []place // the first broken lines
}

// A table is how often each name was counted.
type table struct {
	topk.Counter
	unnamed int // 429s whose name the log does not tell
}

func newTally(want filter) *tally {
	t := &tally{want: want}
	t.users.Most, t.operations.Most, t.pairs.Most = maxNames, maxNames, maxNames
	return t
}

func (t *tally) block(b block) {
	at := place{b.source, b.first, b.name}
	if b.long {
		t.lines++
		t.isBroken(at)
		return
	}
	for text := range bytes.Lines(b.text) {
		t.line(text, at)
		at.line++
	}
}

func (t *tally) line(text []byte, at place) {
	t.lines++
	l, k := parse(text)
	switch k {
	case plain:
		t.plain++
	case broken:
		t.isBroken(at)
	case limited:
		t.limited(&l)
	case summed:
		t.summed(&l)
	}
}

func (t *tally) isBroken(at place) {
	t.broken++
	if len(t.where) < 3 {
		t.where = append(t.where, at)
	}
}

// limited counts a 429 that has a line.
func (t *tally) limited(l *line) {
	user := clean(l.User)
	if t.want.user != "" && user != t.want.user || !t.want.covers(l.Time.Time) {
		t.others++
		return
	}
	if l.Op == "" {
		l.Op = transport.Operation(l.Method, l.URL)
	}
	operation := clean(l.Op)
	t.total++
	if !l.Again {
		t.givenUp++
	}
	t.at(l.Time.Time, 1)
	t.users.Add(user)
	t.operations.Add(operation)
	t.pairs.Add(pair(user, operation))
}

// summed counts those that a summary tells of. They count for when the flood began: the
// summary itself comes up to a minute after it, whereas most floods are short.
func (t *tally) summed(l *line) {
	at := l.Since.Time
	if at.IsZero() {
		at = l.Time.Time
	}
	f, all := l.flood(t.want.user), l.flood("").total
	if !t.want.covers(at) {
		t.others += all
		return
	}
	if l.OthersRate != nil {
		t.foreign.add(mean{*l.OthersRate * float64(l.All), float64(l.All)})
	}
	t.others += max(0, all-f.total)
	t.unsure.Total += f.unsure.Total
	t.unsure.GivenUp += f.unsure.GivenUp
	t.givenUp += f.givenUp
	t.total += f.total
	t.at(at, f.total)
	t.users.names(f.users, f.total)
	t.operations.names(f.operations, f.total)
	t.pairs.names(f.pairs, f.total)
}

// A mean is of values that weigh differently.
type mean struct{ sum, weight float64 }

func (m *mean) add(o mean) { m.sum, m.weight = m.sum+o.sum, m.weight+o.weight }

func (m mean) value() float64 {
	if m.weight == 0 {
		return 0
	}
	return m.sum / m.weight
}

// names adds those that are named of a number.
func (t *table) names(list []named, of int) {
	for _, x := range list {
		if x.Count > 0 {
			t.AddTally(x)
		}
	}
	t.unnamed += max(0, of-sum(list))
}

func (t *tally) at(at time.Time, n int) {
	switch {
	case n == 0:
	case at.IsZero():
		t.noTime += n
	default:
		t.spans.add(at, n)
		t.between(at, at)
	}
}

// between notes that there were 429s at the two points in time.
func (t *tally) between(first, last time.Time) {
	if t.first.IsZero() || !first.IsZero() && first.Before(t.first) {
		t.first = first
	}
	if last.After(t.last) {
		t.last = last
	}
}

// add takes in what another worker has counted, which is of no more use then.
func (t *tally) add(o *tally) {
	t.lines, t.plain, t.broken, t.noTime = t.lines+o.lines, t.plain+o.plain, t.broken+o.broken, t.noTime+o.noTime
	t.total, t.givenUp, t.others = t.total+o.total, t.givenUp+o.givenUp, t.others+o.others
	t.unsure.Total, t.unsure.GivenUp = t.unsure.Total+o.unsure.Total, t.unsure.GivenUp+o.unsure.GivenUp
	for _, m := range []struct{ to, from *table }{{&t.users, &o.users}, {&t.operations, &o.operations}, {&t.pairs, &o.pairs}} {
		m.to.Merge(&m.from.Counter)
		m.to.unnamed += m.from.unnamed
	}
	t.foreign.add(o.foreign)
	t.spans.merge(&o.spans)
	t.between(o.first, o.last)
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
