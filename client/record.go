package client

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"
)

// Records reads and changes the assets of the tenant.
type Records struct {
	Reader[Record]
	searches keySearches
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
func (r *Records) Classifications(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*RecordClassification, error] {
	return listAt[RecordClassification](ctx, r.c, opts, r.one(id, "classifications")...)
}

// Files lists the files of a record.
func (r *Records) Files(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*File, error] {
	return listAt[File](ctx, r.c, opts, r.one(id, "files")...)
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
	return listAt[Lock](ctx, r.c, opts, r.one(id, "locks")...)
}

// Lock locks a record against changes by others.
func (r *Records) Lock(ctx context.Context, id string, lock Lock, opts ...CallOption) (*Lock, error) {
	return create[Lock](ctx, r.c, r.one(id, "locks"), lock, opts)
}

// AccessLists lists the access lists of a record.
func (r *Records) AccessLists(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*LinkTo[AccessList], error] {
	return listAt[LinkTo[AccessList]](ctx, r.c, opts, r.one(id, "accesslists")...)
}

// Permissions returns what the token's user may do with a record.
func (r *Records) Permissions(ctx context.Context, id string, opts ...CallOption) (*Access, error) {
	return get[Access](ctx, r.c, opts, r.one(id, "permissions")...)
}

// A Record is an asset: its fields, classifications and files. Parts that a call does not
// select are zero; see [SelectRecord].
type Record struct {
	ID          string `json:"id"`
	Status      Status `json:"status"`
	ContentType string `json:"contentType"`

	// Title, Tag and TextContent, the text in the main file, are empty unless selected.
	Title       string `json:"title"`
	Tag         string `json:"tag"`
	TextContent string `json:"textContent"`

	AIInfluenced    string `json:"aiInfluenced"` // Unknown, No or Yes
	HasImageOverlay bool   `json:"hasImageOverlay"`

	// CreatedOn and ModifiedOn are zero if the server does not send them.
	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Fields                           Fields                      `json:"fields"`
	Classifications                  Items[RecordClassification] `json:"classifications"`
	Files                            Items[File]                 `json:"files"`
	MasterFile                       *File                       `json:"masterFile"`
	MasterFileLatestVersion          *FileVersion                `json:"masterFileLatestVersion"`
	MasterFileLatestPublishedVersion *FileVersion                `json:"masterFileLatestPublishedVersion"`
	Preview                          *Image                      `json:"preview"`
	Thumbnail                        *Image                      `json:"thumbnail"`
	Locks                            Items[Lock]                 `json:"locks"`
	AccessLists                      Items[LinkTo[AccessList]]   `json:"accessLists"`
	Permissions                      *Access                     `json:"permissions"`
	Analytics                        *Usage                      `json:"analytics" also:"analyticsData"`
	CreatedBy                        *User                       `json:"createdBy"`
	ModifiedBy                       *User                       `json:"modifiedBy"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (r *Record) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON encodes the fields that are not zero.
func (r Record) MarshalJSON() ([]byte, error) { return encodeModel(&r) }

// A Status is the status of a record.
type Status string

// The statuses of records, as the API answers them.
const (
	Draft    Status = "Draft"
	Released Status = "Released"
	Archived Status = "Archived"
)

// UnmarshalText decodes a status. It ignores the case of those above, in which Aprimo's
// documents and answers differ.
func (s *Status) UnmarshalText(text []byte) error {
	*s = inCaseOf(text, Draft, Released, Archived)
	return nil
}

// inCaseOf returns a text in the case in which it is known.
func inCaseOf[S ~string](text []byte, known ...S) S {
	for _, s := range known {
		if strings.EqualFold(string(s), string(text)) {
			return s
		}
	}
	return S(text)
}

// Items are objects that belong to another one. The server sends them as an array, or as an
// object with an array named items.
type Items[T any] []*T

// UnmarshalJSON decodes both forms. It leaves out what is null.
func (i *Items[T]) UnmarshalJSON(data []byte) error {
	var all itemsAndNulls[T]
	err := all.UnmarshalJSON(data)
	if err == nil {
		*i = all.objects()
	}
	return err
}

// itemsAndNulls are Items as they were sent.
type itemsAndNulls[T any] []*T

func (i *itemsAndNulls[T]) UnmarshalJSON(data []byte) error {
	var page Page[T]
	into := any(&page)
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		into = &page.Items
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	*i = page.Items
	return nil
}

func (i itemsAndNulls[T]) objects() []*T {
	return slices.DeleteFunc(i, func(item *T) bool { return item == nil })
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

// A RecordClassification is the link from a record to one of its classifications.
type RecordClassification struct {
	ID        string          `json:"id"` // of the classification
	SortIndex int             `json:"sortIndex"`
	IsManual  bool            `json:"isManual"` // it was not set by a rule
	Target    *Classification `json:"target"`   // if selected: Select("recordclassification", "target")

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *RecordClassification) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c RecordClassification) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// Usage is how often a record was used.
type Usage struct {
	Views     int `json:"views"`
	Downloads int `json:"downloads"`
}

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

// A FieldValue is a new value of a field. Create it with SetValue, SetValues, SetText or
// SetLinks.
type FieldValue struct {
	id     string
	values []newValue
}

type newValue struct {
	LanguageID string       `json:"languageId"`
	Value      any          `json:"value,omitempty"`
	Values     any          `json:"values,omitempty"`
	Links      []RecordLink `json:"links,omitzero"`
	Parents    []RecordLink `json:"parents,omitzero"`
	Children   []RecordLink `json:"children,omitzero"`
}

// SetValue sets a field, by id, to a value without a language: a text, a number, a time.Time
// for a DateTime field or a time.Duration for a Duration or Time field. A nil value clears the
// field.
func SetValue(field string, value any) FieldValue {
	return FieldValue{id: field}.In(NoLanguage, value)
}

// SetValues sets a list field, by id, to values without a language. No values clear the
// field. Options, classifications, users and records are given by id, with or without dashes.
// For record links, see [SetLinks].
func SetValues(field string, values ...string) FieldValue {
	all := append([]string{}, values...) // never null
	return FieldValue{id: field, values: []newValue{{LanguageID: NoLanguage, Values: all}}}
}

// SetText sets a field, by id, to a text in a language.
func SetText(field, language, text string) FieldValue {
	return FieldValue{id: field}.In(language, text)
}

// In returns a FieldValue with an additional value in another language.
func (f FieldValue) In(language string, value any) FieldValue {
	switch v := value.(type) {
	case nil:
		value = json.RawMessage("null")
	case time.Duration:
		value = durationText(v)
	}
	f.values = append(f.values[:len(f.values):len(f.values)], newValue{LanguageID: normalizeID(language), Value: value})
	return f
}

// MarshalJSON encodes the field in the form of Aprimo's guide.
func (f FieldValue) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": normalizeID(f.id), "localizedValues": f.values})
}
