package main

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/transport"
)

// headers are the names of those that say something to the proxy; an empty one is not used.
type headers struct {
	flow  string // which program calls
	class string // how urgent the request is
	user  string // for whom
}

func (h headers) all() []string { return []string{h.flow, h.class, h.user} }

func (h headers) validate() error {
	for _, name := range h.all() {
		if strings.EqualFold(name, "Authorization") {
			return program.Misuse("-flow-header, -class-header, -user-header: Authorization is for Aprimo and not checked here: choose another header")
		}
	}
	return nil
}

func (h headers) remove(from http.Header) {
	for _, name := range h.all() {
		from.Del(name)
	}
}

var classes = map[string]transport.Priority{
	"": transport.Normal, "interactive": transport.Interactive, "normal": transport.Normal, "batch": transport.Batch,
}

func (h headers) knownClass(r *http.Request) bool {
	_, known := classes[strings.ToLower(r.Header.Get(h.class))]
	return known
}

// context returns the request's, with what its headers and its address say.
func (p *proxy) context(r *http.Request) context.Context {
	ctx := transport.ContextWithFlow(r.Context(), p.flow(r))
	ctx = transport.ContextWithPriority(ctx, classes[strings.ToLower(r.Header.Get(p.headers.class))])
	return transport.ContextWithUser(ctx, r.Header.Get(p.headers.user))
}

// flow returns what the program takes turns as. Nothing that a program can invent counts:
// it could have as many turns as it likes.
func (p *proxy) flow(r *http.Request) string {
	if flow := r.Header.Get(p.headers.flow); flow != "" {
		return flow
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return r.RemoteAddr
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	network, _ := addr.WithZone("").Prefix(64) // one machine has all addresses of it
	return network.String()
}
