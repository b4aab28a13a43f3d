package measure_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// There may be any number of hosts, paths, methods and statuses: of attributes not.
func TestAttributesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(transport.NewLimiter(1_000_000, time.Second)),
			transport.WithDryRun(), transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
				status := http.StatusTooManyRequests
				if r.Method == "ODD" {
					fmt.Sscanf(r.URL.Path, "/%d", &status)
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody}, nil
			})))
		values := make(map[string]map[string]bool)
		measure.Observe(tr, func(_ context.Context, name string, _ float64, attributes ...string) {
			for i, value := range attributes {
				key := fmt.Sprint(name, " ", i)
				if values[key] == nil {
					values[key] = make(map[string]bool)
				}
				values[key][value] = true
			}
		})
		for i := range 1000 {
			word := strings.Repeat("x", i%200) + string(rune('a'+i%26))
			send := func(method, path string) {
				u := &url.URL{Scheme: "https", Host: fmt.Sprintf("host%d.example:8443", i), Path: path}
				resp, err := tr.RoundTrip(&http.Request{Method: method, URL: u})
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			send("GET", "/"+word)
			send(word, "/")
			send("ODD", fmt.Sprint("/", 500+i))
		}
		for key, most := range map[string]int{
			measure.RequestDuration + " 0": 2,
			measure.RequestDuration + " 1": 102, // 429, 500 to 599, none
			measure.RequestDuration + " 2": 51,
			measure.RequestDuration + " 3": 102, // the same, and _OTHER
			measure.RateLimited + " 0":     101,
		} {
			if n := len(values[key]); n != most {
				t.Errorf("%s has %d values, want %d", key, n, most)
			}
		}
		if !values[measure.RequestDuration+" 2"]["host1.example"] || !values[measure.RequestDuration+" 2"]["other"] || !values[measure.RateLimited+" 0"]["other"] {
			t.Errorf("got the values %v, want host1.example and other among the hosts, and other among the operations", values)
		}
	})
}

// What is in a request may be anything.
func TestAttributesOfOddRequests(t *testing.T) {
	for name, test := range map[string]struct {
		req  http.Request
		want string
	}{
		"no method":                           {http.Request{URL: &url.URL{Scheme: "https", Host: "a.example"}}, "GET,429,a.example,429"},
		"lower case":                          {http.Request{Method: "get", URL: &url.URL{Scheme: "https", Host: "A.Example"}}, "_OTHER,429,a.example,429"},
		"the new one":                         {http.Request{Method: "QUERY", URL: &url.URL{Scheme: "https", Host: "a.example"}}, "QUERY,429,a.example,429"},
		"no URL":                              {http.Request{Method: "GET"}, "GET,429,,429"},
		"IPv6 and a port":                     {http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "[::1]:80", Path: "/x@y"}}, "GET,429,::1,429"},
		"a password":                          {http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "a.example", User: url.UserPassword("u", "p")}}, "GET,429,a.example,429"},
		"no host, a query":                    {http.Request{Method: "GET", URL: &url.URL{Scheme: "http", RawQuery: "a=b@c"}}, "GET,429,,429"},
		"not UTF-8, in what becomes the path": {http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "a/\xff"}}, "GET,429,a,429"},
		"not UTF-8":                           {http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "a\xff"}}, "GET,429,a\uFFFD,429"},
	} {
		tr := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithRetry(retry.Policy{Throttled: -1}),
			transport.WithBase(roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 429, Header: http.Header{}, Body: http.NoBody}, nil
			})))
		var got tally
		measure.Observe(tr, got.tell)
		resp, err := tr.RoundTrip(&test.req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got.counts[measure.RequestDuration+" "+test.want] != 1 {
			t.Errorf("%s: got %v, want one with the attributes %s", name, got.counts, test.want)
		}
		for key := range got.counts {
			if !utf8.ValidString(key) {
				t.Errorf("%s: got the attributes %q, want valid UTF-8", name, key)
			}
		}
	}
}
