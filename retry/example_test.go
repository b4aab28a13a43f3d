package retry_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aprimo-go/aprimo/retry"
)

// A server that is saturated at first: the call succeeds all the same.
func ExampleTransport() {
	attempts := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts++; attempts <= 2 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()

	client := &http.Client{Transport: &retry.Transport{Policy: retry.Policy{MinDelay: time.Millisecond}}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, "after", attempts, "attempts")
	// Output: 200 OK after 3 attempts
}

// A program with a person in front of it gives up sooner.
func ExamplePolicy() {
	client := &http.Client{Transport: &retry.Transport{Policy: retry.Policy{
		Throttled:     5,
		Failures:      -1, // none
		MaxRetryAfter: 10 * time.Second,
	}}}
	fmt.Println(client.Transport != nil)
	// Output: true
}

// A CheckRetry that a program has already can be used: this one retries a 404 as well,
// because a record is found a moment after it was created.
func ExamplePolicy_check() {
	attempts := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attempts++; attempts == 1 {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: &retry.Transport{Policy: retry.Policy{
		MinDelay: time.Millisecond,
		Check: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if resp != nil && resp.StatusCode == http.StatusNotFound {
				return true, nil
			}
			return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
		},
	}}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, "after", attempts, "attempts")
	// Output: 200 OK after 2 attempts
}

func ExampleAfter() {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, value := range []string{"1.5", "Mon, 23 Nov 2026 12:00:30 GMT", "Monday, 23-Nov-26 12:01:00 GMT", "soon"} {
		fmt.Println(retry.After(http.Header{"Retry-After": {value}}, now))
	}
	// Output:
	// 1.5s
	// 30s
	// 1m0s
	// 0s
}
