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
type Records struct {
	Reader[Record]
	searches keySearches
}

func newRecords(c *Client) *Records {
	return &Records{Reader: *newReader[Record](c, "records", "record")}
}

// Create creates a record. The returned record has at least its ID. If the answer is lost,
// the error is an [*UnknownOutcomeError]; [Records.CreateOnce] finds out what happened.
func (r *Records) Create(ctx context.Context, record RecordChange, opts ...CallOption) (*Record, error) {
	return create[Record](ctx, r.c, r.collection, record, opts)
}

// Update changes a record. Properties that are zero in the change keep their values.
func (r *Records) Update(ctx context.Context, id string, change RecordChange, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id), change, opts)
}

// Delete deletes a record permanently.
func (r *Records) Delete(ctx context.Context, id string, opts ...CallOption) error {
	return remove(ctx, r.c, r.one(id), opts)
}

// Fields returns the fields of a record. [SelectRecord] returns them with the record
// instead, which saves a call.
func (r *Records) Fields(ctx context.Context, id string, opts ...CallOption) (Fields, error) {
	out, err := get[struct {
		Items Fields `json:"items"`
	}](ctx, r.c, opts, r.one(id, "fields")...)
	if err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Field returns one field of a record, by the field's id.
func (r *Records) Field(ctx context.Context, id, field string, opts ...CallOption) (*Field, error) {
	return get[Field](ctx, r.c, opts, r.one(id, "field", field)...)
}

// Classifications lists the classifications of a record.
func (r *Records) Classifications(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Classification, error] {
	return list[Classification](ctx, r.c, r.below(opts, id, "classifications"))
}

// Files lists the files of a record.
func (r *Records) Files(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*File, error] {
	return list[File](ctx, r.c, r.below(opts, id, "files"))
}

// MasterFile returns the main file of a record.
func (r *Records) MasterFile(ctx context.Context, id string, opts ...CallOption) (*File, error) {
	return get[File](ctx, r.c, opts, r.one(id, "masterfile")...)
}

// MasterFileLatestVersion returns the latest version of a record's main file.
func (r *Records) MasterFileLatestVersion(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, r.one(id, "masterfilelatestversion")...)
}

// Preview returns the preview of a record. If there is none, the error is
// [ErrNotFound].
func (r *Records) Preview(ctx context.Context, id string, opts ...CallOption) (*Image, error) {
	return get[Image](ctx, r.c, opts, r.one(id, "image", "preview")...)
}

// Thumbnail returns the thumbnail of a record. If there is none, the error is
// [ErrNotFound].
func (r *Records) Thumbnail(ctx context.Context, id string, opts ...CallOption) (*Image, error) {
	return get[Image](ctx, r.c, opts, r.one(id, "image", "thumbnail")...)
}

// Locks lists the locks of a record.
func (r *Records) Locks(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Lock, error] {
	return list[Lock](ctx, r.c, r.below(opts, id, "locks"))
}

// Lock locks a record against changes by others.
func (r *Records) Lock(ctx context.Context, id string, lock Lock, opts ...CallOption) (*Lock, error) {
	return create[Lock](ctx, r.c, r.one(id, "locks"), lock, opts)
}

// A Trail is a kind of audit trail.
type Trail string

// The audit trails of a record.
const (
	TrailChanges   Trail = "change"
	TrailDownloads Trail = "download"
)

// Trail lists the entries of an audit trail of a record.
func (r *Records) Trail(ctx context.Context, id string, which Trail, opts ...CallOption) iter.Seq2[*TrailEntry, error] {
	k := call{method: http.MethodGet, path: r.one(id, "trail"), paging: bySkip}
	return list[TrailEntry](ctx, r.c, k.listing(append([]CallOption{Filter(string(which))}, opts...)))
}

// Permissions returns the permissions on a record as the server sends them. Aprimo does not
// document their form.
func (r *Records) Permissions(ctx context.Context, id string, opts ...CallOption) (Extra, error) {
	return readPermissions(ctx, r.c, r.one(id, "permissions"), opts)
}

// below returns the call for a list of a record's parts.
func (r *Records) below(opts []CallOption, id, name string) call {
	return call{method: http.MethodGet, path: r.one(id, name), paging: byPage}.listing(opts)
}

// A Record is an asset: its fields, classifications and files. Parts that a call does not
// select are zero; see [SelectRecord].
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

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (r *Record) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON encodes the fields that are not zero.
func (r Record) MarshalJSON() ([]byte, error) { return encodeModel(&r) }

// A Status is the status of a record.
type Status string

// The statuses of records, from Aprimo's guide.
const (
	Draft    Status = "draft"
	Released Status = "released"
	Archived Status = "archived"
)

// Items are objects that belong to another one. The server sends them as an array, or as an
// object with an array named items.
type Items[T any] []*T

// UnmarshalJSON decodes both forms.
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

