package aprimotest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const redirectURI = "http://127.0.0.1:4711/callback"

func TestASiteCanBeRegistered(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	const site = "https://example.com/umbraco/oauth"
	resp, back := authorize(t, tenant, form("redirect_uri", site))
	if at := resp.Header.Get("Location"); !strings.HasPrefix(at, site+"?") || back.Get("state") != "s" {
		t.Fatal(at)
	}
	exchange := form("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", site, "client_id", "c", "client_secret", "s", "code_verifier", "verifier")
	if status, got := askToken(t, tenant, tokenRequest(t, exchange)); status != 200 || got.RefreshToken == "" {
		t.Errorf("%d %+v", status, got)
	}
}

func authorize(t *testing.T, tenant *aprimotest.Tenant, change url.Values) (*http.Response, url.Values) {
	t.Helper()
	sum := sha256.Sum256([]byte("verifier"))
	query := form("response_type", "code", "client_id", "c", "redirect_uri", redirectURI, "scope", "api offline_access", "state", "s",
		"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method", "S256")
	for name, values := range change {
		query[name] = values
	}
	resp, _ := do(t, tenant, newRequest(t.Context(), "GET", "https://acme.aprimo.com/login/connect/authorize?"+query.Encode(), ""))
	if resp.StatusCode != 302 {
		return resp, nil
	}
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	return resp, back.Query()
}

func TestACodeIsGoodForOneTokenOfTheUserWhoLoggedIn(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce, RequireToken: true, Login: "maria"}
	_, back := authorize(t, tenant, nil)
	if back.Get("state") != "s" || back.Get("code") == "" {
		t.Fatal(back)
	}
	exchange := form("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", redirectURI, "client_id", "c", "code_verifier", "verifier")
	status, got := askToken(t, tenant, tokenRequest(t, exchange))
	if status != 200 || got.RefreshToken == "" {
		t.Fatalf("%d %+v", status, got)
	}
	req := newRequest(t.Context(), "GET", moURL+"/api/users/me", "")
	req.Header.Set("Authorization", "Bearer "+got.AccessToken)
	_, text := do(t, tenant, req)
	if me := decode[map[string]any](t, text); me["loginId"] != "maria" {
		t.Error(me)
	}
	if status, got := askToken(t, tenant, tokenRequest(t, exchange)); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("used again: %d %+v", status, got)
	}
	refresh := form("grant_type", "refresh_token", "refresh_token", got.RefreshToken, "client_id", "c")
	if status, got := askToken(t, tenant, tokenRequest(t, refresh)); status != 200 {
		t.Errorf("a public client refreshes: %d %+v", status, got)
	}
	if n := tenant.Report().Total.Tokens; n != 3 {
		t.Errorf("%d requests for tokens, want 3", n)
	}
}

func TestACodeNeedsItsVerifierInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Service: atOnce}
		for name, wait := range map[string]time.Duration{"code_verifier": 0, "redirect_uri": 0, "client_id": 0, "": 5 * time.Minute} {
			_, back := authorize(t, tenant, nil)
			exchange := form("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", redirectURI, "client_id", "c", "code_verifier", "verifier")
			if name != "" {
				exchange.Set(name, "another")
			}
			time.Sleep(wait)
			if status, got := askToken(t, tenant, tokenRequest(t, exchange)); status != 400 || got.Error != "invalid_grant" {
				t.Errorf("%q after %v: %d %+v", name, wait, status, got)
			}
		}
	})
}

func TestAuthorizeRefuses(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	for _, uri := range []string{"", "https:", "http://example.com/", "ftp://localhost/", "::"} {
		if resp, _ := authorize(t, tenant, form("redirect_uri", uri)); resp.StatusCode != 400 {
			t.Errorf("%q: %s", uri, resp.Status)
		}
	}
	for _, change := range []url.Values{form("response_type", "token"), form("code_challenge", ""), form("code_challenge_method", "plain")} {
		if _, back := authorize(t, tenant, change); back.Get("error") == "" || back.Get("code") != "" {
			t.Errorf("%v: %v", change, back)
		}
	}
}

func TestTokensLastAsLongAsTheTenantSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Service: atOnce, RequireToken: true, TokenLifetime: time.Minute}
		_, got := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "client_id", "c", "client_secret", "s")))
		if got.ExpiresIn != 60 {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Minute)
		req := newRequest(t.Context(), "GET", recordsURL, "")
		req.Header.Set("Authorization", "Bearer "+got.AccessToken)
		if resp, _ := do(t, tenant, req); resp.StatusCode != 401 {
			t.Error(resp.Status)
		}
	})
}

// Without PKCE, which Aprimo calls obsolete, a code needs the secret.
func TestACodeWithoutAChallengeNeedsASecret(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	for secret, want := range map[string]int{"": 400, "s": 200} {
		_, back := authorize(t, tenant, form("code_challenge", "", "code_challenge_method", ""))
		exchange := form("grant_type", "authorization_code", "code", back.Get("code"), "redirect_uri", redirectURI, "client_id", "c", "client_secret", secret)
		if status, got := askToken(t, tenant, tokenRequest(t, exchange)); status != want {
			t.Errorf("secret %q: %d %+v, want %d", secret, status, got, want)
		}
	}
}
