package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// The outcome of a call that creates something is unknown only if the server may have done it.
func TestUnknownOutcome(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	lost := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	create := func(ctx context.Context, c *client.Client) error {
		_, err := c.Records.Create(ctx, client.RecordChange{})
		return err
	}
	for name, test := range map[string]struct {
		status int
		err    error
		call   func(context.Context, *client.Client) error
		want   bool
	}{
		"lost":                    {err: lost, call: create, want: true},
		"gateway timeout":         {status: 504, call: create, want: true},
		"exception":               {status: 500, call: create, want: true},
		"not implemented":         {status: 501, call: create},
		"refused":                 {status: 400, call: create},
		"never connected":         {err: refused, call: create},
		"turned away locally":     {err: &transport.QueueError{Err: transport.ErrQueueFull}, call: create},
		"the token was not to be": {status: 401, call: create},
		"an order": {err: lost, want: true, call: func(ctx context.Context, c *client.Client) error {
			_, err := c.Orders.Create(ctx, &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: "1"}}})
			return err
		}},
		"marketing operations": {err: lost, want: true, call: func(ctx context.Context, c *client.Client) error {
			_, err := c.Do(ctx, http.MethodPost, "/api/tasks", map[string]any{}, nil)
			return err
		}},
		"a search": {err: lost, call: func(ctx context.Context, c *client.Client) error {
			_, err := c.Records.SearchPage(ctx, client.SearchRequest{})
			return err
		}},
		"a change": {err: lost, call: func(ctx context.Context, c *client.Client) error {
			return c.Records.Update(ctx, "1", client.RecordChange{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, nil, limited(transportFunc(func(r *http.Request) (*http.Response, error) {
					if r.Body != nil {
						r.Body.Close()
					}
					if test.err != nil {
						return nil, test.err
					}
					return &http.Response{StatusCode: test.status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				})))
				err := test.call(t.Context(), c)
				if got := errors.As(err, new(*client.UnknownOutcomeError)); got != test.want || !errors.As(err, new(*client.Error)) {
					t.Errorf("got %v, want an unknown outcome: %t", err, test.want)
				}
			})
		})
	}
}

// A response that ends early has come: its header says what was created.
func TestCreateNeedsTheHeaderOnly(t *testing.T) {
	c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusCreated, Header: http.Header{"Location": {"/api/core/record/abc"}}, Request: r,
			Body: struct {
				io.Reader
				io.Closer
			}{cut{http.NoBody}, http.NoBody},
		}, nil
	})}))
	if rec, err := c.Records.Create(t.Context(), client.RecordChange{}); err != nil || rec.ID != "abc" {
		t.Errorf("got %v, error %v, want the id abc", rec, err)
	}
}

// A deletion whose answer was lost is repeated; that the object is gone then is no failure.
func TestDeleteWhoseAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := false
		tenant := &aprimotest.Tenant{Fault: func(r *http.Request) aprimotest.Fault {
			f := aprimotest.Fault{Drop: !lost, Done: true}
			lost = true
			return f
		}}
		c := newClient(t, nil, limited(tenant.Transport()))
		if err := c.Records.Delete(t.Context(), recordID(1)); err != nil {
			t.Errorf("got %v, want no error", err)
		}
		if err := c.Records.Delete(t.Context(), recordID(1)); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("again: got %v, want %v", err, client.ErrNotFound)
		}
	})
}

// A success with nothing in it is not an object whose properties are all zero.
func TestAnObjectWithoutPropertiesIsAnError(t *testing.T) {
	for _, answer := range []string{"null", "{}", " { } "} {
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
		_, err := c.Records.Get(t.Context(), recordID(1))
		_, err2 := c.Records.Permissions(t.Context(), recordID(1))
		if err == nil || err2 == nil || !strings.Contains(err.Error(), "an object without properties") {
			t.Errorf("%s: got %v and %v, want errors that say so", answer, err, err2)
		}
	}
}

// The case of a status does not matter: a final one ends the waiting.
func TestAStatusInAnyCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for status, want := range map[string]client.OrderStatus{"success": client.OrderSuccess, "CANCELLED": client.OrderCancelled, "partiallyfailed": client.OrderPartiallyFailed} {
			c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"id":"1","status":%q}`, status) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			order, err := c.Orders.Wait(ctx, "1")
			if cancel(); order == nil || order.Status != want {
				t.Errorf("%s: got %+v, %v; want %s", status, order, err, want)
			}
		}
	})
}

// A success without its result says why: the body broke off, or a web page came, which is not
// Aprimo's, so nobody knows whether the object was created.
func TestCreateSaysWhyThereIsNoResult(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		kind    string
		body    io.Reader
		cause   error
		created bool
	}{
		"cut off":  {201, "application/json", cut{strings.NewReader(`{"id":"1",`)}, io.ErrUnexpectedEOF, true},
		"web page": {200, "text/html; charset=utf-8", strings.NewReader("<html><title>Sign in</title></html>"), nil, false},
	} {
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Header: http.Header{"Content-Type": {test.kind}}, Request: r, Body: io.NopCloser(test.body)}, nil
		})}))
		_, err := c.Records.Create(t.Context(), client.RecordChange{})
		if !errors.As(err, new(*client.UnknownOutcomeError)) || test.cause != nil && !errors.Is(err, test.cause) {
			t.Errorf("%s: got %v, want an unknown outcome because of %v", name, err, test.cause)
		}
		if text := fmt.Sprint(err); strings.Contains(text, "this was done, but") != test.created || strings.Contains(text, "was created with the id") {
			t.Errorf("%s: got %q, want that it says to have been done: %v", name, text, test.created)
		}
	}
}

// A web page is no success of a change either: it is of a proxy that wants somebody to sign in.
func TestAWebPageIsNoSuccessOfAChange(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<html><title>Please sign in</title></html>")
	})
	do := func(method string) error {
		_, err := c.Do(t.Context(), method, "/record/1", nil, nil)
		return err
	}
	for name, err := range map[string]error{
		"Update": c.Records.Update(t.Context(), "1", client.RecordChange{}),
		"Delete": c.Records.Delete(t.Context(), "1"),
		"PUT":    do(http.MethodPut),
		"POST":   do(http.MethodPost),
	} {
		if err == nil || !strings.Contains(err.Error(), "Please sign in") {
			t.Errorf("%s: got %v, want an error with the title of the page", name, err)
		}
	}
}
