package client

import (
	"context"
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
