package client

import (
	"fmt"
	"net/http"
	"net/url"
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

// A CallOption changes one call. Those that a call has no use for are ignored by
// it or by the server.
type CallOption func(*call)

// The sizes of a page in Aprimo's guide.
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// PageSize sets how many items a page has, from 1 to 1000. By default List and
// Search, which read all pages, ask for 1000, since the limit counts requests; Page
// leaves it to the server, which takes 50.
func PageSize(n int) CallOption {
	return func(k *call) {
		if n < 1 || n > maxPageSize {
			k.err = fmt.Errorf("the page size is %d; Aprimo's guide allows 1 to %d", n, maxPageSize)
		}
		k.size = n
	}
}

// StartPage sets the first page that is read, from 1.
func StartPage(n int) CallOption {
	return func(k *call) {
		if n < 1 {
			k.err = fmt.Errorf("the page is %d; the first one is 1", n)
		}
		k.page = n
	}
}

// Filter restricts a list to what fits a search expression, such as
// `ContentType = "Asset"`.
func Filter(expression string) CallOption {
	return func(k *call) { k.query.Set("filter", expression) }
}

// Sort orders a list or a search by a property, such as "CreatedOn", or with a
// minus before it from the last to the first.
func Sort(property string) CallOption {
	return func(k *call) { k.query.Set("sort", property) }
}

// Languages sets the languages, by id, in which localized values are asked for, or
// "*" for all. It replaces the client's [WithLanguages].
func Languages(ids ...string) CallOption {
	return func(k *call) { k.header.Set("languages", strings.Join(ids, ", ")) }
}

// ImmediateIndexing makes a change of a record or classification visible to
// searches at once. It is more work for the server; without it a search finds a
// change some seconds later.
func ImmediateIndexing() CallOption {
	return func(k *call) { k.header.Set("set-immediateSearchIndexUpdate", "true") }
}

// ReferenceID repeats the referenceId of a call-out of a rule, so that Aprimo's
// support can tell what belongs together.
func ReferenceID(id string) CallOption {
	return func(k *call) { k.header.Set("referenceId", id) }
}

// Select asks for parts of a resource that are otherwise left out, by their
// select-keys in Aprimo's guide: one call instead of one more for each part. There
// are typed forms, such as [SelectRecord], for what is used most.
//
//	client.Select("rendition", "publiclinks")
func Select(resource string, keys ...string) CallOption {
	return func(k *call) { k.selected("select-"+resource, keys) }
}

// selected adds to a header of a list.
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

// The parts of a record, as Aprimo's guide has them.
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

// SelectRecord asks for parts of records. In lists and searches the server leaves
// classifications, files, permissions and locks out all the same.
func SelectRecord(keys ...RecordKey) CallOption { return selectKeys("record", keys) }

// A FileVersionKey is a part of a file version that can be selected.
type FileVersionKey string

// The parts of a file version, as Aprimo's guide has them.
const (
	FileVersionRenditions      FileVersionKey = "renditions"
	FileVersionPublicLinks     FileVersionKey = "publiclinks"
	FileVersionPublicURIs      FileVersionKey = "publicuris"
	FileVersionAdditionalFiles FileVersionKey = "additionalfiles"
	FileVersionPreviews        FileVersionKey = "filepreviews"
	FileVersionWatermark       FileVersionKey = "watermark"
)

// SelectFileVersion asks for parts of file versions.
func SelectFileVersion(keys ...FileVersionKey) CallOption { return selectKeys("fileversion", keys) }

// A ClassificationKey is a part of a classification that can be selected.
type ClassificationKey string

// The parts of a classification that clients of Aprimo select.
const (
	ClassificationTag         ClassificationKey = "Tag"
	ClassificationNamePath    ClassificationKey = "NamePath"
	ClassificationHasChildren ClassificationKey = "HasChildren"
)

// SelectClassification asks for parts of classifications.
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

// SelectFields asks for some fields of records, by name or id, and for no others.
func SelectFields(names ...string) CallOption {
	return selectNames("select-record-fields", "fields", names)
}

// SelectFieldGroups asks for the fields of some groups, by name or id.
func SelectFieldGroups(names ...string) CallOption {
	return selectNames("select-record-fieldgroups", "fields", names)
}

// selectNames narrows a part of records, which it selects as well. Names may have
// any character, commas too, so they are percent-encoded.
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
