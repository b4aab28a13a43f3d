package main

import (
	"context"
	"net/http"
	"slices"

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
	return func(base http.RoundTripper) http.RoundTripper { return ours(base) }
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
