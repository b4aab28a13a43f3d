package auditlog

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport/topk"
)

func newSampler(every bool) *sampler {
	return &sampler{every: every, ended: func(*summary) {}, lastLine: map[pair]time.Time{}}
}

// taken ends the interval and returns how many 429s of it have no line.
func taken(s *sampler) int {
	if got := s.take(); got != nil {
		return got.suppressed
	}
	return 0
}

// Each step is a number of 429s at once, and of how many each has a line.
func TestWhich429sHaveALine(t *testing.T) {
	type step struct {
		n               int
		user, operation string // with a number added if they end in " "
		again           bool
		after           time.Duration
		want            int
	}
	for name, test := range map[string]struct {
		every bool
		steps []step
	}{
		"a burst":                   {steps: []step{{n: 30, again: true, want: 20}}},
		"another burst":             {steps: []step{{n: 30, again: true, want: 20}, {n: 30, again: true, after: time.Second - 1}, {n: 30, again: true, after: 1, want: 20}}},
		"a burst of given up calls": {steps: []step{{n: 100, want: 60}}},
		"many pairs":                {steps: []step{{n: 500, user: "u ", operation: "o ", want: 190}}},
		"pairs of names that had a line": {steps: []step{
			{n: 30, user: "u ", operation: "o", want: 30},
			{n: 30, user: "u 1", operation: "o ", want: 30},
			{n: 30, user: "u 2", operation: "o ", want: 30},
			{n: 30, user: "u 3", operation: "o ", want: 30},
			{n: 30, user: "u 4", operation: "o ", want: 10},
			{n: 10, user: "v ", operation: "o 1", want: 10},
		}},
		"pairs of few names": {steps: []step{
			{n: 100, want: maxInFull},
			{n: 500, user: "u ", want: maxByName - maxInFull},
			{n: 100, user: "u 0", operation: "o"},
		}},
		"a pair that was logged": {steps: []step{{n: maxInFull, want: maxInFull}, {n: 10, again: true}, {n: 10, user: "u", want: 1}}},
		"from then on only new names": {steps: []step{
			{n: 60, user: "u ", operation: "o", want: 60},
			{n: 70, user: "u ", operation: "p", want: 70},
			{n: 5, user: "u 1", operation: "q ", want: 5},
			{n: 5, user: "u 2", operation: "q ", want: 0},
			{n: 5, user: "v ", operation: "q 1", want: 5},
		}},
		"a minute later": {steps: []step{{n: 500, user: "u ", want: maxByName}, {n: 1, after: time.Minute - 1}, {n: 500, user: "u ", after: 1, want: maxByName}}},
		"all of them":    {every: true, steps: []step{{n: 1000, again: true, want: 1000}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSampler(test.every)
				for i, step := range test.steps {
					time.Sleep(step.after)
					got := 0
					for j := range step.n {
						numbered := func(name string) string {
							if name != "" && name[len(name)-1] == ' ' {
								return fmt.Sprint(name, j)
							}
							return name
						}
						e := Entry{Time: time.Now(), User: numbered(step.user), Operation: numbered(step.operation), Again: step.again}
						if s.add(e, true) {
							got++
						}
					}
					if got != step.want {
						t.Errorf("step %d: got %d lines, want %d", i, got, step.want)
					}
				}
				s.take()
			})
		})
	}
}

// Whatever comes: no minute has more lines than the limit, and lines and summaries
// together account for each 429, also if there is no slot for a line.
func TestSamplerAgainstModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSampler(false)
			var lines []time.Time
			total, suppressed, noSlot := 0, 0, 0
			for range rapid.IntRange(1, 20).Draw(r, "bursts") {
				names := rapid.IntRange(1, 300).Draw(r, "names")
				again := rapid.Bool().Draw(r, "again")
				slot := rapid.IntRange(0, 9).Draw(r, "slot") > 0
				for i := range rapid.IntRange(0, 300).Draw(r, "429s") {
					total++
					logged := s.add(Entry{Time: time.Now(), User: fmt.Sprint(i % names), Again: again}, slot)
					if logged {
						lines = append(lines, time.Now())
					}
					if logged && !slot {
						noSlot++
					}
				}
				time.Sleep(time.Duration(rapid.IntRange(0, 40_000).Draw(r, "pause")) * time.Millisecond)
				if rapid.Bool().Draw(r, "ends") {
					suppressed += taken(s)
				}
			}
			suppressed += taken(s)
			if len(lines)+suppressed != total || noSlot > 0 {
				r.Errorf("got %d lines, %d of them without a slot, and %d suppressed; want %d in all", len(lines), noSlot, suppressed, total)
			}
			for i := maxByName; i < len(lines); i++ {
				if span := lines[i].Sub(lines[i-maxByName]); span < interval {
					r.Errorf("got %d lines within %v, want at most %d within %v", maxByName+1, span, maxByName, interval)
				}
			}
		})
	})
}

// A summary has all counts, and the next one begins at zero.
func TestSummaryCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampler(false)
		since := time.Now()
		for i := range 100 {
			s.add(Entry{Time: time.Now(), User: "anna", Operation: "GET /", Again: i%2 == 0, Queued: i, InFlight: 2 * i}, i >= 50)
			time.Sleep(time.Millisecond)
		}
		got := s.take()
		// 50 find no slot; of the others, within one second, all that are given up have a
		// line, and of those that are retried the ones within maxBurst.
		const retried = maxBurst / 2
		if !got.since.Equal(since) || got.total != 100 || got.givenUp != 50 || got.suppressed != 75-retried || got.suppressedLost != 25 {
			t.Errorf("got since %v, %d, %d given up, %d suppressed, %d of these given up; want since %v, 100, 50, %d, 25",
				got.since, got.total, got.givenUp, got.suppressed, got.suppressedLost, since, 75-retried)
		}
		if want := 50*49 + 50*serverQueue; got.maxQueued != 99 || got.atServer != want {
			t.Errorf("got at most %d queued, %d at the server; want 99, %d", got.maxQueued, got.atServer, want)
		}
		for want, c := range map[string]*topk.Counter{"anna\nGET /": &got.restPairs, "anna": &got.restUsers, "GET /": &got.restOperations} {
			if top := c.Top(2); len(top) != 1 || top[0].Name != want || top[0].Count != got.suppressed {
				t.Errorf("got %+v as the rest, want %d of %q", top, got.suppressed, want)
			}
		}
		if next := s.take(); next != nil {
			t.Errorf("got %d 429s in the next summary, want none", next.total)
		}
	})
}

// However many names come and go, the sampler keeps only those with a recent line.
func TestSamplerForgetsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampler(false)
		for minute := range 10 {
			for i := range 300 {
				s.add(Entry{Time: time.Now(), User: fmt.Sprint(minute, i), Operation: "GET /"}, true)
			}
			if n := len(s.lastLine); n > 2*maxByName+1 {
				t.Errorf("minute %d: got %d names, want at most %d", minute, n, 2*maxByName+1)
			}
			time.Sleep(interval)
			s.take()
			if n := len(s.lastLine); n != 0 {
				t.Errorf("minute %d: got %d names when it is over, want none", minute, n)
			}
		}
	})
}
