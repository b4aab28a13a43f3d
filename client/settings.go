package client

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings reads and changes settings by name. Settings that are not listed in the setting
// .rest_SettingsWhitelist require an administrator.
type Settings struct{ c *Client }

// A SettingScope selects whose setting is meant. The zero value leaves it to the server.
type SettingScope struct {
	Scope string // user, usergroup, site or system
	ID    string // of the user or group
}

func (s SettingScope) properties() map[string]string {
	all := map[string]string{"scope": s.Scope, "scopeId": s.ID}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// Get returns a setting.
func (r *Settings) Get(ctx context.Context, name string, scope SettingScope, opts ...CallOption) (*Setting, error) {
	for property, value := range scope.properties() {
		opts = append(slices.Clip(opts), Query(property, value))
	}
	return get[Setting](ctx, r.c, opts, "setting", name)
}

// Many yields several settings with one call; without names, all readable ones.
func (r *Settings) Many(ctx context.Context, names []string, opts ...CallOption) iter.Seq2[*Setting, error] {
	if len(names) > 0 {
		opts = append(slices.Clip(opts), Query("names", strings.Join(names, ",")))
	}
	return listAt[Setting](ctx, r.c, opts, "settings")
}

// Set changes a setting.
func (r *Settings) Set(ctx context.Context, name, value string, scope SettingScope, opts ...CallOption) error {
	change := scope.properties()
	change["name"], change["value"] = name, value
	return update(ctx, r.c, []string{"setting", name}, change, opts)
}

// A Setting is a named value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (s *Setting) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON encodes the fields that are not zero.
func (s Setting) MarshalJSON() ([]byte, error) { return encodeModel(&s) }

// A SettingDefinition defines a setting.
type SettingDefinition struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	DataType   string  `json:"dataType"` // Text, Boolean, Numeric, …
	CategoryID string  `json:"categoryId"`
	Labels     []Label `json:"labels"`
	Tag        string  `json:"tag"`

	AllowSystemSetting    bool   `json:"allowSystemSetting"`
	AllowUserSetting      bool   `json:"allowUserSetting"`
	UserGroupSettingMode  string `json:"userGroupSettingMode"`
	RoleRequiredForChange string `json:"roleRequiredForChange"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (s *SettingDefinition) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON encodes the fields that are not zero.
func (s SettingDefinition) MarshalJSON() ([]byte, error) { return encodeModel(&s) }

// A SettingCategory is a group of settings.
type SettingCategory struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Labels []Label `json:"labels"`
	Tag    string  `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (s *SettingCategory) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON encodes the fields that are not zero.
func (s SettingCategory) MarshalJSON() ([]byte, error) { return encodeModel(&s) }

// Index is the search index of the tenant.
type Index struct{ c *Client }

// Status returns the state of the index.
func (r *Index) Status(ctx context.Context, opts ...CallOption) (*IndexStatus, error) {
	return get[IndexStatus](ctx, r.c, opts, "searchindex")
}

// Rebuild makes the server rebuild the whole index, which takes long and slows the tenant
// down.
func (r *Index) Rebuild(ctx context.Context, opts ...CallOption) error {
	return update(ctx, r.c, []string{"searchindex"}, map[string]bool{"rebuildScheduled": true}, opts)
}

// An IndexStatus is the state of the search index.
type IndexStatus struct {
	IndexedRecords         int       `json:"indexedRecords"`
	IndexedClassifications int       `json:"indexedClassifications"`
	PendingChanges         int       `json:"pendingChanges"` // not found by searches yet
	LastChangeID           int64     `json:"lastChangeId"`
	LastChange             time.Time `json:"lastChangeDateTime"`
	LastRebuild            time.Time `json:"lastIndexRebuild"`
	RebuildRequired        bool      `json:"rebuildRequired"`
	RebuildScheduled       bool      `json:"rebuildScheduled"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (s *IndexStatus) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON encodes the fields that are not zero.
func (s IndexStatus) MarshalJSON() ([]byte, error) { return encodeModel(&s) }

// Statistics are how long requests take inside the DAM. Aprimo collects them, if enabled, for
// its support; they may change and are not for normal operation.
type Statistics struct{ c *Client }

// Enable starts or stops the collection. It is off by default.
func (r *Statistics) Enable(ctx context.Context, on bool, opts ...CallOption) error {
	return update(ctx, r.c, []string{"statistics"}, map[string]string{"enabled": strconv.FormatBool(on)}, opts)
}

// Get returns the collected statistics by kind of request, such as "get record/{recordId}".
func (r *Statistics) Get(ctx context.Context, opts ...CallOption) (map[string]*Timing, error) {
	out := map[string]*Timing{}
	_, err := r.c.do(ctx, call{method: http.MethodGet, path: []string{"statistics"}, out: &out}.with(opts))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Clear discards the collected statistics.
func (r *Statistics) Clear(ctx context.Context, opts ...CallOption) error {
	return remove(ctx, r.c, []string{"statistics"}, opts)
}

// A Timing is how often an operation ran and how long it took, with its parts. Aprimo does not
// document the unit.
type Timing struct {
	Identifier  string             `json:"identifier"`
	Occurrences int                `json:"occurences"` // so misspelt by Aprimo
	MinDuration float64            `json:"minDuration"`
	MaxDuration float64            `json:"maxDuration"`
	Average     float64            `json:"average"`
	Children    map[string]*Timing `json:"children"`
}
