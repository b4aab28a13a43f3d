package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// A Trail is a kind of audit trail.
type Trail string

// The audit trails of a record.
const (
	TrailAll       Trail = ""
	TrailChanges   Trail = "change"
	TrailDownloads Trail = "download"
)

// Trail lists the entries of an audit trail of a record, without their Changes.
func (r *Records) Trail(ctx context.Context, id string, which Trail, opts ...CallOption) iter.Seq2[*TrailEntry, error] {
	if which != TrailAll {
		opts = append([]CallOption{Filter(string(which))}, opts...)
	}
	return list[TrailEntry](ctx, r.c, call{method: http.MethodGet, path: r.one(id, "trail"), paging: bySkip}.listing(opts))
}

// TrailEntry returns an entry of a record's audit trail with its Changes.
func (r *Records) TrailEntry(ctx context.Context, id string, entry int64, opts ...CallOption) (*TrailEntry, error) {
	return get[TrailEntry](ctx, r.c, opts, r.one(id, "trail", "entry", strconv.FormatInt(entry, 10))...)
}

// A TrailEntry is an event in the audit trail of a record.
type TrailEntry struct {
	ID          int64     `json:"id"`
	Type        string    `json:"type"` // recordCreated, recordModified or recordDownloaded; empty from Records.TrailEntry
	UserID      string    `json:"userId"`
	CreatedOn   time.Time `json:"createdOn"`
	ChangeCount int       `json:"changeCount"`

	// Only [Records.TrailEntry] returns these.
	Changes          []TrailChange `json:"changes"`
	ExternalUserName string        `json:"externalUserName"` // of a person who is no user of the DAM
	ObjectID         string        `json:"objectId"`         // the record

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (e *TrailEntry) UnmarshalJSON(data []byte) error { return decodeModel(data, e) }

// MarshalJSON encodes the fields that are not zero.
func (e TrailEntry) MarshalJSON() ([]byte, error) { return encodeModel(&e) }

// A TrailChange is a change to a field. Aprimo does not document other changes; what they
// contain is in Extra.
type TrailChange struct {
	FieldID    string          `json:"fieldId"`
	LanguageID string          `json:"languageId"`
	Value      json.RawMessage `json:"value"` // the new value of a single-value field
	Items      TrailItems      `json:"items"` // of a list field

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON. Ids, which have dashes here, become
// comparable with those of other objects.
func (c *TrailChange) UnmarshalJSON(data []byte) error {
	err := decodeModel(data, c)
	c.FieldID, c.LanguageID = normalizeID(c.FieldID), normalizeID(c.LanguageID)
	return err
}

// MarshalJSON encodes the fields that are not zero.
func (c TrailChange) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// TrailItems are the items that were added to a list field or removed from it.
type TrailItems struct {
	Added   []TrailItem `json:"added,omitempty"`
	Removed []TrailItem `json:"removed,omitempty"`
}

// A TrailItem is an item of a list field.
type TrailItem struct {
	Value json.RawMessage `json:"value"`
}
