package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Store keeps small values while a program does not run, and for programs that run at the
// same time. [github.com/aprimo-go/aprimo/notify.Dir] is one in a directory,
// [github.com/aprimo-go/aprimo/transport/redislimit.Store] one in Redis. A Store must be safe for
// concurrent use, and its methods must return when their contexts end.
type Store interface {
	// Load returns the value of key, or nil.
	Load(ctx context.Context, key string) ([]byte, error)

	// CompareAndSwap stores new for at least ttl if the value is still old, nil
	// meaning none, and reports whether it did.
	CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (swapped bool, err error)
}

// A keeper keeps the window's Baselines in a Store. A nil one does nothing.
type keeper struct {
	t      *Transport // whose window it is
	store  Store
	tenant string
	due    atomic.Int64  // the gate.Instant at which the Store is to be written
	using  chan struct{} // holds one element while the Store is used: one that hangs is not asked again
}

const (
	// storeTimeout is how long a Store may take: New and Shutdown wait for it.
	storeTimeout = time.Second

	// keepFirst and keepEvery are when the Store is written: a job that fails or is killed
	// leaves something too.
	keepFirst, keepEvery = time.Minute, 10 * time.Minute

	// keepTries is how often a value that others change is read again.
	keepTries = 5
)

// newKeeper returns the keeper of a new Transport, and lets that begin with what is stored.
func newKeeper(t *Transport, store Store, tenant string) *keeper {
	k := &keeper{t: t, store: store, tenant: tenant, using: make(chan struct{}, 1)}
	k.due.Store(int64(gate.Now().Add(keepFirst)))
	stored, err := useStore(context.Background(), k.using, func(ctx context.Context) (congestion.Baselines, error) {
		text, err := store.Load(ctx, k.key())
		if err != nil {
			return congestion.Baselines{}, err
		}
		return congestion.ParseBaselines(text)
	})
	if err != nil {
		k.t.log.Store(err)
	}
	t.engine.window.Recall(stored, time.Now())
	return k
}

func (k *keeper) key() string { return "latencies of " + k.tenant }

// look writes the Store if it is time for that, on a goroutine of its own.
func (k *keeper) look() {
	if k == nil {
		return
	}
	now := gate.Now()
	if due := k.due.Load(); now >= gate.Instant(due) && k.due.CompareAndSwap(due, int64(now.Add(keepEvery))) {
		go k.save(context.Background())
	}
}

// save writes the Store.
func (k *keeper) save(ctx context.Context) {
	if k == nil {
		return
	}
	e := k.t.engine
	e.queue.Lock()
	known := e.window.Baselines(k.tenant, time.Now())
	e.queue.Unlock()
	if len(known.Operations) == 0 {
		return
	}
	_, err := useStore(ctx, k.using, func(ctx context.Context) (struct{}, error) { return struct{}{}, k.merge(ctx, known) })
	if err != nil {
		k.t.log.Store(err)
	}
}

// merge adds what is known to what other processes have stored. A value that makes no sense is
// replaced, but not one of a later version.
func (k *keeper) merge(ctx context.Context, known congestion.Baselines) error {
	for range keepTries {
		old, err := k.store.Load(ctx, k.key())
		if err != nil {
			return err
		}
		stored, err := congestion.ParseBaselines(old)
		if errors.Is(err, congestion.ErrLater) {
			return err
		}
		text := stored.With(known).Text()
		if bytes.Equal(text, old) {
			return nil
		}
		if swapped, err := k.store.CompareAndSwap(ctx, k.key(), old, text, congestion.BaselineAge); swapped || err != nil {
			return err
		}
	}
	return errors.New("it is changed by other processes at each attempt")
}

// useStore calls a Store through f, which may hang, panic or end its goroutine. One that hangs
// keeps using full.
func useStore[T any](ctx context.Context, using chan struct{}, f func(context.Context) (T, error)) (value T, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	select {
	case using <- struct{}{}:
	case <-ctx.Done():
		return value, ctx.Err()
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errors.New("it has ended its goroutine")}
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("it panicked: %v", p)
			}
			<-using
			done <- r
		}()
		r.value, r.err = f(ctx)
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return value, fmt.Errorf("it does not return: %w", ctx.Err())
	}
}
