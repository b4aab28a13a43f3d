package client

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

const defaultUserAgent = "aprimo-go"

// A Client calls the API of one tenant. Make it with New. It is safe for
// concurrent use; make one for a tenant and keep it.
type Client struct {
	Records         *Records
	Classifications *Classifications
	Languages       *Resource[Language]
	Translations    *Resource[Translation]
	Collections     *Collections
	FileVersions    *FileVersions

	FieldDefinitions *Resource[FieldDefinition]
	FieldGroups      *Resource[FieldGroup]
	ContentTypes     *Resource[ContentType]
	FileTypes        *Resource[FileType]

	Users       *Users
	UserGroups  *UserGroups
	Permissions *Permissions

	Rules              *Resource[Rule]
	Settings           *Settings
	SettingDefinitions *Resource[SettingDefinition]
	SettingCategories  *Resource[SettingCategory]
	MaintenanceJobs    *Resource[MaintenanceJob]
	Checks             *Resource[Check]
	CheckCategories    *Resource[CheckCategory]
	Watermarks         *Reader[Watermark]

	Uploads       *Uploads
	Orders        *Orders
	Downloads     *Downloads
	PublicLinks   *Resource[PublicLink]
	DownloadLinks *Reader[DownloadLink]

	dam, core *url.URL
	http      *http.Client
	tokens    *Tokens
	userAgent string
	languages string
}

// New returns a Client of a tenant, such as "acme" for https://acme.dam.aprimo.com.
//
// Each call has a token of the given source: [ClientCredentials], [Password],
// [Refresh], [LoginPKCE], or any other, such as [oauth2.StaticTokenSource]. Without
// WithHTTPClient the calls go through a transport.New of their own. Nothing is sent
// yet.
func New(tenant string, tokens oauth2.TokenSource, opts ...Option) (*Client, error) {
	s := settings{userAgent: defaultUserAgent}
	for _, opt := range opts {
		if opt != nil {
			opt(&s)
		}
	}
	c := &Client{userAgent: s.userAgent, languages: s.languages}
	var err error
	if c.dam, c.core, err = s.bases(tenant); err != nil {
		return nil, err
	}
	if c.http, err = s.client(); err != nil {
		return nil, err
	}
	if c.tokens, err = tokensFrom(tokens); err != nil {
		return nil, err
	}
	c.Downloads = newDownloads(s.downloads, s.insecure)
	c.addResources()
	return c, nil
}

// addResources makes what the API has, by its paths.
func (c *Client) addResources() {
	c.Records = newRecords(c)
	c.Classifications = newClassifications(c)
	c.Languages = newResource[Language](c, "languages", "language")
	c.Translations = newResource[Translation](c, "translations", "translation")
	c.Collections = newCollections(c)
	c.FileVersions = &FileVersions{c}

	c.FieldDefinitions = newResource[FieldDefinition](c, "fielddefinitions", "fielddefinition")
	c.FieldGroups = newResource[FieldGroup](c, "fieldgroups", "fieldgroup")
	c.ContentTypes = newResource[ContentType](c, "contenttypes", "contenttype")
	c.FileTypes = newResource[FileType](c, "filetypes", "filetype")

	c.Users = newUsers(c)
	c.UserGroups = newUserGroups(c)
	c.Permissions = newPermissions(c)

	c.Rules = newResource[Rule](c, "rules", "rule")
	c.Settings = &Settings{c}
	c.SettingDefinitions = newResource[SettingDefinition](c, "settingdefinitions", "settingdefinition")
	c.SettingCategories = newResource[SettingCategory](c, "settingcategories", "settingcategory")
	c.MaintenanceJobs = newResource[MaintenanceJob](c, "maintenancejobs", "maintenancejob")
	c.Checks = newResource[Check](c, "checks", "checks") // the plural for one too
	c.CheckCategories = newResource[CheckCategory](c, "checkcategories", "checkcategory")
	c.Watermarks = newReader[Watermark](c, "watermarks", "watermark")

	c.Uploads = newUploads(c)
	c.Orders = newOrders(c)
	c.PublicLinks = newResource[PublicLink](c, "publiclinks", "publiclink")
	c.DownloadLinks = newReader[DownloadLink](c, "downloadlinks", "downloadlink")
}

// bases returns the base URLs of the DAM API and of the core.
func (s *settings) bases(tenant string) (dam, core *url.URL, err error) {
	damURL, coreURL := s.dam, s.core
	if damURL == "" && coreURL == "" {
		if damURL, coreURL, err = hosts(tenant); err != nil {
			return nil, nil, err
		}
	}
	if dam, err = parseBase("DAM", damURL, s.insecure); err != nil {
		return nil, nil, err
	}
	if core, err = parseBase("core", coreURL, s.insecure); err != nil {
		return nil, nil, err
	}
	return dam, core, nil
}

// client returns what sends the requests. It follows no redirect: the API makes
// none but for files, and a token must not get to another host.
func (s *settings) client() (*http.Client, error) {
	c := http.Client{}
	switch {
	case s.http == nil:
		c.Transport = transport.New(append([]transport.Option{transport.WithBase(patient())}, s.transport...)...)
	case len(s.transport) > 0:
		return nil, errors.New("aprimo: WithTransportOptions has no effect beside WithHTTPClient: give the options to the transport.New of that client")
	default:
		c = *s.http
	}
	c.CheckRedirect = noRedirects
	return &c, nil
}

// patience is how long the head of an answer is waited for, once the request is on
// its way: many times the longest that Aprimo queues a request, 7 seconds. It does
// not count the wait for the call's turn, nor the body.
const patience = 2 * time.Minute

// patient returns net/http's transport, but one that does not wait for ever.
func patient() http.RoundTripper {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has put something else there
		return http.DefaultTransport
	}
	base = base.Clone()
	base.ResponseHeaderTimeout = patience
	return base
}

// noRedirects makes an http.Client hand out a redirect as it is.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// label is a label of a host name (RFC 1123): a tenant is one.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// hosts returns where a tenant is: the DAM API, and what Aprimo calls the core,
// with the tokens, the uploads and the marketing-operations API.
func hosts(tenant string) (dam, core string, err error) {
	name := strings.ToLower(tenant)
	switch {
	case name == "":
		return "", "", errors.New("aprimo: the tenant is empty; for https://acme.dam.aprimo.com it is \"acme\"")
	case !label.MatchString(name):
		return "", "", fmt.Errorf("aprimo: %q is not the name of a tenant: give the first label of its host alone, \"acme\" for https://acme.dam.aprimo.com, or WithBaseURLs for other hosts", tenant)
	}
	return "https://" + name + ".dam.aprimo.com/api/core", "https://" + name + ".aprimo.com", nil
}

// parseBase reads a base URL to which tokens are sent.
func parseBase(what, raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("aprimo: the %s URL cannot be read: %w", what, errors.Unwrap(err)) // without the URL, which may hold a password
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("aprimo: the %s URL is not complete: it begins with https:// and a host", what)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("aprimo: the %s URL must be a scheme, a host and a path alone", what)
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		return nil, fmt.Errorf("aprimo: the %s URL is http, which sends tokens in the clear: use https, or WithInsecureHTTP in a laboratory", what)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
