package transport_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// A wire is a base that remembers what was sent, and when, and answers as a test
// says. Unlike a base that answers in no time, it lets several be in flight.
type wire struct {
	// reply is asked about the nth request, counted from 1, as it is sent.
	reply func(n int, req *http.Request) reply

	mu           sync.Mutex
	zero         time.Time
	sent         []sending
	flying, most int
}

type sending struct {
	user string
	at   time.Duration
}

type reply struct {
	status int    // 0: 200
	after  string // the Retry-After
	takes  time.Duration
	err    error
}

func newWire(f func(n int, req *http.Request) reply) *wire { return &wire{reply: f, zero: time.Now()} }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, sending{transport.UserFromContext(req.Context()), time.Since(w.zero)})
	n := len(w.sent)
	w.flying++
	w.most = max(w.most, w.flying)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.flying--; w.mu.Unlock() }()
	r := w.reply(n, req)
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(r.takes):
	}
	if r.err != nil {
		return nil, r.err
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	resp, err := answer(req, r.status)
	if r.after != "" {
		resp.Header.Set("Retry-After", r.after)
	}
	return resp, err
}

// times returns when the requests were sent, in order.
func (w *wire) times() (list []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		list = append(list, s.at)
	}
	return list
}

// of returns when the requests of one user were sent.
func (w *wire) of(user string) (list []time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sent {
		if s.user == user {
			list = append(list, s.at)
		}
	}
	return list
}

// sentAt checks when the requests were sent; those that differ by nothing were
// sent together.
func (w *wire) sentAt(t *testing.T, want ...time.Duration) {
	t.Helper()
	if got := w.times(); !slices.Equal(got, want) {
		t.Errorf("sent at %v,\nwant %v", got, want)
	}
}

// get makes one call, and returns its error or nil.
func get(ctx context.Context, rt http.RoundTripper, user string) error {
	req, _ := http.NewRequestWithContext(transport.ContextWithUser(ctx, user), http.MethodGet, recordsURL, nil)
	resp, err := rt.RoundTrip(req)
	if err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return err
}

// twoSeconds is a policy under which "Retry-After: 2" is a pause of exactly that
// length, and other failures are repeated at once.
var twoSeconds = retry.Policy{MinDelay: -1, MaxDelay: -1, MaxRetryAfter: 2 * time.Second}

// times returns n times the same moment.
func times(n int, at time.Duration) []time.Duration { return slices.Repeat([]time.Duration{at}, n) }
