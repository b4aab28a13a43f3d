package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
)

// visit is a browser, or somebody else on the machine.
func visit(t *testing.T, address string) int {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(address)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func TestALoginSurvivesHostileRequestsAndProvesItsVerifier(t *testing.T) {
	var challenge string
	issue := client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if r.PostForm.Get("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != challenge || r.PostForm.Has("client_secret") {
			t.Errorf("got the token request %v, want the code, its verifier and no secret", r.PostForm)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"access","refresh_token":"refresh","expires_in":3600}`)
	})})
	var stored string
	tokens, err := client.LoginPKCE(t.Context(), "acme", "id", func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		q := u.Query()
		challenge = q.Get("code_challenge")
		if u.Host != "acme.aprimo.com" || q.Get("code_challenge_method") != "S256" || q.Get("scope") != "api offline_access" {
			t.Errorf("got the URL %s, want acme.aprimo.com with S256 and both scopes", address)
		}
		back := q.Get("redirect_uri")
		for _, hostile := range []string{back + "other", back, back + "?code=x", back + "?code=x&state=y", back + "?error=x", back + "?state="} {
			if status := visit(t, hostile); status < 400 {
				t.Errorf("%s: got status %d, want 400 or more", hostile, status)
			}
		}
		if status := visit(t, back+"?code=the-code&state="+url.QueryEscape(q.Get("state"))); status != 200 {
			t.Errorf("login: got status %d, want 200", status)
		}
		return nil
	}, issue, client.OnToken(func(token *oauth2.Token) { stored = token.RefreshToken }))
	if err != nil {
		t.Fatal(err)
	}
	token, err := tokens.Token()
	if err != nil || token.AccessToken != "access" || stored != "refresh" {
		t.Errorf("got token %v, error %v, stored %q, want access, nil, refresh", token, err, stored)
	}
}

func TestALoginThatIsRefusedSaysWhy(t *testing.T) {
	for _, redirect := range []string{"http://127.0.0.1:0/callback", "http://127.0.0.1:0"} {
		_, err := client.LoginPKCE(t.Context(), "acme", "id", func(address string) error {
			u, _ := url.Parse(address)
			back := u.Query().Get("redirect_uri") + "?error=access_denied&state=" + url.QueryEscape(u.Query().Get("state"))
			if status := visit(t, back); status != http.StatusOK {
				return fmt.Errorf("status %d", status)
			}
			return nil
		}, client.RedirectURL(redirect))
		if err == nil || !strings.Contains(err.Error(), "access_denied") {
			t.Errorf("%s: got %v, want access_denied", redirect, err)
		}
	}
}

func TestALoginEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := client.LoginPKCE(ctx, "acme", "id", func(string) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

var errShown = errors.New("shown")

func TestALoginComesBackToThisMachineAlone(t *testing.T) {
	for _, redirect := range []string{"http://example.com:80/", "https://127.0.0.1:1/", "http://127.0.0.1/", "http://0.0.0.0:0/", "http://127.0.0.1:0/?a=b", "http://127.0.0.1:0/#a"} {
		_, err := client.LoginPKCE(t.Context(), "acme", "id", func(string) error { return errShown }, client.RedirectURL(redirect))
		if err == nil || errors.Is(err, errShown) {
			t.Errorf("%s: got %v, want an error before a URL is shown", redirect, err)
		}
	}
}

// A function that shows the URL need not return: the command of a browser may last as long as the
// browser.
func TestALoginDoesNotWaitForTheBrowserToClose(t *testing.T) {
	issue := client.TokenHTTPClient(&http.Client{Transport: base(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"access"}`)
	})})
	closed := make(chan struct{})
	defer close(closed)
	tokens, err := client.LoginPKCE(t.Context(), "acme", "id", func(address string) error {
		u, _ := url.Parse(address)
		visit(t, u.Query().Get("redirect_uri")+"?code=the-code&state="+url.QueryEscape(u.Query().Get("state")))
		<-closed
		return nil
	}, issue)
	if err != nil || tokens == nil {
		t.Errorf("got %v, want tokens", err)
	}
	for name, end := range map[string]func(){"panicked: boom": func() { panic("boom") }, "ended its goroutine": runtime.Goexit} {
		_, err := client.LoginPKCE(t.Context(), "acme", "id", func(string) error { end(); return nil }, issue)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that says %q", err, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = client.LoginPKCE(ctx, "acme", "id", func(string) error { cancel(); <-closed; return nil }, issue)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
