package retry_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/retry"
)

// An error that is the same the next time ends the call after one attempt; one that may
// pass does not.
func TestErrorsThatStay(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	token := func(code string, status int) error {
		return fmt.Errorf("oauth2: %w", &oauth2.RetrieveError{ErrorCode: code, Response: &http.Response{StatusCode: status}})
	}
	for name, c := range map[string]struct {
		err   error
		stays bool
	}{
		"no such host":             {dial(&net.DNSError{Name: "acme", IsNotFound: true}), true},
		"a name server is silent":  {dial(&net.DNSError{Name: "acme", IsTimeout: true, IsTemporary: true}), false},
		"a name server fails":      {dial(&net.DNSError{Name: "acme"}), false},
		"a name not found for now": {dial(&net.DNSError{Name: "acme", IsNotFound: true, IsTemporary: true}), false},
		"a bad port":               {dial(&net.AddrError{Err: "invalid port", Addr: "99999"}), true},
		"connection refused":       {dial(syscall.ECONNREFUSED), false},
		"access is denied":         {dial(os.NewSyscallError("connect", syscall.EACCES)), true},
		"no IPv6":                  {dial(os.NewSyscallError("socket", syscall.EAFNOSUPPORT)), true},
		"a full firewall":          {dial(os.NewSyscallError("connect", syscall.EPERM)), false},
		"no port is free":          {dial(os.NewSyscallError("connect", syscall.EADDRNOTAVAIL)), false},
		"connection reset":         {errReset, false},
		"an unknown certificate":   {&tls.CertificateVerificationError{Err: errReset}, true},
		"the server wants another": {&net.OpError{Op: "remote error", Err: tls.AlertError(42)}, true},
		"the server is broken":     {&net.OpError{Op: "remote error", Err: tls.AlertError(80)}, false},
		"a header without end":     {errors.New("net/http: server response headers exceeded 1000 bytes; aborted"), true},
		"one of HTTP/2":            {errors.New("http2: response header list larger than advertised limit"), true},
		"a bad trailer":            {errors.New(`net/http: invalid trailer field name "A b"`), true},
		"not TLS":                  {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, true},
		"plain http":               {http.ErrSchemeMismatch, true},
		"no host":                  {errors.New("http: no Host in request URL"), true},
		"a proxy's 400":            {errors.New("Bad Request"), true},
		"a proxy's 407":            {errors.New("Proxy Authentication Required"), true},
		"a proxy's 403":            {&net.OpError{Op: "proxyconnect", Err: errors.New("Forbidden")}, true},
		"a proxy's 502":            {errors.New("Bad Gateway"), false},
		"a proxy's 429":            {errors.New("Too Many Requests"), false},
		"a wrong secret":           {token("invalid_client", 401), true},
		"a revoked grant":          {token("invalid_grant", 400), true},
		"a token server's trouble": {token("temporarily_unavailable", 503), false},
		"a token server's 403":     {token("", 403), true},
		"a token server's 429":     {token("", 429), false},
		"a token server's 502":     {token("", 502), false},
		"a token server's 500":     {token("", 500), false},
	} {
		for _, err := range []error{c.err, fmt.Errorf("base: %w", c.err), &url.Error{Op: "Get", URL: recordsURL, Err: c.err}} {
			b := &base{steps: []step{{err: err}}}
			want := 4
			if c.stays {
				want = 1
			}
			if _, got := send(t.Context(), &retry.Transport{Base: b, Policy: atOnce}, "GET", ""); len(b.begun) != want || !errors.Is(got, c.err) {
				t.Errorf("%s (%T): %d attempts, %v; want %d and the error itself", name, err, len(b.begun), got, want)
			}
		}
	}
}

// net/http's own errors, as it makes them.
func TestErrorsOfNetHTTPThatStay(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	older := httptest.NewUnstartedServer(http.NotFoundHandler())
	older.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	older.Config.ErrorLog = log.New(io.Discard, "", 0)
	older.StartTLS()
	defer older.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer proxy.Close()
	through, _ := url.Parse(proxy.URL)
	for target, base := range map[string]*http.Transport{
		"https:///api/core/records":                 {},
		"http://127.0.0.1:99999/":                   {},
		"https://" + plain.Listener.Addr().String(): {},
		secure.URL: {},
		older.URL:  {},
		"https://acme.dam.aprimo.invalid/api/core/new": {Proxy: http.ProxyURL(through)},
	} {
		n := 0
		req, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&retry.Transport{Policy: atOnce, Base: roundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			return base.RoundTrip(r)
		})}).RoundTrip(req)
		if err == nil || n != 1 {
			t.Errorf("%s: %d attempts, %v; want an error after one", target, n, err)
		}
	}
}

// Of the failures of a server some say that it cannot do what is asked for.
func TestStatusesThatStay(t *testing.T) {
	for status, want := range map[int]int{500: 4, 501: 1, 502: 4, 503: 4, 504: 4, 505: 1, 506: 1, 507: 4, 508: 1, 510: 1, 511: 1, 520: 4} {
		b := &base{steps: []step{{status: status}}}
		if resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: atOnce}, "GET", ""); err != nil || resp.StatusCode != status || len(b.begun) != want {
			t.Errorf("%d: got %v, %v after %d attempts; want the response after %d", status, resp, err, len(b.begun), want)
		}
	}
}

// A Check of the user's decides by itself.
func TestCheckIsAskedAboutErrorsThatStay(t *testing.T) {
	b := &base{steps: []step{{err: http.ErrSchemeMismatch}, {status: 200}}}
	p := atOnce
	p.Check = func(context.Context, *http.Response, error) (bool, error) { return len(b.begun) < 2, nil }
	if resp, err := send(t.Context(), &retry.Transport{Base: b, Policy: p}, "GET", ""); err != nil || resp.StatusCode != 200 {
		t.Errorf("got %v, %v; want the second attempt that Check allows", resp, err)
	}
}

// A request that the server has certainly not processed is repeated whatever its method.
func TestUnprocessedRequestsAreRepeated(t *testing.T) {
	op := func(op string) error { return &net.OpError{Op: op, Net: "tcp", Err: syscall.ECONNREFUSED} }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no connection":            {op("dial"), true},
		"no connection by a proxy": {op("proxyconnect"), true},
		"a connection that ends":   {errors.New("http2: Transport received Server's graceful shutdown GOAWAY"), true},
		"a connection that fails":  {errors.New("http2: Transport received GOAWAY from server ErrCode:PROTOCOL_ERROR"), true},
		"a refused stream":         {errors.New("stream error: stream ID 5; REFUSED_STREAM; received from peer"), true},
		"a stream that broke":      {errors.New("stream error: stream ID 5; INTERNAL_ERROR; received from peer"), false},
		"a connection that ended":  {errors.New("http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR"), false},
		"a lost answer":            {op("read"), false},
		"a request cut off":        {op("write"), false},
	} {
		for _, err := range []error{c.err, fmt.Errorf("base: %w", c.err)} {
			b := &base{steps: []step{{err: err}, {status: 200}}}
			if _, got := send(t.Context(), &retry.Transport{Base: b, Policy: atOnce}, "POST", "body"); (len(b.begun) == 2) != c.want || (got == nil) != c.want {
				t.Errorf("%s: %d attempts, error %v; want a second one: %v", name, len(b.begun), got, c.want)
			}
		}
	}
}
