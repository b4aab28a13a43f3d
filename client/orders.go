package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Orders makes Aprimo prepare files, and waits until they are there.
type Orders struct {
	Reader[Order]
	waiting atomic.Int64
}

func newOrders(c *Client) *Orders { return &Orders{Reader: *newReader[Order](c, "orders", "order")} }

// Create makes an order. It may be done already: an order of one file that need not
// be processed often is. Wait does not ask again then.
func (r *Orders) Create(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	if request == nil || len(request.Targets) == 0 {
		return nil, errors.New("aprimo: an order needs Targets")
	}
	order, err := create[Order](ctx, r.c, r.collection, request, opts)
	if err == nil && order.ID == "" {
		return nil, errors.New("aprimo: the order was made, but the answer does not say its id: find it with List, do not make it again")
	}
	return order, err
}

// Run makes an order and waits until it is done: see Create and Wait.
func (r *Orders) Run(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	order, err := r.Create(ctx, request, opts...)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return order, order.err()
	}
	return r.Wait(ctx, order.ID, opts...)
}

const (
	firstAsk, lastAsk = time.Second, 30 * time.Second
	askGrowth         = 1.5

	// asksAtMost is how many calls a second all that wait make together, of the
	// tenant's 15.
	asksAtMost = 1
)

// Wait returns an order when it is done. It asks after a second, then less and less
// often, down to every 30 seconds; all that wait ask about once a second together, as
// [transport.Batch], so that other calls are not delayed by it. If the order has not
// delivered all, the error is an [*OrderError] and the order is returned as well. The
// token's user needs the role View Maintenance Jobs.
func (r *Orders) Wait(ctx context.Context, id string, opts ...CallOption) (*Order, error) {
	if transport.PriorityFromContext(ctx) == transport.Normal {
		ctx = transport.ContextWithPriority(ctx, transport.Batch)
	}
	defer r.waiting.Add(-1)
	r.waiting.Add(1)
	for pause := firstAsk; ; pause = min(lastAsk, time.Duration(float64(pause)*askGrowth)) {
		least := time.Duration(r.waiting.Load()) * time.Second / asksAtMost
		if err := nap(ctx, jitter(max(pause, least))); err != nil {
			return nil, err
		}
		order, err := r.Get(ctx, id, opts...)
		if err != nil {
			return nil, err
		}
		if order.Status.Final() {
			return order, order.err()
		}
	}
}

// jitter keeps those from asking together who have begun together.
func jitter(d time.Duration) time.Duration { return d*9/10 + rand.N(d/5+1) }

// nap waits for d or returns the context's error.
func nap(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
