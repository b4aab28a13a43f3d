package client

import (
	"context"
	"iter"
	"net/http"
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

// Get returns a setting.
func (r *Settings) Get(ctx context.Context, name string, scope SettingScope, opts ...CallOption) (*Setting, error) {
	out := new(Setting)
	k := call{method: http.MethodGet, path: []string{"setting", name}, out: out}.with(opts)
	if scope.Scope != "" {
		k.query.Set("scope", scope.Scope)
	}
	if scope.ID != "" {
		k.query.Set("scopeId", scope.ID)
	}
	if _, err := r.c.do(ctx, k); err != nil {
		return nil, err
	}
	return out, nil
}

// Many yields several settings with one call; without names, all readable ones.
func (r *Settings) Many(ctx context.Context, names []string, opts ...CallOption) iter.Seq2[*Setting, error] {
	k := call{method: http.MethodGet, path: []string{"settings"}, paging: byPage}.listing(opts)
	if len(names) > 0 {
		k.query.Set("names", strings.Join(names, ","))
	}
	return list[Setting](ctx, r.c, k)
}

// Set changes a setting.
func (r *Settings) Set(ctx context.Context, name, value string, scope SettingScope, opts ...CallOption) error {
	change := map[string]string{"name": name, "value": value}
	if scope.Scope != "" {
		change["scope"] = scope.Scope
	}
	if scope.ID != "" {
		change["scopeId"] = scope.ID
	}
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
