package main

import (
	"net/http"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// options are added to the defaults, to experiment.
var options []transport.Option

// ours is a Transport with its defaults.
func ours(base http.RoundTripper) http.RoundTripper {
	return transport.New(append([]transport.Option{
		transport.WithBase(base),
		transport.WithLogger(zerolog.Nop()),
	}, options...)...)
}

// statsOf returns the Stats of a client of ours; of others there are none.
func statsOf(rt http.RoundTripper) (s transport.Stats) {
	if t, ok := rt.(*transport.Transport); ok {
		return t.Stats()
	}
	return s
}
