package notify

import (
	"context"
	"time"
)

// A Store keeps what the Alerters of several processes know together, so that
// they send one alert for an incident and not one each.
// [github.com/aprimo-go/aprimo/transport/redislimit.Store] is one over Redis. It
// must be safe for concurrent use, and its methods must end with their contexts.
//
// What is stored under a key is some 20 KiB, and 200 KiB at most with a Rule.Count up
// to 500. It holds what an alert says: who did what, but no secret.
type Store interface {
	// Load returns what is stored under key, or nil.
	Load(ctx context.Context, key string) ([]byte, error)

	// CompareAndSwap stores new for at least ttl if what is stored is still
	// old, nil meaning nothing, and tells whether it did.
	CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (swapped bool, err error)
}
