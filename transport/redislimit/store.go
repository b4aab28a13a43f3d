package redislimit

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Store keeps small values of a tenant that several processes change, in Redis. Set it as
// the Store of a notify.Rule, so that all processes together send one alert for an incident, and
// with transport.WithStore, so that a new process knows how fast the API is. It is safe for
// concurrent use.
type Store struct {
	client   redis.UniversalClient
	redactor redactor
	prefix   string
	running  chan struct{} // as many commands at once
}

const (
	// maxCommands bounds what a client keeps whose methods outlast their contexts.
	maxCommands = 16

	// maxValue, in bytes, is beyond what notify stores.
	maxValue = 1 << 20
)

// NewStore returns a Store of the tenant; use the same name as for New.
func NewStore(client redis.UniversalClient, tenant string) *Store {
	return &Store{client, redactorOf(client), keysOf(tenant).prefix, make(chan struct{}, maxCommands)}
}

// Load returns the value stored under key, or nil if there is none. A value of more than
// 1 MiB is an error.
func (s *Store) Load(ctx context.Context, key string) ([]byte, error) {
	return within(ctx, s, func() ([]byte, error) {
		value, err := s.client.Get(ctx, s.prefix+key).Bytes()
		if err == redis.Nil {
			return nil, nil
		}
		if len(value) > maxValue {
			return nil, fmt.Errorf("%d bytes are stored under %q: %d at most are read", len(value), key, maxValue)
		}
		return value, err
	})
}

var storeScript = redis.NewScript(`
local old = redis.call('GET', KEYS[1])
if old == ARGV[2] then return 1 end -- go-redis repeats a command whose answer was lost
if (old or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`)

// CompareAndSwap stores new under key if the value there is still old, and reports whether it
// did. A nil or empty old means that there is none. The value expires after ttl, at least a
// millisecond.
func (s *Store) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (swapped bool, err error) {
	return within(ctx, s, func() (bool, error) {
		return storeScript.Run(ctx, s.client, []string{s.prefix + key}, old, new, max(1, ttl.Milliseconds())).Bool()
	})
}

// within returns when the context ends, which a command of go-redis does not.
func within[T any](ctx context.Context, s *Store, command func() (T, error)) (value T, err error) {
	type result struct {
		value T
		err   error
	}
	select {
	case s.running <- struct{}{}:
	case <-ctx.Done():
		return value, ctx.Err()
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-s.running }()
		r := result{err: errEnded}
		defer func() { done <- r }()
		r.value, r.err = guarded(command)
	}()
	select {
	case r := <-done:
		return r.value, s.redactor.clean(r.err)
	case <-ctx.Done():
		return value, ctx.Err()
	}
}
