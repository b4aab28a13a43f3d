package aprimotest

import (
	"fmt"
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

// leave takes out the first of those who have begun by now.
func (l *line) leave(now time.Duration) (p place, ok bool) {
	if len(l.waiting) == 0 || l.waiting[0].begin > now {
		return place{}, false
	}
	p, l.waiting = l.waiting[0], l.waiting[1:]
	return p, true
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
	for {
		l := earliest(t.loads)
		if l == nil || l.at > now {
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
	for p, ok := t.line.leave(now); ok; p, ok = t.line.leave(now) {
		if p.load != nil {
			t.count(p.load, func(a *Agent) { a.Served++ })
		}
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

// settle counts how a request ended that was admitted.
func (t *Tenant) settle(agent string, served bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(t.tally(agent), func(a *Agent) {
		if served {
			a.Served++
		} else {
			a.Failed++
		}
	})
}

// A Release is how queued requests are released. Aprimo does not document theirs, so a client
// should work with each of them.
type Release int

const (
	// TokenBucket lets a request begin when there is a token for it. Tokens
	// come evenly, Rate in a second; at most Rate are kept, and at the start
	// there are Rate. So almost twice the rate may begin in one second.
	TokenBucket Release = iota

	// FixedWindow lets Rate requests begin in each whole second of the clock,
	// as soon as they can.
	FixedWindow

	// EvenlySpaced lets one request begin each 1/Rate of a second, as nginx
	// does with limit_req. Of requests that come together all but one wait.
	EvenlySpaced
)

var releaseNames = []string{"TokenBucket", "FixedWindow", "EvenlySpaced"}

// String returns the name of the Release.
func (r Release) String() string {
	if r < 0 || int(r) >= len(releaseNames) {
		return fmt.Sprintf("Release(%d)", int(r))
	}
	return releaseNames[r]
}

// A schedule gives each request the time at which it begins, in the order in
// which they come. All times are counted from the tenant's first request. It is
// a plain value: to ask without taking, take from a copy.
type schedule struct {
	release Release
	rate    int64

	// due is, when EvenlySpaced, the time from which the next may begin. For
	// the TokenBucket it is a second earlier than the bucket is full again.
	due instant

	// phase is how far the clock was in its second at the first request;
	// used requests begin in the second with the number window.
	phase        time.Duration
	window, used int64
}

func newSchedule(release Release, rate int, epoch time.Time) schedule {
	s := schedule{release: release, rate: int64(rate), phase: time.Duration(epoch.Nanosecond())}
	if release == TokenBucket {
		s.due.at = -time.Second // full at the start
	}
	return s
}

// take returns the time at which a request that comes now begins. Now must not
// go back from one call to the next; then what is returned does not either.
func (s *schedule) take(now time.Duration) time.Duration {
	switch s.release {
	case FixedWindow:
		return s.takeWindow(now)
	case EvenlySpaced:
		// A fraction that was rounded up is not lost to the next: without it a
		// client that keeps exactly to the rate would fall behind.
		if s.due.ceil() < now {
			s.due = instant{at: now}
		}
		begin := s.due.ceil()
		s.due = s.due.plusInterval(s.rate)
		return begin
	default:
		// The generic cell rate algorithm. Each request moves the time at which
		// the bucket is full by one interval. That time may be one second
		// ahead, the bucket being empty then; the request waits for the rest.
		s.due = s.due.notBefore(now - time.Second).plusInterval(s.rate)
		return max(now, s.due.ceil())
	}
}

func (s *schedule) takeWindow(now time.Duration) time.Duration {
	if current := int64((s.phase + now) / time.Second); current > s.window {
		s.window, s.used = current, 0
	}
	if s.used == s.rate {
		s.window, s.used = s.window+1, 0
	}
	s.used++
	return max(now, time.Duration(s.window)*time.Second-s.phase)
}

// An instant is a time with a fraction of a nanosecond, in parts of one rate-th.
// A fifteenth of a second is no whole number of nanoseconds, and a client that
// keeps exactly to the rate must not be delayed because of it.
type instant struct {
	at       time.Duration
	fraction int64
}

// notBefore returns the later of i and t.
func (i instant) notBefore(t time.Duration) instant {
	if i.at < t {
		return instant{at: t}
	}
	return i
}

// plusInterval returns i, later by 1/rate of a second.
func (i instant) plusInterval(rate int64) instant {
	i.at += time.Second / time.Duration(rate)
	i.fraction += int64(time.Second) % rate
	if i.fraction >= rate {
		i.at, i.fraction = i.at+1, i.fraction-rate
	}
	return i
}

// ceil returns the first whole nanosecond that is not before i.
func (i instant) ceil() time.Duration {
	if i.fraction > 0 {
		return i.at + 1
	}
	return i.at
}
