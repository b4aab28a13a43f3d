// Sim is a company in a bubble of testing/synctest: processes with all of the public
// packages, Redis, the tenant, mail, a webhook, strangers, a proxy. It lets random things
// go wrong, from a seed that replays, and looks after each event at everything that must
// always hold.
//
//	go run . -for 90s          new seeds for so long, on all processors
//	go run . -seed 17 -v       one of them again, event by event
//	go run . -seed 17 -shrink  what of its plan is needed to fail
package main

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	oldrand "math/rand"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type flags struct {
	seed, from uint64
	stride     uint64
	workers    int
	lasts      time.Duration
	verbose    bool
	shrink     bool
}

func main() {
	var f flags
	own := flag.NewFlagSet("sim", flag.ContinueOnError)
	own.Uint64Var(&f.seed, "seed", 0, "`seed` to run; 0: many")
	own.Uint64Var(&f.from, "from", uint64(time.Now().UnixNano())%1e9, "first `seed` of many")
	own.Uint64Var(&f.stride, "stride", 1, "`distance` from one seed to the next")
	own.IntVar(&f.workers, "workers", runtime.NumCPU(), "`number` of processes that run seeds")
	own.DurationVar(&f.lasts, "for", time.Minute, "`time` to run new seeds for")
	own.BoolVar(&f.verbose, "v", false, "print each event")
	profile := own.String("profile", "", "`file` for a profile of the processor")
	own.BoolVar(&f.shrink, "shrink", false, "cut the plan of the seed down to what it needs to fail")
	if err := own.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		os.Exit(2)
	}
	if *profile != "" {
		out, err := os.Create(*profile)
		if err != nil {
			panic(err)
		}
		pprof.StartCPUProfile(out)
	}
	debug.SetGCPercent(400) // a fifth less time; a run keeps little
	withT(func(t *testing.T) int {
		err := f.run(t)
		pprof.StopCPUProfile()
		if err != nil {
			fmt.Fprintln(os.Stderr, "sim:", err)
			return 1
		}
		return 0
	})
}

func (f flags) run(t *testing.T) error {
	switch {
	case f.seed == 0 && f.workers > 1:
		return f.share()
	case f.seed == 0:
		return f.many(t)
	case f.shrink:
		return shrink(t, newPlan(f.seed))
	}
	p := newPlan(f.seed)
	fmt.Println(p)
	var log func(string)
	if f.verbose {
		log = func(line string) { fmt.Println(line) }
	}
	r, err := simulate(t, p, log)
	if err != nil {
		return err
	}
	fmt.Printf("%d events, %v, trace %016x\n", r.events, r.length, r.hash)
	return r.err()
}

// share has other processes of this program run the seeds, since a run uses one processor.
func (f flags) share() error {
	workers := make([]error, f.workers)
	var wait sync.WaitGroup
	for i := range workers {
		wait.Go(func() {
			c := exec.Command(os.Args[0], "-workers", "1", "-from", fmt.Sprint(f.from+uint64(i)), "-stride", fmt.Sprint(f.workers), "-for", f.lasts.String())
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
			workers[i] = c.Run()
		})
	}
	wait.Wait()
	return errors.Join(workers...)
}

// many runs seed after seed.
func (f flags) many(t *testing.T) error {
	begun, n, events, simulated := time.Now(), 0, 0, time.Duration(0)
	var failed []uint64
	for seed := f.from; time.Since(begun) < f.lasts; seed += f.stride {
		r, err := simulate(t, newPlan(seed), nil)
		if err != nil {
			return err
		}
		n, events, simulated = n+1, events+r.events, simulated+r.length
		if len(r.broken) > 0 {
			failed = append(failed, seed)
			fmt.Printf("seed %d: %s\n", seed, r.broken[0])
		}
	}
	fmt.Printf("%d seeds from %d: %d failed, %d events, %.1f simulated hours in %.0f s\n",
		n, f.from, len(failed), events, simulated.Hours(), time.Since(begun).Seconds())
	if failed != nil {
		return fmt.Errorf("%d seeds failed: go run . -seed %d -shrink", len(failed), failed[0])
	}
	return nil
}

func (r result) err() error {
	var errs []error
	for _, b := range r.broken {
		errs = append(errs, errors.New(b))
	}
	return errors.Join(errs...)
}

// simulate runs a plan. What is random in the process is fixed by the seed, as far
// as Go allows: see the README.
func simulate(t *testing.T, p plan, log func(string)) (r result, err error) {
	mail, err := startMailServer()
	if err != nil {
		return r, err
	}
	defer mail.end()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	//lint:ignore SA1019 what backoff and go-redis use must be the same for the same seed
	oldrand.Seed(int64(p.Seed))
	defer func(r io.Reader) { cryptorand.Reader = r }(cryptorand.Reader)
	cryptorand.Reader = newReader(p.Seed)
	var history *swaps
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := &world{t: t, plan: p, mail: mail, log: log}
		r = w.run(ctx)
		if !p.has("redis flush", "redis replica") { // after which nothing is as it was
			history = &w.swaps
		}
	})
	if history != nil && !history.linearizable() {
		r.broken = append(r.broken, "0s: store: the swaps cannot have been done one after the other")
	}
	return r, nil
}

// A reader is random numbers of a seed.
type reader struct {
	mu     sync.Mutex
	random *rand.ChaCha8
}

func newReader(seed uint64) *reader {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	return &reader{random: rand.NewChaCha8(s)}
}

func (r *reader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.random.Read(b)
}

// withT calls f with a *testing.T, which synctest requires, and exits with the status that
// f returns.
//
// In a command only testing.Main provides a working T. It must not parse our flags, so
// the command line is marked as parsed, and it must not print "PASS", so the program
// exits before.
func withT(f func(*testing.T) int) {
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err)
	}
	all := func(string, string) (bool, error) { return true, nil }
	test := testing.InternalTest{Name: "sim", F: func(t *testing.T) { os.Exit(f(t)) }}
	testing.Main(all, []testing.InternalTest{test}, nil, nil)
	panic(errors.New("testing.Main returned"))
}
