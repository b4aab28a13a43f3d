package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

func traceOf(t *testing.T, seed uint64) (lines []string, r result) {
	t.Helper()
	r, err := simulate(t, newPlan(seed), func(line string) { lines = append(lines, line) })
	if err != nil {
		t.Fatal(err)
	}
	return lines, r
}

func TestTheSameSeedHasTheSameLog(t *testing.T) {
	for seed := range uint64(3) {
		first, r := traceOf(t, 1+seed)
		second, _ := traceOf(t, 1+seed)
		if !slices.Equal(first, second) {
			t.Errorf("seed %d: two logs of %d and %d lines differ", 1+seed, len(first), len(second))
		}
		if r.err() != nil || r.events < 1000 {
			t.Errorf("seed %d: %d events, %v; want thousands, none", 1+seed, r.events, r.err())
		}
	}
}

// Each invariant notices what it is for.
func TestEachInvariantNotices(t *testing.T) {
	done := &transport.Event{Kind: transport.Done}
	begin := func(call string) event { return event{Kind: "begin", Call: call} }
	for want, events := range map[string][]event{
		"limit:":                           slices.Repeat([]event{{Kind: "send"}}, perSecond+1),
		"calls: a ended twice":             {{Kind: "end", Call: "a"}},
		"calls: a began twice":             {begin("a"), begin("a")},
		"calls: a ended with 0 Done":       {begin("a"), {Kind: "end", Call: "a", Status: 200}},
		"calls: a ended with status 200":   {begin("a"), {Kind: "answer", Call: "a", Status: 500}, {Kind: "observe", Call: "a", Event: done}, {Kind: "end", Call: "a", Status: 200}},
		"calls: a is said to be unsent":    {begin("a"), {Kind: "send", Call: "a"}, {Kind: "observe", Call: "a", Event: done}, {Kind: "end", Call: "a", Err: &transport.QueueError{Err: transport.ErrQueueFull}}},
		"calls: a ended with an error":     {begin("a"), {Kind: "observe", Call: "a", Event: done}, {Kind: "end", Call: "a", Err: errReset}},
		"calls: a has never ended":         {begin("a")},
		"order: a went":                    {{Kind: "queues", Call: "a", Text: "q"}, {Kind: "queues", Call: "b", Text: "q"}, {Kind: "enter", Call: "b"}, {At: time.Second, Kind: "enter", Call: "a"}},
		"idle:":                            {{At: time.Second, Kind: "look", Text: "waits"}, {At: 5 * time.Second, Kind: "look", Text: "waits"}},
		"alerts: anna@example.com x":       {{Kind: "mail", Call: recipients[0], Text: "x"}, {Kind: "mail", Call: recipients[0], Text: "x"}},
		"alerts: x 2 resolved came before": {{Kind: "mail", Call: recipients[0], Text: "x 2 resolved"}},
		"export:  has record 7 2 times":    {{Kind: "export", Text: "begins"}, {Kind: "record", Text: "7"}, {Kind: "record", Text: "7"}},
		"export:  has 0 records":           {{Kind: "export", Text: "begins"}, {Kind: "export", Text: "ends"}},
		"upload:":                          {{Kind: "upload", Text: "ends, the same: false"}},
		"after: a failed":                  {{At: time.Hour, Kind: "end", Call: "a", Status: 500}},
	} {
		w := &world{plan: plan{Length: time.Minute, Alone: true}, invariants: everything()}
		var got []string
		for _, e := range events {
			for _, i := range w.invariants {
				if err := i.see(w, e); err != nil {
					got = append(got, err.Error())
				}
			}
		}
		for _, i := range w.invariants {
			for _, err := range i.end(w) {
				got = append(got, err.Error())
			}
		}
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q: got %q", want, got)
		}
	}
}

func TestSwapsThatNoOrderExplains(t *testing.T) {
	good := []swap{{0, 2, 0, 1, true, nil}, {1, 3, 1, 2, true, nil}, {1, 3, 0, 3, false, nil}, {4, 5, 2, 4, false, errSilent}, {6, 7, 4, 5, true, nil}}
	if s := (swaps{all: good}); !s.linearizable() {
		t.Error("got false; want true: 0 to 1 to 2, and to 4 by the one whose answer was lost")
	}
	if s := (swaps{all: []swap{{0, 1, 0, 1, true, nil}, {2, 3, 0, 2, true, nil}}}); s.linearizable() {
		t.Error("got true; want false: the second one replaced what was gone")
	}
}

func TestFewer(t *testing.T) {
	needs := func(list []int) bool { return slices.Contains(list, 3) && slices.Contains(list, 7) }
	list := []int{1, 2, 3, 4, 5, 6, 7, 8}
	for size := 4; size >= 1; size /= 2 {
		list = fewer(list, size, needs)
	}
	if !slices.Equal(list, []int{3, 7}) {
		t.Errorf("got %v; want 3 and 7", list)
	}
}
