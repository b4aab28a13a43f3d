package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/transport"
)

// Token endpoints behind gateways answer in forms that oauth2 does not read.
func TestATokenResponseOfAnyForm(t *testing.T) {
	for name, c := range map[string]struct{ kind, body string }{
		"a lifetime with a point":    {"application/json", `{"access_token":"a","expires_in":3600.0}`},
		"a lifetime in quotes":       {"application/json", `{"access_token":"a","expires_in":"3600.0"}`},
		"a lifetime with exponent":   {"application/json", `{"access_token":"a","expires_in":3.6e3}`},
		"a byte order mark":          {"application/json", "\ufeff" + `{"access_token":"a","expires_in":3600}`},
		"JSON as text":               {"text/plain", `{"access_token":"a","expires_in":3600}`},
		"a form":                     {"application/x-www-form-urlencoded", "access_token=a&expires_in=3600"},
		"a form that is called text": {"text/plain", "access_token=a&expires_in=3600"},
	} {
		tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			io.WriteString(w, c.body)
		})}))
		token, err := tokens.Token()
		if err != nil || token.AccessToken != "a" || time.Until(token.Expiry).Round(time.Minute) != time.Hour {
			t.Errorf("%s: got %+v, %v; want one for an hour", name, token, err)
		}
	}
}

// A token is of use whatever its response says of its lifetime.
func TestATokenWithAnOddLifetime(t *testing.T) {
	for life, want := range map[string]time.Duration{
		`3600.9`: time.Hour, `"3600.9"`: time.Hour, `""`: 0, `null`: 0, `"never"`: 0, `"NaN"`: 0, `"-Inf"`: 0, `[]`: 0, `{}`: 0, `true`: 0, `1e400`: 0, `0`: 0, `0.5`: 0, `-0.5`: 0, `1e20`: math.MaxInt32 * time.Second,
	} {
		tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"access_token":"a","expires_in":%s}`, life)
		})}))
		token, err := tokens.Token()
		if err != nil || token.AccessToken != "a" {
			t.Errorf("%s: got %+v, %v; want a token", life, token, err)
		} else if got := time.Until(token.Expiry).Round(time.Minute); want > 0 && got != want.Round(time.Minute) || want == 0 && got > 0 {
			t.Errorf("%s: got one for %v, want %v", life, got, want)
		}
	}
}

// jwt returns a user's token that expires at end; n makes it unique.
func jwt(user string, n int64, end time.Time) string {
	return encoded(`{"alg":"none"}`) + "." + encoded(fmt.Sprintf(`{"dam-login":%q,"exp":%d,"n":%d}`, user, end.Unix(), n)) + "." + encoded("x")
}

// encoded returns a part of a token.
func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// A server issues tokens that live for an hour, and takes the last one alone.
type server struct {
	issued  atomic.Int64
	latest  atomic.Value
	answers atomic.Int64
	slow    time.Duration // to issue a token
	forms   sync.Map
}

func (s *server) token(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.slow)
	r.ParseForm()
	n := s.issued.Add(1)
	s.forms.Store(n, r.PostForm)
	token := jwt("anna", n, time.Now().Add(time.Hour))
	s.latest.Store(token)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600,"refresh_token":"refresh-%d"}`, token, n)
}

func (s *server) api(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Authorization") != "Bearer "+s.latest.Load().(string) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodPost && string(body) != `{"name":"German"}` {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.answers.Add(1)
	io.WriteString(w, `{"id":"1"}`)
}

func (s *server) credentials(opts ...client.TokenOption) *client.Tokens {
	return client.ClientCredentials("acme", "id", "s3cret", append(opts, client.TokenHTTPClient(&http.Client{Transport: base(s.token)}))...)
}

func TestATokenThatExpiresWhileAThousandCallsAreQueuedIsRenewedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{slow: 3 * time.Second}
		c := newClientWith(t, s.credentials(), nil, limited(base(s.api)))
		if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute - 30*time.Second) // it ends while they are queued
		var calls sync.WaitGroup
		for range 1000 {
			calls.Go(func() {
				if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if s.issued.Load() != 2 || s.answers.Load() != 1001 {
			t.Errorf("%d tokens for %d calls, want 2 for 1001", s.issued.Load(), s.answers.Load())
		}
	})
}

