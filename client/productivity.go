package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// A Productivity reads and changes objects of marketing operations, Aprimo's other
// half, such as activities, projects or tasks. Make it with [NewProductivity].
type Productivity[T any] struct {
	c    *Client
	name string
}

// NewProductivity returns the objects of a kind, by their name in the API's paths,
// such as "activities", as values of a type of your own: Aprimo publishes no model of
// them. map[string]any will do.
//
//	tasks := client.NewProductivity[Task](c, "tasks")
func NewProductivity[T any](c *Client, name string) *Productivity[T] {
	return &Productivity[T]{c, name}
}

func (r *Productivity[T]) call(method string, below ...string) call {
	return call{method: method, base: r.c.core, path: append([]string{"api", r.name}, below...), paging: byOffset}
}

// Get reads one object.
func (r *Productivity[T]) Get(ctx context.Context, id string, opts ...CallOption) (*T, error) {
	return r.answer(ctx, r.call(http.MethodGet, id), opts)
}

// List reads all objects, page by page, as the loop goes on. An error is the last
// that it yields.
func (r *Productivity[T]) List(ctx context.Context, opts ...CallOption) iter.Seq2[*T, error] {
	return list[T](ctx, r.c, r.call(http.MethodGet).listing(opts))
}

// Page reads one page, the first unless [StartPage] says otherwise.
func (r *Productivity[T]) Page(ctx context.Context, opts ...CallOption) (*Page[T], error) {
	return onePage[T](ctx, r.c, r.call(http.MethodGet).listing(opts))
}

// Search reads the objects for which a condition holds.
func (r *Productivity[T]) Search(ctx context.Context, where Condition, opts ...CallOption) iter.Seq2[*T, error] {
	k := r.call(http.MethodPost, "search")
	k.in = where
	return list[T](ctx, r.c, k.listing(opts))
}

// Create makes an object and returns what the server says of it.
func (r *Productivity[T]) Create(ctx context.Context, object *T, opts ...CallOption) (*T, error) {
	k := r.call(http.MethodPost)
	k.in = object
	return r.answer(ctx, k, opts)
}

// Update changes an object and returns what the server says of it.
func (r *Productivity[T]) Update(ctx context.Context, id string, change *T, opts ...CallOption) (*T, error) {
	k := r.call(http.MethodPut, id)
	k.in = change
	return r.answer(ctx, k, opts)
}

// Delete removes an object.
func (r *Productivity[T]) Delete(ctx context.Context, id string, opts ...CallOption) error {
	_, err := r.c.do(ctx, r.call(http.MethodDelete, id).with(opts))
	return err
}

func (r *Productivity[T]) answer(ctx context.Context, k call, opts []CallOption) (*T, error) {
	out := new(T)
	k.out = out
	if _, err := r.c.do(ctx, k.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}

// byOffset is the paging of marketing operations.
func byOffset(query url.Values, k call) {
	setPositive(query, "limit", k.size)
	setPositive(query, "offset", k.offset)
}

// A Condition is what a search of marketing operations looks for: make it with
// Where, And, Or and Not.
type Condition map[string]any

// Where compares a field with a value. The operators are equals, contains, isNull,
// isNotNull, greaterThan, lessThan and others of Aprimo's.
func Where(field, operator string, value any) Condition {
	return Condition{operator: map[string]any{"fieldName": field, "fieldValue": value}}
}

// And holds if all conditions do.
func And(conditions ...Condition) Condition { return Condition{"and": conditions} }

// Or holds if one of the conditions does.
func Or(conditions ...Condition) Condition { return Condition{"or": conditions} }

// Not holds if the condition does not.
func Not(condition Condition) Condition { return Condition{"not": condition} }
