package retry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// A server that is saturated at first: the call comes through, and each attempt
// can be seen.
func ExampleTransport() {
	busy := 2
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy--; busy >= 0 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()

	client := &http.Client{Transport: &retry.Transport{
		Policy: retry.Policy{MinDelay: time.Millisecond},
		Observe: func(a retry.Attempt) {
			fmt.Println("attempt", a.Number, "answered", a.Response.StatusCode, "again:", a.Again)
		},
	}}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// attempt 1 answered 429 again: true
	// attempt 2 answered 429 again: true
	// attempt 3 answered 200 again: false
	// 200 OK
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
