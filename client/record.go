package client

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

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
