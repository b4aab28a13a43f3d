package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// Tokens is a token source that renews tokens automatically: a minute before they expire,
// or after three quarters of a life shorter than four minutes, and when the API rejects
// one. All calls share one token request, which does not queue behind API calls. It is
// safe for concurrent use; several Clients may share one.
type Tokens struct {
	fetch fetchFunc
	err   error // from the constructor

	mu      sync.Mutex
	token   *oauth2.Token
	renewAt time.Time // zero: not until the API rejects it
	running *renewal
}

// A fetchFunc obtains a new token. old is the previous token, or nil.
type fetchFunc func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)

// A renewal is a token request in progress, shared by all calls that need it.
type renewal struct {
	done  chan struct{}
	token *oauth2.Token
	err   error
}

// Token returns a valid token. It implements [oauth2.TokenSource], for programs that use
// the token elsewhere.
func (t *Tokens) Token() (*oauth2.Token, error) { return t.get(context.Background()) }

// tokensFrom converts a token source to Tokens. A *Tokens is returned unchanged.
func tokensFrom(source oauth2.TokenSource) (*Tokens, error) {
	switch source := source.(type) {
	case nil:
		return nil, errors.New("aprimo: no token source: pass one to New, for example ClientCredentials")
	case *Tokens:
		if source == nil {
			return tokensFrom(nil)
		}
		return source, source.err
	}
	return &Tokens{fetch: func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return source.Token() }}, nil
}

// startingWith sets the first token. It must be called before t is in use.
func (t *Tokens) startingWith(token *oauth2.Token) *Tokens {
	t.token = token
	t.schedule()
	return t
}

// get returns a token. If a renewal fails, the old token is used until it expires.
func (t *Tokens) get(ctx context.Context) (*oauth2.Token, error) {
	t.mu.Lock()
	old := t.token
	if old != nil && !t.due() {
		t.mu.Unlock()
		return old, nil
	}
	r := t.begin()
	t.mu.Unlock()
	fresh, err := r.wait(ctx)
	if err != nil && ctx.Err() == nil && old != nil && time.Now().Before(expiry(old)) {
		return old, nil
	}
	return fresh, err
}

// renew returns a token to replace a refused one. Of many calls with the same refused
// token, only the first requests a new one.
func (t *Tokens) renew(ctx context.Context, refused *oauth2.Token) (*oauth2.Token, error) {
	t.mu.Lock()
	if t.token != nil && t.token.AccessToken != refused.AccessToken && !t.due() {
		defer t.mu.Unlock()
		return t.token, nil
	}
	r := t.begin()
	t.mu.Unlock()
	return r.wait(ctx)
}

func (t *Tokens) due() bool { return !t.renewAt.IsZero() && !time.Now().Before(t.renewAt) }

// begin returns the renewal in progress, or starts one. t.mu is held.
func (t *Tokens) begin() *renewal {
	if t.running == nil {
		t.running = &renewal{done: make(chan struct{})}
		go t.run(t.running, t.token)
	}
	return t.running
}

// run completes even if all callers are gone: the server may have replaced the refresh
// token, and the new one must not be lost.
func (t *Tokens) run(r *renewal, old *oauth2.Token) {
	r.err = t.err
	if r.err == nil {
		r.token, r.err = t.fetch(context.Background(), old)
	}
	if r.err == nil && (r.token == nil || r.token.AccessToken == "") {
		r.token, r.err = nil, errors.New("aprimo: the token source returned an empty token")
	}
	t.mu.Lock()
	if r.err == nil {
		t.token = r.token
	}
	t.schedule()
	t.running = nil
	t.mu.Unlock()
	close(r.done)
}

// renewBefore is how long before its expiry a token is renewed. It is longer than a
// request is in flight. Clock skew is covered: Aprimo accepts 5 minutes of it.
const renewBefore = time.Minute

