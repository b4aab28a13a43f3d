package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestRedirect(t *testing.T) {
	request := func(link string) *http.Request {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	secure, plain := request("https://a.example/"), request("http://a.example/")
	local, user := request("http://127.0.0.1/"), request("https://u:p@a.example/")
	for _, test := range []struct {
		name string
		req  *http.Request
		via  []*http.Request
		want string
	}{
		{"https to https", secure, []*http.Request{secure}, "<nil>"},
		{"http to https", secure, []*http.Request{plain}, "<nil>"},
		{"http to http", plain, []*http.Request{plain}, "<nil>"},
		{"https to http", plain, []*http.Request{secure}, "redirect: the address at a.example uses http: only https is accepted"},
		{"public to local", local, []*http.Request{plain}, "redirect: the address at 127.0.0.1 is on this machine or in a private network, which is not accepted"},
		{"local to local", local, []*http.Request{local}, "<nil>"},
		{"with a user", user, []*http.Request{secure}, "redirect: the address at a.example contains a user, which is not accepted"},
		{"nine", secure, slices.Repeat([]*http.Request{secure}, 9), "<nil>"},
		{"ten", secure, slices.Repeat([]*http.Request{secure}, 10), "stopped after 10 redirects"},
	} {
		if got := fmt.Sprint(redirect(test.req, test.via)); got != test.want {
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

func TestLocalHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"acme.blob.core.windows.net": false, "8.8.8.8": false, "2606:4700::1111": false, "s3.example": false, "1.cdn.example": false,
		"localhost": true, "LOCALHOST.": true, "a.localhost": true, "127.0.0.1": true, "127.1": true, "2130706433": true, "0x7f.1": true,
		"0": true, "0.0.0.0": true, "::1": true, "::": true, "::ffff:127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true,
		"192.168.1.1": true, "169.254.169.254": true, "fe80::1%eth0": true, "fd00::1": true, "100.64.0.1": true, "224.0.0.1": true,
		"255.255.255.255": true,
	} {
		if got := isLocal(host); got != want {
			t.Errorf("%s: got local %t, want %t", host, got, want)
		}
	}
}

func TestALinkWithTheTokenLeadsToAprimo(t *testing.T) {
	for _, test := range []struct {
		base, link string
		want       bool
	}{
		{"https://acme.aprimo.com", "/uploads/segments/a", true},
		{"https://acme.aprimo.com", "https://ACME.aprimo.com/uploads/segments/a", true},
		{"https://acme.aprimo.com", "https://upload.aprimo.com/uploads/segments/a", true},
		{"https://acme.aprimo.com", "http://upload.aprimo.com/uploads/segments/a", false},
		{"https://acme.aprimo.com", "https://upload.aprimo.com:8443/uploads", false},
		{"https://acme.aprimo.com", "https://u@upload.aprimo.com/uploads", false},
		{"https://acme.aprimo.com", "https://aprimo.com.evil.example/uploads", false},
		{"https://acme.aprimo.com", "https://evilaprimo.com/uploads", false},
		{"https://proxy.example", "https://upload.aprimo.com/uploads", false},
		{"http://127.0.0.1:80", "http://127.0.0.1:80/uploads", true},
	} {
		base, err := url.Parse(test.base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resolve(base, test.link); (err == nil) != test.want {
			t.Errorf("%s of %s: got error %v, want it accepted: %t", test.link, test.base, err, test.want)
		}
	}
}
