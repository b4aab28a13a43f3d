package client

import (
	"context"
	"time"
)

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
