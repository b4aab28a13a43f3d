package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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
//
// Credentials that were refused are not sent with each call, which could lock the account:
// calls fail with the same error for 15 seconds, then twice as long each time, up to 15
// minutes. Changed credentials need new Tokens.
type Tokens struct {
	fetch   fetchFunc
	onToken func(*oauth2.Token) // may be nil
	err     error               // from the constructor

	works atomic.Bool // the API has accepted the token

	mu       sync.Mutex
	token    *oauth2.Token
	end      time.Time // when token expires; never if unknown
	renewAt  time.Time // zero: not until the API rejects it
	running  *renewal
	silent   int    // calls of the source that have not returned in time
	refused  error  // why the token endpoint refused the credentials; nil after a success
	refusal  pacing // of the credentials
	rejected bool   // the API has rejected the token before this one
	rejects  pacing // of new tokens, by the API
}

// A fetchFunc obtains a new token. old is the previous token, or nil.
type fetchFunc func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)

// A renewal is a token request in progress, shared by all calls that need it.
type renewal struct {
	old     *oauth2.Token
	fetched *oauth2.Token // while OnToken is called; guarded by Tokens.mu

	done  chan struct{} // closed when token and err are set
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
	t.adopt(token)
	return t
}

// get returns a token. If a renewal fails, the old token is used until it expires.
func (t *Tokens) get(ctx context.Context) (*oauth2.Token, error) {
	t.mu.Lock()
	old, end := t.token, t.end
	if old != nil && !t.due() {
		t.mu.Unlock()
		return old, nil
	}
	r := t.begin()
	t.mu.Unlock()
	fresh, err := r.wait(ctx)
	if err != nil && ctx.Err() == nil && old != nil && time.Now().Before(end) {
		return old, nil
	}
	return fresh, err
}

var errRejected = errors.New("aprimo: the API rejects new tokens, too")

// renew returns a token to replace one that the API has rejected. Of many calls with the same
// token, only the first requests a new one. If the API rejects that one as well, the next
// request is delayed.
func (t *Tokens) renew(ctx context.Context, rejected *oauth2.Token) (*oauth2.Token, error) {
	t.mu.Lock()
	if t.token != nil && t.token.AccessToken != rejected.AccessToken && !t.due() {
		defer t.mu.Unlock()
		return t.token, nil
	}
	if t.running == nil {
		switch {
		case !t.rejected || t.works.Load():
			t.rejects = pacing{}
		case t.rejects.paused():
			t.mu.Unlock()
			return nil, errRejected
		default:
			t.rejects.pause()
		}
		t.rejected = true
		t.works.Store(false)
	}
	r := t.begin()
	t.mu.Unlock()
	return r.wait(ctx)
}

func (t *Tokens) due() bool { return !t.renewAt.IsZero() && !time.Now().Before(t.renewAt) }

// begin returns the renewal in progress, or starts one. If no request may be sent now, it
// returns a renewal that has failed. t.mu is held.
func (t *Tokens) begin() *renewal {
	if t.running != nil {
		return t.running
	}
	r := &renewal{old: t.token, done: make(chan struct{})}
	switch {
	case t.refusal.paused():
		r.err = fmt.Errorf("%w; %v", t.refused, t.refusal)
	case t.silent >= maxSilent:
		r.err = errSilent
	}
	if r.err != nil {
		close(r.done)
		return r
	}
	t.running = r
	ctx, cancel := context.WithCancel(context.Background())
	timeout := time.AfterFunc(renewTimeout, func() {
		defer cancel()
		t.settle(r, nil, errSilent)
	})
	go func() {
		defer cancel()
		defer timeout.Stop()
		t.run(ctx, r)
	}()
	return r
}

const (
	// renewTimeout is longer than a token request takes with its retries. A token source
	// that has not returned then is called again when a token is needed.
	renewTimeout = time.Minute

	maxSilent = 8 // calls of a token source that do not return
)

