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
)

// Tokens is a source of tokens that knows when to renew them: a minute before
// their end, or a quarter of their life if that is less, and when the API refused
// one. However many calls need a token, there is one request for it at a time, and
// it does not wait behind calls to the API. It is safe for concurrent use; several
// Clients may share one.
type Tokens struct {
	fetch fetchFunc
	err   error // of the constructor

	mu      sync.Mutex
	token   *oauth2.Token
	renewAt time.Time // zero: not before the API refuses it
	running *renewal
}

// A fetchFunc gets a new token. It may need the old one, which may be nil.
type fetchFunc func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)

// A renewal is one request for a token, for all who wait for it.
type renewal struct {
	done  chan struct{}
	token *oauth2.Token
	err   error
}

// Token returns a token that is valid for a while. It makes Tokens an
// [oauth2.TokenSource], for programs that call something else with it.
func (t *Tokens) Token() (*oauth2.Token, error) { return t.get(context.Background()) }

// tokensFrom returns the Tokens of any source. One of ours is used as it is.
func tokensFrom(source oauth2.TokenSource) (*Tokens, error) {
	switch source := source.(type) {
	case nil:
		return nil, errors.New("aprimo: there is no source of tokens: give New one, such as ClientCredentials")
	case *Tokens:
		if source == nil {
			return tokensFrom(nil)
		}
		return source, source.err
	}
	return &Tokens{fetch: func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return source.Token() }}, nil
}

// startingWith gives Tokens that nobody uses yet the first token.
func (t *Tokens) startingWith(token *oauth2.Token) *Tokens {
	t.token = token
	t.schedule()
	return t
}

// get returns a token. If it is time for another one and there is none to be had,
// the old one is good enough as long as it lives.
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

// renew returns another token than one that was refused, if there is one. Of many
// calls with the same token the first one makes the request.
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

// begin returns the renewal that is running, or starts one.
func (t *Tokens) begin() *renewal {
	if t.running == nil {
		t.running = &renewal{done: make(chan struct{})}
		go t.run(t.running, t.token)
	}
	return t.running
}

// run is finished even if nobody waits any longer: the server may have replaced
// the refresh token, and the new one must not be lost.
func (t *Tokens) run(r *renewal, old *oauth2.Token) {
	r.err = t.err
	if r.err == nil {
		r.token, r.err = t.fetch(context.Background(), old)
	}
	if r.err == nil && (r.token == nil || r.token.AccessToken == "") {
		r.token, r.err = nil, errors.New("aprimo: the source of tokens gave an empty one")
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

// earliest is how long before its end a token is renewed: Aprimo allows clocks to
// differ by 5 minutes, and a request is on its way for less than this.
const earliest = time.Minute

// schedule sets when the token is renewed. A failed attempt is made again after a
// part of the time that is left.
func (t *Tokens) schedule() {
	t.renewAt = time.Time{}
	if t.token == nil {
		return
	}
	if end := expiry(t.token); end != never {
		t.renewAt = end.Add(-min(earliest, time.Until(end)/4))
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

// never is the end of a token that does not tell.
var never = time.Unix(1<<40, 0)

// expiry returns when a token ends: as its answer said (expires_in), or its own
// claim exp (RFC 7519).
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
	scopeOffline  = "offline_access" // gives a refresh token
)

// A TokenOption changes how tokens are asked for.
type TokenOption func(*grant)

// A grant is a client's right to tokens.
type grant struct {
	base     string
	redirect string // of a login
	http     *http.Client
	onToken  func(*oauth2.Token)
	config   oauth2.Config
}

// TokenBaseURL sets where tokens are asked for, as "https://acme.aprimo.com", for
// a laboratory or a test. The tenant is then not looked at. It must be https,
// unless the host is the loopback.
func TokenBaseURL(core string) TokenOption {
	return func(g *grant) { g.base = core }
}

// TokenHTTPClient sets what sends requests for tokens. The default gives up after
// 30 seconds. It is not to be the client of the API calls, or tokens wait behind
// them. Redirects are not followed, since the request has the secret.
func TokenHTTPClient(c *http.Client) TokenOption {
	return func(g *grant) { g.http = c }
}

// OnToken sets a function that is told of each new token, for example to store its
// RefreshToken, which the server may replace each time. No call is made with the
// token before it returns.
func OnToken(f func(*oauth2.Token)) TokenOption {
	return func(g *grant) { g.onToken = f }
}

// ClientCredentials returns tokens for a registration whose flow is client
// credentials. Calls act as the one user who is named there. An error in the
// arguments is New's, and Token's.
func ClientCredentials(tenant, id, secret string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && secret == "" {
		err = errors.New("aprimo: client credentials need the client's secret")
	}
	return g.tokens(err, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		c := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, Scopes: g.config.Scopes,
			TokenURL: g.config.Endpoint.TokenURL, AuthStyle: g.config.Endpoint.AuthStyle,
		}
		return c.Token(ctx)
	})
}

// Password returns tokens for a registration whose flow is resource owner
// password. Calls act as that user. What is sent as the password is a user token
// that the user makes in the own profile, not what they log in with.
func Password(tenant, id, secret, user, userToken string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && (user == "" || userToken == "") {
		err = errors.New("aprimo: the password flow needs the user's name and user token")
	}
	return g.tokens(err, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return g.config.PasswordCredentialsToken(ctx, user, userToken)
	})
}

