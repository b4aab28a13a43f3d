package retry

import "time"

// A Policy says how often a request is made again and how long to wait before.
// The zero value is the recommended policy: it brings a call through more than a
// minute of a tenant that answers everything with 429, and through a server
// failure of some seconds. Each field's zero means its default.
//
// A Policy holds no state: one serves any number of calls at the same time.
type Policy struct {
	// Throttled is how many times one call is repeated after a 429. Zero means
	// 20, which with the default delays are at least two minutes; negative
	// means never.
	Throttled int

	// Failures is how many times one call is repeated after anything else that
	// may pass: a network error, or a 5xx other than 501. Zero means 3; negative
	// means never. It is a budget of its own: 429s do not use it up.
	Failures int

	// MinDelay is about how long to wait before the first repetition; each
	// further one waits about twice as long as the one before. Zero means 1 s.
	MinDelay time.Duration

	// MaxDelay ends that growth: no delay of ours is longer. Zero means 10 s:
	// a tenant's queue, full when it answers 429, is empty in 7 if nobody comes.
	// If it is less than MinDelay, all delays are MaxDelay. Of both, negative
	// means no delay at all.
	MaxDelay time.Duration

	// MaxRetryAfter is the longest Retry-After that is waited for. A response
	// that asks for more is handed to the caller at once. Zero means 1 minute;
	// negative means that the header is ignored.
	MaxRetryAfter time.Duration
}

// resolved returns the policy with every default filled in.
func (p Policy) resolved() Policy {
	return Policy{
		Throttled:     max(0, orDefault(p.Throttled, 20)),
		Failures:      max(0, orDefault(p.Failures, 3)),
		MinDelay:      max(0, min(orDefault(p.MinDelay, time.Second), orDefault(p.MaxDelay, 10*time.Second))),
		MaxDelay:      max(0, orDefault(p.MaxDelay, 10*time.Second)),
		MaxRetryAfter: orDefault(p.MaxRetryAfter, time.Minute),
	}
}

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
