package retry_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// A source is a GetBody that remembers what it gave out.
type source struct {
	mu    sync.Mutex
	given []*openBody
	err   error
}

type openBody struct {
	io.Reader
	opened time.Time
	closed int
}

func (b *openBody) Close() error { b.closed++; return nil }

func (s *source) open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &openBody{Reader: strings.NewReader("body"), opened: time.Now()}
	s.given = append(s.given, b)
	return b, s.err
}

func (s *source) request() *http.Request {
	req, _ := http.NewRequest(http.MethodPut, recordsURL, strings.NewReader("body"))
	req.GetBody = s.open
	return req
}

var atOnce = retry.Policy{MinDelay: -1, MaxDelay: -1}

// A base may let a request wait for its turn: its body is opened after that, and
// not at all if it is not read.
func TestBodyIsOpenedWhenItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		n, begin := 0, time.Now()
		resp, err := (&retry.Transport{Policy: atOnce, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
			n++
			time.Sleep(time.Minute)
			if len(s.given) != max(0, n-3) {
				t.Errorf("attempt %d: opened %d times before it is read", n, len(s.given))
			}
			if n == 2 { // is not read, but closed
				req.Body.Close()
				if _, err := req.Body.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("read after it was closed: %v", err)
				}
			} else if text, err := io.ReadAll(req.Body); string(text) != "body" || err != nil {
				t.Errorf("attempt %d: read %q, %v", n, text, err)
			}
			req.Body.Close()
			return &http.Response{StatusCode: []int{429, 429, 503, 200}[n-1], Header: http.Header{}, Body: http.NoBody}, nil
		})}).RoundTrip(s.request())
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		if len(s.given) != 2 || !s.given[0].opened.Equal(begin.Add(3*time.Minute)) {
			t.Errorf("opened %d times, first after %v", len(s.given), s.given[0].opened.Sub(begin))
		}
		for i, b := range s.given {
			if b.closed == 0 {
				t.Errorf("body %d was not closed", i+1)
			}
		}
	})
}

// What GetBody fails with reaches the caller, is judged once, and is not cured by
// another attempt; nor is GetBody asked again.
func TestErrorOfGetBodyIsFinal(t *testing.T) {
	boom := errors.New("boom")
	s := source{err: boom}
	b := statuses(429, 200)
	o := &observed{base: b, policy: atOnce}
	_, err := o.RoundTrip(s.request())
	if !errors.Is(err, boom) || len(s.given) != 1 || len(b.begun) != 2 {
		t.Errorf("%v after %d attempts and %d times GetBody", err, len(b.begun), len(s.given))
	}
	if len(o.told) != 2 || o.told[1].Again || o.told[1].err != err {
		t.Errorf("decided %+v, want the error of GetBody to be final", o.told)
	}
}

// http.NoBody can be sent as often as one likes, with a GetBody or without.
func TestNoBodyIsRepeated(t *testing.T) {
	for _, status := range []int{429, 503} {
		b := statuses(status, 200)
		req, _ := http.NewRequest(http.MethodPut, recordsURL, nil)
		req.Body, req.GetBody = http.NoBody, nil
		if resp, err := (&retry.Transport{Base: b, Policy: atOnce}).RoundTrip(req); err != nil || resp.StatusCode != 200 {
			t.Errorf("%d: %v, %v", status, resp, err)
		}
		if req.Body != http.NoBody {
			t.Error("the request was changed")
		}
	}
}

// net/http closes a body while it is read, when the call is cancelled.
func TestBodyMayBeClosedWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		n := 0
		req, _ := http.NewRequest(http.MethodPut, recordsURL, bytes.NewReader([]byte("body")))
		req.GetBody = func() (io.ReadCloser, error) { return r, nil }
		_, err := (&retry.Transport{Policy: atOnce, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				req.Body.Close()
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody}, nil
			}
			time.AfterFunc(time.Second, func() { req.Body.Close() })
			_, err := io.ReadAll(req.Body)
			return nil, notAgain{err}
		})}).RoundTrip(req)
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("error %v", err)
		}
	})
}

type notAgain struct{ error }

func (notAgain) Retryable() bool { return false }
func (e notAgain) Unwrap() error { return e.error }
