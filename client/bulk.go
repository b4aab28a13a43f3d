package client

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// GetMany returns the records with the given ids, in that order, and the ids that were not
// found. It uses one search for up to 1,000 ids, so the server omits what it omits in
// searches; see [SelectRecord]. A record created a moment ago may not be found yet.
func (r *Records) GetMany(ctx context.Context, ids []string, opts ...CallOption) (found []*Record, missing []string, err error) {
	for chunk := range slices.Chunk(ids, maxPageSize) {
		byID, err := r.lookUp(ctx, chunk, opts)
		if err != nil {
			return found, missing, err
		}
		for _, id := range chunk {
			if rec := byID[normalizeID(id)]; rec != nil {
				found = append(found, rec)
			} else {
				missing = append(missing, id)
			}
		}
	}
	return found, missing, nil
}

// lookUp searches for records by id, at most a page of them.
func (r *Records) lookUp(ctx context.Context, ids []string, opts []CallOption) (map[string]*Record, error) {
	bare := make([]string, len(ids))
	for i, id := range ids {
		bare[i] = normalizeID(id)
	}
	byID := make(map[string]*Record, len(ids))
	e := Expression{Text: "Id IN ?", Parameters: []any{bare}}
	for rec, err := range r.Search(ctx, e, opts...) {
		if err != nil {
			return nil, err
		}
		byID[normalizeID(rec.ID)] = rec
	}
	return byID, nil
}

// A Result is the outcome for one item of [Each].
type Result[T any] struct {
	Item T
	Err  error // nil on success
}

// A Report holds a Result for each item of [Each], in the order of the items.
type Report[T any] []Result[T]

// Failed returns the items that failed, so that Each can be run again with them.
func (r Report[T]) Failed() []T {
	var failed []T
	for _, result := range r {
		if result.Err != nil {
			failed = append(failed, result.Item)
		}
	}
	return failed
}

// Err returns nil if all items succeeded; otherwise an error with the number of failures,
// which wraps the first one.
func (r Report[T]) Err() error {
	failed := len(r.Failed())
	if failed == 0 {
		return nil
	}
	i := slices.IndexFunc(r, func(result Result[T]) bool { return result.Err != nil })
	return fmt.Errorf("aprimo: %d of %d failed, the first: %w", failed, len(r), r[i].Err)
}

// defaultInFlight sustains 15 requests a second if each takes 2 seconds.
const defaultInFlight = 32

// Each calls do for each item, with at most inFlight calls at a time; 0 means 32. A failure
// does not stop the other items, not even a panic. When the context ends, items that have not
// started fail with its error.
//
//	report := client.Each(ctx, ids, 0, func(ctx context.Context, id string) error {
//		return c.Records.Update(ctx, id, change)
//	})
func Each[T any](ctx context.Context, items []T, inFlight int, do func(context.Context, T) error) Report[T] {
	if inFlight <= 0 {
		inFlight = defaultInFlight
	}
	report := make(Report[T], len(items))
	slots := make(chan struct{}, inFlight)
	var workers sync.WaitGroup
	for i, item := range items {
		slots <- struct{}{}
		report[i] = Result[T]{item, ctx.Err()}
		workers.Go(func() {
			defer func() { <-slots }()
			if report[i].Err == nil {
				guard("the function of Each", &report[i].Err, func() error { return do(ctx, item) })
			}
		})
	}
	workers.Wait()
	return report
}

// guard calls a function of the program's on a goroutine of ours. If the function panics or
// ends the goroutine, result says so: its callers, on other goroutines, could not recover.
func guard(what string, result *error, f func() error) {
	*result = fmt.Errorf("aprimo: %s ended its goroutine", what)
	defer func() {
		if v := recover(); v != nil {
			*result = fmt.Errorf("aprimo: %s panicked: %s", what, clean(fmt.Sprint(v)))
		}
	}()
	*result = f()
}
