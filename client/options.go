package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aprimo-go/aprimo/transport"
)

// An Option configures a Client in New.
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

// WithBaseURLs sets the base URLs of the APIs, for a proxy or a test: dam in the form
// "https://acme.dam.aprimo.com/api/core", core in the form "https://acme.aprimo.com".
// Both are required. They must be https unless the host is a loopback address. The tenant
// passed to New may then be empty; it only identifies the tenant in stored states.
func WithBaseURLs(dam, core string) Option {
	return func(s *settings) { s.dam, s.core = dam, core }
}

// WithInsecureHTTP allows http base URLs. Anyone on the network path can then read the
// tokens.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecure = true }
}

// WithHTTPClient sets the http.Client that sends API requests. Its Transport should be a
// [transport.Transport], the same one for all Clients of a tenant: only then do they stay
// within Aprimo's limit together. Redirects are not followed; CheckRedirect is ignored.
func WithHTTPClient(c *http.Client) Option {
	return func(s *settings) { s.http = c }
}

// WithTransportOptions sets options of the [transport.Transport] that New creates when
// WithHTTPClient is not given. For example, to be alerted of 429s:
//
//	client.WithTransportOptions(transport.WithObserver(alerts.Observe))
func WithTransportOptions(opts ...transport.Option) Option {
	return func(s *settings) { s.transport = append(s.transport, opts...) }
}

// WithDownloadClient sets the http.Client that fetches files from signed links. These
// lead to a storage service, where Aprimo's limit does not apply. The client must not add a
// token. The default uses net/http.
func WithDownloadClient(c *http.Client) Option {
	return func(s *settings) { s.downloads = c }
}

// WithUserAgent sets the User-Agent header of all requests, by which Aprimo can
// distinguish integrations. The default is "aprimo-go/" and the version of
// this module, see [transport.Version].
func WithUserAgent(agent string) Option {
	return func(s *settings) { s.userAgent = agent }
}

// WithLanguages sets the ids of the languages in which localized values are requested,
// for calls without [Languages]. The default, none, means the default language of the
// token's user.
func WithLanguages(ids ...string) Option {
	return func(s *settings) { s.languages = strings.Join(ids, ", ") }
}

// A CallOption configures one call. Options that do not apply to a call are ignored.
type CallOption func(*call)

// Page sizes from Aprimo's guide.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// PageSize sets the number of items on a page, from 1 to 1000. List and Search, which
// read all pages, request 1000 by default, because the limit counts requests. Page leaves
// the size to the server, whose default is 50.
func PageSize(n int) CallOption {
	return func(k *call) {
		if n < 1 || n > maxPageSize {
			k.err = fmt.Errorf("PageSize(%d): use 1 to %d", n, maxPageSize)
		}
		k.size = n
	}
}

// StartPage sets the first page to read. Pages count from 1.
func StartPage(n int) CallOption {
	return func(k *call) {
		if n < 1 {
			k.err = fmt.Errorf("StartPage(%d): the first page is 1", n)
		}
		k.page = n
	}
}

// Filter restricts a list to items that match a search expression, for example
// `ContentType = "Asset"`.
func Filter(expression string) CallOption {
	return func(k *call) { k.query.Set("filter", expression) }
}

// Sort orders a list or a search by a property, for example "CreatedOn". A leading
// minus sorts in descending order.
func Sort(property string) CallOption {
	return func(k *call) { k.query.Set("sort", property) }
}

// Languages sets the ids of the languages in which localized values are requested; "*"
// means all. It overrides [WithLanguages].
func Languages(ids ...string) CallOption {
	return func(k *call) { k.header.Set("languages", strings.Join(ids, ", ")) }
}

// ImmediateIndexing makes a change to a record or classification visible to searches
// immediately. Without it, searches find the change a few seconds later. It costs the
// server more.
func ImmediateIndexing() CallOption {
	return func(k *call) { k.header.Set("set-immediateSearchIndexUpdate", "true") }
}

// Set sets a property of the object that a call sends, by Aprimo's name. It can set false, 0, ""
// and nil, which clears a property: an object's own fields are not sent if they are zero.
//
//	err := c.Rules.Update(ctx, id, nil, client.Set("enabled", false))
func Set(property string, value any) CallOption {
	return func(k *call) {
		raw, err := json.Marshal(value)
		if err != nil {
			k.err = fmt.Errorf("Set(%q): %w", property, err)
		}
		if k.set == nil {
			k.set = Extra{}
		}
		k.set[property] = raw
	}
}

