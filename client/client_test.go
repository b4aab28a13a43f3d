package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// Whoever a token was given to is named in the line of a 429 and in the alert,
// unless the context names somebody else.
func TestA429NamesTheUserWhateverTheFlow(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Login: "per.son"}
	issue := client.TokenHTTPClient(&http.Client{Transport: tenant.Transport()})
	login := func(opts ...client.TokenOption) *client.Tokens {
		tokens, err := client.LoginPKCE(t.Context(), "acme", "app", func(address string) error {
			browser := &http.Client{Transport: tenant.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := browser.Get(address)
			if err != nil {
				return err
			}
			resp.Body.Close()
			visit(t, resp.Header.Get("Location"))
			return nil
		}, append(opts, issue)...)
		if err != nil {
			t.Fatal(err)
		}
		return tokens
	}
	var refresh string
	login(client.OnToken(func(token *oauth2.Token) { refresh = token.RefreshToken }))
	for flow, test := range map[string]struct {
		tokens *client.Tokens
		user   string
	}{
		"client credentials": {client.ClientCredentials("acme", "app", "s3cret", issue), "app-user"},
		"password":           {client.Password("acme", "app", "s3cret", "jane", "us3rtoken", issue), "jane"},
		"PKCE":               {login(), "per.son"},
		"refresh":            {client.Refresh("acme", "app", "", refresh, issue), "per.son"},
	} {
		t.Run(flow, func(t *testing.T) {
			for _, named := range []string{"", "anna@example.com"} {
				user, ctx := test.user, t.Context()
				if named != "" {
					user, ctx = named, transport.ContextWithUser(ctx, named)
				}
				log, alert := throttled(ctx, t, tenant, test.tokens)
				if !strings.Contains(log, `"user.name":"`+user+`"`) {
					t.Errorf("got the log %s, want the user %q in it", log, user)
				}
				if len(alert.Users) != 1 || alert.Users[0].Name != user {
					t.Errorf("got the users %v in the alert, want %q", alert.Users, user)
				}
			}
		})
	}
}

// throttled calls a tenant until it answers 429, and returns the log and the alert.
func throttled(ctx context.Context, t *testing.T, tenant *aprimotest.Tenant, tokens *client.Tokens) (string, notify.Alert) {
	t.Helper()
	var mu sync.Mutex
	var alert notify.Alert
	alerts := notify.New(notify.NotifierFunc(func(_ context.Context, a notify.Alert) error {
		mu.Lock()
		defer mu.Unlock()
		alert = a
		return nil
	}), notify.Rule{Count: 1})
	var log bytes.Buffer
	c, err := client.New("acme", tokens, client.WithTransportOptions(
		transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.New(&log)),
		transport.WithObserver(alerts.Observe), transport.WithRetry(retry.Policy{Throttled: -1})))
	if err != nil {
		t.Fatal(err)
	}
	for limited := false; !limited; {
		_, err := c.Records.Page(ctx)
		limited = errors.Is(err, client.ErrRateLimited)
	}
	alerts.Close()
	mu.Lock()
	defer mu.Unlock()
	return log.String(), alert
}

func TestArgumentsThatCannotBeRightAreErrorsOfNew(t *testing.T) {
	good := static("x")
	for name, try := range map[string]func() (*client.Client, error){
		"empty":        func() (*client.Client, error) { return client.New("", good) },
		"a host":       func() (*client.Client, error) { return client.New("acme.dam.aprimo.com", good) },
		"a URL":        func() (*client.Client, error) { return client.New("https://acme.aprimo.com", good) },
		"no tokens":    func() (*client.Client, error) { return client.New("acme", nil) },
		"nil tokens":   func() (*client.Client, error) { return client.New("acme", (*client.Tokens)(nil)) },
		"no secret":    func() (*client.Client, error) { return client.New("acme", client.ClientCredentials("acme", "id", "")) },
		"token tenant": func() (*client.Client, error) { return client.New("acme", client.ClientCredentials("a.b", "id", "x")) },
		"no user":      func() (*client.Client, error) { return client.New("acme", client.Password("acme", "id", "x", "", "")) },
		"no refresh":   func() (*client.Client, error) { return client.New("acme", client.Refresh("acme", "id", "x", "")) },
		"http": func() (*client.Client, error) {
			return client.New("", good, client.WithBaseURLs("http://dam.example", "https://core.example"))
		},
		"one URL": func() (*client.Client, error) {
			return client.New("", good, client.WithBaseURLs("https://dam.example", ""))
		},
		"password": func() (*client.Client, error) {
			return client.New("", good, client.WithBaseURLs("https://a:s3cret@dam.example", "https://core.example"))
		},
		"options beside a client": func() (*client.Client, error) {
			return client.New("acme", good, client.WithHTTPClient(http.DefaultClient), client.WithTransportOptions(transport.WithMaxQueue(1)))
		},
	} {
		if c, err := try(); err == nil || c != nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, error %v, want nil and an error without the password", name, c, err)
		}
	}
}

func TestATokenIsSentToNoOtherHost(t *testing.T) {
	for name, answer := range map[string]base{
		"next": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"_links":{"next":{"href":"https://evil.example/"}},"items":[{"id":"1"}]}`)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/?sig=secret", http.StatusFound)
		},
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Host != "acme.dam.aprimo.com" {
				t.Errorf("%s: got a request to %s, want none to another host", name, r.URL)
			}
			answer(w, r)
		})
		var last error
		for _, err := range c.Languages.List(t.Context()) {
			last = err
		}
		if last == nil || strings.Contains(last.Error(), "secret") {
			t.Errorf("%s: got error %v, want one without the query", name, last)
		}
	}
}

func TestHTTPIsAllowedInATestEnvironment(t *testing.T) {
	const dam, core = "http://dam.example/api/core", "http://core.example"
	var got string
	sender := client.WithHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.String()
		io.WriteString(w, `{"id":"1"}`)
	})})
	if _, err := client.New("", static("x"), client.WithBaseURLs(dam, core), sender); err == nil || !strings.Contains(err.Error(), "WithInsecureHTTP") {
		t.Errorf("got error %v, want one that names WithInsecureHTTP", err)
	}
	c, err := client.New("", static("x"), client.WithBaseURLs(dam, core), client.WithInsecureHTTP(), sender)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Languages.Get(t.Context(), "1"); err != nil || got != dam+"/language/1" {
		t.Errorf("got %s, error %v, want %s", got, err, dam+"/language/1")
	}
}
