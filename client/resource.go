package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path"
	"reflect"
	"strings"
)

// A Reader reads the objects of one kind.
type Reader[T any] struct {
	c          *Client
	collection []string // path of the collection
	single     []string // path before an object's id
	paging     paging
}

// A Resource reads and changes the objects of one kind.
type Resource[T any] struct{ Reader[T] }

// newReader returns a Reader with the path of the collection, for example "records", and of
// a single object, for example "record".
func newReader[T any](c *Client, collection, single string) *Reader[T] {
	return &Reader[T]{c, strings.Split(collection, "/"), strings.Split(single, "/"), byPage}
}

func newResource[T any](c *Client, collection, single string) *Resource[T] {
	return &Resource[T]{*newReader[T](c, collection, single)}
}

// Get returns the object with an id, with or without dashes.
func (r *Reader[T]) Get(ctx context.Context, id string, opts ...CallOption) (*T, error) {
	return get[T](ctx, r.c, opts, r.one(id)...)
}

// List yields all objects. It requests each page when the loop reaches it. On error,
// iteration ends with it.
func (r *Reader[T]) List(ctx context.Context, opts ...CallOption) iter.Seq2[*T, error] {
	return list[T](ctx, r.c, r.listing(opts))
}

// Page returns one page, by default the first; see [StartPage].
func (r *Reader[T]) Page(ctx context.Context, opts ...CallOption) (*Page[T], error) {
	return onePage[T](ctx, r.c, r.listing(opts))
}

func (r *Reader[T]) listing(opts []CallOption) call {
	return call{method: http.MethodGet, path: r.collection, paging: r.paging}.listing(opts)
}

// one returns the path of an object, or of a part of it.
func (r *Reader[T]) one(id string, below ...string) []string {
	return append(append(append([]string(nil), r.single...), id), below...)
}

// ByName returns the object with a name, ignoring case, of kinds whose objects have names. It
// uses one request. If there is none, the error is [ErrNotFound]; if there are several, it is
// the first.
func (r *Resource[T]) ByName(ctx context.Context, name string, opts ...CallOption) (*T, error) {
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	for item, err := range r.List(ctx, append([]CallOption{Filter("name = " + quoted)}, opts...)...) {
		if err != nil {
			return nil, err
		}
		for field := range modelFields(reflect.ValueOf(item).Elem()) {
			if text, ok := field.value.Interface().(string); ok && field.name == "name" && strings.EqualFold(text, name) {
				return item, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: no %s has the name %q", ErrNotFound, path.Join(r.single...), name)
}

// Create creates an object. The returned object has at least its ID; Get returns the rest.
func (r *Resource[T]) Create(ctx context.Context, object *T, opts ...CallOption) (*T, error) {
	return create[T](ctx, r.c, r.collection, object, opts)
}

// Update changes an object. Fields that are zero in change keep their values. Use [Set] to set
// one to false, 0 or "", or to clear it; change can then be nil.
func (r *Resource[T]) Update(ctx context.Context, id string, change *T, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id), change, opts)
}

// Delete deletes an object permanently.
func (r *Resource[T]) Delete(ctx context.Context, id string, opts ...CallOption) error {
	return remove(ctx, r.c, r.one(id), opts)
}

// get returns the object at a path.
func get[T any](ctx context.Context, c *Client, opts []CallOption, path ...string) (*T, error) {
	out := new(T)
	if _, err := c.do(ctx, call{method: http.MethodGet, path: path, out: &something{out}}.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}

// something is where an object is decoded into that must not be null or without properties: it would
// pass for one whose properties are all zero.
type something struct{ object any }

func (s *something) UnmarshalJSON(data []byte) error {
	if len(data) < minPerObject && hasNoMembers(data) {
		return errNothing
	}
	return decode(data, s.object)
}

var errNothing = errors.New("an object without properties")

// listAt yields the items of all pages of the list at a path.
func listAt[T any](ctx context.Context, c *Client, opts []CallOption, path ...string) iter.Seq2[*T, error] {
	return list[T](ctx, c, call{method: http.MethodGet, path: path, paging: byPage}.listing(opts))
}

// create creates an object in a collection.
func create[T any](ctx context.Context, c *Client, path []string, object any, opts []CallOption) (*T, error) {
	var data json.RawMessage
	resp, err := c.do(ctx, call{method: http.MethodPost, path: path, in: object, out: &data}.with(opts))
	if err != nil && (resp == nil || resp.StatusCode/100 != 2 || idOf(resp) == "") {
		return nil, err
	}
	if err != nil || hasNoMembers(data) {
		data = nil // the header may still have the id
	}
	if len(data) == 0 && idOf(resp) == "" {
		return nil, created(resp, errNoID)
	}
	if len(data) == 0 {
		data, _ = json.Marshal(map[string]string{"id": idOf(resp)})
	}
	out := new(T)
	if err := json.Unmarshal(data, out); err != nil {
		return nil, created(resp, err)
	}
	return out, nil
}

// created returns the error for an object that was created although the response does not say
// as what. It tells the caller not to create it again.
func created(resp *http.Response, err error) error {
	id := clean(idOf(resp))
	return &UnknownOutcomeError{ID: id, created: true, advice: "look for it instead", Err: &Error{
		Status: resp.StatusCode, Method: resp.Request.Method, Path: withoutTokens(resp.Request.URL.EscapedPath()), Attempt: 1,
		Message: fmt.Sprintf("the object was created with the id %q, do not create it again; decoding the response: %s", id, clean(err.Error())),
		cause:   err,
	}}
}

// idOf returns the id in the Location header for a new object, or "".
func idOf(resp *http.Response) string {
	location, err := resp.Location()
	if err != nil {
		return ""
	}
	if id := path.Base(location.Path); id != "." && id != "/" && len(id) <= maxExcerpt {
		return id
	}
	return ""
}

var errNoID = errors.New("it has no id")

// update changes the object at a path.
func update(ctx context.Context, c *Client, path []string, change any, opts []CallOption) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: path, in: change}.with(opts))
	return err
}

// remove deletes the object at a path.
func remove(ctx context.Context, c *Client, path []string, opts []CallOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: path}.with(opts))
	return removed(err)
}

// removed returns the error of a deletion. If it was repeated and the object is not there, an
// attempt before has deleted it.
func removed(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound && e.Attempt > 1 {
		return nil
	}
	return err
}
