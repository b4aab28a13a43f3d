package client

import (
	"context"
	"iter"
	"net/http"
)

// Records reads and changes the assets of the tenant.
type Records struct{ Reader[Record] }

func newRecords(c *Client) *Records { return &Records{*newReader[Record](c, "records", "record")} }

// Create makes a record. It returns what the server says of it, which is at least
// its id.
func (r *Records) Create(ctx context.Context, record RecordChange, opts ...CallOption) (*Record, error) {
	return create[Record](ctx, r.c, r.collection, record, opts)
}

// Update changes a record. What the change does not name stays as it is.
func (r *Records) Update(ctx context.Context, id string, change RecordChange, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id), change, opts)
}

// Delete removes a record, for good.
func (r *Records) Delete(ctx context.Context, id string, opts ...CallOption) error {
	return remove(ctx, r.c, r.one(id), opts)
}

// Fields reads the fields of a record. With [SelectRecord] they come with it.
func (r *Records) Fields(ctx context.Context, id string, opts ...CallOption) (Fields, error) {
	out, err := get[struct {
		Items Fields `json:"items"`
	}](ctx, r.c, opts, r.one(id, "fields")...)
	if err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Field reads one field of a record, by the id of the field.
func (r *Records) Field(ctx context.Context, id, field string, opts ...CallOption) (*Field, error) {
	return get[Field](ctx, r.c, opts, r.one(id, "field", field)...)
}

// Classifications reads the classifications of a record.
func (r *Records) Classifications(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Classification, error] {
	return list[Classification](ctx, r.c, r.below(opts, id, "classifications"))
}

// Files reads the files of a record.
func (r *Records) Files(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*File, error] {
	return list[File](ctx, r.c, r.below(opts, id, "files"))
}

// MasterFile reads the file that a record stands for.
func (r *Records) MasterFile(ctx context.Context, id string, opts ...CallOption) (*File, error) {
	return get[File](ctx, r.c, opts, r.one(id, "masterfile")...)
}

// MasterFileLatestVersion reads the latest version of the file that a record
// stands for.
func (r *Records) MasterFileLatestVersion(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, r.one(id, "masterfilelatestversion")...)
}

// Preview reads where the preview of a record is. A record without one is
// [ErrNotFound].
func (r *Records) Preview(ctx context.Context, id string, opts ...CallOption) (*Image, error) {
	return get[Image](ctx, r.c, opts, r.one(id, "image", "preview")...)
}

// Thumbnail reads where the thumbnail of a record is. A record without one is
// [ErrNotFound].
func (r *Records) Thumbnail(ctx context.Context, id string, opts ...CallOption) (*Image, error) {
	return get[Image](ctx, r.c, opts, r.one(id, "image", "thumbnail")...)
}

// Locks reads what keeps a record from being changed.
func (r *Records) Locks(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Lock, error] {
	return list[Lock](ctx, r.c, r.below(opts, id, "locks"))
}

// Lock keeps a record from being changed by others.
func (r *Records) Lock(ctx context.Context, id string, lock Lock, opts ...CallOption) (*Lock, error) {
	return create[Lock](ctx, r.c, r.one(id, "locks"), lock, opts)
}

// A Trail says which entries of the audit trail are wanted.
type Trail string

// The two trails of Aprimo.
const (
	TrailChanges   Trail = "change"
	TrailDownloads Trail = "download"
)

// Trail reads the audit trail of a record.
func (r *Records) Trail(ctx context.Context, id string, which Trail, opts ...CallOption) iter.Seq2[*TrailEntry, error] {
	k := call{method: http.MethodGet, path: r.one(id, "trail"), paging: bySkip}
	return list[TrailEntry](ctx, r.c, k.listing(append([]CallOption{Filter(string(which))}, opts...)))
}

// Permissions reads who may do what with a record, as the server writes it.
func (r *Records) Permissions(ctx context.Context, id string, opts ...CallOption) (Extra, error) {
	return readPermissions(ctx, r.c, r.one(id, "permissions"), opts)
}

// below returns the call for a list that belongs to a record.
func (r *Records) below(opts []CallOption, id, name string) call {
	return call{method: http.MethodGet, path: r.one(id, name), paging: byPage}.listing(opts)
}
