package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// The constants of the Assisted Adaptive Token Bucket, see atb.go. Its processes report to an
// aggregator what they send and which 429s they get; strangers do not.
const (
	aatbWindow = 30 * time.Second // between two reports, and of the sums in the answer
	aatbActive = 2 * aatbWindow   // since the last report of a process that counts

	// Each window without a 429 multiplies the rate: by aatbMore for a process that sent less
	// than aatbFew of the mean, or is alone, otherwise by atbMore.
	aatbMore, aatbFew = 1.4, 0.75

	// A 429 leaves atbLess of the rate to a process that sent less than aatbHalf of the mean,
	// otherwise aatbLess.
	aatbLess, aatbHalf = 1.0 / 3, 0.5

	aatbSpread = 2 * time.Second // of a pause for 429s of others, to both sides
)

// An aggregator sums up what the processes report.
type aggregator struct {
	mu      sync.Mutex
	reports []aatbReport
}

type aatbReport struct {
	at       time.Time
	from     *aatb
	sent     int
	rejected int
}

// A summary is of the last window.
type aatbSummary struct{ sent, active, rejected int }

// mean returns the requests of each process.
func (s aatbSummary) mean() float64 { return float64(s.sent) / float64(s.active) }

// add takes in a report, and returns the sums so far.
func (g *aggregator) add(r aatbReport) (s aatbSummary) {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := map[*aatb]bool{}
	for _, old := range g.reports {
		switch age := r.at.Sub(old.at); {
		case age > aatbActive:
			continue
		case age <= aatbWindow:
			s.sent += old.sent
			s.rejected += old.rejected
		}
		seen[old.from] = true
	}
	g.reports = append(g.reports, r)
	s.active = max(1, len(seen))
	return s
}

// An aatb is an adaptive token bucket whose rate depends on what all processes have reported.
type aatb struct {
	base   http.RoundTripper
	bucket *bucket
	all    *aggregator

	mu           sync.Mutex
	rate         float64
	sent, before int // requests since the last report, and in the one before
	changed      time.Time
	rejected     time.Time
}

// aatbTeam are processes with one aggregator.
func aatbTeam(ctx context.Context, b *bench) maker {
	all := new(aggregator)
	return func(base http.RoundTripper) http.RoundTripper {
		a := &aatb{base: base, bucket: newBucket(atbStart, atbKeeps), all: all, rate: atbStart}
		a.bucket.tokens = 1
		b.tasks.Go(func() {
			for sleep(ctx, aatbWindow) == nil {
				a.report(time.Now())
			}
		})
		return persistent{a}
	}
}

func (a *aatb) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := a.bucket.wait(req.Context()); err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := a.base.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent++
	if resp.StatusCode == http.StatusTooManyRequests {
		a.retreat(time.Now())
	}
	return resp, nil
}

// tell reports to the aggregator. It is called with the lock.
func (a *aatb) tell(now time.Time, rejected int) aatbSummary {
	r := aatbReport{now, a, a.sent, rejected}
	a.sent, a.before = 0, a.sent
	return a.all.add(r)
}

// retreat lowers the rate after a 429, and pauses for as long as the 429s of all need at the
// limit. It is called with the lock.
func (a *aatb) retreat(now time.Time) {
	s := a.tell(now, 1)
	a.rejected, a.changed = now, now
	left := aatbLess
	if float64(a.before) < aatbHalf*s.mean() {
		left = atbLess
	}
	a.rate = max(atbLeast, left*a.rate)
	a.bucket.set(a.rate, 1)
	a.bucket.set(a.rate, atbKeeps)
	a.bucket.hold(now.Add(time.Duration((float64(s.rejected+1)/rate + rand.Float64()) * float64(time.Second))))
}

// report raises the rate after a window without a 429 of any process; after one with, it pauses
// for a window.
func (a *aatb) report(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.rejected) < aatbWindow {
		return
	}
	s := a.tell(now, 0)
	if s.rejected > 0 {
		a.bucket.hold(now.Add(aatbWindow - aatbSpread + rand.N(2*aatbSpread)))
		return
	}
	if now.Sub(a.changed) < aatbWindow {
		return
	}
	by := atbMore
	if s.active == 1 || float64(a.before) < aatbFew*s.mean() {
		by = aatbMore
	}
	a.rate, a.changed = atbGrown(a.rate, by), now
	a.bucket.set(a.rate, atbKeeps)
}
