package aprimotest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

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
	return nameOf(r, releaseNames...)
}

// nameOf returns the name of one of a few values; of another its type and its number.
func nameOf[N ~int](n N, names ...string) string {
	if n < 0 || int(n) >= len(names) {
		return strings.TrimPrefix(fmt.Sprintf("%T(%d)", n, int(n)), "aprimotest.")
	}
	return names[n]
}

// MarshalText returns the name of the Release, as [Release.String] does. It returns an
// error if r is none.
func (r Release) MarshalText() ([]byte, error) {
	if r < TokenBucket || r > EvenlySpaced {
		return nil, fmt.Errorf("aprimotest: there is no %v", r)
	}
	return []byte(r.String()), nil
}

// UnmarshalText sets r to the Release with the given name. It returns an error if there is
// none.
func (r *Release) UnmarshalText(name []byte) error {
	i := slices.Index(releaseNames, string(name))
	if i < 0 {
		return fmt.Errorf("release %q: must be TokenBucket, FixedWindow or EvenlySpaced", name)
	}
	*r = Release(i)
	return nil
}

// A schedule gives each request the time at which it begins, in the order in
// which they come. All times are counted from the tenant's first request. It is
// a plain value: to ask without taking, take from a copy.
type schedule struct {
	release Release
	rate    int64

	// When EvenlySpaced, the next may begin n intervals after a time. For the
	// TokenBucket that is a second earlier than the bucket is full again. A fifteenth
	// of a second is no whole number of nanoseconds: intervals are counted, since a
	// client that keeps exactly to the rate must not be delayed because of it.
	after time.Duration
	n     int64

	// phase is how far the clock was in its second at the first request;
	// used requests begin in the second with the number window.
	phase        time.Duration
	window, used int64
}

func newSchedule(release Release, rate int, epoch time.Time) schedule {
	s := schedule{release: release, rate: int64(rate), phase: time.Duration(epoch.Nanosecond())}
	if release == TokenBucket {
		s.after = -time.Second // full at the start
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
		if now > s.due(s.rate-1) {
			s.after, s.n = now, 0
		}
		begin := s.due(s.rate - 1)
		s.count()
		return begin
	default:
		// The generic cell rate algorithm. Each request moves the time at which
		// the bucket is full by one interval. That time may be one second
		// ahead, the bucket being empty then; the request waits for the rest.
		if full := now - time.Second; full > s.due(0) {
			s.after, s.n = full, 0
		}
		s.count()
		return max(now, s.due(s.rate-1))
	}
}

// due returns n intervals after the time, in whole nanoseconds: rounded up if the rest of
// the rate is given.
func (s *schedule) due(rest int64) time.Duration {
	return s.after + time.Duration((s.n*int64(time.Second)+rest)/s.rate)
}

// count adds an interval.
func (s *schedule) count() {
	if s.n++; s.n == s.rate {
		s.after, s.n = s.after+time.Second, 0
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
