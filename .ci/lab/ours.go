package main

import (
	"net/http"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// options are what is tried with ours beyond its defaults.
var options []transport.Option

// ours is a Transport as it is out of the box.
func ours(base http.RoundTripper) http.RoundTripper {
	return transport.New(append([]transport.Option{
		transport.WithBase(base),
		transport.WithLogger(zerolog.Nop()),
	}, options...)...)
}

// windowOf returns how many requests a client of ours may have in flight; 0 for
// the others.
func windowOf(rt http.RoundTripper) int {
	if t, ok := rt.(*transport.Transport); ok {
		return t.Stats().Window
	}
	return 0
}
