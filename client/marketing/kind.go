package marketing

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aprimo-go/aprimo/client"
)

// A Kind reads and changes one kind of object. T is the type of an object: [Object], or another
// one through [Of]. Not all kinds support all methods; an unsupported one fails with
// [client.ErrNotFound] or the status 405. A Kind is safe for concurrent use.
//
// All errors of calls are those of [client.Client.Do].
type Kind[T any] struct{ place }

// A place is where a kind's objects are in the API.
type place struct {
	c     *client.Client
	path  string // below /api
	verbs []string
	below []string // paths below an object, with * for ids
	at    string   // the place itself in below
	err   error    // of In
}

// Of returns the kind with objects of the caller's type T. A struct decodes as with
// encoding/json. Give its fields omitempty, so that Update sends only what changes, or use
// [client.Set].
func Of[T, U any](k *Kind[U]) *Kind[T] { return &Kind[T]{k.place} }

// In returns what is below an object, such as the "versions" of an attachment. In can be called
// again on the result. A name that is not in the kind's list fails at the first call, before
// anything is sent.
func (k *Kind[T]) In(id int, name string) *Kind[Object] {
	at := name
	if k.at != "" {
		at = k.at + "/*/" + name
	}
	err := cmp.Or(k.err, checkID(id))
	if err == nil && !slices.Contains(k.below, at) {
		err = unknown(k.path, "nothing is called", name, below(k.below, k.at))
	}
	return &Kind[Object]{place{c: k.c, path: k.path + "/" + strconv.Itoa(id) + "/" + name, below: k.below, at: at, err: err}}
}

// below returns the names that In accepts at a place.
func below(all []string, at string) (names []string) {
	for _, path := range all {
		name, ok := path, true
		if at != "" {
			name, ok = strings.CutPrefix(path, at+"/*/")
		}
		if ok && !strings.Contains(name, "*") {
			names = append(names, name)
		}
	}
	return names
}

func unknown(path, what, name string, known []string) error {
	hint := "there is none here"
	if len(known) > 0 {
		hint = "use one of " + strings.Join(known, ", ")
	}
	return fmt.Errorf("marketing: %s: %s %q: %s", path, what, name, hint)
}

func checkID(id int) error {
	if id < 1 {
		return fmt.Errorf("marketing: %d is not an id: ids begin at 1", id)
	}
	return nil
}

// call makes a request below a kind's path. The response may be empty, unless the request reads.
func call[T any](ctx context.Context, p place, method, below string, in any, opts []client.CallOption) (*T, error) {
	if p.err != nil {
		return nil, p.err
	}
	var raw json.RawMessage
	if _, err := p.c.Do(ctx, method, "/api/"+p.path+below, in, &raw, opts...); err != nil {
		return nil, err
	}
	if (method == http.MethodGet || below == search) && saysNothing(raw) {
		return nil, fmt.Errorf("marketing: %s %s: the response has nothing in it: %q", method, p.path, raw)
	}
	out := new(T)
	if len(raw) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		err = fmt.Errorf("marketing: %s %s: the response is not a %T: %w", method, p.path, *out, err)
		if method == http.MethodPost && below != search {
			err = &client.UnknownOutcomeError{Err: fmt.Errorf("%w: this was done: look for it instead of repeating it", err)}
		}
		return nil, err
	}
	return out, nil
}

const search = "/search"

// saysNothing reports whether a response has no members: it would pass for an object that has none,
// or for the end of a list.
func saysNothing(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "{}":
		return true
	}
	return false
}

// one makes a request for one object.
func (k *Kind[T]) one(ctx context.Context, method string, id int, in any, opts []client.CallOption) (*T, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return call[T](ctx, k.place, method, "/"+strconv.Itoa(id), in, opts)
}

// plain makes a request about one object, of whose response only the status counts.
func (k *Kind[T]) plain(ctx context.Context, method string, id int, below string, in any, opts []client.CallOption) error {
	if err := checkID(id); err != nil {
		return err
	}
	_, err := call[json.RawMessage](ctx, k.place, method, "/"+strconv.Itoa(id)+below, in, opts)
	return err
}

// Get returns an object.
func (k *Kind[T]) Get(ctx context.Context, id int, opts ...client.CallOption) (*T, error) {
	return k.one(ctx, http.MethodGet, id, nil, opts)
}

// Create creates an object and returns the server's response.
func (k *Kind[T]) Create(ctx context.Context, object *T, opts ...client.CallOption) (*T, error) {
	return call[T](ctx, k.place, http.MethodPost, "", object, opts)
}