var errSilent = fmt.Errorf("aprimo: the token source or OnToken has not returned for %v: give it a timeout", renewTimeout)

// run completes even if all callers are gone: the server may have replaced the refresh
// token, and the new one must not be lost.
func (t *Tokens) run(ctx context.Context, r *renewal) {
	var token *oauth2.Token
	var err error
	defer func() { t.settle(r, token, err) }()
	guard("the token source", &err, func() (err error) {
		token, err = t.request(ctx, r.old)
		return err
	})
	if err != nil || t.onToken == nil {
		return
	}
	t.mu.Lock()
	r.fetched = token
	t.mu.Unlock()
	copied := *token
	guard("OnToken", &err, func() error {
		t.onToken(&copied)
		return nil
	})
}

func (t *Tokens) request(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
	if t.err != nil {
		return nil, t.err
	}
	token, err := t.fetch(ctx, old)
	switch {
	case err != nil:
		return nil, err
	case token == nil || token.AccessToken == "":
		return nil, errors.New("aprimo: the token source returned an empty token")
	}
	return token, nil
}

// settle ends a renewal, which may end twice: at the timeout and when the source returns. A
// token is kept even if OnToken failed or it came late: its refresh token is the only one.
func (t *Tokens) settle(r *renewal, token *oauth2.Token, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token = cmp.Or(token, r.fetched); token != nil && t.token == r.old {
		t.adopt(token)
	}
	switch {
	case token != nil:
		t.refused, t.refusal = nil, pacing{}
	case refusedGrant(err):
		t.refused = err
		t.refusal.pause()
	}
	t.schedule()
	select {
	case <-r.done: // for the second time
		if err != errSilent {
			t.silent--
		}
		return
	default:
	}
	if err == errSilent {
		t.silent++
	}
	if r.err = err; err == nil {
		r.token = token
	}
	t.running = nil
	close(r.done)
}

// adopt sets the token and when it expires. t.mu is held.
func (t *Tokens) adopt(token *oauth2.Token) {
	t.token, t.end = token, expiry(token, time.Now())
	t.schedule()
}

// renewBefore is how long before its expiry a token is renewed. It is longer than a
// request is in flight. Clock skew is covered: Aprimo accepts 5 minutes of it.
const renewBefore = time.Minute

// schedule sets the time of the next renewal. After a failed renewal, the next follows
// when a part of the remaining life has passed.
func (t *Tokens) schedule() {
	t.renewAt = time.Time{}
	if t.token != nil && t.end != never {
		t.renewAt = t.end.Add(-min(renewBefore, time.Until(t.end)/4))
	}
}

func (r *renewal) wait(ctx context.Context) (*oauth2.Token, error) {
	select {
	case <-r.done:
		return r.token, r.err
	case <-ctx.Done():
		return nil, endOf(ctx)
	}
}

// A pacing delays what was refused: the second request by firstPause, each further one by
// twice as long as the one before. The zero value does not delay.
type pacing struct {
	since, until time.Time
	times        int
}

const firstPause, maxPause = 15 * time.Second, 15 * time.Minute

func (p *pacing) paused() bool { return time.Now().Before(p.until) }

// pause records a refusal.
func (p *pacing) pause() {
	now := time.Now()
	if p.times == 0 {
		p.since = now
	}
	p.until = now.Add(min(firstPause<<min(p.times, 10), maxPause))
	p.times++
}

