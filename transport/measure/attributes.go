package measure

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	unknown = "_OTHER" // as the convention calls a value that it does not know
	others  = "other"  // all values together that are too many
)

// methodOf returns the method if the convention knows it. Any other could be one of
// any number.
func methodOf(e transport.Event) string {
	switch e.Method {
	case "":
		return http.MethodGet
	case http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
		http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace, "QUERY":
		return e.Method
	}
	return unknown
}

// statusOf returns the status, or nothing if there is none that HTTP knows.
func statusOf(e transport.Event) string {
	if e.Status < 100 || e.Status > 599 {
		return ""
	}
	return strconv.Itoa(e.Status)
}

// errorTypeOf returns what an attempt failed with, or nothing.
func errorTypeOf(e transport.Event) string {
	var timeout interface{ Timeout() bool }
	switch {
	case e.Err == nil && e.Status < 400:
		return ""
	case 400 <= e.Status && e.Status <= 599:
		return statusOf(e)
	case errors.Is(e.Err, context.Canceled):
		return "canceled"
	case errors.As(e.Err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return unknown
}

// serverOf returns the host of the URL. The whole need not be a valid one: a long
// URL has been cut.
func serverOf(e transport.Event) string {
	_, rest, _ := strings.Cut(e.URL, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	host := url.URL{Host: rest[strings.LastIndexByte(rest, '@')+1:]}
	return strings.ToLower(host.Hostname())
}

// few keeps the number of values of an attribute small: those that come first are
// kept.
type few struct {
	most int

	mu   sync.Mutex
	seen map[string]bool
}

func (f *few) of(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD") // as telemetry asks
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[value] {
		return value
	}
	if len(f.seen) >= f.most {
		return others
	}
	if f.seen == nil {
		f.seen = make(map[string]bool)
	}
	f.seen[value] = true
	return value
}
