package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
)

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"id":"1"}`) }

func getOne(ctx context.Context, c *client.Client) error {
	_, err := c.Languages.Get(ctx, "1")
	return err
}

// A token source that fails in an unusual way costs the calls of that time only.
func TestATokenSourceThatDoesNotReturnAsItShould(t *testing.T) {
	for name, fail := range map[string]func(){
		"exits":  runtime.Goexit,
		"panics": func() { panic("no token") },
		"hangs":  func() { time.Sleep(24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int64
				c := newClientWith(t, sourceFunc(func() (*oauth2.Token, error) {
					if asked.Add(1) == 1 {
						fail()
						return nil, errors.New("too late")
					}
					return &oauth2.Token{AccessToken: "a-token"}, nil
				}), ok)
				start := time.Now()
				if err := getOne(t.Context(), c); err == nil || time.Since(start) > time.Minute {
					t.Errorf("got error %v after %v, want one within a minute", err, time.Since(start))
				}
				if err := getOne(t.Context(), c); err != nil || asked.Load() != 2 {
					t.Errorf("the next call: got error %v after asking %d times, want none after 2", err, asked.Load())
				}
				time.Sleep(24 * time.Hour)
			})
		})
	}
}

// A token source that always hangs does not pile up goroutines.
func TestATokenSourceThatAlwaysHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		end := make(chan struct{})
		c := newClientWith(t, sourceFunc(func() (*oauth2.Token, error) {
			asked.Add(1)
			<-end
			return &oauth2.Token{AccessToken: "a-token"}, nil
		}), ok)
		for range 100 {
			if err := getOne(t.Context(), c); err == nil {
				t.Fatal("got no error, want one")
			}
		}
		if asked.Load() > 10 {
			t.Errorf("%d calls of the source are in progress, want at most 10", asked.Load())
		}
		close(end)
		synctest.Wait()
		if err := getOne(t.Context(), c); err != nil {
			t.Errorf("after they have returned: got %v, want no error", err)
		}
	})
}

// The server has replaced the refresh token: it must not be lost because OnToken fails.
func TestATokenIsKeptWhenOnTokenFails(t *testing.T) {
	for name, fail := range map[string]func(){
		"exits":  runtime.Goexit,
		"panics": func() { panic("no database") },
		"hangs":  func() { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{}
				tokens := client.Refresh("acme", "id", "", "refresh-0", client.TokenHTTPClient(&http.Client{Transport: base(s.token)}),
					client.OnToken(func(token *oauth2.Token) {
						if token.RefreshToken == "refresh-1" {
							fail()
						}
					}))
				c := newClientWith(t, tokens, s.api)
				if err := getOne(t.Context(), c); err == nil {
					t.Error("got no error, want one that says what OnToken did")
				}
				if err := getOne(t.Context(), c); err != nil || s.issued.Load() != 1 {
					t.Errorf("the next call: got error %v, %d tokens, want none, 1", err, s.issued.Load())
				}
				s.latest.Store("revoked")
				getOne(t.Context(), c)
				if second, _ := s.forms.Load(int64(2)); !strings.Contains(fmt.Sprint(second), "refresh-1") {
					t.Errorf("got the second request %v, want refresh-1 in it", second)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

// Refused credentials are tried again ever more rarely, and used once they are accepted.
func TestRefusedCredentialsAreNotSentForEachCall(t *testing.T) {
	for name, refuse := range map[string]func(http.ResponseWriter){
		"invalid_grant": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_grant"}`)
		},
		"invalid_grant, with a 200": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"error":"invalid_grant"}`)
		},
		"a page to sign in": func(w http.ResponseWriter) { io.WriteString(w, "<html><title>Sign in</title></html>") },
		"no token": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, "{}")
		},
		"locked":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"no tenant": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
		"moved":     func(w http.ResponseWriter) { w.Header().Set("Location", "/"); w.WriteHeader(http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "invalid_grant" {
				t.Skip("one refusal only")
			}
			synctest.Test(t, func(t *testing.T) {
				s, refused, fixed := &server{}, 0, false
				s.latest.Store("")
				tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
					if fixed {
						s.token(w, r)
						return
					}
					refused++
					refuse(w)
				})}))
				c := newClientWith(t, tokens, s.api)
				var err error
				since := time.Now()
				for time.Since(since) < 24*time.Hour {
					err = getOne(t.Context(), c)
					time.Sleep(10 * time.Second)
				}
				if refused > 110 {
					t.Errorf("got %d requests in a day, want at most one in 15 minutes and some at first", refused)
				}
				want := since.UTC().Format("refused since 2006-01-02 15:04:05 UTC")
				if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, new(*client.Error)) {
					t.Errorf("got %v, want %q in it", err, want)
				}
				fixed = true
				time.Sleep(15 * time.Minute)
				if err := getOne(t.Context(), c); err != nil {
					t.Errorf("a quarter of an hour after it was mended: got %v, want no error", err)
				}
			})
		})
	}
}

// An API that rejects every token does not make a token request for each call.
func TestAnAPIThatRejectsEveryToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, broken := &server{}, true
		c := newClientWith(t, s.credentials(), func(w http.ResponseWriter, r *http.Request) {
			if broken {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			s.api(w, r)
		})
		for range 1000 {
			if err := getOne(t.Context(), c); !errors.Is(err, client.ErrUnauthorized) {
				t.Fatalf("got %v, want %v", err, client.ErrUnauthorized)
			}
			time.Sleep(time.Second)
		}
		if got := s.issued.Load(); got > 12 {
			t.Errorf("got %d token requests for 1000 calls, want at most 12", got)
		}
		broken = false
		if err := getOne(t.Context(), c); err != nil {
			t.Errorf("when the API accepts the token again: got %v, want no error", err)
		}
		issued := s.issued.Load()
		s.latest.Store("revoked")
		if err := getOne(t.Context(), c); err != nil || s.issued.Load() != issued+1 {
			t.Errorf("revoked after it worked: got %v, %d token requests, want none, 1", err, s.issued.Load()-issued)
		}
	})
}

// The clock of this machine is wrong, and the token response has no expires_in.
func TestTheExpiryOfATokenDoesNotDependOnTheClock(t *testing.T) {
	for name, test := range map[string]struct {
		claims string // with the server's time
		offset time.Duration
		want   int // token requests for a call every minute of two hours
	}{
		"two hours ahead":            {`{"iat":%d,"exp":%d}`, -2 * time.Hour, 3},
		"two hours behind":           {`{"iat":%d,"exp":%d}`, 2 * time.Hour, 3},
		"right":                      {`{"iat":%d,"exp":%d}`, 0, 3},
		"two hours ahead, no iat":    {`{"n":%d,"exp":%d}`, -2 * time.Hour, 1},
		"five minutes ahead, no iat": {`{"n":%d,"exp":%d}`, -5 * time.Minute, 3},
		"for 584 years":              {`{"iat":1,"exp":18446744075,"n":[%d,%d]}`, 0, 1}, // 2⁶⁴ ns, and a bit
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				c := newClientWith(t, sourceFunc(func() (*oauth2.Token, error) {
					asked++
					now := time.Now().Add(test.offset)
					claims := fmt.Sprintf(test.claims, now.Unix(), now.Add(time.Hour).Unix())
					return &oauth2.Token{AccessToken: encoded(`{"alg":"none"}`) + "." + encoded(claims) + "." + encoded("x")}, nil
				}), ok)
				for range 120 {
					if err := getOne(t.Context(), c); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				if asked != test.want {
					t.Errorf("got %d token requests in two hours, want %d", asked, test.want)
				}
			})
		})
	}
}

// The error of a call says why there is no token, in the words of the server.
func TestTheErrorOfACallKeepsThatOfItsToken(t *testing.T) {
	for want, answer := range map[string]struct {
		status int
		body   string
	}{
		"400 Bad Request: invalid_client":       {400, `{"error":"invalid_client"}`},
		"400 Bad Request: invalid_scope: scope": {400, `{"error":"invalid_scope","error_description":"scope code: 17"}`},
		"503 Service Unavailable":               {503, "<title>503 Service Unavailable</title>"},
		"302 Found":                             {302, ""},
	} {
		tokens := client.ClientCredentials("acme", "id", "s3cret", client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.status)
			io.WriteString(w, answer.body)
		})}))
		c := newClientWith(t, tokens, nil, limited(base(ok)))
		if err := getOne(t.Context(), c); err == nil || !strings.Contains(err.Error(), "/login/connect/token: "+want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
