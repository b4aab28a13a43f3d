package client

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Index is the search index of the tenant.
type Index struct{ c *Client }

// Status returns the state of the index.
func (r *Index) Status(ctx context.Context, opts ...CallOption) (*IndexStatus, error) {
	return get[IndexStatus](ctx, r.c, opts, "searchindex")
}

// Rebuild makes the server rebuild the whole index, which takes long and slows the tenant
// down.
func (r *Index) Rebuild(ctx context.Context, opts ...CallOption) error {
	return update(ctx, r.c, []string{"searchindex"}, map[string]bool{"rebuildScheduled": true}, opts)
}

// An IndexStatus is the state of the search index.
type IndexStatus struct {
	IndexedRecords         int       `json:"indexedRecords"`
	IndexedClassifications int       `json:"indexedClassifications"`
	PendingChanges         int       `json:"pendingChanges"` // not found by searches yet
	LastChangeID           int64     `json:"lastChangeId"`
	LastChange             time.Time `json:"lastChangeDateTime"`
	LastRebuild            time.Time `json:"lastIndexRebuild"`
	RebuildRequired        bool      `json:"rebuildRequired"`
	RebuildScheduled       bool      `json:"rebuildScheduled"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (s *IndexStatus) UnmarshalJSON(data []byte) error { return decodeModel(data, s) }

// MarshalJSON encodes the fields that are not zero.
func (s IndexStatus) MarshalJSON() ([]byte, error) { return encodeModel(&s) }

// Statistics are how long requests take inside the DAM. Aprimo collects them, if enabled, for
// its support; they may change and are not for normal operation.
type Statistics struct{ c *Client }

// Enable starts or stops the collection. It is off by default.
func (r *Statistics) Enable(ctx context.Context, on bool, opts ...CallOption) error {
	return update(ctx, r.c, []string{"statistics"}, map[string]string{"enabled": strconv.FormatBool(on)}, opts)
}

// Get returns the collected statistics by kind of request, such as "get record/{recordId}".
func (r *Statistics) Get(ctx context.Context, opts ...CallOption) (map[string]*Timing, error) {
	out := map[string]*Timing{}
	_, err := r.c.do(ctx, call{method: http.MethodGet, path: []string{"statistics"}, out: &out}.with(opts))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Clear discards the collected statistics.
func (r *Statistics) Clear(ctx context.Context, opts ...CallOption) error {
	return remove(ctx, r.c, []string{"statistics"}, opts)
}

// A Timing is how often an operation ran and how long it took, with its parts. Aprimo does not
// document the unit.
type Timing struct {
	Identifier  string             `json:"identifier"`
	Occurrences int                `json:"occurences"` // so misspelt by Aprimo
	MinDuration float64            `json:"minDuration"`
	MaxDuration float64            `json:"maxDuration"`
	Average     float64            `json:"average"`
	Children    map[string]*Timing `json:"children"`
}