// Who renews a token, before the old one has expired, gets the new one.
func TestARenewedTokenIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := (&server{}).credentials()
		old, err := tokens.Token()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 30*time.Second)
		if renewed, err := tokens.Token(); err != nil || renewed.AccessToken == old.AccessToken {
			t.Errorf("got the token %v, error %v half a minute before the old one expires, want another one", renewed, err)
		}
	})
}

func TestARefusedTokenIsRenewedOnceForAllAndTheCallsAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{slow: time.Second}
		c := newClientWith(t, s.credentials(), nil, limited(base(s.api)))
		if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		s.latest.Store("revoked")
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				if _, err := c.Languages.Create(t.Context(), &client.Language{Name: "German"}); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if s.issued.Load() != 2 || s.answers.Load() != 101 {
			t.Errorf("%d tokens for %d calls, want 2 for 101", s.issued.Load(), s.answers.Load())
		}
	})
}

func TestAForeignTokenThatIsRefusedIsNotSentTwice(t *testing.T) {
	sent := 0
	c := newClientWith(t, static(jwt("anna", 1, time.Now().Add(time.Hour))), func(w http.ResponseWriter, r *http.Request) {
		sent++
		w.WriteHeader(http.StatusUnauthorized)
	})
	_, err := c.Languages.Get(t.Context(), "1")
	if !errors.Is(err, client.ErrUnauthorized) || sent != 1 {
		t.Errorf("got error %v after %d requests, want %v after 1", err, sent, client.ErrUnauthorized)
	}
	var e *client.Error
	if errors.As(err, &e) && e.User != "anna" {
		t.Errorf("got the user %q, want anna", e.User)
	}
	_, err = c.Languages.Get(transport.ContextWithUser(t.Context(), "berta"), "1")
	if errors.As(err, &e) && e.User != "berta" {
		t.Errorf("the user is %q, want that of the context", e.User)
	}
}

func TestACallDoesNotWaitForATokenLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{slow: 20 * time.Second}
		c := newClientWith(t, s.credentials(), s.api)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Languages.Get(ctx, "1")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got error %v after %v, want %v after 1s", err, time.Since(start), context.DeadlineExceeded)
		}
		if _, err := c.Languages.Get(t.Context(), "1"); err != nil || s.issued.Load() != 1 {
			t.Errorf("got error %v, %d tokens, want nil, 1: the first request must not be lost", err, s.issued.Load())
		}
	})
}

func TestATokenIsUsedToItsEndWhenThereIsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		down := false
		tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
			if down {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			s.token(w, r)
		})}))
		c := newClientWith(t, tokens, s.api)
		get := func() error { _, err := c.Languages.Get(t.Context(), "1"); return err }
		if err := get(); err != nil {
			t.Fatal(err)
		}
		down = true
		time.Sleep(time.Hour - 5*time.Second)
		if err := get(); err != nil {
			t.Errorf("5 s before expiry: got %v, want no error", err)
		}
		time.Sleep(6 * time.Second)
		if err := get(); err == nil {
			t.Error("after expiry: got no error, want one")
		}
		down = false
		if err := get(); err != nil {
			t.Errorf("when the server was back: got %v, want no error", err)
		}
	})
}

func TestTheLatestRefreshTokenIsUsedAndReported(t *testing.T) {
	s := &server{}
	var stored []string
	tokens := client.Refresh("acme", "id", "", "refresh-0", client.TokenHTTPClient(&http.Client{Transport: base(s.token)}),
		client.OnToken(func(token *oauth2.Token) { stored = append(stored, token.RefreshToken) }))
	c := newClientWith(t, tokens, s.api)
	for range 2 {
		if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		s.latest.Store("revoked")
	}
	second, _ := s.forms.Load(int64(2))
	if got := fmt.Sprint(second); !strings.Contains(got, "refresh_token:[refresh-1]") {
		t.Errorf("got the second request %s, want refresh-1 in it", got)
	}
	if fmt.Sprint(stored) != "[refresh-1 refresh-2]" {
		t.Errorf("got the refresh tokens %v, want [refresh-1 refresh-2]", stored)
	}
}

