package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// How a function of the user's can end other than by returning.
var badEnds = map[string]func(){
	"panic":  func() { panic("boom") },
	"Goexit": runtime.Goexit,
}

// A function of the user's that panics, or ends its goroutine, ends that call alone:
// nothing that the call had taken stays taken, whichever function it is.
func TestUserFunctionThatDoesNotReturn(t *testing.T) {
	for end, bad := range badEnds {
		fails := func(ctx context.Context) {
			if ctx.Value(badKey{}) != nil {
				bad()
			}
		}
		for name, with := range map[string]struct {
			status  int // that the bad call is answered
			option  transport.Option
			context func(context.Context) context.Context
			getBody func() (io.ReadCloser, error)
		}{
			"prepare": {200, nil, func(ctx context.Context) context.Context {
				return transport.ContextWithPrepare(ctx, func(r *http.Request) (*http.Request, error) { fails(r.Context()); return r, nil })
			}, nil},
			"receive": {404, nil, func(ctx context.Context) context.Context {
				return transport.ContextWithReceive(ctx, func(*http.Response) error { fails(ctx); return nil })
			}, nil},
			"Observer": {200, transport.WithObserver(func(ctx context.Context, _ transport.Event) { fails(ctx) }), nil, nil},
			"Observer, at a 429": {429, transport.WithObserver(func(ctx context.Context, e transport.Event) {
				if e.Kind == transport.RateLimited {
					fails(ctx)
				}
			}), nil, nil},
			"identity": {200, transport.WithIdentity(func(r *http.Request) string { fails(r.Context()); return "" }), nil, nil},
			"Match": {200, transport.WithHeavy(transport.Heavy{Operation: "PUT /api/core/orders", InFlight: 2,
				Match: func(r *http.Request) bool { fails(r.Context()); return true }}), nil, nil},
			"Check": {503, transport.WithRetry(retry.Policy{Check: func(ctx context.Context, resp *http.Response, _ error) (bool, error) {
				fails(ctx)
				return resp != nil && resp.StatusCode == 429, nil
			}}), nil, nil},
			"GetBody": {429, nil, nil, func() (io.ReadCloser, error) { bad(); return nil, nil }},
			"Limiter": {200, transport.WithLimiter(limiterFunc(func(ctx context.Context) error { fails(ctx); return nil })), nil, nil},
			"the base": {200, transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
				fails(r.Context())
				time.Sleep(100 * ms)
				return answer(r, 200)
			})), nil, nil},
		} {
			t.Run(name+", "+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					body := &closes{Reader: strings.NewReader("order")}
					response := &closes{Reader: strings.NewReader("answer")}
					opts := []transport.Option{quiet, transport.WithHeavy(transport.Heavy{Operation: "PUT /api/core/orders", InFlight: 2}),
						transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
							if r.Body != nil {
								r.Body.Close()
							}
							time.Sleep(100 * ms)
							if r.Context().Value(badKey{}) == nil {
								return answer(r, 200)
							}
							resp, err := answer(r, with.status)
							resp.Body = response
							return resp, err
						}))}
					tr := transport.New(append(opts, with.option)...)
					order := func(ctx context.Context, body io.ReadCloser) (ended bool) {
						req, _ := http.NewRequestWithContext(ctx, "PUT", "https://acme.dam.aprimo.com/api/core/orders", body)
						req.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
						if body != http.NoBody && with.getBody != nil {
							req.GetBody = with.getBody
						}
						done := make(chan bool)
						go func() {
							defer close(done)
							defer func() { recover() }()
							if resp, err := tr.RoundTrip(req); err == nil {
								resp.Body.Close()
								done <- true
							}
						}()
						return <-done
					}
					for range 8 {
						*body, *response = closes{Reader: body.Reader}, closes{Reader: response.Reader}
						ctx := context.WithValue(t.Context(), badKey{}, true)
						if with.context != nil {
							ctx = with.context(ctx)
						}
						if order(ctx, body) {
							t.Fatal("the call came through: nothing was tried")
						}
						if body.n == 0 && name != "the base" {
							t.Error("the request's body was not closed")
						}
						if response.n == 0 && with.status != 200 {
							t.Error("the response that nobody got was not closed")
						}
					}
					time.Sleep(time.Minute) // a pause after the 429s is over
					if s := tr.Stats(); s.InFlight != 0 || s.Queued != 0 {
						t.Errorf("in flight %d, queued %d; want 0 of both", s.InFlight, s.Queued)
					}
					stop := lightCrowd(t, tr)
					defer stop()
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					if !order(ctx, http.NoBody) {
						t.Errorf("a good order beside a crowd: not sent within a minute; %+v, want it sent", tr.Stats())
					}
					ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					stop()
					if err := tr.Shutdown(ctx); err != nil {
						t.Errorf("Shutdown: %v; want no call left", err)
					}
				})
			})
		}
	}
}

