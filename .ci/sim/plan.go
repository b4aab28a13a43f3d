package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A plan is all that a seed decides beforehand: who is there, what they do, and what goes
// wrong when. The same plan is the same run.
type plan struct {
	Seed      uint64
	Length    time.Duration
	Processes int
	Alone     bool // no Redis: one process, its alerts on its disk
	Proxy     bool // the first process is a proxy with programs behind it
	Release   int
	TokenLife time.Duration
	Strangers []stranger
	Work      []*fault // what the processes do
	Faults    []*fault
}

// A stranger is an integration that uses the tenant too.
type stranger = aprimotest.Load

// A fault is a step of a plan: something that goes wrong for some time, or some work.
type fault struct {
	Kind    string
	At, For time.Duration
	Process string  // that it is about; empty: all
	Part    float64 // of the crossings that it meets
	N       int     // how many calls, or how bad
	ended   time.Time
}

func (f *fault) String() string {
	who := cmp.Or(f.Process, "all")
	return fmt.Sprintf("%v %s for %v, %s, part %.2f, n %d", f.At, f.Kind, f.For, who, f.Part, f.N)
}

// calm is how long nothing is wrong at the end of a plan. After it everything must be as
// at the start.
const calm = 90 * time.Second

// newPlan draws a plan.
func newPlan(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0))
	p := plan{
		Seed: seed, Length: time.Duration(8+r.IntN(23)) * time.Minute, Processes: 1 + r.IntN(4),
		Proxy: r.IntN(3) == 0, Release: r.IntN(3), TokenLife: time.Duration(2+r.IntN(20)) * time.Minute,
	}
	p.Alone = p.Processes == 1 && r.IntN(3) > 0
	for range r.IntN(3) {
		p.Strangers = append(p.Strangers, p.stranger(r))
	}
	// Most of the time little happens: as in the field, and so that a day takes seconds.
	for at := 2 * time.Second; at < p.Length-calm; at += time.Duration(float64(50*time.Second) * r.ExpFloat64()) {
		p.Work = append(p.Work, p.step(r, at, workKinds))
		for r.IntN(3) > 0 { // alone and together
			p.Faults = append(p.Faults, p.step(r, at+jitter(r, 8*time.Second), faultKinds))
		}
	}
	// At the end all work again.
	for i := range p.Processes {
		p.Work = append(p.Work, &fault{Kind: "trickle", At: p.Length - 40*time.Second + jitter(r, time.Second), For: 20 * time.Second, Process: name(i), N: 40})
	}
	return p
}

func name(i int) string { return fmt.Sprint("p", i) }

func jitter(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

func (p plan) stranger(r *rand.Rand) stranger {
	from := jitter(r, p.Length/2)
	l := stranger{Agent: fmt.Sprint("stranger", r.IntN(100)), From: from, Until: min(from+jitter(r, 4*time.Minute), p.Length-calm)}
	if r.IntN(2) == 0 {
		l.Rate, l.Random = 1+float64(r.IntN(13)), r.IntN(2) == 0
	} else {
		l.Burst, l.Every = 20+r.IntN(150), time.Duration(5+r.IntN(60))*time.Second
	}
	return l
}

// step draws a step of one of the kinds.
func (p plan) step(r *rand.Rand, at time.Duration, of []string) *fault {
	f := &fault{Kind: of[r.IntN(len(of))], At: at, Process: name(r.IntN(p.Processes)), Part: 1, N: 1 + r.IntN(60)}
	k := kinds[f.Kind]
	if k.part && r.IntN(2) == 0 {
		f.Part = 0.05 + 0.6*r.Float64()
	}
	if k.all && r.IntN(2) == 0 {
		f.Process = ""
	}
	f.For = time.Duration(float64(8*time.Second)*r.ExpFloat64()) + time.Second
	if k.moment {
		f.For = time.Millisecond
	}
	f.For = min(f.For, p.Length-calm-at, 40*time.Second)
	if f.For <= 0 {
		f.For = time.Millisecond
	}
	return f
}

// steps returns the work and the faults in the order of their times.
func (p plan) steps() []*fault {
	all := slices.Concat(p.Work, p.Faults)
	slices.SortStableFunc(all, func(a, b *fault) int { return cmp.Compare(a.At, b.At) })
	return all
}
