package main

import (
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a server whose answers have these statuses, the last one again and again.
type answers struct {
	statuses []int
	sent     []time.Time
}

func (a *answers) RoundTrip(*http.Request) (*http.Response, error) {
	status := a.statuses[min(len(a.sent), len(a.statuses)-1)]
	a.sent = append(a.sent, time.Now())
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}

// send makes one call and returns its status.
func send(t *testing.T, rt http.RoundTripper) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, host, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// As documented: three attempts, 5 tokens of 500 for each retry; a success gives back the
// tokens of the last retry, or one.
func TestAWSRetryQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &answers{statuses: []int{429}}
		rt := newAWSRetry(server).(*awsRetry)
		if send(t, rt); len(server.sent) != 3 {
			t.Errorf("one call: got %d attempts, want 3", len(server.sent))
		}
		for range 49 {
			send(t, rt)
		}
		if n := len(server.sent); n != 150 || rt.tokens != 0 {
			t.Errorf("50 calls that are all answered 429: got %d attempts and %d tokens left, want 150 and 0", n, rt.tokens)
		}
		if send(t, rt); len(server.sent) != 151 {
			t.Errorf("without tokens: got %d attempts, want 1", len(server.sent)-150)
		}
		server.statuses = []int{200}
		for range 4 {
			send(t, rt)
		}
		*server = answers{statuses: []int{429, 200}}
		if status := send(t, rt); status != 429 {
			t.Errorf("with 4 tokens: got %d, want the 429", status)
		}
		send(t, rt)
		*server = answers{statuses: []int{429, 200}}
		if status := send(t, rt); status != 200 || rt.tokens != 5 {
			t.Errorf("with 5 tokens: got %d and %d tokens left, want 200 and 5", status, rt.tokens)
		}
	})
}

// ATB: a success multiplies the rate by 1.2 up to the limit, a 429 halves it and takes the tokens.
func TestATBRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &answers{statuses: []int{200, 200, 200, 200, 429, 200}}
		rt := newATB(server)
		a := rt.(persistent).limited.(metered).bucket
		for range 4 {
			send(t, rt)
		}
		if a.rate != rate {
			t.Errorf("after 4 successes: got %.2f/s, want 15", a.rate)
		}
		time.Sleep(time.Second)
		send(t, rt)
		if want := 9.0; math.Abs(a.rate-want) > 1e-9 {
			t.Errorf("after a 429 and a success: got %.2f/s, want %g", a.rate, want)
		}
		if d := server.sent[5].Sub(server.sent[4]).Seconds(); math.Abs(d-1/7.5) > 0.01 {
			t.Errorf("got a retry after %.3f s, want 1/7.5 s: as soon as there is a token", d)
		}
	})
}

// AATB: a 429 leaves a third of the rate to a process that sent as much as the others, and
// holds it back; a window without one raises it.
func TestAATBRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := new(aggregator)
		add := func(base http.RoundTripper) *aatb {
			return &aatb{base: base, bucket: newBucket(atbStart, atbKeeps), all: all, rate: atbStart}
		}
		a, b := add(&answers{statuses: []int{429, 200}}), add(&answers{statuses: []int{200}})
		for range 3 {
			send(t, b)
		}
		began := time.Now()
		b.report(began)
		send(t, persistent{a})
		if want := atbStart / 2; a.rate != want { // it sent 1 of 3
			t.Errorf("after a 429: got %.2f/s, want %.2f", a.rate, want)
		}
		if d := time.Since(began).Seconds(); d < 1.0/rate || d > 1+1.0/rate+0.1 {
			t.Errorf("got the retry after %.2f s, want 1/15 s and up to a second more", d)
		}
		time.Sleep(aatbWindow / 2)
		b.report(time.Now())
		if held := time.Until(b.bucket.held); held < aatbWindow-aatbSpread || held > aatbWindow+aatbSpread {
			t.Errorf("after a 429 of another process: got a pause of %v, want %v", held, aatbWindow)
		}
		time.Sleep(2 * aatbWindow)
		if a.report(time.Now()); a.rate != atbStart/2*aatbMore {
			t.Errorf("after a window without a 429: got %.2f/s, want %.2f", a.rate, atbStart/2*aatbMore)
		}
	})
}
