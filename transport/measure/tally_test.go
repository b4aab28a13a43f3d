package measure_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport/measure"
)

const recordsURL = "https://acme.dam.aprimo.com/api/core/records"

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A tally counts what it gets: per name, and per name with attributes.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) tell(_ context.Context, name string, _ float64, attributes ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[name]++
	if len(attributes) > 0 {
		c.counts[name+" "+strings.Join(attributes, ",")]++
	}
}

// attempts returns what was counted of them, without what is the same for all, and the
// number of all.
func (c *tally) attempts() (map[string]int, int) {
	each := maps.Clone(c.counts)
	for key, n := range c.counts {
		delete(each, key)
		if s, ok := strings.CutPrefix(key, measure.RequestDuration+" GET,"); ok {
			each[strings.ReplaceAll(s, "acme.dam.aprimo.com,", "")] = n
		}
	}
	return each, c.counts[measure.RequestDuration]
}

// script answers one attempt after the other: a status, or an error. Each takes as
// long as the one before.
func script(answers ...any) http.RoundTripper {
	n := 0
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		answer := answers[min(n, len(answers)-1)]
		n++
		select {
		case <-time.After(20 * time.Millisecond):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
		switch a := answer.(type) {
		case error:
			return nil, a
		case time.Duration:
			<-req.Context().Done()
			return nil, req.Context().Err()
		}
		return &http.Response{StatusCode: answer.(int), Header: http.Header{}, Body: http.NoBody, Request: req}, nil
	})
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

var errLost = errors.New("connection lost")

const never = time.Duration(0) // an answer that does not come
