package aprimotest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	Error        string `json:"error"`
}

func tokenRequest(t *testing.T, form url.Values) *http.Request {
	req := newRequest(t.Context(), "POST", "https://acme.aprimo.com/login/connect/token", form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func askToken(t *testing.T, tenant *aprimotest.Tenant, req *http.Request) (int, tokenAnswer) {
	t.Helper()
	resp, body := do(t, tenant, req)
	var a tokenAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %q", err, body)
	}
	return resp.StatusCode, a
}

func form(pairs ...string) url.Values {
	v := make(url.Values)
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestTokenErrors(t *testing.T) {
	id := []string{"client_id", "c", "client_secret", "s"}
	for _, tt := range []struct {
		name  string
		form  url.Values
		basic bool
		want  int
		error string
	}{
		{"nothing", form(), false, 400, "invalid_client"},
		{"no secret", form("grant_type", "client_credentials", "client_id", "c"), false, 400, "invalid_client"},
		{"empty basic", form("grant_type", "client_credentials"), true, 401, "invalid_client"},
		{"no grant type", form(id...), false, 400, "invalid_request"},
		{"other grant type", form(append(id, "grant_type", "implicit")...), false, 400, "unsupported_grant_type"},
		{"scope", form(append(id, "grant_type", "client_credentials", "scope", "api everything")...), false, 400, "invalid_scope"},
		{"password of nobody", form(append(id, "grant_type", "password", "password", "p")...), false, 400, "invalid_grant"},
		{"no password", form(append(id, "grant_type", "password", "username", "u")...), false, 400, "invalid_grant"},
		{"refresh token", form(append(id, "grant_type", "refresh_token", "refresh_token", "mine")...), false, 400, "invalid_grant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := tokenRequest(t, tt.form)
			if tt.basic {
				req.SetBasicAuth("", "")
			}
			status, got := askToken(t, &aprimotest.Tenant{Service: atOnce}, req)
			if status != tt.want || got != (tokenAnswer{Error: tt.error}) {
				t.Errorf("%d %+v; want %d %s", status, got, tt.want, tt.error)
			}
		})
	}
	req := tokenRequest(t, nil)
	req.URL.RawQuery = "grant_type=client_credentials&client_id=c&client_secret=s"
	if status, got := askToken(t, new(aprimotest.Tenant), req); status != 400 {
		t.Errorf("in the query: %d %+v", status, got)
	}
}

func TestTokenClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := new(aprimotest.Tenant)
		req := tokenRequest(t, form("grant_type", "password", "username", "jane", "password", "p", "scope", "api"))
		req.SetBasicAuth("client", "secret")
		status, got := askToken(t, tenant, req)
		if status != 200 || got.TokenType != "Bearer" || got.ExpiresIn != 3600 || got.RefreshToken != "" {
			t.Fatalf("%d %+v", status, got)
		}
		parts := strings.Split(got.AccessToken, ".")
		if len(parts) != 3 || parts[2] == "" {
			t.Fatalf("not the form of a JWT: %s", got.AccessToken)
		}
		data, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		claims := make(map[string]any)
		if err := json.Unmarshal(data, &claims); err != nil {
			t.Fatal(err)
		}
		if id, _ := claims["dam-uid"].(string); len(id) != 32 {
			t.Errorf("dam-uid %v", claims["dam-uid"])
		}
		if id, _ := claims["UID"].(string); id == "" {
			t.Errorf("UID %v", claims["UID"])
		}
		delete(claims, "dam-uid")
		delete(claims, "UID")
		now := float64(time.Now().Add(-20 * time.Millisecond).Unix())
		want := map[string]any{
			"dam-login": "jane", "dam-tenant": "acme", "client_id": "client", "scope": []any{"api"}, "jti": "1",
			"iss": "https://acme.aprimo.com/login", "aud": "https://acme.aprimo.com/", "nbf": now, "exp": now + 3600,
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRefreshToken(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	_, first := askToken(t, tenant, tokenRequest(t, form("grant_type", "password", "username", "jane", "password", "p",
		"scope", "api offline_access", "client_id", "c", "client_secret", "s")))
	if first.RefreshToken == "" {
		t.Fatalf("%+v: no refresh token", first)
	}
	refresh := form("grant_type", "refresh_token", "refresh_token", first.RefreshToken, "client_id", "c", "client_secret", "s")
	status, second := askToken(t, tenant, tokenRequest(t, refresh))
	if status != 200 || second.AccessToken == first.AccessToken || second.AccessToken == "" || second.RefreshToken == first.RefreshToken || second.RefreshToken == "" {
		t.Errorf("%d %+v", status, second)
	}
	if status, got := askToken(t, tenant, tokenRequest(t, refresh)); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("used again: %d %+v", status, got)
	}
	refresh.Set("refresh_token", second.RefreshToken)
	refresh.Set("client_id", "another")
	if status, got := askToken(t, tenant, tokenRequest(t, refresh)); status != 400 || got.Error != "invalid_grant" {
		t.Errorf("another client: %d %+v", status, got)
	}
	_, own := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "scope", "api offline_access",
		"client_id", "c", "client_secret", "s")))
	if own.AccessToken == "" || own.RefreshToken != "" {
		t.Errorf("client_credentials: %+v", own)
	}
}

func TestRequireToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{RequireToken: true, Service: atOnce}
		credentials := form("grant_type", "client_credentials", "client_id", "c", "client_secret", "s")
		other := form("grant_type", "client_credentials", "client_id", "another", "client_secret", "s")
		status := func(authorization string) int {
			req := newRequest(t.Context(), "GET", recordsURL, "")
			req.Header.Set("Authorization", authorization)
			resp, body := do(t, tenant, req)
			if resp.StatusCode == 401 && (body != "" || resp.ContentLength != 0) {
				t.Errorf("401 with a body: %q", body)
			}
			return resp.StatusCode
		}
		_, first := askToken(t, tenant, tokenRequest(t, credentials))
		askToken(t, tenant, tokenRequest(t, credentials)) // does not end the first
		_, foreign := askToken(t, &aprimotest.Tenant{Service: atOnce}, tokenRequest(t, other))
		for authorization, want := range map[string]int{
			"":                              401,
			"Bearer":                        401,
			"Bearer nonsense":               401,
			"Basic " + first.AccessToken:    401,
			"Bearer " + foreign.AccessToken: 401,
			"Bearer " + first.AccessToken:   200,
			"bearer " + first.AccessToken:   200,
		} {
			if got := status(authorization); got != want {
				t.Errorf("%q: %d, want %d", authorization, got, want)
			}
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if got := status("Bearer " + first.AccessToken); got != 200 {
			t.Errorf("just before its end: %d", got)
		}
		time.Sleep(time.Nanosecond)
		if got := status("Bearer " + first.AccessToken); got != 401 {
			t.Errorf("at its end: %d", got)
		}
		if a := tenant.Report().Total; a.Tokens != 2 || a.Arrived != 9 || a.Served != 9 {
			t.Errorf("%+v; want 2 tokens apart from 9 requests", a)
		}
	})
}

// Tokens do not wait, and take nothing from the rate.
func TestTokensAreNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1, Queue: -1}
		for range 50 {
			if status, _ := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "client_id", "c", "client_secret", "s"))); status != 200 {
				t.Fatal(status)
			}
		}
		if resp, _ := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, "")); resp.StatusCode != 200 {
			t.Error(resp.Status)
		}
	})
}
