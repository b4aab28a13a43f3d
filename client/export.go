package client

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// An Export reads all records that fit an expression, however many there are. A
// search ends at the ceiling of the server's index, often 10,000 results; an
// export asks for what was created since the last record that it has seen instead
// of for the next page, 1,000 at a time.
//
// It is to be used in one goroutine. A record that is created while it runs is
// read unless the server indexes it later than a younger one; one that is removed
// costs no other record its place.
type Export struct {
	records    *Records
	expression Expression
	opts       []CallOption

	at   time.Time           // when the latest record was created
	seen map[string]struct{} // the records created then
}

// A Checkpoint is how far an Export has come. It is small and can be stored as
// JSON. The zero value is the beginning.
type Checkpoint struct {
	CreatedOn time.Time `json:"createdOn,omitzero"`
	IDs       []string  `json:"ids,omitempty"` // of the records created then
}

// Export returns an Export of the records that fit an expression; one that is
// empty fits all. It goes on from a checkpoint of an Export of the same
// expression. The options must not sort.
func (r *Records) Export(e Expression, from Checkpoint, opts ...CallOption) *Export {
	x := &Export{records: r, expression: e, opts: opts, at: from.CreatedOn, seen: make(map[string]struct{})}
	for _, id := range from.IDs {
		x.seen[id] = struct{}{}
	}
	return x
}

// Checkpoint returns how far the Export has come. The record that the loop has
// just been given is covered: store the checkpoint when the record is safe.
func (x *Export) Checkpoint() Checkpoint {
	return Checkpoint{CreatedOn: x.at, IDs: slices.Sorted(maps.Keys(x.seen))}
}

// All reads the records from the oldest to the youngest. If it ends with an error
// or the loop is left, All again goes on from there.
func (x *Export) All(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for {
			from := x.at
			moved, goOn := x.window(ctx, from, yield)
			if !goOn || !moved {
				return
			}
		}
	}
}

// window yields what was created since a time, until there are younger records
// from which to ask anew. Only if a whole page was created at the same time it
// reads the next one too.
func (x *Export) window(ctx context.Context, from time.Time, yield func(*Record, error) bool) (moved, goOn bool) {
	for page, err := range pages[Record](ctx, x.records.c, x.since(from)) {
		if err != nil {
			yield(nil, err)
			return false, false
		}
		for _, rec := range page.Items {
			fresh, err := x.advance(rec)
			if err != nil {
				yield(nil, err)
				return false, false
			}
			if fresh && !yield(rec, nil) {
				return false, false
			}
		}
		if x.at.After(from) && page.more(maxPageSize) {
			return true, true
		}
	}
	return false, true
}

// since returns the search for what was created at a time or later.
func (x *Export) since(from time.Time) call {
	if from.IsZero() {
		from = time.Unix(0, 0).UTC() // the server refuses an empty expression
	}
	e := Expression{Text: "CreatedOn >= ?", Parameters: []any{from.Format(indexTime)}}
	if x.expression.Text != "" || x.expression.Sub != nil {
		e = Expression{Sub: []Expression{x.expression, e}, Operator: "AND"}
	}
	opts := slices.Concat(x.opts, []CallOption{Sort("CreatedOn"), PageSize(maxPageSize)})
	return searching("records", SearchRequest{Expression: e}, opts)
}

// indexTime is a time as it is searched for. An index that keeps milliseconds
// would not find a record by the rest of its time.
const indexTime = "2006-01-02T15:04:05.000Z"

// advance notes a record and reports whether it is one that was not seen before.
func (x *Export) advance(rec *Record) (fresh bool, err error) {
	at := rec.CreatedOn.UTC().Truncate(time.Millisecond)
	switch {
	case rec.ID == "" || rec.CreatedOn.IsZero():
		return false, fmt.Errorf("aprimo: export: the record %q has no id or no createdOn, so it is not known where to go on", rec.ID)
	case at.Before(x.at):
		return false, fmt.Errorf("aprimo: export: the server did not sort by CreatedOn: the record %s is older than the one before it", rec.ID)
	case at.After(x.at):
		x.at = at
		clear(x.seen)
	}
	if _, seen := x.seen[rec.ID]; seen {
		return false, nil
	}
	x.seen[rec.ID] = struct{}{}
	return true, nil
}
