package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Users reads and changes the people who can log in.
type Users struct{ Resource[User] }

func newUsers(c *Client) *Users { return &Users{*newResource[User](c, "users", "user")} }

// Permissions reads what a user may do, as the server writes it: Aprimo does not publish
// its form.
func (r *Users) Permissions(ctx context.Context, id string, opts ...CallOption) (Extra, error) {
	return readPermissions(ctx, r.c, r.one(id, "permissions"), opts)
}

// SetPermissions changes them, in the form in which they are read.
func (r *Users) SetPermissions(ctx context.Context, id string, change Extra, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id, "permissions"), change, opts)
}

// A User is somebody who can log in.
type User struct {
	ID              string `json:"id"`
	Name            string `json:"name"` // to log in with
	Email           string `json:"email"`
	FirstName       string `json:"firstName"`
	LastName        string `json:"lastName"`
	IsActive        bool   `json:"isActive"`
	AprimoUserID    int    `json:"aprimoUserId"` // in marketing operations
	LanguageID      string `json:"languageId"`   // of fields
	LanguageForUIID string `json:"languageForUIId"`
	StorageQuota    int64  `json:"storageQuota"` // bytes
	StorageUsed     int64  `json:"storageUsed"`  // bytes
	Tag             string `json:"tag"`

	ExpirationDate      time.Time `json:"expirationDate"`
	LastSuccessfulLogOn time.Time `json:"lastSuccessfulLogOnDate"`
	CreatedOn           time.Time `json:"createdOn"`
	ModifiedOn          time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the user in either of Aprimo's forms.
func (u *User) UnmarshalJSON(data []byte) error { return decodeModel(data, u) }

// MarshalJSON writes what is not zero.
func (u User) MarshalJSON() ([]byte, error) { return encodeModel(&u) }

// UserGroups reads and changes groups of users.
type UserGroups struct{ Resource[UserGroup] }

func newUserGroups(c *Client) *UserGroups {
	return &UserGroups{*newResource[UserGroup](c, "usergroups", "usergroup")}
}

// Permissions reads what a group may do, as the server writes it: Aprimo does not publish
// its form.
func (r *UserGroups) Permissions(ctx context.Context, id string, opts ...CallOption) (Extra, error) {
	return readPermissions(ctx, r.c, r.one(id, "permissions"), opts)
}

// SetPermissions changes them, in the form in which they are read.
func (r *UserGroups) SetPermissions(ctx context.Context, id string, change Extra, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id, "permissions"), change, opts)
}

// A UserGroup is some users who may do the same.
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

// UnmarshalJSON reads the group in either of Aprimo's forms.
func (u *UserGroup) UnmarshalJSON(data []byte) error { return decodeModel(data, u) }

// MarshalJSON writes what is not zero.
func (u UserGroup) MarshalJSON() ([]byte, error) { return encodeModel(&u) }

// Permissions reads what can be allowed.
type Permissions struct{ Reader[Permission] }

func newPermissions(c *Client) *Permissions {
	return &Permissions{*newReader[Permission](c, "permissions", "permission")}
}

// Calculated reads whether the token's user has a permission, with those of all
// groups considered, by the permission's name.
func (r *Permissions) Calculated(ctx context.Context, name string, opts ...CallOption) (*Permission, error) {
	return get[Permission](ctx, r.c, opts, "calculatedpermission", name)
}

// readPermissions reads a tree of permissions as it is.
func readPermissions(ctx context.Context, c *Client, path []string, opts []CallOption) (Extra, error) {
	out, err := get[Extra](ctx, c, opts, path...)
	if err != nil {
		return nil, err
	}
	return *out, nil
}

// A Permission is something that users may be allowed to do.
type Permission struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value"` // of a calculated one: None, Granted or Denied

	Extra Extra
}

// UnmarshalJSON reads the permission in either of Aprimo's forms.
func (p *Permission) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON writes what is not zero.
func (p Permission) MarshalJSON() ([]byte, error) { return encodeModel(&p) }

// A Me is the user whose token it is, in both halves of Aprimo.
type Me struct {
	UserID     json.Number `json:"userId"` // in marketing operations
	LoginID    string      `json:"loginId"`
	Email      string      `json:"email"`
	AdamUserID string      `json:"adamUserId"` // in the DAM

	Extra Extra
}

// UnmarshalJSON reads the user in either of Aprimo's forms.
func (m *Me) UnmarshalJSON(data []byte) error { return decodeModel(data, m) }

// MarshalJSON writes what is not zero.
func (m Me) MarshalJSON() ([]byte, error) { return encodeModel(&m) }

// Me reads whose token it is.
func (c *Client) Me(ctx context.Context, opts ...CallOption) (*Me, error) {
	out := new(Me)
	k := call{method: http.MethodGet, base: c.core, path: []string{"api", "users", "me"}, out: out}
	if _, err := c.do(ctx, k.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}
