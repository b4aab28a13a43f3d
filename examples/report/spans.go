package main

import (
	"maps"
	"slices"
	"time"
)

const (
	maxSpans = 20_000 // counted at once
	maxShown = 1500   // in a report
)

// A step is how long a span of time is.
type step struct {
	name    string
	seconds int64
	months  int64 // instead
}

// steps are what spans are joined into, each a multiple of a level before it.
var steps = []step{
	minute, {"2 minutes", 120, 0}, {"5 minutes", 300, 0}, {"10 minutes", 600, 0}, {"15 minutes", 900, 0}, {"30 minutes", 1800, 0},
	hour, {"2 hours", 7200, 0}, {"3 hours", 10800, 0}, {"6 hours", 21600, 0}, {"12 hours", 43200, 0},
	day, {"2 days", 172800, 0}, {"1 week", 604800, 0},
	month, {"3 months", 0, 3}, {"6 months", 0, 6},
	year, {"10 years", 0, 120}, {"100 years", 0, 1200}, {"1000 years", 0, 12000},
}

var (
	minute = step{"1 minute", 60, 0}
	hour   = step{"1 hour", 3600, 0}
	day    = step{"1 day", 86400, 0}
	month  = step{"1 month", 0, 1}
	year   = step{"1 year", 0, 12}

	// levels are what 429s are counted by: the coarser, the longer the time is. The
	// years of all times that can be written are fewer than maxSpans.
	levels = []step{minute, hour, day, month, year}
)

// monday is one, so that weeks begin as they should.
const monday = 4 * 86400

// number returns the number of the span that a point in time is in.
func (s step) number(unix int64) int64 {
	if s.months == 0 {
		return floor(unix-monday, s.seconds)
	}
	t := time.Unix(unix, 0).UTC()
	return floor(int64(t.Year())*12+int64(t.Month())-1, s.months)
}

// begin returns when a span begins.
func (s step) begin(number int64) time.Time {
	if s.months == 0 {
		return time.Unix(number*s.seconds+monday, 0).UTC()
	}
	return time.Date(0, time.Month(1+number*s.months), 1, 0, 0, 0, 0, time.UTC)
}

func floor(a, b int64) int64 {
	n := a / b
	if a%b < 0 {
		n--
	}
	return n
}

// spans are how many 429s there were when.
type spans struct {
	level int // in levels
	count map[int64]int
}

func (s *spans) add(at time.Time, n int) {
	if s.count == nil {
		s.count = map[int64]int{}
	}
	s.count[levels[s.level].number(at.Unix())] += n
	for len(s.count) > maxSpans && s.level < len(levels)-1 {
		s.widen()
	}
}

// widen counts by longer spans from now on.
func (s *spans) widen() {
	was, old := levels[s.level], s.count
	s.level++
	s.count = make(map[int64]int)
	for number, n := range old {
		s.count[levels[s.level].number(was.begin(number).Unix())] += n
	}
}

// merge adds those of another worker, which are of no more use then.
func (s *spans) merge(o *spans) {
	for s.level < o.level {
		s.widen()
	}
	for o.level < s.level {
		o.widen()
	}
	for number, n := range o.count {
		s.add(levels[o.level].begin(number), n)
	}
}

// A moment is a span of time.
type moment struct {
	Time  time.Time `json:"time"` // when it begins
	Count int       `json:"count"`
}

// moments returns the spans that have any, so fine that there are not too many.
func (s *spans) moments() (span string, all []moment) {
	all = []moment{}
	for {
		numbers := slices.Sorted(maps.Keys(s.count))
		level := levels[s.level]
		if n := len(numbers); n == 0 || s.level == len(levels)-1 || numbers[n-1]-numbers[0] < maxShown {
			for _, number := range numbers {
				all = append(all, moment{level.begin(number), s.count[number]})
			}
			return level.name, all
		}
		s.widen()
	}
}

// join returns at most so many spans that cover all of the time, gaps included.
func join(span string, all []moment, most int64) (string, []moment) {
	if len(all) == 0 {
		return span, nil
	}
	i := slices.IndexFunc(steps, func(s step) bool { return s.name == span })
	first, last := all[0].Time.Unix(), all[len(all)-1].Time.Unix()
	for i < len(steps)-1 && steps[i].number(last)-steps[i].number(first) >= most {
		i++
	}
	from := steps[i].number(first)
	joined := make([]moment, steps[i].number(last)-from+1)
	for n := range joined {
		joined[n].Time = steps[i].begin(from + int64(n))
	}
	for _, m := range all {
		joined[steps[i].number(m.Time.Unix())-from].Count += m.Count
	}
	return steps[i].name, joined
}
