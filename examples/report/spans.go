package main

import (
	"maps"
	"slices"
	"time"
)

const (
	maxSpans = 20_000 // counted at once

	day  = 24 * time.Hour
	week = 7 * day
)

// steps are what 429s are counted by: the longer the time that they cover, the coarser.
// Each is a multiple of the one before; weeks begin on Mondays.
var steps = []struct {
	name   string
	length time.Duration
}{
	{"1 minute", time.Minute}, {"5 minutes", 5 * time.Minute}, {"10 minutes", 10 * time.Minute}, {"30 minutes", 30 * time.Minute},
	{"1 hour", time.Hour}, {"3 hours", 3 * time.Hour}, {"6 hours", 6 * time.Hour}, {"12 hours", 12 * time.Hour},
	{"1 day", day}, {"1 week", week}, {"4 weeks", 4 * week},
	{"52 weeks", 52 * week}, {"520 weeks", 520 * week}, {"14,560 weeks", 14_560 * week}, // a Duration has 292 years
}

// Spans count 429s by time.
type spans struct {
	step  int               // in steps
	count map[time.Time]int // by the start of each span
}

// A moment is a span of time.
type moment struct {
	Time  time.Time `json:"time"` // its start
	Count int       `json:"count"`
}

func (s *spans) add(at time.Time, n int) {
	if s.count == nil {
		s.count = map[time.Time]int{}
	}
	s.count[at.UTC().Truncate(steps[s.step].length)] += n
	for len(s.count) > maxSpans && s.step < len(steps)-1 {
		s.widen()
	}
}

// widen changes to the next step.
func (s *spans) widen() {
	old := s.count
	s.step++
	s.count = make(map[time.Time]int, len(old)/2)
	for at, n := range old {
		s.count[at.Truncate(steps[s.step].length)] += n
	}
}

// fit widens until at most so many spans cover the time, and returns them, also those
// between without 429s, with the length of each.
func (s *spans) fit(most int) (all []moment, length string) {
	for len(s.count) > 0 {
		begins := slices.SortedFunc(maps.Keys(s.count), time.Time.Compare)
		at, last := begins[0], begins[len(begins)-1]
		for all = nil; !at.After(last) && len(all) <= most; at = at.Add(steps[s.step].length) {
			all = append(all, moment{at, s.count[at]})
		}
		if len(all) <= most || s.step == len(steps)-1 {
			break
		}
		s.widen()
	}
	return all, steps[s.step].name
}