// Refresh returns tokens for a refresh token that an earlier login has given, of
// [LoginPKCE] for example. The secret of a public client is empty. If the server
// replaces the refresh token, the new one is used from then on, and [OnToken] is
// the place to store it.
func Refresh(tenant, id, secret, refreshToken string, opts ...TokenOption) *Tokens {
	g, err := newGrant(tenant, id, secret, opts)
	if err == nil && refreshToken == "" {
		err = errors.New("aprimo: the refresh token is empty: its registration must allow refresh tokens, and its login ask for the scope offline_access")
	}
	return g.tokens(err, g.refresh(refreshToken))
}

// refresh returns how to get a token for the latest refresh token.
func (g *grant) refresh(first string) fetchFunc {
	return func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		latest := first
		if old != nil && old.RefreshToken != "" {
			latest = old.RefreshToken
		}
		if latest == "" {
			return nil, errors.New("aprimo: the login has ended and there is no refresh token: log in again")
		}
		return g.config.TokenSource(ctx, &oauth2.Token{RefreshToken: latest}).Token()
	}
}

func newGrant(tenant, id, secret string, opts []TokenOption) (*grant, error) {
	g := &grant{http: &http.Client{Transport: &retry.Transport{}, Timeout: 30 * time.Second}}
	for _, opt := range opts {
		if opt != nil {
			opt(g)
		}
	}
	if g.http == nil {
		return g, errors.New("aprimo: TokenHTTPClient got no client")
	}
	careful := *g.http
	careful.CheckRedirect = noRedirects
	g.http = &careful
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
		return g, errors.New("aprimo: the client's id is empty: it is on its registration (Administration > Integration > Registrations)")
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

// tokens returns the Tokens that fetch gets.
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

// grantErrors are the error codes of RFC 6749, section 5.2, that mean that there
// is no token.
var grantErrors = map[string]bool{"invalid_client": true, "invalid_grant": true, "unauthorized_client": true}

var hints = map[string]string{
	"invalid_client": "check the client's id and secret, and that the registration's flow is the one used: " +
		"a registration for PKCE is a public client and must not send a secret; changes take up to 15 minutes",
	"unauthorized_client": "the registration's flow is another one; changes to it take up to 15 minutes",
	"invalid_grant":       "the code, refresh token or user token is wrong, used up or expired",
	"invalid_scope":       "the registration does not allow the scope: refresh tokens have to be enabled for offline_access",
}

// explain makes the error of the token endpoint readable. The secrets of the
// request are in none of them.
func (g *grant) explain(err error) error {
	e := &Error{Method: http.MethodPost, Path: tokenPath, Attempt: 1, User: g.config.ClientID}
	var answer *oauth2.RetrieveError
	var urlErr *url.Error
	switch {
	case errors.As(err, &answer) && answer.Response != nil:
		e.Status = answer.Response.StatusCode
		e.Type, e.Message = explain(answer.Body)
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
