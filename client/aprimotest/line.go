package aprimotest

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

const year = 365 * 24 * time.Hour

// A line is where requests wait to begin, first come first served. The schedule is known, so
// when a request will begin is worked out as it arrives. Nothing is left to do then: there is
// no goroutine and no timer here.
type line struct {
	places   int
	schedule schedule
	waiting  []place // in the order of their begin
}

// A place is held until the begin, also when its owner has gone away.
type place struct {
	begin time.Duration
	load  *tally // of another integration, served as it begins; nil for a real request
}

// join gives a request that comes now its time to begin, or refuses it if all
// places are taken.
func (l *line) join(now time.Duration, load *tally) (begin time.Duration, ok bool) {
	next := l.schedule
	begin = next.take(now)
	if begin > now {
		if len(l.waiting) >= l.places {
			return 0, false
		}
		l.waiting = append(l.waiting, place{begin, load})
	}
	l.schedule = next
	return begin, true
}

// arrive counts a request and gives it the time at which it begins, or none if
// it is to be answered 429.
func (t *Tenant) arrive(agent string) (begin time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, ok := t.advance()
	if !ok {
		panic("aprimotest: Tenant used in another synctest bubble than the one it started in")
	}
	after, ok := t.admit(now, t.tally(agent), nil)
	return t.epoch.Add(after), ok
}

// advance brings the tenant to the present: it lets begin who is due and, in
// order of time, lets the others come who should have come by now. At the same
// instant the others come first. It returns the time since the first request.
//
// If that makes no sense the caller is in another bubble of synctest than the
// tenant, and so at another time. It is not ok then, and time stands still: to
// bring the others through the 26 years from a bubble to today takes too long.
func (t *Tenant) advance() (now time.Duration, ok bool) {
	if t.epoch.IsZero() {
		return 0, true
	}
	now = time.Since(t.epoch)
	if now < t.latest || now > t.latest+year {
		return t.latest, false
	}
	t.latest = now
	for len(t.loads) > 0 {
		l := slices.MinFunc(t.loads, func(a, b *source) int { return cmp.Compare(a.at, b.at) }) // the first of equals
		if l.at > now {
			break
		}
		t.begin(l.at)
		c := t.tally(l.agent)
		if begin, ok := t.admit(l.at, c, c); ok && begin == l.at {
			t.count(c, func(a *Agent) { a.Served++ })
		}
		l.step()
	}
	t.begin(now)
	return now, true
}

// begin lets those leave the line whose time has come.
func (t *Tenant) begin(now time.Duration) {
	for w := t.line.waiting; len(w) > 0 && w[0].begin <= now; w = t.line.waiting {
		if w[0].load != nil {
			t.count(w[0].load, func(a *Agent) { a.Served++ })
		}
		t.line.waiting = w[1:]
	}
}

// admit lets a request join the line and counts it. The line has been brought
// to the same time before.
func (t *Tenant) admit(now time.Duration, c, load *tally) (begin time.Duration, ok bool) {
	c.arrive(now)
	t.total.arrive(now)
	begin, ok = t.line.join(now, load)
	t.count(c, func(a *Agent) {
		switch {
		case !ok:
			a.Rejected++
		case begin > now:
			a.Delayed++
			a.Delay += begin - now
			a.MaxDelay = max(a.MaxDelay, begin-now)
		}
	})
	return begin, ok
}

// note counts what became of a request.
func (t *Tenant) note(r *http.Request, change func(*Agent)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(t.tally(r.UserAgent()), change)
}
