package aprimotest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	tokenPath     = "/login/connect/token"
	nativePath    = "/api/oauth/create-native-token" // of the registrations before OAuth
	renewalPath   = "/api/token"                     // of their tokens
	discoveryPath = "/login/.well-known/openid-configuration"
	tokenLifetime = time.Hour
)

// handleToken answers a request for a token. It is not under the limit: Aprimo
// does not say whether it is.
func (t *Tenant) handleToken(r *http.Request) (*answer, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if r.URL.Path != authorizePath && r.URL.Path != discoveryPath {
		t.note(r, func(a *Agent) { a.Tokens++ })
	}
	if err := t.work(r, body); err != nil {
		return nil, err
	}
	a := newAnswer()
	t.tokens.mu.Lock()
	defer t.tokens.mu.Unlock()
	if r.URL.Path == authorizePath {
		t.tokens.authorize(a, r, cmp.Or(t.Login, defaultLogin))
	} else {
		t.tokens.serve(a, withBody(r, body), cmp.Or(max(0, t.TokenLifetime), tokenLifetime))
	}
	return a, nil
}

// tokens are those that a tenant has issued, with the codes for them.
type tokens struct {
	mu      sync.Mutex // held while a request for a token is answered
	issued  int
	access  map[string]access
	refresh map[string]grant
	codes   map[string]code
}

// An access is what an access token stands for.
type access struct {
	user string
	end  time.Time
}

// A grant is what a client was given the right to. A public client has no secret.
type grant struct {
	client, user, scope string
	public              bool
}

// of returns what the token of a request stands for; the zero access without one.
func (k *tokens) of(r *http.Request) access {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.access[bearer(r)]
}

// bearer returns the token of a request; "" without one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return r.Header.Get("X-Access-Token") // as marketing operations takes it
	}
	return strings.TrimSpace(token)
}

// A tokenError is an error as RFC 6749, section 5.2, has it.
type tokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// denied is why a request for a token is refused.
func denied(code string) reason { return reason{http.StatusBadRequest, code} }

func (k *tokens) serve(w http.ResponseWriter, r *http.Request, lifetime time.Duration) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case r.URL.Path == discoveryPath:
		writeJSON(w, http.StatusOK, discovery(baseURL(r)))
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.URL.Path == nativePath, r.URL.Path == renewalPath:
		k.serveNative(w, r, lifetime)
	default:
		f := refusal(func() { writeJSON(w, http.StatusOK, k.issue(r, k.grant(r), lifetime)) })
		if f == nil {
			return
		}
		if _, _, basic := r.BasicAuth(); basic && f.kind == "invalid_client" {
			w.Header().Set("WWW-Authenticate", `Basic realm="aprimo"`)
			f.status = http.StatusUnauthorized
		}
		writeJSON(w, f.status, tokenError{f.kind, f.message})
	}
}

// serveNative answers as Aprimo did before OAuth: the user and a user token come as
// Basic, the client as a header. A new token for a refresh token is the whole answer
// (DAM-Workbook-Generator).
func (k *tokens) serveNative(w http.ResponseWriter, r *http.Request, lifetime time.Duration) {
	user, token, ok := r.BasicAuth()
	client := r.Header.Get("client-id")
	isRenewal, refresh := r.URL.Path == renewalPath, "refresh-"+client
	var in struct{ RefreshToken string }
	known := !isRenewal || json.NewDecoder(r.Body).Decode(&in) == nil && in.RefreshToken == refresh
	if !ok || token == "" || client == "" || !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	issued := k.issue(r, grant{client: client, user: user, scope: "api"}, lifetime)["access_token"]
	if !isRenewal {
		issued = document{"accessToken": issued, "refreshToken": refresh}
	}
	writeJSON(w, http.StatusOK, issued)
}

