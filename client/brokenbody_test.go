package client_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

var recordJSON = []byte(`{"id":"1","title":"` + strings.Repeat("a long title ", 2000) + `"}`)

// tears are the ways in which the body of a response breaks off.
var tears = map[string]func(http.ResponseWriter){
	"Content-Length": func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", fmt.Sprint(len(recordJSON)))
		w.Write(recordJSON[:20_000])
		panic(http.ErrAbortHandler)
	},
	"chunked": func(w http.ResponseWriter) {
		w.Write(recordJSON[:20_000])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"gzip": func(w http.ResponseWriter) {
		var zipped bytes.Buffer
		z := gzip.NewWriter(&zipped)
		z.Write(recordJSON)
		z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(zipped.Bytes()[:zipped.Len()-10])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"gzip that ends too early": func(w http.ResponseWriter) {
		z := gzip.NewWriter(w)
		w.Header().Set("Content-Encoding", "gzip")
		z.Write(recordJSON)
		z.Flush()
	},
	"no length": func(w http.ResponseWriter) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil { // HTTP/2 has no such bodies
			panic(http.ErrAbortHandler)
		}
		defer conn.Close()
		buf.WriteString("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
		buf.Write(recordJSON[:20_000])
		buf.Flush()
	},
}

// A dripping is a body of which a byte comes now and then, so that no idle timeout ends it.
type dripping struct {
	ctx    context.Context
	closed chan struct{}
	close  func()
}

func newDripping(ctx context.Context) *dripping {
	d := &dripping{ctx: ctx, closed: make(chan struct{})}
	d.close = sync.OnceFunc(func() { close(d.closed) })
	return d
}

func (d *dripping) Close() error { d.close(); return nil }

func (d *dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(3 * time.Second):
		p[0] = 'x'
		return 1, nil
	case <-d.closed:
		return 0, http.ErrBodyReadAfterClose
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// A body that a call does not need does not keep it: what says why a call failed is read for some
// seconds, the rest of a success for one.
func TestABodyThatDripsDoesNotKeepACall(t *testing.T) {
	for _, status := range []int{200, 302, 401, 404, 503} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, nil, limited(transportFunc(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1, Body: newDripping(r.Context()), Request: r}, nil
			})))
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			err := c.Records.Delete(ctx, recordID(1))
			var e *client.Error
			if status != 200 && (!errors.As(err, &e) || e.Status != status || e.Message == "") || status == 200 && err != nil {
				t.Errorf("got %v, want the status %d and what came of the message", err, status)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("status %d: got it after %v, want at most a minute", status, took)
			}
		})
	}
}

// A response whose body breaks off is a failed attempt: the call is repeated if that does no harm.
func TestABodyThatBreaksOffIsRequestedAgain(t *testing.T) {
	for name, tear := range tears {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2 %v", name, http2), func(t *testing.T) {
				n := 0
				c := serve(t, http2, retry.Policy{MinDelay: -1, MaxDelay: -1}, func(w http.ResponseWriter, _ *http.Request) {
					if n++; n < 3 {
						tear(w)
						return
					}
					w.Write(recordJSON)
				})
				rec, err := c.Records.Get(t.Context(), "1")
				if err != nil || rec.ID != "1" || n != 3 {
					t.Errorf("got %v, error %v after %d requests; want the record after 3", rec, err, n)
				}
			})
		}
	}
}

func serve(t *testing.T, http2 bool, p retry.Policy, h http.HandlerFunc) *client.Client {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := client.New("", static("a-token"), client.WithBaseURLs(server.URL+"/api/core", server.URL), client.WithHTTPClient(&http.Client{
		Transport: transport.New(transport.WithBase(server.Client().Transport), transport.WithLogger(zerolog.Nop()), transport.WithRetry(p)),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A body counts to the attempts of the Policy and to the deadline, and a call that changes
// something is not repeated: it was done.
func TestABodyThatAlwaysBreaksOff(t *testing.T) {
	get := func(ctx context.Context, c *client.Client) error { _, err := c.Records.Get(ctx, "1"); return err }
	post := func(ctx context.Context, c *client.Client) error {
		_, err := c.Do(ctx, "POST", "/records/1/lock", nil, new(map[string]any))
		return err
	}
	search := func(ctx context.Context, c *client.Client) error {
		_, err := c.Records.SearchPage(ctx, client.SearchRequest{Expression: client.Expression{Text: "a = 1"}})
		return err
	}
	for name, test := range map[string]struct {
		call    func(context.Context, *client.Client) error
		policy  retry.Policy
		timeout time.Duration
		first   int // the status of the first response; 0: as the others
		want    int // requests
		unknown bool
	}{
		"Get":                        {call: get, want: 4},
		"a search":                   {call: search, want: 4},
		"a 503 counts, too":          {call: get, first: 503, want: 4},
		"Get with a Policy of 1":     {call: get, policy: retry.Policy{Failures: 1}, want: 2},
		"Get without retries":        {call: get, policy: retry.Policy{Failures: -1}, want: 1},
		"Get with a deadline of 2 s": {call: get, timeout: 2 * time.Second, want: 2},
		"POST":                       {call: post, want: 1, unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				torn := transportFunc(func(*http.Request) (*http.Response, error) {
					resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(cut{strings.NewReader(`{"id"`)})}
					if n++; n == 1 {
						resp.StatusCode = cmp.Or(test.first, 200)
					}
					return resp, nil
				})
				c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transport.New(
					transport.WithBase(torn), transport.WithLogger(zerolog.Nop()), transport.WithRetry(test.policy))}))
				ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(test.timeout, time.Hour))
				defer cancel()
				err := test.call(ctx, c)
				var e *client.Error
				if !errors.As(err, &e) || !errors.Is(err, io.ErrUnexpectedEOF) || e.Attempt != test.want || n != test.want {
					t.Errorf("got %v after %d requests; want an *Error of the lost connection after %d", err, n, test.want)
				}
				if got := errors.As(err, new(*client.UnknownOutcomeError)); got != test.unknown {
					t.Errorf("error %v: got unknown outcome %v, want %v", err, got, test.unknown)
				}
			})
		})
	}
}
