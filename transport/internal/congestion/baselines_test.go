package congestion

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// day is when the tests of Baselines run.
var day = time.Unix(1_700_000_000, 0)

// stored is what a run has kept that knew record, of 0.1 s.
const stored = `{"version":1,"tenant":"acme","operations":{"27b4c4a2f24ecd6f":{"mean":0.1,"stddev":0.02,"at":1700000000}}}`

var record = work{gate.Operation{Method: "GET", Route: "/api/core/record/{id}"}, 2}

// What is kept is read by later versions, and says whose it is, but not of which paths.
func TestBaselinesAreKept(t *testing.T) {
	w := New(15, 0)
	*w.delay.op(record) = latency{mean: 0.1, variance: 0.02 * 0.02, samples: youngSamples}
	w.delay.op(work{class: 4}).samples = youngSamples - 1
	if got := string(w.Baselines("acme", day).Text()); got != stored {
		t.Errorf("kept: got %s, want %s, without what has had 19 answers", got, stored)
	}
	b, err := ParseBaselines([]byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	w = New(15, 0)
	w.Recall(b, day)
	if got, want := *w.delay.op(record), (latency{mean: 0.1, variance: 0.02 * 0.02, samples: youngSamples}); got != want || !w.doubted || w.delay.variance != maxVariance {
		t.Errorf("known again: got %+v, to be confirmed %v, a variance of the delay of %v; want %+v, true, %v", got, w.doubted, w.delay.variance, want, maxVariance)
	}
	if l := w.delay.op(work{record.Operation, 4}); l.samples != 0 {
		t.Errorf("got %+v for another class of statuses, want nothing known", l)
	}
}

func TestParseBaselines(t *testing.T) {
	for _, c := range []struct{ text, fails string }{
		{"", ""}, {stored, ""}, {`{"version":1,"more":[]}`, ""},
		{`{"version":2}`, ErrLater.Error()}, {`{"version":0}`, "no version"}, {`{}`, "no version"}, {`null`, "no version"},
		{`{"version":1,"operations":[]}`, "cannot unmarshal"}, {`{"version":1`, "unexpected end"}, {"\x00", "invalid character"},
	} {
		b, err := ParseBaselines([]byte(c.text))
		if err == nil && c.fails != "" || err != nil && (c.fails == "" || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%q: got %v, want an error: %q", c.text, err, c.fails)
		}
		if err != nil && (b.Operations != nil || errors.Is(err, ErrLater) != (c.text == `{"version":2}`)) {
			t.Errorf("%q: got %+v, %v, want none", c.text, b, err)
		}
	}
}

// Whatever a Store holds, a Window begins with what makes sense.
func FuzzParseBaselines(f *testing.F) {
	f.Add([]byte(stored))
	f.Add([]byte(`{"version":1,"operations":{"":{"mean":-1,"stddev":1e300,"at":-9223372036854775808}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ParseBaselines(text)
		if err != nil {
			return
		}
		w := New(15, 0)
		w.Recall(b, day)
		for key, op := range w.delay.known {
			if !(op.Mean >= 0 && op.Mean <= baselineMost && op.Stddev >= 0 && op.Stddev <= baselineMost) {
				t.Errorf("%q: got %+v, want a mean and a deviation of up to an hour", key, op)
			}
		}
		if _, err := ParseBaselines(b.With(w.Baselines("", day)).Text()); err != nil {
			t.Errorf("kept again, it is not read: %v", err)
		}
	})
}

// An operation that makes no sense, or is old, is not known; nothing is to confirm then.
func TestWhatIsNotRecalled(t *testing.T) {
	now := day.Unix()
	const old = 35 * 24 * 60 * 60 // seconds
	for _, c := range []struct {
		about string
		op    Baseline
		known bool
	}{
		{"as kept", Baseline{1, 0.1, now}, true},
		{"an hour", Baseline{3600, 3600, now}, true},
		{"nothing", Baseline{0, 0, now}, true},
		{"too long", Baseline{3601, 0.1, now}, false},
		{"too uncertain", Baseline{1, 3601, now}, false},
		{"negative", Baseline{-1, 0.1, now}, false},
		{"negative deviation", Baseline{1, -0.1, now}, false},
		{"no number", Baseline{math.NaN(), 0.1, now}, false},
		{"34 days old", Baseline{1, 0.1, now - old + 1}, true},
		{"35 days old", Baseline{1, 0.1, now - old}, false},
		{"of the future", Baseline{1, 0.1, now + old}, false},
	} {
		w := New(15, 0)
		w.Recall(Baselines{Operations: map[string]Baseline{record.hash(): c.op}}, day)
		if known := w.delay.op(record).samples > 0; known != c.known || w.doubted != c.known {
			t.Errorf("%s: got known %v, to be confirmed %v, want %v", c.about, known, w.doubted, c.known)
		}
	}
}

// What two processes keep comes together: of each operation the newer, and not more than a process
// remembers.
func TestBaselinesOfTwoProcesses(t *testing.T) {
	old := Baselines{1, "acme", map[string]Baseline{"a": {1, 1, 1}, "b": {1, 1, 5}}}
	got := old.With(Baselines{1, "acme", map[string]Baseline{"a": {2, 2, 2}, "c": {2, 2, 2}}})
	if want := map[string]Baseline{"a": {2, 2, 2}, "b": {1, 1, 5}, "c": {2, 2, 2}}; !maps.Equal(got.Operations, want) || got.Version != 1 || got.Tenant != "acme" {
		t.Errorf("got %+v, want %v of acme", got, want)
	}
	many := map[string]Baseline{}
	for i := range maxOps {
		many[fmt.Sprint(i)] = Baseline{1, 1, int64(i + 2)}
	}
	got = old.With(Baselines{Operations: many})
	if _, oldest := got.Operations["a"]; len(got.Operations) != maxOps || oldest || got.Operations["b"].At != 5 {
		t.Errorf("got %d operations, the oldest among them: %v; want %d without it", len(got.Operations), oldest, maxOps)
	}
	if len(many) != maxOps || len(old.Operations) != 2 {
		t.Errorf("the parts have changed: %d and %d operations", len(many), len(old.Operations))
	}
}

// start returns a window that knows record, after its first requests, of which each has come
// so much later than it takes without a queue.
func start(late ...time.Duration) *Window {
	w := New(15, 0)
	w.Recall(Baselines{Operations: map[string]Baseline{record.hash(): {0.1, 0.01, day.Unix()}}}, day)
	for range late {
		w.Begin(at(0))
	}
	for _, late := range late {
		w.End(&gate.Outcome{Operation: record.Operation, Granted: at(0), Began: at(0), Sent: at(0), Ended: at(0).Add(100*time.Millisecond + late), Status: 200})
	}
	return w
}

// inQueue are the waits of 8 requests in a queue of 3 s that a server works off.
func inQueue() (late []time.Duration) {
	for i := range 8 {
		late = append(late, 3*time.Second+time.Duration(i)*time.Second/15)
	}
	return late
}

func repeat(n int, d time.Duration) (all []time.Duration) {
	for range n {
		all = append(all, d)
	}
	return all
}

// The first requests tell a queue, whose answers come one by one, from an API that has become
// slower since, whose answers come together.
func TestTheFirstRequestsConfirm(t *testing.T) {
	for _, c := range []struct {
		about   string
		late    []time.Duration
		delay   time.Duration // that is reported
		mean    float64       // of the operation
		doubted bool
	}{
		{"as before", repeat(8, 0), 0, 0.1, false},
		{"a queue", inQueue(), 3250 * time.Millisecond, 0.1, true},
		{"a slower API", repeat(8, 3*time.Second), 0, 3.1, false},
		{"a queue of which nothing is left", repeat(8, 100*time.Millisecond), 100 * time.Millisecond, 0.1, false},
		{"one request", repeat(1, 3*time.Second), 3 * time.Second, 0.1, true},
		{"two requests, as before", repeat(2, 0), 0, 0.1, false},
		{"two requests", repeat(2, 3*time.Second), 3 * time.Second, 0.1, true},
	} {
		w := start(c.late...)
		w.confirm(at(0).Add(seconds(judgedAfter+w.delay.service+w.delay.delay()) - time.Millisecond))
		if w.began.IsZero() {
			t.Errorf("%s: decided before a further answer could have come", c.about)
		}
		w.confirm(at(10_000))
		mean := w.delay.op(record).mean
		if (w.Delay()-c.delay).Abs() > 300*time.Millisecond || math.Abs(mean-c.mean) > 0.3 || w.doubted != c.doubted || !w.began.IsZero() || w.judgment.train.weight != 0 {
			t.Errorf("%s: got a delay of %v, %.2f s for the operation, in doubt %v; want %v, %.1f s, %v", c.about, w.Delay(), mean, w.doubted, c.delay, c.mean, c.doubted)
		}
	}
	w := start(repeat(8, 3*time.Second)...)
	w.limited = at(0)
	if w.confirm(at(20_000)); w.Delay() < 2*time.Second {
		t.Errorf("a slower API, and a 429: got a delay of %v, want it to stay: the queue was full", w.Delay())
	}
	w = start(repeat(8, 3*time.Second)...)
	w.state.Mode, w.state.Size = Steady, 1
	if w.confirm(at(20_000)); w.state.Mode != Opening || w.state.Size != startSize {
		t.Errorf("a slower API: got %v, a size of %v; want to begin again, %v and %v", w.state.Mode, w.state.Size, Opening, float64(startSize))
	}
	// Another operation that was known before is slower too.
	w = New(15, 0)
	w.Recall(Baselines{Operations: map[string]Baseline{record.hash(): {0.1, 0.01, day.Unix()}, work{class: 2}.hash(): {1, 0.1, day.Unix()}}}, day)
	w.delay.shift(2)
	if l := w.delay.op(work{class: 2}); !near(l.mean, 3) {
		t.Errorf("after a shift by 2 s: got %v s for an operation of 1 s without an answer so far, want 3 s", l.mean)
	}
}

// A third of the probes have a train, and while it is in doubt whether the server has become slower, each. If
// trains tell of a queue, none has; but a third do of a scavenger, which has nothing else to learn from.
func TestTrainOdds(t *testing.T) {
	for _, c := range []struct {
		about                    string
		doubted, scavenges, tell bool
		least, most              int // trains in 200 probes
	}{
		{"others wait", false, false, false, 20, 130},
		{"in doubt", true, false, false, 200, 200},
		{"in doubt, but trains tell", true, false, true, 0, 0},
		{"batch work", false, true, false, 20, 130},
		{"batch work in doubt", true, true, false, 200, 200},
		{"batch work, but trains tell", false, true, true, 20, 130},
		{"others wait, and trains tell", false, false, true, 0, 0},
	} {
		sent := 0
		for range 200 {
			w := steady(0)
			w.doubted = c.doubted
			w.limited = at(-60_001)
			w.state.Probe.Until, w.judgment.due, w.judgment.before, w.delay.queue = at(0), at(5000), 1, 1
			if !c.scavenges {
				w.Want(at(0))
			}
			if c.tell {
				w.judgment.train = train{spread: 9, weight: 1}
			}
			if w.trains(at(0)) {
				sent++
			}
		}
		if sent < c.least || sent > c.most {
			t.Errorf("%s: got %d trains in 200 probes, want %d to %d", c.about, sent, c.least, c.most)
		}
	}
}