// schedule sets the time of the next renewal. After a failed renewal, the next follows
// when a part of the remaining life has passed.
func (t *Tokens) schedule() {
	t.renewAt = time.Time{}
	if t.token == nil {
		return
	}
	if end := expiry(t.token); end != never {
		t.renewAt = end.Add(-min(renewBefore, time.Until(end)/4))
	}
}

func (r *renewal) wait(ctx context.Context) (*oauth2.Token, error) {
	select {
	case <-r.done:
		return r.token, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// never is the expiry of a token whose expiry is unknown.
var never = time.Unix(1<<40, 0)

// expiry returns when a token expires, from the token response (expires_in) or the
// token's exp claim (RFC 7519).
func expiry(t *oauth2.Token) time.Time {
	if !t.Expiry.IsZero() {
		return t.Expiry
	}
	parts := strings.Split(t.AccessToken, ".")
	if len(parts) != 3 {
		return never
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return never
	}
	var claims struct {
		End float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.End <= 0 || claims.End >= float64(never.Unix()) {
		return never
	}
	return time.Unix(int64(claims.End), 0)
}

const (
	tokenPath     = "/login/connect/token"
	authorizePath = "/login/connect/authorize"
	scopeAPI      = "api"
	scopeOffline  = "offline_access" // requests a refresh token
)

// A TokenOption configures how tokens are requested.
type TokenOption func(*grant)

// A grant holds the settings of an OAuth grant.
type grant struct {
	base     string
	redirect string // for a login
	http     *http.Client
	onToken  func(*oauth2.Token)
	config   oauth2.Config
}

// TokenBaseURL sets the base URL of the token endpoint, in the form
// "https://acme.aprimo.com", for a proxy or a test. The tenant is then ignored. The URL must
// be https unless the host is a loopback address.
func TokenBaseURL(core string) TokenOption {
	return func(g *grant) { g.base = core }
}

// TokenHTTPClient sets the http.Client for token requests. The default has a timeout of
// 30 seconds. Do not use the client of the API calls, or token requests queue behind them.
// Redirects are not followed, because the request contains the secret.
func TokenHTTPClient(c *http.Client) TokenOption {
	return func(g *grant) { g.http = c }
}

// OnToken sets a function that is called with each new token, for example to store its
// RefreshToken, which the server may replace each time. The token is not used until f
// returns.
func OnToken(f func(*oauth2.Token)) TokenOption {
	return func(g *grant) { g.onToken = f }
}

// ClientCredentials returns tokens for a registration with the client credentials flow.
// Calls act as the user configured in the registration. New and Token report invalid
// arguments.
func ClientCredentials(tenant, id, secret string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && secret == "" {
		err = errors.New("aprimo: ClientCredentials: the secret is empty")
	}
	return g.tokens(err, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		c := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, Scopes: g.config.Scopes,
			TokenURL: g.config.Endpoint.TokenURL, AuthStyle: g.config.Endpoint.AuthStyle,
		}
		return c.Token(ctx)
	})
}

// Password returns tokens for a registration with the resource owner password flow.
// Calls act as the given user. userToken is a user token created in the user's profile, not
// the user's password. New and Token report invalid arguments.
func Password(tenant, id, secret, user, userToken string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && (user == "" || userToken == "") {
		err = errors.New("aprimo: Password: the user or the userToken is empty")
	}
	return g.tokens(err, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return g.config.PasswordCredentialsToken(ctx, user, userToken)
	})
}

// Refresh returns tokens for a refresh token from an earlier login, for example with
// [LoginPKCE]. The secret of a public client is empty. If the server replaces the refresh
// token, the new one is used from then on; store it with [OnToken]. New and Token report
// invalid arguments.
func Refresh(tenant, id, secret, refreshToken string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && refreshToken == "" {
		err = errors.New("aprimo: Refresh: the refresh token is empty: the registration must allow refresh tokens, and the login must request the scope offline_access")
	}
	return g.tokens(err, g.refresh(refreshToken))
}