// Header sets a header of the request. It overrides the Client's headers, but for the token. With
// the referenceId that a rule's call-out contained, Aprimo's support can correlate the two.
func Header(name, value string) CallOption {
	return func(k *call) {
		switch {
		case strings.EqualFold(name, "Authorization"):
			k.err = errors.New("Header(Authorization): the Client sets it from its token source")
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
			k.err = fmt.Errorf("Header(%q): the name or the value contains a character that HTTP does not allow", name)
		}
		k.header.Set(name, value)
	}
}

// Query sets a parameter of the request's query.
func Query(name, value string) CallOption {
	return func(k *call) { k.query.Set(name, value) }
}

// Select requests parts of a resource that the server omits by default, by their
// select-keys in Aprimo's guide. This saves one call for each part. The most common keys
// have typed functions, such as [SelectRecord].
//
//	client.Select("rendition", "publiclinks")
func Select(resource string, keys ...string) CallOption {
	return func(k *call) { k.selected("select-"+resource, keys) }
}

// selected adds keys to a header that holds a list.
func (k *call) selected(name string, keys []string) {
	all := strings.Join(keys, ", ")
	if before := k.header.Get(name); before != "" && all != "" {
		all = before + ", " + all
	}
	if all != "" {
		k.header.Set(name, all)
	}
}

// A RecordKey is a part of a record that can be selected.
type RecordKey string

// The parts of a record, from Aprimo's guide.
const (
	RecordFields                           RecordKey = "fields"
	RecordFiles                            RecordKey = "files"
	RecordClassifications                  RecordKey = "classifications"
	RecordPreview                          RecordKey = "preview"
	RecordThumbnail                        RecordKey = "thumbnail"
	RecordTitle                            RecordKey = "title"
	RecordTag                              RecordKey = "tag"
	RecordMasterFile                       RecordKey = "masterfile"
	RecordMasterFileLatestVersion          RecordKey = "masterfilelatestversion"
	RecordMasterFileLatestPublishedVersion RecordKey = "masterfilelatestpublishedversion"
	RecordPermissions                      RecordKey = "permissions"
	RecordAccessLists                      RecordKey = "accesslists"
	RecordLocks                            RecordKey = "locks"
	RecordAnalytics                        RecordKey = "analyticsdata"
	RecordCreatedBy                        RecordKey = "createdby"
	RecordModifiedBy                       RecordKey = "modifiedby"
)

// SelectRecord requests parts of records. In lists and searches the server omits
// classifications, files, permissions and locks even if selected.
func SelectRecord(keys ...RecordKey) CallOption { return selectKeys("record", keys) }

// A FileVersionKey is a part of a file version that can be selected.
type FileVersionKey string

// The parts of a file version, from Aprimo's guide.
const (
	FileVersionRenditions      FileVersionKey = "renditions"
	FileVersionPublicLinks     FileVersionKey = "publiclinks"
	FileVersionPublicURIs      FileVersionKey = "publicuris"
	FileVersionAdditionalFiles FileVersionKey = "additionalfiles"
	FileVersionPreviews        FileVersionKey = "filepreviews"
	FileVersionWatermark       FileVersionKey = "watermark"
)

// SelectFileVersion requests parts of file versions.
func SelectFileVersion(keys ...FileVersionKey) CallOption { return selectKeys("fileversion", keys) }

// A ClassificationKey is a part of a classification that can be selected.
type ClassificationKey string

// The parts of a classification that other clients of Aprimo select; the guide lists none.
const (
	ClassificationTag         ClassificationKey = "Tag"
	ClassificationNamePath    ClassificationKey = "NamePath"
	ClassificationHasChildren ClassificationKey = "HasChildren"
)

// SelectClassification requests parts of classifications.
func SelectClassification(keys ...ClassificationKey) CallOption {
	return selectKeys("classification", keys)
}

func selectKeys[K ~string](resource string, keys []K) CallOption {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = string(key)
	}
	return Select(resource, names...)
}

// SelectFields requests only the given fields of records, by name or id.
func SelectFields(names ...string) CallOption {
	return selectNames("select-record-fields", "fields", names)
}

// SelectFieldGroups requests only the fields of the given groups, by name or id.
func SelectFieldGroups(names ...string) CallOption {
	return selectNames("select-record-fieldgroups", "fields", names)
}

// selectNames restricts a part of records to the given names, and selects the part.
// Names may contain any character, even commas, so they are percent-encoded.
func selectNames(header, part string, names []string) CallOption {
	return func(k *call) {
		escaped := make([]string, len(names))
		for i, name := range names {
			escaped[i] = url.PathEscape(name)
		}
		k.selected(header, escaped)
		if selected := k.header.Get("select-record"); !strings.Contains(selected, part) {
			k.selected("select-record", []string{part})
		}
	}
}
