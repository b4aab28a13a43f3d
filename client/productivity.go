package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// A Productivity reads and changes one kind of object of Aprimo's marketing operations
// (Productivity Management), such as activities, projects or tasks. Create it with
// [NewProductivity].
type Productivity[T any] struct {
	c    *Client
	name string
}

// NewProductivity returns a Productivity for a kind of object, by its name in the API's
// paths, for example "activities". T is a type of your own, because Aprimo documents none;
// map[string]any works, too.
//
//	tasks := client.NewProductivity[Task](c, "tasks")
func NewProductivity[T any](c *Client, name string) *Productivity[T] {
	return &Productivity[T]{c, name}
}

func (r *Productivity[T]) call(method string, below ...string) call {
	return call{method: method, base: r.c.core, path: append([]string{"api", r.name}, below...), paging: byOffset}
}

// Get returns an object.
func (r *Productivity[T]) Get(ctx context.Context, id string, opts ...CallOption) (*T, error) {
	return r.do(ctx, r.call(http.MethodGet, id), opts)
}

// List yields all objects. It requests each page when the loop reaches it. On error,
// iteration ends with it.
func (r *Productivity[T]) List(ctx context.Context, opts ...CallOption) iter.Seq2[*T, error] {
	return list[T](ctx, r.c, r.call(http.MethodGet).listing(opts))
}

// Page returns one page, by default the first; see [StartPage].
func (r *Productivity[T]) Page(ctx context.Context, opts ...CallOption) (*Page[T], error) {
	return onePage[T](ctx, r.c, r.call(http.MethodGet).listing(opts))
}

// Search yields the objects that match a condition, like List.
func (r *Productivity[T]) Search(ctx context.Context, where Condition, opts ...CallOption) iter.Seq2[*T, error] {
	k := r.call(http.MethodPost, "search")
	k.header, k.in = repeatable(), where
	return list[T](ctx, r.c, k.listing(opts))
}

// Create creates an object and returns the server's response.
func (r *Productivity[T]) Create(ctx context.Context, object *T, opts ...CallOption) (*T, error) {
	k := r.call(http.MethodPost)
	k.in = object
	return r.do(ctx, k, opts)
}

// Update changes an object and returns the server's response.
func (r *Productivity[T]) Update(ctx context.Context, id string, change *T, opts ...CallOption) (*T, error) {
	k := r.call(http.MethodPut, id)
	k.in = change
	return r.do(ctx, k, opts)
}

// Delete deletes an object.
func (r *Productivity[T]) Delete(ctx context.Context, id string, opts ...CallOption) error {
	_, err := r.c.do(ctx, r.call(http.MethodDelete, id).with(opts))
	return removed(err)
}

// do makes a call whose response is an object.
func (r *Productivity[T]) do(ctx context.Context, k call, opts []CallOption) (*T, error) {
	out := new(T)
	k.out = out
	if _, err := r.c.do(ctx, k.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}

// byOffset is the paging style of marketing operations.
func byOffset(query url.Values, k call) {
	setPositive(query, "limit", k.size)
	setPositive(query, "offset", k.offset)
}

// A Condition is a search condition for marketing operations. Build it with Where, And, Or
// and Not.
type Condition map[string]any

// Where matches objects by a field. The operators include equals, contains, isNull,
// isNotNull, greaterThan and lessThan; see Aprimo's guide.
func Where(field, operator string, value any) Condition {
	return Condition{operator: map[string]any{"fieldName": field, "fieldValue": value}}
}

// And matches objects that match all conditions.
func And(conditions ...Condition) Condition { return Condition{"and": conditions} }

// Or matches objects that match at least one condition.
func Or(conditions ...Condition) Condition { return Condition{"or": conditions} }

// Not matches objects that do not match the condition.
func Not(condition Condition) Condition { return Condition{"not": condition} }
