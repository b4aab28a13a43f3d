package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/aprimo-go/aprimo/retry"
)

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
	careful.CheckRedirect = stay
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
