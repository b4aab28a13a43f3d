package main

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// findings is what the samples tell.
type findings struct {
	limit
	rejected []sample // in the volleys
	latency  []latency
	sharing  []sharing
}

// A latency is how long the answers to an operation take in calm.
type latency struct {
	operation string
	status    int
	timing
}

// A sharing says whether a host is under the same limit as the DAM.
type sharing struct {
	role           string
	shares, unsure bool
}

// conclude reads all there is from the samples.
func conclude(all samples, operations []operation) findings {
	work := timingOf(of(all.singles, all.light))
	large := newVolley(all.large, work)
	f := findings{limit: estimate(newVolley(all.small, work), large, work)}
	for _, s := range slices.Concat(all.small, all.large) {
		if s.rejected() {
			f.rejected = append(f.rejected, s)
		}
	}
	for _, op := range operations {
		singles := of(all.singles, op.name)
		calm := timingOf(singles)
		if len(singles) > 0 {
			f.latency = append(f.latency, latency{op.name, singles[0].status, calm})
		}
		if op.role != "" {
			f.sharing = append(f.sharing, share(op, calm, of(all.during, op.name), all.large, work))
		}
	}
	return f
}

// share says whether a request to another host, which was sent when the queue had been
// filled, had to wait behind it.
func share(op operation, calm timing, during, large []sample, work timing) sharing {
	s := sharing{role: op.role, unsure: true}
	if len(during) == 0 {
		return s
	}
	d := during[0]
	if d.rejected() {
		return sharing{role: op.role, shares: true}
	}
	last := time.Duration(0)
	for _, l := range large {
		if !l.rejected() {
			last = max(last, l.answered)
		}
	}
	queue := (last - d.sent).Seconds() - work.median // how long it waits if the limit is the same
	waited := d.took().Seconds() - calm.median
	if queue < 0.1+2*(calm.most-calm.least) {
		return s
	}
	s.shares = waited > 0.6*queue
	s.unsure = !s.shares && waited > 0.4*queue
	return s
}

// profile returns the findings as the rest of the module reads them.
func (f findings) profile(tenant string, now time.Time) *aprimotest.Profile {
	p := &aprimotest.Profile{
		Version: 1, Name: tenant, Measured: now.UTC().Truncate(time.Second),
		Release: f.release, ReleaseSure: !f.guessed,
		ServiceMilliseconds: make(map[string]float64), SharesLimit: make(map[string]bool),
	}
	if r := f.rate; !r.unsure && r.doubt < r.is/3 || r.atLeast { // a limiter is made from it
		p.Rate, p.RateDoubt, p.RateAtLeast = int(math.Round(r.figure())), tenths(r.doubt), r.atLeast
	}
	if q := f.queue; !q.unsure {
		p.Queue, p.QueueDoubt, p.QueueAtLeast = int(math.Round(q.figure())), int(math.Ceil(q.doubt)), q.atLeast
	}
	if p.Queue == 0 && !f.queue.unsure && !f.queue.atLeast {
		p.Queue = -1
	}
	if len(f.rejected) > 0 {
		p.Rejected = f.rejected[0].answer()
	}
	for _, l := range f.latency {
		p.ServiceMilliseconds[l.operation] = tenths(1000 * l.median)
	}
	for _, s := range f.sharing {
		if !s.unsure {
			p.SharesLimit[s.role] = s.shares
		}
	}
	return p
}

func tenths(x float64) float64 { return math.Round(10*x) / 10 }

// answer returns what a profile keeps of an answer 429.
func (s sample) answer() *aprimotest.RejectedAnswer {
	a := &aprimotest.RejectedAnswer{ContentType: s.header.Get("Content-Type"), Body: strings.ToValidUTF8(s.body, "\uFFFD")}
	after := s.header.Get("Retry-After")
	date, err := http.ParseTime(after)
	if err != nil {
		a.RetryAfter = after
		return a
	}
	// By the server's clock, which may differ from ours.
	if sent, err := http.ParseTime(s.header.Get("Date")); err == nil {
		a.RetryDateSeconds = int(max(0, date.Sub(sent)).Seconds())
	}
	return a
}
