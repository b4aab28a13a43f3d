package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A host shares the limit if its request waits as long as the queue of the DAM, or is
// rejected; it does not if it is as fast as in calm. If the queue is short, nobody knows.
func TestShare(t *testing.T) {
	op := operation{name: "GET /uploads", role: "uploads"}
	calm := timing{median: 0.1, least: 0.05, most: 0.3}
	large := []sample{{answered: 6 * time.Second, status: 200}, {answered: 7 * time.Second, status: 429}}
	for _, c := range []struct {
		took           time.Duration
		status         int
		queue          time.Duration // until which ours wait
		shares, unsure bool
	}{
		{took: 5900 * time.Millisecond, status: 200, queue: 6 * time.Second, shares: true},
		{took: 150 * time.Millisecond, status: 404, queue: 6 * time.Second},
		{took: 3 * time.Second, status: 200, queue: 6 * time.Second, unsure: true},
		{took: 400 * time.Millisecond, status: 200, queue: 500 * time.Millisecond, unsure: true},
		{took: time.Millisecond, status: 429, queue: 500 * time.Millisecond, shares: true},
	} {
		large[0].answered = c.queue
		during := []sample{{sent: 100 * time.Millisecond, answered: 100*time.Millisecond + c.took, status: c.status}}
		got := share(op, calm, during, large, timing{median: 0.1})
		if got.shares != c.shares || got.unsure != c.unsure {
			t.Errorf("%d after %v behind a queue of %v: got %+v, want shares %t, unsure %t", c.status, c.took, c.queue, got, c.shares, c.unsure)
		}
	}
	if got := share(op, calm, nil, nil, timing{}); !got.unsure || got.role != "uploads" {
		t.Errorf("not asked: got %+v, want that it is not sure", got)
	}
}

// A profile says of each figure whether it is known, and what it can be wrong by.
func TestProfileOfFindings(t *testing.T) {
	now := time.Date(2026, 11, 27, 9, 0, 0, 123, time.UTC)
	f := findings{limit: limit{rate: value{unsure: true}, queue: value{unsure: true}, guessed: true}}
	if p := f.profile("acme", now); p.Rate != 0 || p.Queue != 0 || p.ReleaseSure || p.Rejected != nil || p.Name != "acme" || p.Version != 1 {
		t.Errorf("nothing known: got %+v, want zeros", p)
	}
	f.limit = limit{rate: value{is: 14.96, doubt: 0.26}, queue: value{is: 0.2, doubt: 1.1}}
	if p := f.profile("acme", now); p.Rate != 15 || p.RateDoubt != 0.3 || p.Queue != -1 || p.QueueDoubt != 2 || !p.ReleaseSure {
		t.Errorf("no queue: got %+v, want 15 ± 0.3 and a queue of -1 ± 2", p)
	}
	f.rate = value{is: 42, doubt: 21}
	if p := f.profile("acme", now); p.Rate != 0 {
		t.Errorf("hardly known: got %d a second, want 0, since a limiter is made from it", p.Rate)
	}
	f.rate.atLeast = true
	if p := f.profile("acme", now); p.Rate != 21 || !p.RateAtLeast {
		t.Errorf("known from below: got %+v, want 21 at least", p)
	}
	f.queue = value{is: 103, doubt: 1.3, atLeast: true}
	if p := f.profile("acme", now); p.Queue != 102 || !p.QueueAtLeast || !p.Measured.Equal(now.Truncate(time.Second)) {
		t.Errorf("a long queue: got %+v, want 102 at least", p)
	}
}

func TestRejectionText(t *testing.T) {
	const date = "Fri, 27 Nov 2026 08:00:00 GMT"
	for _, c := range []struct {
		header http.Header
		body   string
		want   string
	}{
		{http.Header{}, "", "2 came; no Retry-After; no content type, body of 0 bytes"},
		{http.Header{"Retry-After": {"7"}, "Content-Type": {"application/json; charset=utf-8"}}, "{}", "2 came; Retry-After: 7; application/json, body of 2 bytes"},
		{http.Header{"Retry-After": {"Fri, 27 Nov 2026 08:00:30 GMT"}, "Date": {date}, "Content-Type": {"text/html"}}, "", "2 came; Retry-After a date, 30 s after the answer; text/html, body of 0 bytes"},
		{http.Header{"X-Ratelimit-Limit": {"15\x1b[31m"}, "Set-Cookie": {"secret"}}, "", "body of 0 bytes; X-Ratelimit-Limit: 15\uFFFD[31m"},
	} {
		s := sample{status: 429, header: c.header, body: c.body}
		got := findings{rejected: []sample{s, s}}.rejection()
		if !strings.HasSuffix(got, c.want) || strings.Contains(got, "secret") {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	differ := findings{rejected: []sample{{status: 429, header: http.Header{}}, {status: 429, header: http.Header{"Retry-After": {"1"}}}}}
	if got := differ.rejection(); !strings.HasSuffix(got, "they differ, this is the first") {
		t.Errorf("got %q, want that the two differ", got)
	}
}