func TestARefusalOfATokenIsExplainedWithoutSecrets(t *testing.T) {
	tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":"invalid_client","error_description":"no client has s3cret"}`)
	})}))
	c := newClientWith(t, tokens, func(http.ResponseWriter, *http.Request) { t.Error("got a call, want none without a token") })
	_, err := c.Languages.Get(t.Context(), "1")
	if !errors.Is(err, client.ErrUnauthorized) {
		t.Errorf("got %v, want %v", err, client.ErrUnauthorized)
	}
	if text := err.Error(); strings.Contains(text, "s3cret") || !strings.Contains(text, "15 minutes") {
		t.Errorf("got %q, want 15 minutes in it and no secret", text)
	}
}

// A server, or a gateway before it, repeats the secret as it stands in the form, in JSON or in a page.
func TestARefusalOfATokenRepeatsTheSecretInNoForm(t *testing.T) {
	const secret = `s3cr<t&"pqr+x`
	inJSON, err := json.Marshal([]string{"no client has " + secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{
		"no client has " + url.QueryEscape(secret), "no client has " + url.PathEscape(secret),
		"<p>no client has " + html.EscapeString(secret) + "</p>", string(inJSON),
		"<e><client_secret>s3cr</client_secret>no client has it</e>",
	} {
		tokens := client.ClientCredentials("acme", "id", secret, client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, answer)
		})}))
		if _, err := tokens.Token(); err == nil || strings.Contains(err.Error(), "s3cr") || strings.Contains(err.Error(), "pqr") || !strings.Contains(err.Error(), "no client has") {
			t.Errorf("%s: got %v, want these words without the secret", answer, err)
		}
	}
}

func TestASecretIsNotSentAfterARedirect(t *testing.T) {
	tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "acme.aprimo.com" {
			t.Errorf("got a request to %s, want acme.aprimo.com only", r.URL)
		}
		http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
	})}))
	if _, err := tokens.Token(); err == nil {
		t.Error("got no error, want one")
	}
}

func TestARefusalThatComesLateDoesNotRenewTheNewToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{slow: time.Second}
		var took atomic.Int64
		c := newClientWith(t, s.credentials(), func(w http.ResponseWriter, r *http.Request) {
			valid := r.Header.Get("Authorization") == "Bearer "+s.latest.Load().(string)
			time.Sleep(time.Duration(took.Add(3)) * time.Second)
			if !valid {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			io.WriteString(w, `{"id":"1"}`)
		})
		if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		s.latest.Store("revoked")
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				if _, err := c.Languages.Get(t.Context(), "1"); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if s.issued.Load() != 2 {
			t.Errorf("%d tokens, want 2", s.issued.Load())
		}
	})
}

func TestTokenBaseURLReplacesTheTenantsHost(t *testing.T) {
	var got string
	sender := client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.String()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"a"}`)
	})})
	for _, test := range []struct{ base, want, err string }{
		{"https://proxy.example/aprimo/", "https://proxy.example/aprimo/login/connect/token", "<nil>"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/login/connect/token", "<nil>"},
		{"http://proxy.example", "", "aprimo: the token URL is http"},
	} {
		got = ""
		_, err := client.ClientCredentials("", "id", "s3cret", sender, client.TokenBaseURL(test.base)).Token()
		if got != test.want || !strings.HasPrefix(fmt.Sprint(err), test.err) {
			t.Errorf("%s: got %q, error %v, want %q, error %s", test.base, got, err, test.want, test.err)
		}
	}
}

// What says that a call was not sent counts the attempts that were answered 401 before.
func TestACallThatIsNotSentAgainWithItsNewTokenWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := transport.New(transport.WithBase(base(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
		})), transport.WithLimiter(transport.NewLimiter(1, time.Minute)), transport.WithLogger(zerolog.Nop()))
		c := newClientWith(t, new(server).credentials(), nil, client.WithHTTPClient(&http.Client{Transport: refused}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := getOne(ctx, c)
		var local *transport.QueueError
		if !errors.As(err, &local) || local.Attempt != 1 || strings.Contains(err.Error(), "not sent:") || strings.Contains(err.Error(), "attempt 2") {
			t.Errorf("got %v, Attempt %+v; want a QueueError with Attempt 1 that says not sent again", err, local)
		}
	})
}

// A RoundTripper may return no headers.
func TestATokenResponseWithoutHeaders(t *testing.T) {
	tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"access_token":"a","expires_in":3600}`))}, nil
	})}))
	if token, err := tokens.Token(); err != nil || token.AccessToken != "a" {
		t.Errorf("got %+v, %v; want the token a", token, err)
	}
}
