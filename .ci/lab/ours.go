package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// options are added to the defaults, to experiment.
var options []transport.Option

// ourTeam are Transports that share their limit if the scenario says so.
func ourTeam(ctx context.Context, b *bench) maker {
	if b.scenario.shared {
		return overRedis(ctx, b)
	}
	store := &memory{}
	return func(base http.RoundTripper) http.RoundTripper {
		if b.scenario.again > 0 {
			return ours(base, transport.WithStore(store, "lab"))
		}
		return ours(base)
	}
}

// A memory is a Store of one value, for one process at a time.
type memory struct{ value []byte }

func (m *memory) Load(context.Context, string) ([]byte, error) { return m.value, nil }

func (m *memory) CompareAndSwap(_ context.Context, _ string, _, value []byte, _ time.Duration) (bool, error) {
	m.value = value
	return true, nil
}

// ours is a Transport with its defaults.
func ours(base http.RoundTripper, more ...transport.Option) http.RoundTripper {
	return transport.New(slices.Concat([]transport.Option{
		transport.WithBase(base),
		transport.WithLogger(zerolog.Nop()),
	}, options, more)...)
}

// statsOf returns the Stats of a client of ours; of others there are none.
func statsOf(rt http.RoundTripper) (s transport.Stats) {
	if t, ok := rt.(*transport.Transport); ok {
		return t.Stats()
	}
	return s
}
