package retry

import (
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// jitter is the part by which a delay is spread out, so that calls which failed
// together do not come back together.
const jitter = 0.25

// delays makes the growing intervals of one call and one kind of failure.
type delays struct {
	backoff *backoff.ExponentialBackOff
	used    int
	last    time.Duration // what the previous failure would have waited by itself
}

// next returns how long to wait now, given what the server asked for (0 if
// nothing). The first time the server knows best. If it has been wrong once, its
// word is only the least: servers that send a constant "Retry-After: 1" would
// otherwise be asked every second for as long as they are saturated.
func (d *delays) next(asked time.Duration, p Policy) time.Duration {
	if d.backoff == nil {
		d.backoff = backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(p.MinDelay),
			backoff.WithMaxInterval(p.MaxDelay),
			backoff.WithMultiplier(2),
			backoff.WithRandomizationFactor(jitter),
			backoff.WithMaxElapsedTime(0), // the default gives up after 15 min
		)
	}
	d.used++
	before := d.last
	d.last = min(d.backoff.NextBackOff(), p.MaxDelay)
	if asked <= 0 {
		return d.last
	}
	spread := time.Duration(rand.Float64() * jitter * float64(asked))
	return max(before, asked+min(spread, p.MaxRetryAfter-asked))
}
