package client

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/transport"
)

// A Client calls the API of one tenant. Create it with New and reuse it: all calls to a
// tenant should share one Client. It is safe for concurrent use.
type Client struct {
	Records         *Records
	Classifications *Classifications
	Languages       *Resource[Language]
	Translations    *Resource[Translation]
	Collections     *Collections
	Files           *Files
	FileVersions    *FileVersions
	AccessLists     *Reader[AccessList]

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
	ActionTypes        *Reader[ActionType]
	Watermarks         *Reader[Watermark]
	Index              *Index
	Statistics         *Statistics

	Uploads       *Uploads
	Orders        *Orders
	Downloads     *Downloads
	PublicLinks   *Resource[PublicLink]
	DownloadLinks *Reader[DownloadLink]

	DownloadAgreements *Reader[DownloadAgreement]

	tenant    string // identifies the tenant in stored states
	dam, core *url.URL
	http      *http.Client
	tokens    *Tokens
	userAgent string
	languages string
}

// New returns a Client for a tenant, for example "acme" for https://acme.dam.aprimo.com.
//
// The token source can be [ClientCredentials], [Password], [Refresh], [LoginPKCE] or any
// other [oauth2.TokenSource], such as [oauth2.StaticTokenSource]. Unless WithHTTPClient
// is given, New creates a [transport.Transport] for the Client. New sends no request.
func New(tenant string, tokens oauth2.TokenSource, opts ...Option) (*Client, error) {
	s := settings{userAgent: "aprimo-go/" + strings.Trim(transport.Version(), "()")}
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
	c.tenant = cmp.Or(strings.ToLower(tenant), c.core.Host)
	c.Downloads = newDownloads(s.downloads, s.insecure, originOf(c.core))
	c.addResources()
	return c, nil
}

// Transport returns the transport of the Client's http.Client, for example for its Stats. It is
// nil if [WithHTTPClient] has given one without a [transport.Transport].
func (c *Client) Transport() *transport.Transport {
	t, _ := c.http.Transport.(*transport.Transport)
	return t
}

// addResources creates the resources with their paths in the API.
func (c *Client) addResources() {
	c.Records = &Records{Reader: *newReader[Record](c, "records", "record")}
	c.Classifications = &Classifications{*newResource[Classification](c, "classifications", "classification")}
	c.Languages = newResource[Language](c, "languages", "language")
	c.Translations = newResource[Translation](c, "translations", "translation")
	c.Collections = &Collections{*newResource[Collection](c, "collections", "collection")}
	c.Files = &Files{c}
	c.FileVersions = &FileVersions{c}
	c.AccessLists = newReader[AccessList](c, "accesslists", "accesslist")

	c.FieldDefinitions = newResource[FieldDefinition](c, "fielddefinitions", "fielddefinition")
	c.FieldGroups = newResource[FieldGroup](c, "fieldgroups", "fieldgroup")
	c.ContentTypes = newResource[ContentType](c, "contenttypes", "contenttype")
	c.FileTypes = newResource[FileType](c, "filetypes", "filetype")

	c.Users = &Users{permitted[User]{*newResource[User](c, "users", "user")}}
	c.UserGroups = &UserGroups{permitted[UserGroup]{*newResource[UserGroup](c, "usergroups", "usergroup")}}
	c.Permissions = &Permissions{*newReader[Permission](c, "permissions", "permission")}

	c.Rules = newResource[Rule](c, "rules", "rule")
	c.Settings = &Settings{c}
	c.SettingDefinitions = newResource[SettingDefinition](c, "settingdefinitions", "settingdefinition")
	c.SettingCategories = newResource[SettingCategory](c, "settingcategories", "settingcategory")
	c.MaintenanceJobs = newResource[MaintenanceJob](c, "maintenancejobs", "maintenancejob")
	c.Checks = newResource[Check](c, "checks", "checks") // the API uses the plural for a single one, too
	c.CheckCategories = newResource[CheckCategory](c, "checkcategories", "checkcategories")
	c.ActionTypes = newReader[ActionType](c, "actiontypes", "actiontype")
	c.Index = &Index{c}
	c.Statistics = &Statistics{c}
	c.Watermarks = newReader[Watermark](c, "watermarks", "watermark")

	c.Uploads = &Uploads{c, newBlobClient(transport.Base())}
	c.Orders = &Orders{Reader: *newReader[Order](c, "orders", "order")}
	c.PublicLinks = newResource[PublicLink](c, "publiclinks", "publiclink")
	c.DownloadLinks = newReader[DownloadLink](c, "downloadlinks", "downloadlink")
	c.DownloadAgreements = newReader[DownloadAgreement](c, "downloadagreements", "downloadagreement")
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

// client returns the http.Client for API requests. It follows no redirect: the API
// redirects only to files, and a token must not reach another host.
func (s *settings) client() (*http.Client, error) {
	c := http.Client{}
	switch {
	case s.http == nil:
		c.Transport = transport.New(s.transport...)
	case len(s.transport) > 0:
		return nil, errors.New("aprimo: WithTransportOptions cannot be combined with WithHTTPClient: pass the options to the transport.New of that client")
	default:
		c = *s.http
		if c.Transport == nil {
			c.Transport = http.DefaultTransport // as it does itself, also if that is one of ours
		}
		if _, ours := c.Transport.(*transport.Transport); !ours {
			// How long its header takes may be a queue's fault; a body that has begun is not.
			c.Transport = transport.Timeouts{Header: -1}.Over(c.Transport)
		}
	}
	c.CheckRedirect = noRedirects
	return &c, nil
}

// noRedirects makes an http.Client return a redirect as the response.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// label matches a label of a host name (RFC 1123). A tenant's name is one.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// hosts returns the base URLs of a tenant: of the DAM API, and of what Aprimo calls the
// core, which serves tokens, uploads and the marketing-operations API.
func hosts(tenant string) (dam, core string, err error) {
	name := strings.ToLower(tenant)
	switch {
	case name == "":
		return "", "", errors.New("aprimo: the tenant is empty: for https://acme.dam.aprimo.com it is \"acme\"")
	case !label.MatchString(name):
		return "", "", fmt.Errorf("aprimo: %q is not the name of a tenant: give the first label of its host alone, \"acme\" for https://acme.dam.aprimo.com, or WithBaseURLs for other hosts", tenant)
	}
	return "https://" + name + ".dam.aprimo.com/api/core", "https://" + name + ".aprimo.com", nil
}

// parseBase parses a base URL to which tokens are sent.
func parseBase(what, raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("aprimo: the %s URL cannot be parsed: %w", what, errors.Unwrap(err)) // without the URL, which may hold a password
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("aprimo: the %s URL is incomplete: it must begin with https:// and a host", what)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("aprimo: the %s URL must consist of a scheme, a host and a path only", what)
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		return nil, fmt.Errorf("aprimo: the %s URL is http, which sends tokens unencrypted: use https, or WithInsecureHTTP in a test environment", what)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
