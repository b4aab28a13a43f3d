package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"
)

const waiters = 100_000

// hour is a limit that lets nobody through while we measure.
var hour = limit{1, time.Hour}

// A crowd makes what one waiter calls, over a limit that is used up.
type crowd struct {
	name string
	wait func(context.Context) func() error
}

var crowds = []crowd{
	{"floor", func(ctx context.Context) func() error {
		return func() error { <-ctx.Done(); return ctx.Err() }
	}},
	// Who waits for a turn and for a context needs a channel and a select at least.
	{"floor-select", func(ctx context.Context) func() error {
		return func() error {
			select {
			case <-make(chan struct{}):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}},
	{"x-time-rate", func(ctx context.Context) func() error { return waitOn(ctx, hour.xTime().Wait) }},
	{"failsafe-smooth", func(ctx context.Context) func() error { return waitOn(ctx, hour.failsafe().AcquirePermit) }},
	{"ours", func(ctx context.Context) func() error { return waitOn(ctx, hour.ours().Wait) }},
	{"roundtrip/retryablehttp+x-time", func(ctx context.Context) func() error { return roundTrip(ctx, retryableHTTP) }},
	{"roundtrip/failsafehttp", func(ctx context.Context) func() error { return roundTrip(ctx, failsafeHTTP) }},
	{"roundtrip/ours", func(ctx context.Context) func() error { return roundTrip(ctx, ours) }},
}

func waitOn(ctx context.Context, wait func(context.Context) error) func() error {
	if err := wait(context.WithoutCancel(ctx)); err != nil { // the only slot
		panic(err)
	}
	return func() error { return wait(ctx) }
}

// roundTrip lets all waiters send the same request, so that what is counted is
// the stack's.
func roundTrip(ctx context.Context, s stack) func() error {
	rt := s.over(base(answerOK), hour)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://stub/", nil)
	if err != nil {
		panic(err)
	}
	if _, err := rt.RoundTrip(req); err != nil { // the only slot
		panic(err)
	}
	return func() error { _, err := rt.RoundTrip(req); return err }
}

// BenchmarkWaiters is 100,000 callers that wait at the same time: what one of
// them weighs, how long it takes to line up, and how long until all have
// returned when their common context is cancelled.
func BenchmarkWaiters(b *testing.B) {
	for _, c := range crowds {
		b.Run(c.name, func(b *testing.B) {
			var sum sample
			for range b.N {
				sum = sum.plus(inChild(b, c.name))
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(sum.Bytes/n, "B/waiter")
			b.ReportMetric(sum.Enqueue/n, "ns/waiter")
			b.ReportMetric(sum.Cancel/n, "ms/cancel")
		})
	}
}

// A sample is what a crowd was measured to need.
type sample struct{ Bytes, Enqueue, Cancel float64 }

func (s sample) plus(o sample) sample {
	return sample{s.Bytes + o.Bytes, s.Enqueue + o.Enqueue, s.Cancel + o.Cancel}
}

const childEnv = "BENCH_WAITERS"

// inChild measures in a process of its own: a used one has stacks and goroutines
// left that it would not have to ask for.
func inChild(b *testing.B, name string) sample {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var s sample
	if err := json.Unmarshal(out, &s); err != nil {
		b.Fatal(err)
	}
	return s
}

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	i := slices.IndexFunc(crowds, func(c crowd) bool { return c.name == name })
	if err := json.NewEncoder(os.Stdout).Encode(crowds[i].measure()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure takes the weight from the first round, when the process is cold, and
// the times from the best of the others, when the memory is there: what the
// kernel needs to supply it is not the stack's doing, and here varies most.
func (c crowd) measure() sample {
	idle := waiting() // once: later some of a round before may still be on their way out
	s := c.round(idle, true)
	for i := range 3 {
		r := c.round(idle, false)
		if i == 0 || r.Enqueue < s.Enqueue {
			s.Enqueue = r.Enqueue
		}
		if i == 0 || r.Cancel < s.Cancel {
			s.Cancel = r.Cancel
		}
	}
	return s
}

func (c crowd) round(idle int, weigh bool) (s sample) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	wait := c.wait(ctx)
	before := inUse()

	began := time.Now()
	var all sync.WaitGroup
	all.Add(waiters)
	for range waiters {
		go func() { // not all.Go, whose frame makes some stacks twice as large
			if wait() == nil {
				panic("a waiter got a slot")
			}
			all.Done()
		}()
	}
	for waiting() < idle+waiters {
		if time.Since(began) > time.Minute {
			panic("not all of them wait")
		}
		time.Sleep(100 * time.Microsecond)
	}
	s.Enqueue = float64(time.Since(began).Nanoseconds()) / waiters
	if weigh {
		s.Bytes = float64(inUse()-before) / waiters
	}

	began = time.Now()
	cancel()
	all.Wait()
	s.Cancel = float64(time.Since(began).Microseconds()) / 1000
	return s
}

// inUse returns the bytes of all stacks and of the heap, without garbage.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse + m.HeapInuse
}

// waiting returns how many goroutines are blocked. When all callers are, none
// of them is still on its way to its place.
func waiting() int {
	s := []metrics.Sample{{Name: "/sched/goroutines/waiting:goroutines"}}
	metrics.Read(s)
	return int(s[0].Value.Uint64())
}
