package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A promise is how long a call of ours was said to wait before it is sent, and how long it
// did.
type promise struct{ said, real time.Duration }

// leftKey is the key of a *time.Time in a request's context, for when it was sent.
type leftKey struct{}

// promiseEvery is the time between two calls whose waits are compared.
const promiseEvery = 5 * time.Second

// watchPromises compares the waits that a client of ours says with the real ones, after
// the warm-up, until the context ends.
func (b *bench) watchPromises(ctx context.Context, rt http.RoundTripper) {
	t, ok := rt.(*transport.Transport)
	if !ok || sleep(ctx, warmup) != nil {
		return
	}
	random := rand.New(rand.NewPCG(b.seed, 3))
	for sleep(ctx, promiseEvery) == nil {
		var left time.Time
		began, said := time.Now(), t.Stats().Wait
		req := b.scenario.calls.request(context.WithValue(ctx, leftKey{}, &left), ourName(0), random)
		b.tasks.Go(func() {
			call(t, req)
			if left.IsZero() {
				return
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.promises = append(b.promises, promise{said, left.Sub(began)})
		})
	}
}
