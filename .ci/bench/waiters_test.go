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

// hour is a limit that admits no request during the measurement.
var hour = limit{1, time.Hour}

// A crowd returns the function of one waiter, with a limit that is exhausted.
type crowd struct {
	name string
	wait func(context.Context) func() error
}

var crowds = []crowd{
	{"floor", func(ctx context.Context) func() error {
		return func() error { <-ctx.Done(); return ctx.Err() }
	}},
	// A waiter for a turn and a context needs at least a channel and a select.
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

// roundTrip lets all waiters send the same request, so that only the stack's memory is
// counted.
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

// BenchmarkWaiters measures 100,000 concurrent waiters: the memory of each, the time for
// each to start waiting, and the time until all have returned after their common context
// is cancelled.
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

// A sample is a measurement of a crowd.
type sample struct{ Bytes, Enqueue, Cancel float64 }

func (s sample) plus(o sample) sample {
	return sample{s.Bytes + o.Bytes, s.Enqueue + o.Enqueue, s.Cancel + o.Cancel}
}

const childEnv = "BENCH_WAITERS"

// inChild measures in a new process: a used one has stacks and goroutines to reuse.
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

// measure takes the memory from the first, cold round, and the times from the best of the
// others, when the memory is allocated: the kernel's time to supply it varies most, and
// is not the stack's.
func (c crowd) measure() sample {
	idle := waiting() // only once: later, waiters of the round before may still be returning
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
			panic("not all callers are waiting after a minute")
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

// waiting returns the number of blocked goroutines. When all callers are blocked, all
// have started to wait.
func waiting() int {
	s := []metrics.Sample{{Name: "/sched/goroutines/waiting:goroutines"}}
	metrics.Read(s)
	return int(s[0].Value.Uint64())
}
