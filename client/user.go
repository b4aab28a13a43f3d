package client

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Users reads and changes users.
type Users struct{ permitted[User] }

// UserGroups reads and changes user groups.
type UserGroups struct{ permitted[UserGroup] }

// permitted are users or groups: what has permissions.
type permitted[T any] struct{ Resource[T] }

// Permissions returns the permissions of a user or group, by name; those of a user without
// those of its groups.
func (r *permitted[T]) Permissions(ctx context.Context, id string, opts ...CallOption) (map[string]PermissionValue, error) {
	all := map[string]PermissionValue{}
	for p, err := range listAt[Permission](ctx, r.c, opts, r.one(id, "permissions")...) {
		if err != nil {
			return nil, err
		}
		all[p.Name] = p.Value
	}
	return all, nil
}

// SetPermissions changes the given permissions of a user or group, by name. Permissions returns
// the result some seconds later.
func (r *permitted[T]) SetPermissions(ctx context.Context, id string, change map[string]PermissionValue, opts ...CallOption) error {
	items := make([]Permission, 0, len(change))
	for _, name := range slices.Sorted(maps.Keys(change)) {
		items = append(items, Permission{Name: name, Value: change[name]})
	}
	return update(ctx, r.c, r.one(id, "permissions"), map[string]any{"permissions": Changes[Permission]{AddOrUpdate: items}}, opts)
}

// A User is an account of a person or an integration.
type User struct {
	ID              string `json:"id"`
	Name            string `json:"name"` // login name
	Email           string `json:"email"`
	FirstName       string `json:"firstName"`
	LastName        string `json:"lastName"`
	IsActive        bool   `json:"isActive"`
	AprimoUserID    int    `json:"aprimoUserId"` // id in marketing operations
	LanguageID      string `json:"languageId"`   // of fields
	LanguageForUIID string `json:"languageForUIId"`
	StorageQuota    int64  `json:"storageQuota"` // bytes
	StorageUsed     int64  `json:"storageUsed"`  // bytes
	ImageURI        string `json:"imageUri"`
	Tag             string `json:"tag"`

	// Parts that are only in responses, and only if selected.
	Fields      Fields           `json:"fields"`
	Memberships Items[UserGroup] `json:"memberships"` // to change them, use Set and the ids of groups
	Image       *Image           `json:"image"`

	ExpirationDate      time.Time `json:"expirationDate"`
	LastSuccessfulLogOn time.Time `json:"lastSuccessfulLogOnDate"`
	SecondLastLogOn     time.Time `json:"secondLastSuccessfulLogOnDate"`
	CreatedOn           time.Time `json:"createdOn"`
	ModifiedOn          time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (u *User) UnmarshalJSON(data []byte) error { return decodeModel(data, u) }

// MarshalJSON encodes the fields that are not zero.
func (u User) MarshalJSON() ([]byte, error) { return encodeModel(&u) }

// A UserGroup is a group of users with common permissions.
type UserGroup struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	IsActive       bool   `json:"isActive"`
	OrganizationID string `json:"organizationId"`
	Tag            string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (u *UserGroup) UnmarshalJSON(data []byte) error { return decodeModel(data, u) }

// MarshalJSON encodes the fields that are not zero.
func (u UserGroup) MarshalJSON() ([]byte, error) { return encodeModel(&u) }

// Permissions reads the permissions that exist.
type Permissions struct{ Reader[Permission] }

// Calculated returns a permission of the token's user, by name, with all groups taken into
// account.
func (r *Permissions) Calculated(ctx context.Context, name string, opts ...CallOption) (*Permission, error) {
	return get[Permission](ctx, r.c, opts, "calculatedpermission", name)
}

// A PermissionValue says whether a permission is granted.
type PermissionValue string

// The values of a permission.
const (
	PermissionNone    PermissionValue = "None"
	PermissionGranted PermissionValue = "Granted"
	PermissionDenied  PermissionValue = "Denied"
)

// A Permission is a permission that users can have.
type Permission struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Labels []Label         `json:"labels"`
	Value  PermissionValue `json:"value"` // of a user or group, or calculated

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (p *Permission) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON encodes the fields that are not zero.
func (p Permission) MarshalJSON() ([]byte, error) { return encodeModel(&p) }

// A Me is the token's user, in the DAM and in marketing operations.
type Me struct {
	UserID     json.Number `json:"userId"` // in marketing operations
	LoginID    string      `json:"loginId"`
	Email      string      `json:"email"`
	AdamUserID string      `json:"adamUserId"` // in the DAM

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (m *Me) UnmarshalJSON(data []byte) error { return decodeModel(data, m) }

// MarshalJSON encodes the fields that are not zero.
func (m Me) MarshalJSON() ([]byte, error) { return encodeModel(&m) }

// Me returns the token's user.
func (c *Client) Me(ctx context.Context, opts ...CallOption) (*Me, error) {
	out := new(Me)
	k := call{method: http.MethodGet, base: c.core, path: []string{"api", "users", "me"}, out: out}
	if _, err := c.do(ctx, k.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}
