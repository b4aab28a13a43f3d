package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

func TestEveryRequestHasTheHeadersThatTheGuideRequires(t *testing.T) {
	var got *http.Request
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"id":"1"}`)
	}, client.WithUserAgent("importer/1.0"), client.WithLanguages("l1", "l2"))
	if _, err := c.Languages.Get(t.Context(), "A0B1C2D3-0000-0000-0000-00000000000F"); err != nil {
		t.Fatal(err)
	}
	if want := "https://acme.dam.aprimo.com/api/core/language/a0b1c2d300000000000000000000000f"; got.URL.String() != want {
		t.Errorf("asked %s, want %s", got.URL, want)
	}
	for name, want := range map[string]string{
		"API-VERSION": "1", "Accept": "application/hal+json", "User-Agent": "importer/1.0",
		"Authorization": "Bearer a-token", "languages": "l1, l2",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
}

func TestAnIDStaysOneSegmentOfThePath(t *testing.T) {
	var asked string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { asked = r.URL.EscapedPath() })
	for _, id := range []string{"", ".", ".."} {
		if err := c.Languages.Delete(t.Context(), id); err == nil || asked != "" {
			t.Errorf("id %q: asked %q, error %v", id, asked, err)
		}
	}
	if err := c.Languages.Delete(t.Context(), "a/../b?c#d"); err != nil {
		t.Fatal(err)
	}
	if want := "/api/core/language/a%2F..%2Fb%3Fc%23d"; asked != want {
		t.Errorf("asked %s, want %s", asked, want)
	}
}

func TestWhatIsUnknownComesBackUnchanged(t *testing.T) {
	var sent string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"_links":{"self":{"href":"/"}},"id":"1","name":null,"future":{"a":12345678901234567890},"_embedded":{"name":"German","more":[1]}}`)
	})
	l, err := c.Languages.Get(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if l.Name != "German" {
		t.Errorf("the embedded name is %q", l.Name)
	}
	if err := c.Languages.Update(t.Context(), "1", l); err != nil {
		t.Fatal(err)
	}
	if want := `{"future":{"a":12345678901234567890},"id":"1","more":[1],"name":"German"}`; sent != want {
		t.Errorf("sent %s, want %s", sent, want)
	}
}

func TestCreateReturnsTheIDThatIsOnlyInTheLocation(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/api/core/language/abc")
		w.WriteHeader(http.StatusCreated)
	})
	l, err := c.Languages.Create(t.Context(), &client.Language{Name: "German"})
	if err != nil || l.ID != "abc" {
		t.Errorf("got %+v, %v", l, err)
	}
}

// listed answers with so many languages, with links or without.
func listed(n int, linked bool, requests *int) base {
	return func(w http.ResponseWriter, r *http.Request) {
		*requests++
		page, size := 1, 50
		fmt.Sscan(r.URL.Query().Get("page"), &page)
		fmt.Sscan(r.URL.Query().Get("pageSize"), &size)
		items := []map[string]string{}
		for i := (page - 1) * size; i < min(n, page*size); i++ {
			items = append(items, map[string]string{"id": fmt.Sprint(i)})
		}
		answer := map[string]any{"items": items, "page": page, "pageSize": size, "totalCount": n}
		if linked {
			links := map[string]any{}
			if page*size < n {
				links["next"] = map[string]string{"href": fmt.Sprintf("/api/core/languages?page=%d&pageSize=%d", page+1, size)}
			}
			answer["_links"] = links
		}
		json.NewEncoder(w).Encode(answer)
	}
}

func TestAListIsReadToItsEnd(t *testing.T) {
	for _, linked := range []bool{false, true} {
		for _, n := range []int{0, 1, 99, 100, 101, 300} {
			requests := 0
			c := newClient(t, listed(n, linked, &requests))
			next := 0
			for l, err := range c.Languages.List(t.Context(), client.PageSize(100)) {
				if err != nil {
					t.Fatal(err)
				}
				if l.ID != fmt.Sprint(next) {
					t.Fatalf("got %s, want %d", l.ID, next)
				}
				next++
			}
			if next != n {
				t.Errorf("linked %v: got %d of %d", linked, next, n)
			}
		}
	}
}

func TestAListWithoutEndIsAnError(t *testing.T) {
	for name, answer := range map[string]func(n int, r *http.Request) string{
		"the same link": func(int, *http.Request) string {
			return `{"_links":{"next":{"href":"/api/core/languages?page=2"}},"items":[{"id":"1"}]}`
		},
		"a circle": func(n int, _ *http.Request) string {
			return fmt.Sprintf(`{"_links":{"next":{"href":"/api/core/languages?page=%d"}},"items":[{"id":"1"}]}`, n%7)
		},
		"empty pages": func(n int, _ *http.Request) string {
			return fmt.Sprintf(`{"_links":{"next":{"href":"/api/core/languages?page=%d"}},"items":[]}`, n)
		},
		"paging is not heeded": func(int, *http.Request) string { return `{"items":[{"id":"1"}]}` },
		"the wrong page":       func(n int, _ *http.Request) string { return fmt.Sprintf(`{"page":1,"items":[{"id":"%d"}]}`, n) },
	} {
		n := 0
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, answer(n, r)) })
		var last error
		for _, err := range c.Languages.List(t.Context(), client.PageSize(1)) {
			last = err
		}
		if last == nil || n > 150 {
			t.Errorf("%s: error %v after %d requests", name, last, n)
		}
	}
}

func TestATokenIsSentToNoOtherHost(t *testing.T) {
	for name, answer := range map[string]base{
		"next": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"_links":{"next":{"href":"https://evil.example/"}},"items":[{"id":"1"}]}`)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/?sig=secret", http.StatusFound)
		},
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Host != "acme.dam.aprimo.com" {
				t.Errorf("%s: asked %s", name, r.URL)
			}
			answer(w, r)
		})
		var last error
		for _, err := range c.Languages.List(t.Context()) {
			last = err
		}
		if last == nil || strings.Contains(last.Error(), "secret") {
			t.Errorf("%s: error %v", name, last)
		}
	}
}

func TestAPageSizeThatTheServerRefusesIsNotSent(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	for _, n := range []int{-1, 0, 1001} {
		if _, err := c.Languages.Page(t.Context(), client.PageSize(n)); err == nil {
			t.Errorf("page size %d: no error", n)
		}
	}
}

func TestSelectedNamesArePercentEncoded(t *testing.T) {
	var got http.Header
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; fmt.Fprint(w, `{"id":"1"}`) })
	_, err := c.Records.Get(t.Context(), "1", client.SelectRecord(client.RecordFiles),
		client.SelectFields("Größe, cm"), client.SelectFields("Title"), client.Select("rendition", "publiclinks"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"select-record":        "files, fields",
		"select-record-fields": "Gr%C3%B6%C3%9Fe%2C%20cm, Title",
		"select-rendition":     "publiclinks",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestAnErrorSaysWhatAprimoSaid(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "r-1")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"exceptionType":"Adam.Rest.Common.NoDataFoundException","exceptionMessage":"No upload was found specified with the token 'x'"}`)
	})
	_, err := c.Languages.Get(t.Context(), "1")
	for _, want := range []error{client.ErrNotFound, client.ErrUploadExpired} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	var e *client.Error
	if !errors.As(err, &e) || e.RequestID != "r-1" || e.Attempt != 1 || e.Method != "GET" || e.Path != "/api/core/language/1" {
		t.Errorf("got %+v", e)
	}
}