func (p pacing) String() string {
	return fmt.Sprintf("refused since %s (requests sent: %d), not again before %s", utc(p.since), p.times, utc(p.until))
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// refusedGrant reports whether a token request failed because of what it contains, or because
// what answers it is no token endpoint, such as a page to sign in.
func refusedGrant(err error) bool {
	status, code := 0, ""
	var e *Error
	var foreign *oauth2.RetrieveError // of a token source of the program's own
	switch {
	case errors.As(err, &e):
		status, code = e.Status, e.Type
	case errors.As(err, &foreign) && foreign.Response == nil:
		return false // its text cannot even be asked for
	case foreign != nil:
		status, code = foreign.Response.StatusCode, foreign.ErrorCode
	}
	switch status / 100 {
	case 0: // oauth2 has no type for a success without a token
		return err != nil && (strings.Contains(err.Error(), "oauth2: cannot parse ") || strings.Contains(err.Error(), "oauth2: server response missing "))
	case 2:
		return code != "temporarily_unavailable" && code != "server_error"
	case 3, 4:
		return status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
	}
	return false
}

// maxLife bounds what fits into a time.Duration.
const maxLife = 100 * 365 * 24 * time.Hour

// never is the expiry of a token whose expiry is unknown.
var never = time.Unix(1<<40, 0)

// expiry returns when a token received now expires by this machine's clock, from the token
// response (expires_in) or the token's claims (RFC 7519). The server's clock may differ: a
// token is taken to live from now on for no longer than its claims say. A time that has
// passed already tells nothing.
func expiry(t *oauth2.Token, now time.Time) time.Time {
	if t.Expiry.After(now) {
		return t.Expiry
	}
	claims := claimsOf(t.AccessToken)
	end := time.Unix(int64(claims.End), 0)
	seconds := claims.End - max(claims.Issued, claims.From)
	life := time.Duration(max(0, min(seconds, maxLife.Seconds())) * float64(time.Second))
	known := claims.Issued > 0 || claims.From > 0
	switch {
	case claims.End <= 0 || claims.End >= float64(never.Unix()):
		return never
	case known && life > 0 && (!end.After(now) || end.After(now.Add(life))):
		return now.Add(life)
	case !end.After(now):
		return never
	}
	return end
}

// claims are the times of a token, in seconds since 1970; zero if absent.
type claims struct {
	End    float64 `json:"exp"`
	Issued float64 `json:"iat"`
	From   float64 `json:"nbf"`
}

func claimsOf(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}
	}
	return c
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
	secrets  []string // what the requests contain and errors must not
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
	g.secrets = append(g.secrets, userToken)
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
	g.secrets = append(g.secrets, refreshToken)
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
	g := &grant{http: &http.Client{Transport: &retry.Transport{Base: transport.Base()}, Timeout: 30 * time.Second}, secrets: []string{secret}}
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
	if copied.Transport == nil {
		copied.Transport = transport.Base() // a Transport that is http.DefaultTransport has a queue
	}
	copied.Transport = tokenResponses{copied.Transport}
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
	return &Tokens{err: err, onToken: g.onToken, fetch: func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		token, err := fetch(context.WithValue(ctx, oauth2.HTTPClient, g.http), old)
		if err != nil {
			return nil, g.explain(err, old)
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
func (g *grant) explain(err error, old *oauth2.Token) error {
	e := &Error{Method: http.MethodPost, Path: tokenPath, Attempt: 1, User: g.config.ClientID}
	text := func(foreign string) string {
		for _, secret := range g.secrets {
			foreign = hide(foreign, secret)
		}
		if old != nil {
			foreign = hide(hide(foreign, old.RefreshToken), old.AccessToken)
		}
		return clean(foreign)
	}
	var refusal *oauth2.RetrieveError
	var urlErr *url.Error
	switch {
	case errors.As(err, new(*Error)):
		return err // of ours, for example without a request
	case errors.As(err, &refusal) && refusal.Response != nil:
		e.Status = refusal.Response.StatusCode
		kind, message := explain(refusal.Body)
		e.Type, e.Message = text(kind), text(message)
		e.Message = strings.TrimPrefix(strings.TrimSuffix(e.Message+"; "+hints[kind], "; "), "; ")
		if e.Message == "" && e.Status/100 == 3 {
			e.Message = notFollowed
		}
	case errors.As(err, &urlErr):
		e.Message, e.cause = text(urlErr.Err.Error()), urlErr.Err
	default:
		e.Message, e.cause = text(err.Error()), err
	}
	return e
}
