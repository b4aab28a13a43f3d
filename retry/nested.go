package retry

import (
	"context"
	"sync/atomic"
)

type (
	layerKey  struct{}
	repeatKey struct{}
)

// ContextOnce returns a context under which Calls retry nothing. A layer that retries uses it for
// its attempts, so that retries do not multiply. below, which must not be nil, becomes true when
// a request with this context gets a Call.
func ContextOnce(ctx context.Context, below *atomic.Bool) context.Context {
	return context.WithValue(ctx, layerKey{}, below)
}

// isOnce reports whether a request is an attempt of a layer above, and tells that layer.
func isOnce(ctx context.Context) bool {
	below, ok := ctx.Value(layerKey{}).(*atomic.Bool)
	if ok {
		below.Store(true)
	}
	return ok
}

// contextWatched returns a context in which a layer below reports that it has repeated a request.
func contextWatched(ctx context.Context, repeated *atomic.Bool) context.Context {
	return context.WithValue(ctx, repeatKey{}, repeated)
}

// reportRepeated reports that to the layer above, if one watches.
func reportRepeated(ctx context.Context) {
	if repeated, ok := ctx.Value(repeatKey{}).(*atomic.Bool); ok {
		repeated.Store(true)
	}
}

// once is the policy of a Call that is an attempt of another one.
var once = Policy{Throttled: -1, Failures: -1}
