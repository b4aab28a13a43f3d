package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeepHTTPS(t *testing.T) {
	request := func(link string) *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	secure, plain := request("https://a.example/"), request("http://a.example/")
	for _, test := range []struct {
		name string
		req  *http.Request
		via  []*http.Request
		want string
	}{
		{"https to https", secure, []*http.Request{secure}, "<nil>"},
		{"http to https", secure, []*http.Request{plain}, "<nil>"},
		{"http to http", plain, []*http.Request{plain}, "<nil>"},
		{"https to http", plain, []*http.Request{secure}, "redirect from https to http"},
		{"nine", secure, slices.Repeat([]*http.Request{secure}, 9), "<nil>"},
		{"ten", secure, slices.Repeat([]*http.Request{secure}, 10), "stopped after 10 redirects"},
	} {
		if got := fmt.Sprint(keepHTTPS(test.req, test.via)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestSleepReturnsTheContextsErrorAndItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if err := sleep(t.Context(), time.Minute); err != nil || time.Since(begin) != time.Minute {
			t.Errorf("got %v after %v, want nil after 1m0s", err, time.Since(begin))
		}
		cause := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if err := sleep(ctx, time.Minute); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("got %v, want both %v and %v", err, context.Canceled, cause)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := sleep(ctx, time.Minute); err != context.DeadlineExceeded {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
