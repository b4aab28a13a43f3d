package aprimotest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	tokenPath     = "/login/connect/token"
	tokenLifetime = time.Hour
)

// handleToken answers a request for a token. It is not under the limit: Aprimo
// does not say whether it is.
func (t *Tenant) handleToken(r *http.Request) (*answer, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.count(t.tally(r.UserAgent()), func(a *Agent) { a.Tokens++ })
	t.mu.Unlock()
	if err := t.work(r, body); err != nil {
		return nil, err
	}
	a := newAnswer()
	t.tokens.serve(a, body.attach(r))
	return a, nil
}

// tokens are those that a tenant has issued.
type tokens struct {
	mu      sync.Mutex
	issued  int
	access  map[string]time.Time // the end of each
	refresh map[string]grant
}

// A grant is what a client was given the right to.
type grant struct{ client, user, scope string }

// valid reports whether a request has a bearer token that has not expired.
func (k *tokens) valid(r *http.Request, now time.Time) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	end, ok := k.access[strings.TrimSpace(token)]
	return ok && now.Before(end)
}

// A tokenError is an error as RFC 6749, section 5.2, has it.
type tokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

func (k *tokens) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	g, tokenErr := k.grant(r)
	if tokenErr != nil {
		status := http.StatusBadRequest
		if _, _, basic := r.BasicAuth(); basic && tokenErr.Code == "invalid_client" {
			w.Header().Set("WWW-Authenticate", `Basic realm="aprimo"`)
			status = http.StatusUnauthorized
		}
		writeJSON(w, status, tokenErr)
		return
	}
	writeJSON(w, http.StatusOK, k.issue(r, g, time.Now()))
}

// grant decides what the client gets.
func (k *tokens) grant(r *http.Request) (grant, *tokenError) {
	if err := r.ParseForm(); err != nil {
		return grant{}, &tokenError{"invalid_request", "the form could not be read"}
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id == "" || secret == "" {
		return grant{}, &tokenError{Code: "invalid_client"}
	}
	g := grant{client: id, scope: r.PostForm.Get("scope")}
	for _, scope := range strings.Fields(g.scope) {
		if !slices.Contains([]string{"api", "offline_access", "openid", "profile", "email"}, scope) {
			return grant{}, &tokenError{Code: "invalid_scope"}
		}
	}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		// The one user who is named on the registration of the client.
		g.user = id + "-user"
		return g, nil
	case "password":
		if g.user = r.PostForm.Get("username"); g.user == "" || r.PostForm.Get("password") == "" {
			return grant{}, &tokenError{"invalid_grant", "invalid_username_or_password"}
		}
		return g, nil
	case "refresh_token":
		return k.refreshed(id, r.PostForm.Get("refresh_token"))
	case "":
		return grant{}, &tokenError{"invalid_request", "there is no grant_type"}
	}
	return grant{}, &tokenError{Code: "unsupported_grant_type"}
}

// refreshed returns the grant of a refresh token. It may be used again.
func (k *tokens) refreshed(client, token string) (grant, *tokenError) {
	k.mu.Lock()
	defer k.mu.Unlock()
	g, ok := k.refresh[token]
	if !ok || g.client != client {
		return grant{}, &tokenError{Code: "invalid_grant"}
	}
	return g, nil
}

// issue makes a token and keeps it until its end.
func (k *tokens) issue(r *http.Request, g grant, now time.Time) map[string]any {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.access == nil {
		k.access, k.refresh = make(map[string]time.Time), make(map[string]grant)
	}
	for token, end := range k.access {
		if !now.Before(end) {
			delete(k.access, token)
		}
	}
	k.issued++
	token := accessToken(r, g, now, k.issued)
	k.access[token] = now.Add(tokenLifetime)
	answer := map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(tokenLifetime / time.Second),
		"scope":        g.scope,
	}
	offline := slices.Contains(strings.Fields(g.scope), "offline_access")
	if offline && r.PostForm.Get("grant_type") != "client_credentials" {
		refresh := r.PostForm.Get("refresh_token")
		if refresh == "" {
			refresh = fmt.Sprintf("refresh-%d", k.issued)
		}
		k.refresh[refresh] = g
		answer["refresh_token"] = refresh
	}
	return answer
}

// accessToken returns a token in the form of a JWT, with the claims of Aprimo's,
// whose signature is none.
func accessToken(r *http.Request, g grant, now time.Time, number int) string {
	sum := fnv.New128a()
	sum.Write([]byte(g.user))
	id := sum.Sum(nil)
	base := baseURL(r)
	return segment(map[string]any{"alg": "none", "typ": "JWT"}) + "." + segment(map[string]any{
		"dam-login":  g.user,
		"dam-uid":    fmt.Sprintf("%x", id),
		"dam-tenant": tenantName(r.Host),
		"UID":        fmt.Sprint(uint32(id[14])<<8 | uint32(id[15])),
		"client_id":  g.client,
		"scope":      strings.Fields(g.scope),
		"iss":        base + "/login",
		"aud":        base + "/",
		"nbf":        now.Unix(),
		"exp":        now.Add(tokenLifetime).Unix(),
		"jti":        fmt.Sprint(number),
	}) + "." + base64.RawURLEncoding.EncodeToString([]byte("not signed"))
}

func segment(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers alone: cannot happen
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// tenantName returns the first label of a host name; an address has none.
func tenantName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	name, _, ok := strings.Cut(host, ".")
	if !ok || net.ParseIP(host) != nil {
		return "tenant"
	}
	return name
}