// refresh returns a fetchFunc that uses the latest refresh token.
func (g *grant) refresh(first string) fetchFunc {
	return func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		latest := first
		if old != nil && old.RefreshToken != "" {
			latest = old.RefreshToken
		}
		if latest == "" {
			return nil, errors.New("aprimo: the login has expired and there is no refresh token: log in again")
		}
		return g.config.TokenSource(ctx, &oauth2.Token{RefreshToken: latest}).Token()
	}
}

func newGrant(tenant, id, secret string, opts []TokenOption) (*grant, error) {
	g := &grant{http: &http.Client{Transport: &retry.Transport{Base: transport.Base()}, Timeout: 30 * time.Second}}
	for _, opt := range opts {
		if opt != nil {
			opt(g)
		}
	}
	if g.http == nil {
		return g, errors.New("aprimo: TokenHTTPClient: the client is nil")
	}
	copied := *g.http
	copied.CheckRedirect = noRedirects
	g.http = &copied
	var err error
	if g.base == "" {
		if _, g.base, err = hosts(tenant); err != nil {
			return g, err
		}
	}
	base, err := parseBase("token", g.base, false)
	if err != nil {
		return g, err
	}
	if id == "" {
		return g, errors.New("aprimo: the client id is empty: find it in the registration (Administration > Integration > Registrations)")
	}
	g.config = oauth2.Config{
		ClientID: id, ClientSecret: secret, Scopes: []string{scopeAPI},
		Endpoint: oauth2.Endpoint{
			TokenURL: base.JoinPath(tokenPath).String(), AuthURL: base.JoinPath(authorizePath).String(),
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	return g, nil
}

// tokens returns Tokens that call fetch. err is reported by New and Token.
func (g *grant) tokens(err error, fetch fetchFunc) *Tokens {
	return &Tokens{err: err, fetch: func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		token, err := fetch(context.WithValue(ctx, oauth2.HTTPClient, g.http), old)
		if err != nil {
			return nil, g.explain(err)
		}
		if g.onToken != nil {
			copied := *token
			g.onToken(&copied)
		}
		return token, nil
	}}
}

// grantErrors are the error codes of RFC 6749, section 5.2, that match
// [ErrUnauthorized].
var grantErrors = map[string]bool{"invalid_client": true, "invalid_grant": true, "unauthorized_client": true}

var hints = map[string]string{
	"invalid_client": "check the client's id and secret, and that the registration's flow is the one used: " +
		"a registration for PKCE is a public client and must not send a secret; changes take up to 15 minutes to apply",
	"unauthorized_client": "the registration has another flow; changes take up to 15 minutes to apply",
	"invalid_grant":       "the code, refresh token or user token is wrong, already used or expired",
	"invalid_scope":       "the registration does not allow the scope: enable refresh tokens for offline_access",
}

// explain converts an error of the token endpoint to an *Error with a hint. It contains no
// secret of the request.
func (g *grant) explain(err error) error {
	e := &Error{Method: http.MethodPost, Path: tokenPath, Attempt: 1, User: g.config.ClientID}
	var refusal *oauth2.RetrieveError
	var urlErr *url.Error
	switch {
	case errors.As(err, &refusal) && refusal.Response != nil:
		e.Status = refusal.Response.StatusCode
		e.Type, e.Message = explain(refusal.Body)
		if hint := hints[e.Type]; hint != "" {
			e.Message = strings.TrimPrefix(fmt.Sprintf("%s; %s", clean(e.Message), hint), "; ")
		} else {
			e.Message = clean(e.Message)
		}
		e.Type = clean(e.Type)
	case errors.As(err, &urlErr):
		e.Message, e.cause = clean(urlErr.Err.Error()), urlErr.Err
	default:
		e.Message, e.cause = clean(err.Error()), err
	}
	e.Message = hide(e.Message, g.config.ClientSecret)
	return e
}
