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

// windowOf returns the window of a client of ours; 0 for others.
func windowOf(rt http.RoundTripper) int {
	if t, ok := rt.(*transport.Transport); ok {
		return t.Stats().Window
	}
	return 0
}