// Update changes the members that are sent and returns the server's response, which may be
// empty. An [Object] sends exactly its members, also false, 0, "" and nil. Aprimo replaces lists
// as a whole, and some kinds need the whole object.
func (k *Kind[T]) Update(ctx context.Context, id int, change *T, opts ...client.CallOption) (*T, error) {
	return k.one(ctx, http.MethodPut, id, change, opts)
}

// Delete deletes an object, or removes it from a list below another object.
func (k *Kind[T]) Delete(ctx context.Context, id int, opts ...client.CallOption) error {
	return k.plain(ctx, http.MethodDelete, id, "", nil, opts)
}

// Add adds an existing object to a list below another one, such as an attachment to a project.
// The details may be nil.
func (k *Kind[T]) Add(ctx context.Context, id int, details *T, opts ...client.CallOption) (*T, error) {
	if details == nil {
		return k.one(ctx, http.MethodPost, id, Object{}, opts)
	}
	return k.one(ctx, http.MethodPost, id, details, opts)
}

// Read returns the only document at the kind's path, such as the "summary" of a funding account.
func (k *Kind[T]) Read(ctx context.Context, opts ...client.CallOption) (*T, error) {
	return call[T](ctx, k.place, http.MethodGet, "", nil, opts)
}

// Save changes the only document at the kind's path and returns the server's response, which
// may be empty.
func (k *Kind[T]) Save(ctx context.Context, change *T, opts ...client.CallOption) (*T, error) {
	return call[T](ctx, k.place, http.MethodPut, "", change, opts)
}

// Do calls a verb of an object, such as [Start]. The details may be nil. It refuses a verb that
// the kind does not have before anything is sent.
func (k *Kind[T]) Do(ctx context.Context, id int, verb Verb, details any, opts ...client.CallOption) error {
	if k.err == nil && !slices.Contains(k.verbs, string(verb)) {
		return unknown(k.path, "no verb is called", string(verb), k.verbs)
	}
	if details == nil {
		details = Object{}
	}
	return k.plain(ctx, http.MethodPost, id, "/"+string(verb), details, opts)
}

// List yields all objects. It requests each page when the loop reaches it. On error, iteration
// ends with it.
func (k *Kind[T]) List(ctx context.Context, opts ...client.CallOption) iter.Seq2[*T, error] {
	return k.all(ctx, http.MethodGet, "", nil, opts)
}

// Search yields the objects that match a condition, like List.
func (k *Kind[T]) Search(ctx context.Context, where Condition, opts ...client.CallOption) iter.Seq2[*T, error] {
	return k.all(ctx, http.MethodPost, search, where, opts)
}

func (k *Kind[T]) all(ctx context.Context, method, below string, in any, opts []client.CallOption) iter.Seq2[*T, error] {
	if k.err != nil {
		return func(yield func(*T, error) bool) { yield(nil, k.err) }
	}
	return client.All[T](ctx, k.c, method, "/api/"+k.path+below, in, opts...)
}

// Page returns one page of the objects that match a condition, or of all if it is nil, and how
// many there are on all pages. The offset is the number of objects to skip. If the limit is 0,
// the server's default applies.
func (k *Kind[T]) Page(ctx context.Context, where Condition, offset, limit int, opts ...client.CallOption) (*client.Page[T], error) {
	opts = append(slices.Clip(opts), client.Query("offset", strconv.Itoa(offset)))
	if limit != 0 {
		opts = append(opts, client.Query("limit", strconv.Itoa(limit)))
	}
	if where == nil {
		return call[client.Page[T]](ctx, k.place, http.MethodGet, "", nil, opts)
	}
	return call[client.Page[T]](ctx, k.place, http.MethodPost, search, where, append(opts, repeatable(newGUID())))
}

// A Verb changes the state of an object; see [Kind.Do]. Each kind has its own verbs.
type Verb string

// The verbs of the kinds; the tags of [Operations] say which kind has which.
const (
	Accept         Verb = "accept"
	AddActivities  Verb = "activities"
	Approve        Verb = "approve"
	Cancel         Verb = "cancel"
	CancelCheckout Verb = "cancel-checkout"
	Checkout       Verb = "checkout"
	Close          Verb = "close"
	Decline        Verb = "decline"
	Delegate       Verb = "delegate"
	Pause          Verb = "pause"
	Reconcile      Verb = "reconcile"
	Reject         Verb = "reject"
	ResetPIN       Verb = "resetpin"
	Retrieve       Verb = "retrieve"
	Sent           Verb = "sent"
	Share          Verb = "share"
	Start          Verb = "start"
	Submit         Verb = "submit"
)
