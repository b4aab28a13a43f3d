package retry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/retry"
)

// bodies is a GetBody that remembers what it gave out.
type bodies struct {
	given []*trackedBody
	fails map[int]error // by the number of the call, from 1
	none  bool          // returns neither a body nor an error
}

func (s *bodies) open() (io.ReadCloser, error) {
	b := &trackedBody{Reader: strings.NewReader("body")}
	s.given = append(s.given, b)
	if s.none {
		return nil, nil
	}
	return b, s.fails[len(s.given)]
}

func (s *bodies) request() *http.Request {
	req, _ := http.NewRequest(http.MethodPut, recordsURL, strings.NewReader("body"))
	req.GetBody = s.open
	return req
}

var atOnce = retry.Policy{MinDelay: -1, MaxDelay: -1}

// Each attempt gets a body of its own, whole, and each is closed by whoever has it.
func TestEachAttemptHasItsBody(t *testing.T) {
	var s bodies
	n := 0
	resp, err := (&retry.Transport{Policy: atOnce, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
		n++
		if text, err := io.ReadAll(req.Body); string(text) != "body" || err != nil {
			t.Errorf("attempt %d: read %q, %v; want the whole body", n, text, err)
		}
		req.Body.Close()
		return &http.Response{StatusCode: []int{429, 503, 200}[n-1], Header: http.Header{}, Body: http.NoBody}, nil
	})}).RoundTrip(s.request())
	if err != nil || resp.StatusCode != 200 || len(s.given) != 2 {
		t.Fatalf("got %v, %v after %d bodies; want 200 after 2", resp, err, len(s.given))
	}
	for i, b := range s.given {
		if !b.closed {
			t.Errorf("body %d was not closed", i+1)
		}
	}
}

// If the body cannot be opened again, the caller gets what the server said, readable.
func TestBodyThatCannotBeOpenedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		fails    int
	}{
		"429, at once":          {[]int{429, 200}, 1},
		"429, the second time":  {[]int{429, 429, 200}, 2},
		"a 503":                 {[]int{503, 200}, 1},
		"a 503 after a 429":     {[]int{429, 503, 200}, 2},
		"a 429 after two 503 s": {[]int{503, 503, 429, 200}, 3},
	} {
		s := bodies{fails: map[int]error{c.fails: errors.New("the file was moved")}}
		b := statuses(c.statuses...)
		resp, err := (&retry.Transport{Base: b, Policy: atOnce}).RoundTrip(s.request())
		if want := c.statuses[c.fails-1]; err != nil || resp.StatusCode != want || len(b.begun) != c.fails {
			t.Errorf("%s: got %v, %v after %d attempts; want the server's %d after %d", name, resp, err, len(b.begun), want, c.fails)
			continue
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Errorf("%s: the response's body cannot be read: %v", name, err)
		}
	}
}

// To net/http a GetBody that returns nil, nil says that there is no body.
func TestGetBodyThatReturnsNothing(t *testing.T) {
	s := bodies{none: true}
	n := 0
	resp, err := (&retry.Transport{Policy: atOnce, Base: roundTripper(func(req *http.Request) (*http.Response, error) {
		if n++; n == 2 && req.Body != http.NoBody {
			t.Errorf("the second attempt has the body %v, want http.NoBody", req.Body)
		}
		return &http.Response{StatusCode: []int{429, 200}[n-1], Header: http.Header{}, Body: http.NoBody}, nil
	})}).RoundTrip(s.request())
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("got %v, %v, want 200", resp, err)
	}
}

// A function of the user's that panics leaves nothing open.
func TestPanicLeavesNothingOpen(t *testing.T) {
	boom := func() { panic("boom") }
	for name, c := range map[string]struct {
		policy  retry.Policy
		getBody func() (io.ReadCloser, error)
	}{
		"Check": {retry.Policy{Check: func(_ context.Context, _ *http.Response, _ error) (bool, error) { boom(); return false, nil }}, nil},
		"GetBody": {retry.Policy{}, func() (io.ReadCloser, error) {
			boom()
			return nil, nil
		}},
	} {
		answer := &trackedBody{Reader: strings.NewReader("slow down")}
		req, _ := http.NewRequest(http.MethodPut, recordsURL, strings.NewReader("body"))
		if c.getBody != nil {
			req.GetBody = c.getBody
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic did not reach the caller", name)
				}
			}()
			(&retry.Transport{Policy: c.policy, Base: roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: answer}, nil
			})}).RoundTrip(req)
		}()
		if !answer.closed {
			t.Errorf("%s: the response that nobody gets was not closed", name)
		}
	}
}

// http.NoBody can be sent as often as one likes, with a GetBody or without.
func TestNoBodyIsRepeated(t *testing.T) {
	for _, status := range []int{429, 503} {
		b := statuses(status, 200)
		req, _ := http.NewRequest(http.MethodPut, recordsURL, nil)
		req.Body, req.GetBody = http.NoBody, nil
		if resp, err := (&retry.Transport{Base: b, Policy: atOnce}).RoundTrip(req); err != nil || resp.StatusCode != 200 {
			t.Errorf("%d: got %v, %v; want status 200", status, resp, err)
		}
		if req.Body != http.NoBody {
			t.Error("the request was changed")
		}
	}
}

// The caller's request is not written to: a further attempt has a copy.
func TestTheRequestKeepsItsBody(t *testing.T) {
	var s bodies
	req := s.request()
	own := req.Body
	n := 0
	_, err := (&retry.Transport{Policy: atOnce, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		r.Body.Close()
		if first := r.Body == own; first != (n == 1) || req.Body != own {
			t.Errorf("attempt %d: the caller's own body %v, the request unchanged %v; want it at the first attempt alone, true", n, first, req.Body == own)
		}
		return &http.Response{StatusCode: []int{429, 200}[n-1], Header: http.Header{}, Body: http.NoBody}, nil
	})}).RoundTrip(req)
	if err != nil || n != 2 {
		t.Errorf("got %v after %d attempts; want none after 2", err, n)
	}
}

// A body that was opened for an attempt that is not made is closed.
func TestABodyThatIsNotSentIsClosed(t *testing.T) {
	var s bodies
	c := new(retry.Policy).Call(s.request())
	if err := c.Rewind(); err != nil || len(s.given) != 1 {
		t.Fatalf("got %v and %d bodies; want none and 1", err, len(s.given))
	}
	c.Close()
	if !s.given[0].closed {
		t.Error("the body is open; want it closed")
	}
}
