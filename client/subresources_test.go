package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestWhatARecordHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, id := t.Context(), recordID(1)
		c := newClient(t, nil, limited((&aprimotest.Tenant{RequireHeaders: true}).Transport()))
		if _, err := c.Records.Lock(ctx, id, client.Lock{IntegrationID: "shop", Reason: "on sale"}); err != nil {
			t.Fatal(err)
		}
		locks := 0
		for l, err := range c.Records.Locks(ctx, id) {
			if locks++; err != nil || l.Reason != "on sale" {
				t.Errorf("lock %+v, %v", l, err)
			}
		}
		entries := 0
		for e, err := range c.Records.Trail(ctx, id, client.TrailChanges) {
			if entries++; err != nil || e == nil {
				t.Errorf("entry %+v, %v", e, err)
			}
		}
		if locks != 1 {
			t.Errorf("%d locks, %d entries of the trail; want a lock", locks, entries)
		}
		for name, read := range map[string]func() (*client.Image, error){
			"preview":   func() (*client.Image, error) { return c.Records.Preview(ctx, id) },
			"thumbnail": func() (*client.Image, error) { return c.Records.Thumbnail(ctx, id) },
		} {
			if image, err := read(); err != nil || !strings.HasPrefix(image.URI, "https://") {
				t.Errorf("%s: %+v, %v", name, image, err)
			}
		}
		if p, err := c.Records.Permissions(ctx, id); err != nil || len(p) == 0 {
			t.Errorf("permissions %v, %v", p, err)
		}
		list, err := c.Records.Suggestions(ctx, client.Suggest{Input: "Rec"})
		if err != nil || len(list) == 0 || len(list[0].Suggestions) == 0 {
			t.Errorf("suggestions %+v, %v", list, err)
		}
	})
}

// Answers that are no answers are errors, for one object and for a list.
func TestBodiesThatAreNone(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"empty":       strings.NewReader(""),
		"a page":      strings.NewReader("<html>Service unavailable</html>"),
		"half of it":  strings.NewReader(`{"id":"1","items":[{"id":`),
		"broken off":  cut{strings.NewReader(`{"id":"1","items":[]`)},
		"not UTF-8":   strings.NewReader("\xff\xfe{\"id\":1}"),
		"another one": strings.NewReader(`[1,2,3]`),
		"two":         strings.NewReader(`{"id":"1"}{"id":"2"}`),
	} {
		text, fault := io.ReadAll(body)
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			var r io.Reader = strings.NewReader(string(text))
			if fault != nil {
				r = cut{r}
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(r), Request: req}, nil
		})}))
		var e *client.Error
		if r, err := c.Records.Get(t.Context(), "1"); !errors.As(err, &e) {
			t.Errorf("%s: Get gives %+v, %v; want an *Error", name, r, err)
		}
		failed := false
		for _, err := range c.Records.List(t.Context()) {
			failed = failed || errors.As(err, &e)
		}
		if !failed {
			t.Errorf("%s: List gives no *Error", name)
		}
	}
}
