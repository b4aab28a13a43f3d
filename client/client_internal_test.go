package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	for host, want := range map[string]distance{
		"acme.blob.core.windows.net": public, "8.8.8.8": public, "2606:4700::1111": public, "s3.example": public, "1.cdn.example": public,
		"localhost": private, "LOCALHOST.": private, "a.localhost": private, "127.0.0.1": private, "127.1": private, "2130706433": private, "0x7f.1": private,
		"0": private, "0.0.0.0": private, "::1": private, "::": private, "::ffff:127.0.0.1": private, "10.1.2.3": private, "172.16.0.1": private,
		"192.168.1.1": private, "169.254.169.254": private, "fe80::1%eth0": private, "fd00::1": private, "100.64.0.1": private, "224.0.0.1": private,
		"255.255.255.255": private, "0.1.2.3": private, "2001:0:1::1": private, "::ffff:0:7f00:1": private,
		"proxy": named, "PROXY.": named, "a.internal": named,
		"kubernetes.default.svc.cluster.local": named, "api.default.svc": named, "nas.HOME.arpa.": named, "localhost.localdomain": named, "minio.corp": named,
		"local.example": public, "internal.aprimo.com": public,
	} {
		if got := distanceOf(host); got != want {
			t.Errorf("%s: got distance %d, want %d", host, got, want)
		}
	}
}

// What the tenant's own address is near to, its links may lead to, and nothing nearer.
func TestLinksLeadNoNearerThanTheTenant(t *testing.T) {
	links := []string{"https://blob.core.windows.net/x", "https://azurite/x", "https://169.254.169.254/x"}
	for base, want := range map[string]int{"https://acme.dam.aprimo.com": 1, "https://proxy": 2, "https://a.internal": 2, "https://127.0.0.1": 3} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		for i, link := range links {
			if _, err := originOf(u).judgeLink(link); (err == nil) != (i < want) {
				t.Errorf("from %s to %s: got %v, want the first %d accepted", base, link, err, want)
			}
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
		{"https://acme.aprimo.com", "https://acme.aprimo.com:443/uploads/segments/a", true},
		{"https://acme.aprimo.com", "https://upload.aprimo.com:443/uploads/segments/a", true},
		{"https://proxy.example:443", "https://Proxy.example/uploads", true},
		{"https://acme.aprimo.com", "https://acme.aprimo.com:80/uploads", false},
		{"https://acme.aprimo.com", "https://evil.example:443/uploads", false},
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

// A body is foreign code: if closing it panics, that must not be on a goroutine of ours.
func TestABodyWhoseCloseFailsDoesNotEndTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := 0
		closeAfter(time.Second, closer(func() { closed++; panic("boom") }))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if closed != 1 {
			t.Errorf("the body was closed %d times, want once", closed)
		}
	})
}

type closer func()

func (c closer) Close() error { c(); return nil }

// An order can have many thousand files of one name.
func TestManyFilesOfOneName(t *testing.T) {
	var n names
	got, began := map[string]bool{}, time.Now()
	for range 20_000 {
		got[strings.ToLower(n.claim("Preview.jpg"))] = true
	}
	if n.claim("preview (7).JPG") == "preview (7).JPG" || len(got) != 20_000 {
		t.Errorf("%d different names, want 20000, none of them twice", len(got))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the names took %v, want some milliseconds", took)
	}
}
