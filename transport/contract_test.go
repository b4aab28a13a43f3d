package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// roundTripper lets a function be the base.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answer is a base's answer to a request, whose body it reads and closes.
func answer(req *http.Request, status int) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("answer")), Request: req,
	}, nil
}

// answers gives one status after the other; the last one for ever.
func answers(status ...int) roundTripper {
	var n atomic.Int64
	return func(req *http.Request) (*http.Response, error) {
		i := min(int(n.Add(1)), len(status))
		return answer(req, status[i-1])
	}
}

type countingBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *countingBody) Close() error { b.closed.Add(1); return nil }

func TestBodyIsClosedOnEveryPath(t *testing.T) {
	boom := errors.New("boom")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, test := range map[string]struct {
		base    roundTripper
		ctx     context.Context
		options []transport.Option
		stop    bool
		wantErr error
	}{
		"success":      {base: answers(200)},
		"429, no body": {base: answers(429, 200)},
		"broken base": {
			base:    func(req *http.Request) (*http.Response, error) { req.Body.Close(); return nil, boom },
			wantErr: boom,
		},
		"queue full": {
			options: []transport.Option{transport.WithMaxQueue(-1), transport.WithLimiter(blocked{})},
			ctx:     shortly(t), wantErr: context.DeadlineExceeded,
		},
		"bad limiter": {options: []transport.Option{transport.WithLimiter(failing{boom})}, wantErr: boom},
		"cancelled":   {ctx: cancelled, wantErr: context.Canceled},
		"shut down":   {stop: true, wantErr: transport.ErrShutdown},
	} {
		t.Run(name, func(t *testing.T) {
			tr := transport.New(append(test.options, transport.WithBase(test.base), quiet)...)
			if test.stop {
				tr.Shutdown(context.Background())
			}
			if test.ctx == nil {
				test.ctx = context.Background()
			}
			body := &countingBody{Reader: strings.NewReader("x")}
			req, _ := http.NewRequestWithContext(test.ctx, http.MethodPost, recordsURL, body)
			resp, err := tr.RoundTrip(req)
			if !errors.Is(err, test.wantErr) {
				t.Errorf("error %v, want %v", err, test.wantErr)
			}
			if (resp == nil) == (err == nil) {
				t.Errorf("response %v and error %v; want one of them", resp, err)
			}
			if body.closed.Load() == 0 {
				t.Error("the request's body was not closed")
			}
		})
	}
}

// blocked never gives a slot.
type blocked struct{}

func (blocked) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

type failing struct{ error }

func (f failing) Wait(context.Context) error { return f.error }

func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestRequestIsNotModified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := io.NopCloser(strings.NewReader("body"))
		req, _ := http.NewRequest(http.MethodPost, recordsURL+"?a=b", body)
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("body")), nil }
		req.Header.Set("Authorization", "Bearer x")
		before := req.Clone(req.Context())

		tr := transport.New(transport.WithBase(answers(429, 503, 429, 200)), quiet)
		if _, err := tr.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before.Header, req.Header); diff != "" {
			t.Error("the request's header was changed:", diff)
		}
		if req.Body != body || req.URL.String() != before.URL.String() || req.Context() != before.Context() {
			t.Error("the request was changed")
		}
	})
}

func TestThe429ComesBackReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithBase(answers(429)), quiet, transport.WithRetry(retry.Policy{Throttled: 2}))
		resp, err := (&http.Client{Transport: tr}).Get(recordsURL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if resp.StatusCode != 429 || string(text) != "answer" || err != nil {
			t.Errorf("got status %d, body %q, error %v; want 429 with a readable body", resp.StatusCode, text, err)
		}
		if sent := tr.Stats().Sent; sent != 3 {
			t.Errorf("sent %d times, want 3", sent)
		}
	})
}

func TestRedirectsAreTheCallersBusiness(t *testing.T) {
	base := func(req *http.Request) (*http.Response, error) {
		resp, err := answer(req, http.StatusFound)
		resp.Header.Set("Location", "::not a URL")
		return resp, err
	}
	resp, err := transport.New(transport.WithBase(roundTripper(base)), quiet).RoundTrip(httptest.NewRequest("GET", recordsURL, nil))
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("got %v, %v; want the redirect itself", resp, err)
	}
}

// idleCloser is a base that counts how often it is asked to close connections.
type idleCloser struct {
	roundTripper
	closed int
}

func (c *idleCloser) CloseIdleConnections() { c.closed++ }

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	base := &idleCloser{roundTripper: answers(200)}
	client := &http.Client{Transport: transport.New(transport.WithBase(base), quiet)}
	client.CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("the base was asked %d times, want once", base.closed)
	}
	transport.New(transport.WithBase(answers(200)), quiet).CloseIdleConnections() // has none: nothing happens
}

func TestRetriesLeaveConnectionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &idleCloser{roundTripper: answers(429, 503, 429)}
		client := &http.Client{Transport: transport.New(transport.WithBase(base), quiet), Timeout: 20 * time.Second}
		resp, err := client.Get(recordsURL)
		if err != nil || resp.StatusCode != 429 {
			t.Fatalf("got %v, %v; want the last 429, since no further try fits the deadline", resp, err)
		}
		resp.Body.Close()
		if base.closed != 0 {
			t.Errorf("idle connections were closed %d times by a failing call, want never", base.closed)
		}
	})
}

func TestPostIsSentWholeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := bytes.Repeat([]byte("aprimo"), 1<<20/6)
		var got [][]byte
		tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(req.Body)
			got = append(got, body)
			return answer(req, []int{429, 201}[len(got)-1])
		})))
		resp, err := (&http.Client{Transport: tr}).Post(recordsURL, "application/json", bytes.NewReader(want))
		if err != nil || resp.StatusCode != 201 {
			t.Fatalf("got %v, %v; want status 201", resp, err)
		}
		if len(got) != 2 || !bytes.Equal(got[0], want) || !bytes.Equal(got[1], want) {
			t.Errorf("the server read %d bodies, not twice the same, want 2", len(got))
		}
	})
}