// A Lock prevents changes to a record.
type Lock struct {
	ID            string    `json:"lockId"`
	IntegrationID string    `json:"integrationId"`
	Reason        string    `json:"reason"`
	URI           string    `json:"uri"`
	LockedOn      time.Time `json:"lockedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *Lock) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l Lock) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A TrailEntry is an entry of an audit trail. Its properties depend on the event and are in
// Extra.
type TrailEntry struct {
	ID    string `json:"id"`
	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (e *TrailEntry) UnmarshalJSON(data []byte) error { return decodeModel(data, e) }

// MarshalJSON encodes the fields that are not zero.
func (e TrailEntry) MarshalJSON() ([]byte, error) { return encodeModel(&e) }

// A RecordChange describes a new record or a change to a record. Fields that are zero leave
// the record's values unchanged.
type RecordChange struct {
	Status          Status                  `json:"status,omitempty"`
	ContentType     string                  `json:"contentType,omitempty"`
	Tag             string                  `json:"tag,omitempty"`
	Fields          Changes[FieldValue]     `json:"fields,omitzero"`
	Classifications Changes[Classification] `json:"classifications,omitzero"`
	Files           FileChanges             `json:"files,omitzero"`
}

// Changes adds, changes and removes members of a set.
type Changes[T any] struct {
	AddOrUpdate []T   `json:"addOrUpdate,omitempty"`
	Remove      []Ref `json:"remove,omitempty"`
}

// IsZero reports whether there are no changes.
func (c Changes[T]) IsZero() bool { return len(c.AddOrUpdate) == 0 && len(c.Remove) == 0 }

// A Ref refers to an object by id, with or without dashes.
type Ref string

// MarshalJSON encodes an object with the id.
func (r Ref) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"id": normalizeID(string(r))})
}

// A FieldValue is a new value of a field. Create it with SetValue, SetValues or SetText.
type FieldValue struct {
	id     string
	values []newValue
}

type newValue struct {
	LanguageID string `json:"languageId"`
	Value      any    `json:"value,omitempty"`
	Values     any    `json:"values,omitempty"`
}

// SetValue sets a field, by id, to a value without a language. A nil value clears the
// field.
func SetValue(field string, value any) FieldValue {
	return FieldValue{id: field}.In(NoLanguage, value)
}

// SetValues sets a list field, by id, to values without a language. No values clear the
// field. Options, classifications, users and records are given by id.
func SetValues(field string, values ...string) FieldValue {
	bare := make([]string, len(values)) // never null
	for i, value := range values {
		bare[i] = normalizeID(value)
	}
	return FieldValue{id: field, values: []newValue{{LanguageID: NoLanguage, Values: bare}}}
}

// SetText sets a field, by id, to a text in a language.
func SetText(field, language, text string) FieldValue {
	return FieldValue{id: field}.In(language, text)
}

// In returns a FieldValue with an additional value in another language.
func (f FieldValue) In(language string, value any) FieldValue {
	if value == nil {
		value = json.RawMessage("null")
	}
	f.values = append(f.values[:len(f.values):len(f.values)], newValue{LanguageID: normalizeID(language), Value: value})
	return f
}

// MarshalJSON encodes the field in the form of Aprimo's guide.
func (f FieldValue) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": normalizeID(f.id), "localizedValues": f.values})
}

// FileChanges adds files to a record, adds versions to its files, and removes files.
type FileChanges struct {
	// Master is the token of the upload that becomes the record's main file. That
	// upload must also be in AddOrUpdate; see [MasterFile].
	Master      string       `json:"master,omitempty"`
	AddOrUpdate []FileChange `json:"addOrUpdate,omitempty"`
	Remove      []Ref        `json:"remove,omitempty"`
}

// IsZero reports whether there are no changes.
func (c FileChanges) IsZero() bool {
	return c.Master == "" && len(c.AddOrUpdate) == 0 && len(c.Remove) == 0
}

// A FileChange adds a file, or adds versions to an existing file.
type FileChange struct {
	// ID is the file to add a version to. If it is empty, the record gets another
	// file.
	ID       string              `json:"id,omitempty"`
	Versions Changes[NewVersion] `json:"versions,omitzero"`
}

// A NewVersion turns an upload into a version of a file.
type NewVersion struct {
	Token        string `json:"id"` // of the upload; it can be used once
	FileName     string `json:"fileName,omitempty"`
	VersionLabel string `json:"versionLabel,omitempty"`
	Comment      string `json:"comment,omitempty"`
	Tag          string `json:"tag,omitempty"`
}

// MasterFile returns the change that sets the main file of a new record.
func MasterFile(v NewVersion) FileChanges {
	return FileChanges{Master: v.Token, AddOrUpdate: []FileChange{{Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}

// NewFileVersion returns the change that adds a version to an existing file, by the file's
// id, for example that of [Record].MasterFile. With an empty id the record gets another
// file.
func NewFileVersion(file string, v NewVersion) FileChanges {
	return FileChanges{AddOrUpdate: []FileChange{{ID: normalizeID(file), Versions: Changes[NewVersion]{AddOrUpdate: []NewVersion{v}}}}}
}
