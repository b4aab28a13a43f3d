package client

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"time"
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

// A Record is an asset: its values, classifications and files. What a call has not
// selected is zero; see [SelectRecord].
type Record struct {
	ID          string `json:"id"`
	Status      Status `json:"status"`
	ContentType string `json:"contentType"`
	Title       string `json:"title"`
	Tag         string `json:"tag"`

	// CreatedOn and ModifiedOn are zero if the server does not send them.
	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Fields                           Fields                `json:"fields"`
	Classifications                  Items[Classification] `json:"classifications"`
	Files                            Items[File]           `json:"files"`
	MasterFile                       *File                 `json:"masterFile"`
	MasterFileLatestVersion          *FileVersion          `json:"masterFileLatestVersion"`
	MasterFileLatestPublishedVersion *FileVersion          `json:"masterFileLatestPublishedVersion"`
	Preview                          *Image                `json:"preview"`
	Thumbnail                        *Image                `json:"thumbnail"`
	Locks                            Items[Lock]           `json:"locks"`

	Extra Extra
}

// UnmarshalJSON reads the record in either of Aprimo's forms.
func (r *Record) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON writes what is not zero.
func (r Record) MarshalJSON() ([]byte, error) { return encodeModel(&r) }

// A Status is where a record is in its life.
type Status string

// The statuses in Aprimo's guide.
const (
	Draft    Status = "draft"
	Released Status = "released"
	Archived Status = "archived"
)

// Items are objects that belong to another one. The server writes them as an
// array, or as an object with an array that is called items.
type Items[T any] []*T

// UnmarshalJSON reads both.
func (i *Items[T]) UnmarshalJSON(data []byte) error {
	var page Page[T]
	into := any(&page)
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		into = &page.Items
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	*i = slices.DeleteFunc(page.Items, func(item *T) bool { return item == nil })
	return nil
}

// A Lock keeps a record from being changed.
type Lock struct {
	ID            string    `json:"lockId"`
	IntegrationID string    `json:"integrationId"`
	Reason        string    `json:"reason"`
	URI           string    `json:"uri"`
	LockedOn      time.Time `json:"lockedOn"`

	Extra Extra
}

// UnmarshalJSON reads the lock in either of Aprimo's forms.
func (l *Lock) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON writes what is not zero.
func (l Lock) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A TrailEntry is one entry of an audit trail. Its properties depend on what has
// happened, so all that is not named here is in Extra.
type TrailEntry struct {
	ID    string `json:"id"`
	Extra Extra
}

// UnmarshalJSON reads the entry in either of Aprimo's forms.
func (e *TrailEntry) UnmarshalJSON(data []byte) error { return decodeModel(data, e) }

// MarshalJSON writes what is not zero.
func (e TrailEntry) MarshalJSON() ([]byte, error) { return encodeModel(&e) }

// A RecordChange is what is to become of a record, new or not. What is zero stays
// as it is.
type RecordChange struct {
	Status          Status                  `json:"status,omitempty"`
	ContentType     string                  `json:"contentType,omitempty"`
	Tag             string                  `json:"tag,omitempty"`
	Fields          Changes[FieldValue]     `json:"fields,omitzero"`
	Classifications Changes[Classification] `json:"classifications,omitzero"`
	Files           FileChanges             `json:"files,omitzero"`
}

// Changes are additions to a set, changes of its members, and removals.
type Changes[T any] struct {
	AddOrUpdate []T   `json:"addOrUpdate,omitempty"`
	Remove      []Ref `json:"remove,omitempty"`
}

// IsZero reports whether nothing is to change.
func (c Changes[T]) IsZero() bool { return len(c.AddOrUpdate) == 0 && len(c.Remove) == 0 }

// A Ref names an object by its id, which may have dashes.
type Ref string

// MarshalJSON writes an object with the id.
func (r Ref) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": normalizeID(string(r))})
}

// A FieldValue is a new value of a field.
type FieldValue struct {
	id     string
	values []newValue
}

type newValue struct {
	LanguageID string `json:"languageId"`
	Value      any    `json:"value,omitempty"`
	Values     any    `json:"values,omitempty"`
}

// SetValue gives a field, by id, a value that has no language. A nil value empties
// it.
func SetValue(field string, value any) FieldValue {
	return FieldValue{id: field}.In(NoLanguage, value)
}

// SetValues gives a field that is a list, by id, values that have no language.
// Options, classifications, users and records are given by their ids.
func SetValues(field string, values ...string) FieldValue {
	bare := make([]string, len(values)) // never null
	for i, value := range values {
		bare[i] = normalizeID(value)
	}
	return FieldValue{id: field, values: []newValue{{LanguageID: NoLanguage, Values: bare}}}
}

// SetText gives a field, by id, a text in a language.
func SetText(field, language, text string) FieldValue {
	return FieldValue{id: field}.In(language, text)
}

// In adds a value in another language.
func (f FieldValue) In(language string, value any) FieldValue {
	if value == nil {
		value = json.RawMessage("null")
	}
	f.values = append(f.values[:len(f.values):len(f.values)], newValue{LanguageID: normalizeID(language), Value: value})
	return f
}

// MarshalJSON writes the field as Aprimo's guide has it.
func (f FieldValue) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": normalizeID(f.id), "localizedValues": f.values})
}

// FileChanges are new files of a record, and new versions of those that it has.
type FileChanges struct {
	// Master is the token of the upload that becomes the file that the record
	// stands for. It is among AddOrUpdate as well.
	Master      string       `json:"master,omitempty"`
	AddOrUpdate []FileChange `json:"addOrUpdate,omitempty"`
	Remove      []Ref        `json:"remove,omitempty"`
}

// IsZero reports whether nothing is to change.
func (c FileChanges) IsZero() bool {
	return c.Master == "" && len(c.AddOrUpdate) == 0 && len(c.Remove) == 0
}

// A FileChange is a new file, or new versions of one that exists.
type FileChange struct {
	// ID is the file of which there is a new version. If it is empty, the
	// record gets one more file.
	ID       string              `json:"id,omitempty"`
	Versions Changes[NewVersion] `json:"versions,omitzero"`
}

// A NewVersion makes an upload a version of a file.
type NewVersion struct {
	Token        string `json:"id"` // of the upload; it can be used once
	FileName     string `json:"fileName,omitempty"`
	VersionLabel string `json:"versionLabel,omitempty"`
	Comment      string `json:"comment,omitempty"`
	Tag          string `json:"tag,omitempty"`
}

// MasterFile is the change that gives a new record its file.
func MasterFile(v NewVersion) FileChanges {
	return FileChanges{Master: v.Token, AddOrUpdate: []FileChange{{Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}

// NewFileVersion is the change that gives a file that exists, such as
// [Record].MasterFile, a new version. Without the file's id the record would get
// one more file.
func NewFileVersion(file string, v NewVersion) FileChanges {
	return FileChanges{AddOrUpdate: []FileChange{{ID: normalizeID(file), Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}
