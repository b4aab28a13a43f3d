package marketing_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/client/marketing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newOperations returns marketing operations whose requests go to a transport.
func newOperations(t testing.TB, base http.RoundTripper) *marketing.Operations {
	t.Helper()
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a-token"})
	c, err := client.New("acme", tokens, client.WithHTTPClient(&http.Client{Transport: base}))
	if err != nil {
		t.Fatal(err)
	}
	return marketing.New(c)
}

func fastTenant() *aprimotest.Tenant { return &aprimotest.Tenant{Rate: 100_000} }

// A recorder notes the requests on their way to a transport.
type recorder struct {
	base http.RoundTripper
	mu   sync.Mutex
	sent []string // "GET /api/tasks"
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.sent = append(r.sent, req.Method+" "+strings.TrimSuffix(req.URL.Path, "/"))
	r.mu.Unlock()
	return r.base.RoundTrip(req)
}

// take returns what was sent since it was last called.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := slices.Clone(r.sent)
	r.sent = nil
	return sent
}

// answering is a transport that gives every request the same answer.
func answering(status int, body string) http.RoundTripper {
	return transportFunc(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			io.Copy(io.Discard, req.Body)
			req.Body.Close()
		}
		return &http.Response{
			StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(body)),
			Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
