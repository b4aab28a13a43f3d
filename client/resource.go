package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"path"
	"strings"
)

// A Reader reads the objects of one kind.
type Reader[T any] struct {
	c          *Client
	collection []string // the path of them all
	single     []string // before the id of one
	paging     paging
}

// A Resource reads and changes the objects of one kind.
type Resource[T any] struct{ Reader[T] }

// newReader returns the Reader of a resource with the paths of a collection, as
// "records", and of one of it, as "record".
func newReader[T any](c *Client, collection, single string) *Reader[T] {
	return &Reader[T]{c, strings.Split(collection, "/"), strings.Split(single, "/"), byPage}
}

func newResource[T any](c *Client, collection, single string) *Resource[T] {
	return &Resource[T]{*newReader[T](c, collection, single)}
}

// Get returns the object with an id. An id may have dashes.
func (r *Reader[T]) Get(ctx context.Context, id string, opts ...CallOption) (*T, error) {
	return get[T](ctx, r.c, opts, r.one(id)...)
}

// List reads all objects, page by page, as the loop goes on. An error is the last
// that it yields.
func (r *Reader[T]) List(ctx context.Context, opts ...CallOption) iter.Seq2[*T, error] {
	return list[T](ctx, r.c, r.listing(opts))
}

// Page reads one page, the first unless [StartPage] says otherwise.
func (r *Reader[T]) Page(ctx context.Context, opts ...CallOption) (*Page[T], error) {
	return onePage[T](ctx, r.c, r.listing(opts))
}

func (r *Reader[T]) listing(opts []CallOption) call {
	return call{method: http.MethodGet, path: r.collection, paging: r.paging}.listing(opts)
}

// one returns the path of one object, or of what belongs to it.
func (r *Reader[T]) one(id string, below ...string) []string {
	return append(append(append([]string(nil), r.single...), id), below...)
}

// Create makes a new object. It returns what the server says of it, which is at
// least its id; Get has the rest.
func (r *Resource[T]) Create(ctx context.Context, object *T, opts ...CallOption) (*T, error) {
	return create[T](ctx, r.c, r.collection, object, opts)
}

// Update changes an object. What is zero in change stays as it is; see [Extra] for
// how to say that something is to be empty.
func (r *Resource[T]) Update(ctx context.Context, id string, change *T, opts ...CallOption) error {
	return update(ctx, r.c, r.one(id), change, opts)
}

// Delete removes an object, for good.
func (r *Resource[T]) Delete(ctx context.Context, id string, opts ...CallOption) error {
	return remove(ctx, r.c, r.one(id), opts)
}

// get reads the object at a path.
func get[T any](ctx context.Context, c *Client, opts []CallOption, path ...string) (*T, error) {
	out := new(T)
	if _, err := c.do(ctx, call{method: http.MethodGet, path: path, out: out}.with(opts)); err != nil {
		return nil, err
	}
	return out, nil
}

// create makes an object of a collection.
func create[T any](ctx context.Context, c *Client, path []string, object any, opts []CallOption) (*T, error) {
	var data json.RawMessage
	resp, err := c.do(ctx, call{method: http.MethodPost, path: path, in: object, out: &data}.with(opts))
	if err != nil && !errors.Is(err, errEmpty) {
		return nil, err
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

// created is the error of an object that was made, but cannot be read: the caller
// must not make it again.
func created(resp *http.Response, err error) *Error {
	return &Error{
		Status: resp.StatusCode, Method: resp.Request.Method, Path: withoutTokens(resp.Request.URL.EscapedPath()),
		Message: "it was made, its id is " + clean(idOf(resp)) + ", but the answer could not be read: " + clean(err.Error()),
		cause:   err,
	}
}

// idOf returns the id in the Location of a new object.
func idOf(resp *http.Response) string {
	location, err := resp.Location()
	if err != nil {
		return ""
	}
	if id := path.Base(location.Path); id != "." && id != "/" {
		return id
	}
	return ""
}

var errNoID = errors.New("it does not say the id")

// update changes the object at a path.
func update(ctx context.Context, c *Client, path []string, change any, opts []CallOption) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: path, in: change}.with(opts))
	return err
}

// remove deletes the object at a path.
func remove(ctx context.Context, c *Client, path []string, opts []CallOption) error {
	_, err := c.do(ctx, call{method: http.MethodDelete, path: path}.with(opts))
	return err
}