type badKey struct{}

// closes counts how often it is closed.
type closes struct {
	io.Reader
	n int
}

func (c *closes) Close() error { c.n++; return nil }

// lightCrowd keeps light calls waiting, until stop is called.
func lightCrowd(t *testing.T, tr *transport.Transport) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	for range 40 {
		go func() {
			for ctx.Err() == nil {
				req, _ := http.NewRequestWithContext(ctx, "GET", recordsURL, nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}
		}()
	}
	time.Sleep(5 * time.Second)
	return func() { cancel(); synctest.Wait() }
}

// A Limiter that hangs lets nobody go, but everybody's wait ends with the context: also
// that of the call which asks it.
func TestLimiterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		tr := transport.New(quiet, transport.WithBase(answers(200)), transport.WithLimiter(limiterFunc(func(context.Context) error { <-hang; return nil })))
		ended := make(chan error, 3)
		began := time.Now()
		for i := range 3 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				ended <- get(ctx, tr, "")
			}()
		}
		for i := range 3 {
			if err := <-ended; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Duration(i+1)*time.Second {
				t.Errorf("call %d ended after %v: %v; want at its deadline", i+1, time.Since(began), err)
			}
		}
		close(hang)
		if err := get(t.Context(), tr, ""); err != nil {
			t.Errorf("when the Limiter is back: %v", err)
		}
	})
}

// A body is the user's too: if its Close panics, the slot has been given back before.
func TestBodyWhoseCloseFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(quiet, transport.WithBase(answers(200)))
		ctx := transport.ContextWithPrepare(t.Context(), func(*http.Request) (*http.Request, error) { return nil, errors.New("no token") })
		for range 4 {
			req, _ := http.NewRequestWithContext(ctx, "POST", "https://acme.dam.aprimo.com/api/core/orders", panicsAtClose{strings.NewReader("order")})
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic did not reach the caller")
					}
				}()
				tr.RoundTrip(req)
			}()
		}
		if s := tr.Stats(); s.InFlight != 0 || s.Sent != 0 {
			t.Errorf("in flight %d, sent %d; want 0 of both", s.InFlight, s.Sent)
		}
	})
}

// A response's body is foreign code as well: a call that ends in its Close is over for Shutdown, and a
// body that also hangs does not end the process on a goroutine of ours.
func TestResponseWhoseCloseFails(t *testing.T) {
	for end, bad := range badEnds {
		for name, wait := range map[string]time.Duration{"at once": 0, "after its time": 2 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				tr := transport.New(quiet, transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := answer(r, 429)
					resp.Body = badResponse{wait, bad}
					return resp, err
				})))
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer func() { recover() }()
					get(t.Context(), tr, "")
					t.Errorf("%s, %s: the call ended as if nothing had happened", end, name)
				}()
				<-done
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := tr.Shutdown(ctx); err != nil {
					t.Errorf("%s, %s: Shutdown: %v; want no call left", end, name, err)
				}
			})
		}
	}
}

// A badResponse can be read after a while, and not be closed.
type badResponse struct {
	wait time.Duration
	end  func()
}

func (b badResponse) Read([]byte) (int, error) { time.Sleep(b.wait); return 0, io.EOF }
func (b badResponse) Close() error             { b.end(); return nil }

type panicsAtClose struct{ io.Reader }

func (panicsAtClose) Close() error { panic("boom") }
