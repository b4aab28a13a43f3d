package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Collections reads and changes collections of records.
type Collections struct{ Resource[Collection] }

func newCollections(c *Client) *Collections {
	return &Collections{*newResource[Collection](c, "collections", "collection")}
}

// Permissions returns the permissions on a collection as the server sends them. Aprimo does
// not document their form.
func (r *Collections) Permissions(ctx context.Context, id string, opts ...CallOption) (Extra, error) {
	return readPermissions(ctx, r.c, r.one(id, "permissions"), opts)
}

// SetPermissions changes the permissions on a collection. The form is that of Permissions.
func (r *Collections) SetPermissions(ctx context.Context, id string, change Extra, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id, "permissions"), change, opts)
}

// Records lists the records of a collection.
func (r *Collections) Records(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Record, error] {
	return list[Record](ctx, r.c, call{method: http.MethodGet, path: r.one(id, "records"), paging: byPage}.listing(opts))
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

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Collection) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Collection) MarshalJSON() ([]byte, error) { return encodeModel(&c) }
