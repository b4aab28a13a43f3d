package client

import (
	"net/http"
	"strings"

	"github.com/aprimo-go/aprimo/transport"
)

// An Option changes a setting of New.
type Option func(*settings)

type settings struct {
	dam, core string
	insecure  bool
	http      *http.Client
	transport []transport.Option
	downloads *http.Client
	userAgent string
	languages string
}

// WithBaseURLs sets where the tenant is, for a laboratory, a proxy or a test: dam
// as "https://acme.dam.aprimo.com/api/core", core as "https://acme.aprimo.com".
// Both are needed. The tenant given to New is then not looked at. They must be
// https, unless the host is the loopback.
func WithBaseURLs(dam, core string) Option {
	return func(s *settings) { s.dam, s.core = dam, core }
}

// WithInsecureHTTP allows base URLs that are http, over which anybody on the way
// can read the tokens.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecure = true }
}

// WithHTTPClient sets what sends the requests. Give it a [transport.Transport],
// and give the same one to all clients of a tenant, or nothing keeps them within
// Aprimo's limit together. Redirects are not followed, whatever its CheckRedirect.
func WithHTTPClient(c *http.Client) Option {
	return func(s *settings) { s.http = c }
}

// WithTransportOptions sets options of the [transport.Transport] that New makes if
// there is no WithHTTPClient, such as who is told of 429s:
//
//	client.WithTransportOptions(transport.WithObserver(alerts.Observe))
func WithTransportOptions(opts ...transport.Option) Option {
	return func(s *settings) { s.transport = append(s.transport, opts...) }
}

// WithDownloadClient sets what fetches files from the storage behind signed links,
// where there is no limit. It must not add a token. The default is a client of net/http.
func WithDownloadClient(c *http.Client) Option {
	return func(s *settings) { s.downloads = c }
}

// WithUserAgent sets the User-Agent of all requests, by which Aprimo tells
// integrations apart. The default is "aprimo-go".
func WithUserAgent(agent string) Option {
	return func(s *settings) { s.userAgent = agent }
}

// WithLanguages sets the languages, by id, in which localized values are asked
// for, unless a call has [Languages] of its own. The default, none, is the default
// language of the token's user.
func WithLanguages(ids ...string) Option {
	return func(s *settings) { s.languages = strings.Join(ids, ", ") }
}
