package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Collections reads and changes collections of records.
type Collections struct{ Resource[Collection] }

// Permissions returns who may read or change a collection.
func (r *Collections) Permissions(ctx context.Context, id string, opts ...CallOption) (*CollectionPermissions, error) {
	return get[CollectionPermissions](ctx, r.c, opts, r.one(id, "permissions")...)
}

// SetPermissions changes who may read or change a collection: the users and groups in the
// change, and Public and Content unless they are zero. Permissions returns the result some
// seconds later.
func (r *Collections) SetPermissions(ctx context.Context, id string, change CollectionPermissions, opts ...CallOption) error {
	body := map[string]any{}
	if len(change.Users) > 0 {
		keep, remove := split(change.Users, func(u CollectionUser) bool { return u.Permission != "" })
		body["permissions"] = map[string]any{"addOrUpdate": keep, "remove": remove}
	}
	if len(change.Groups) > 0 {
		keep, remove := split(change.Groups, func(g CollectionGroup) bool { return g.Permission != "" })
		body["groupsPermissions"] = map[string]any{"addOrUpdate": keep, "remove": remove}
	}
	if change.Public != "" {
		body["publicPermission"] = change.Public
	}
	if change.Content != nil {
		body["contentPermission"] = change.Content
	}
	return update(ctx, r.c, r.one(id, "permissions"), body, opts)
}

// Records lists the records of a static collection. For a dynamic one, Aprimo responds with
// 500: search for its SearchExpression instead.
func (r *Collections) Records(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Record, error] {
	return listAt[Record](ctx, r.c, opts, r.one(id, "records")...)
}

// AddRecords adds records to a static collection, by id.
func (r *Collections) AddRecords(ctx context.Context, id string, records ...string) error {
	return r.changeRecords(ctx, id, "addOrUpdate", records)
}

// RemoveRecords removes records from a static collection, by id. It does not delete the
// records.
func (r *Collections) RemoveRecords(ctx context.Context, id string, records ...string) error {
	return r.changeRecords(ctx, id, "remove", records)
}

func (r *Collections) changeRecords(ctx context.Context, id, how string, records []string) error {
	change := map[string]any{"records": map[string]any{how: records}}
	return update(ctx, r.c, r.one(id, "records"), change, nil)
}

// Comments lists the comments on a collection.
func (r *Collections) Comments(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Comment, error] {
	return listAt[Comment](ctx, r.c, opts, r.one(id, "comments")...)
}

// Comment returns a comment on a collection.
func (r *Collections) Comment(ctx context.Context, id, comment string, opts ...CallOption) (*Comment, error) {
	return get[Comment](ctx, r.c, opts, r.one(id, "comment", comment)...)
}

// AddComment adds a comment to a collection. The returned comment has at least its ID.
func (r *Collections) AddComment(ctx context.Context, id, text string, opts ...CallOption) (*Comment, error) {
	return create[Comment](ctx, r.c, r.one(id, "comments"), map[string]string{"message": text}, opts)
}

// UpdateComment changes the text of a comment.
func (r *Collections) UpdateComment(ctx context.Context, id, comment, text string, opts ...CallOption) error {
	change := map[string]string{"content": text} // "message" in every other call, but refused here
	return update(ctx, r.c, r.one(id, "comment", comment), change, opts)
}

// DeleteComment deletes a comment.
func (r *Collections) DeleteComment(ctx context.Context, id, comment string, opts ...CallOption) error {
	return remove(ctx, r.c, r.one(id, "comment", comment), opts)
}

// UnreadComments returns how many comments on a collection the token's user has not read.
func (r *Collections) UnreadComments(ctx context.Context, id string, opts ...CallOption) (int, error) {
	status, err := get[commentStatus](ctx, r.c, opts, r.one(id, "comments", "status")...)
	if err != nil {
		return 0, err
	}
	return status.UnreadComments, nil
}

// ReadComments marks the comments up to the given one as read at a time. It returns how many
// are left.
func (r *Collections) ReadComments(ctx context.Context, id, latest string, at time.Time, opts ...CallOption) (unread int, err error) {
	var out commentStatus
	change := map[string]string{"id": normalizeID(latest), "lastReadCommentDate": at.UTC().Format(time.RFC3339)}
	k := call{method: http.MethodPut, path: r.one(id, "comments", "status"), in: change, out: &out}
	_, err = r.c.do(ctx, k.with(opts))
	return out.UnreadComments, err
}

type commentStatus struct{ UnreadComments int }

// A Comment is a comment on a collection.
type Comment struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Read    bool   `json:"read"` // by the token's user
	Version int    `json:"version"`
	Tag     string `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	CreatedBy  *User     `json:"createdBy"` // if selected
	ModifiedOn time.Time `json:"modifiedOn"`
	ModifiedBy *User     `json:"modifiedBy"` // if selected

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Comment) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Comment) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// CollectionPermissions are who may read or change a collection.
type CollectionPermissions struct {
	CanRead   bool `json:"canRead"`   // the token's user; only in responses
	CanModify bool `json:"canModify"` // the token's user; only in responses

	Users   []CollectionUser   `json:"permissions"`
	Groups  []CollectionGroup  `json:"groupsPermissions"`
	Public  string             `json:"publicPermission"` // None or Read
	Content *CollectionContent `json:"contentPermission"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (p *CollectionPermissions) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON encodes the fields that are not zero.
func (p CollectionPermissions) MarshalJSON() ([]byte, error) { return encodeModel(&p) }

// A CollectionUser is the permission of a user.
type CollectionUser struct {
	UserID     string `json:"userId"`
	Permission string `json:"permission,omitempty"` // None, Read or Modify; in a change, empty removes it
}

// A CollectionGroup is the permission of a user group.
type CollectionGroup struct {
	GroupID    string `json:"groupId"`
	Permission string `json:"permission,omitempty"` // as in CollectionUser
}

// A CollectionContent says whether the files of a collection are shared with everybody.
type CollectionContent struct {
	Permission string    `json:"permission"` // None or Read
	Enabled    bool      `json:"contentSharingEnabled"`
	Expiry     time.Time `json:"contentSharingExpiryDate"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *CollectionContent) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c CollectionContent) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A Collection is a saved set of records: a static one, or the results of a search.
type Collection struct {
	ID               string      `json:"id"`
	Name             string      `json:"name"`
	Description      string      `json:"description"`
	Type             string      `json:"type"` // Static or Dynamic
	OwnerID          string      `json:"ownerId"`
	IsReadOnly       bool        `json:"isReadOnly"`       // for the user of the token
	SearchExpression *Expression `json:"searchExpression"` // of a dynamic one
	Tag              string      `json:"tag"`

	// Parts that are only in responses, and only if selected.
	OwnedBy     *User                  `json:"ownedBy"`
	Permissions *CollectionPermissions `json:"permissions"`
	Records     Items[Record]          `json:"records"`
	Comments    Items[Comment]         `json:"comments"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Collection) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Collection) MarshalJSON() ([]byte, error) { return encodeModel(&c) }