// grant decides what the client gets.
func (k *tokens) grant(r *http.Request) grant {
	denied("invalid_request").when(r.ParseForm() != nil, "the form could not be read")
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	kind := r.PostForm.Get("grant_type")
	secretless := kind == "authorization_code" || kind == "refresh_token"
	denied("invalid_client").when(id == "" || secret == "" && !secretless, "")
	g := grant{client: id, scope: r.PostForm.Get("scope")}
	unknown := func(scope string) bool { return !slices.Contains(scopes, scope) }
	denied("invalid_scope").when(slices.ContainsFunc(strings.Fields(g.scope), unknown), "")
	denied("invalid_request").when(kind == "", "there is no grant_type")
	switch kind {
	case "authorization_code":
		return k.exchange(r.PostForm, id, secret == "")
	case "client_credentials":
		// The one user who is named on the registration of the client.
		g.user = id + "-user"
	case "password":
		g.user = r.PostForm.Get("username")
		denied("invalid_grant").when(g.user == "" || r.PostForm.Get("password") == "", "invalid_username_or_password")
	case "refresh_token":
		return k.refreshed(id, secret == "", r.PostForm.Get("refresh_token"))
	default:
		panic(denied("unsupported_grant_type").because(""))
	}
	return g
}

// refreshed returns the grant of a refresh token, which is good for once.
func (k *tokens) refreshed(client string, public bool, token string) grant {
	g, ok := k.refresh[token]
	denied("invalid_client").when(ok && public && !g.public, "")
	denied("invalid_grant").when(!ok || g.client != client, "")
	delete(k.refresh, token)
	return g
}

// issue makes a token and keeps it until its end.
func (k *tokens) issue(r *http.Request, g grant, lifetime time.Duration) document {
	now := time.Now()
	maps.DeleteFunc(k.access, func(_ string, granted access) bool { return !now.Before(granted.end) })
	k.issued++
	end := now.Add(lifetime)
	token := accessToken(claims(r, g, now, end, k.issued))
	k.access[token] = access{g.user, end}
	answer := document{"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime / time.Second), "scope": g.scope}
	offline := slices.Contains(strings.Fields(g.scope), "offline_access")
	if offline && r.PostForm.Get("grant_type") != "client_credentials" {
		refresh := fmt.Sprintf("refresh-%d", k.issued)
		k.refresh[refresh] = g
		answer["refresh_token"] = refresh
	}
	return answer
}

// scopes are those that Aprimo advertises.
var scopes = []string{
	"openid", "email", "profile", "tenant", "user", "api", "legacy-api", "reporting-api", "filestore-access", "brandportal-api",
	"review-file-service", "csp-api", "cip-api", "introspection", "offline_access",
}

// discovery is what the tenant says of its tokens, as Aprimo's MCP server and the README of its
// metadata extractor show it.
func discovery(base string) document {
	return document{
		"issuer": base + "/login", "authorization_endpoint": base + authorizePath, "token_endpoint": base + tokenPath,
		"scopes_supported": scopes, "response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
		"grant_types_supported":                 []string{"client_credentials", "authorization_code", "refresh_token", "password"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"claims_supported":                      []string{"dam-uid", "dam-login", "dam-tenant", "UID", "sub", "username", "email", "name"},
	}
}

// claims are what Aprimo's access tokens say.
func claims(r *http.Request, g grant, now, end time.Time, number int) document {
	base := baseURL(r)
	return document{
		"dam-login": g.user, "dam-uid": nameID(g.user), "dam-tenant": tenantName(r.Host), "UID": userNumber(g.user),
		"client_id": g.client, "scope": strings.Fields(g.scope), "iss": base + "/login", "aud": base + "/",
		"nbf": now.Unix(), "exp": end.Unix(), "jti": fmt.Sprint(number),
	}
}

// accessToken returns a token in the form of a JWT, whose signature is none.
func accessToken(claims document) string {
	return segment(document{"alg": "none", "typ": "JWT"}) + "." + segment(claims) + "." + base64.RawURLEncoding.EncodeToString([]byte("not signed"))
}

// nameID returns the id that a user has in the DAM.
func nameID(login string) string {
	return seedID("users", cmp.Or(login, seedUser))
}

// userNumber returns the id that a user has in marketing operations.
func userNumber(login string) string {
	sum := fnv.New32a()
	sum.Write([]byte(login))
	return fmt.Sprint(uint16(sum.Sum32()))
}

func segment(v any) string { return base64.RawURLEncoding.EncodeToString(appendJSON(nil, v)) }

// tenantName returns the first label of a host name; an address has none.
func tenantName(host string) string {
	host = (&url.URL{Host: host}).Hostname()
	name, _, ok := strings.Cut(host, ".")
	if !ok || net.ParseIP(host) != nil {
		return "tenant"
	}
	return name
}
