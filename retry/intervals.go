package retry

import (
	"math/rand" // as backoff: a simulation can seed it, so that its runs can be repeated
	"time"

	"github.com/cenkalti/backoff/v4"
)

// jitter is the part by which a delay is spread out, so that calls which failed
// together do not come back together.
const jitter = 0.25

// intervals makes the growing delays of one call after one kind of failure.
type intervals struct {
	backoff *backoff.ExponentialBackOff
	used    int
	last    time.Duration // what the previous failure would have waited by itself
}

// next returns how long to wait now, given what the server asked for (0 if
// nothing). The first time the server knows best. If it has been wrong once, its
// word is only the least: servers that send a constant "Retry-After: 1" would
// otherwise be asked every second for as long as they are saturated.
func (i *intervals) next(asked time.Duration, p *Policy) time.Duration {
	if i.backoff == nil {
		i.backoff = backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(p.MinDelay),
			backoff.WithMaxInterval(p.MaxDelay),
			backoff.WithMultiplier(2),
			backoff.WithRandomizationFactor(jitter),
			backoff.WithMaxElapsedTime(0), // the default gives up after 15 min
		)
	}
	i.used++
	before := i.last
	i.last = min(i.backoff.NextBackOff(), p.MaxDelay)
	if asked <= 0 {
		return i.last
	}
	spread := time.Duration(rand.Float64() * jitter * float64(asked))
	return max(before, asked+min(spread, p.MaxRetryAfter-asked))
}
