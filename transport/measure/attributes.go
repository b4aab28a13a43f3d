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

// Unknown is what the convention calls a method or an error that it does not know.
const Unknown = "_OTHER"

const others = "other" // all values together that are too many

// Attempt returns the attributes of an attempt that has ended, those of RequestDuration, from
// the event about it: Method, Status, Server and ErrorType. Unlike with Observe, the
// number of servers is not bounded.
func Attempt(e transport.Event) (method, status, server, errorType string) {
	return methodOf(e), statusOf(e), serverOf(e), errorTypeOf(e)
}

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
	return Unknown
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
	return Unknown
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
