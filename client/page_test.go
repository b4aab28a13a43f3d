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
				t.Errorf("linked %v: got %d items, want %d", linked, next, n)
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
		"the same page at a new link": func(n int, _ *http.Request) string {
			return fmt.Sprintf(`{"_links":{"next":{"href":"/api/core/languages?page=%d"}},"items":[{"id":"1"}]}`, n)
		},
		"a circle of pages at new links": func(n int, _ *http.Request) string {
			return fmt.Sprintf(`{"_links":{"next":{"href":"/api/core/languages?page=%d"}},"items":[{"id":"%d"}]}`, n, n%7)
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
			t.Errorf("%s: got error %v after %d requests, want one after at most 150", name, last, n)
		}
	}
}

// The next page is on one of the tenant's hosts: another one does not get the token.
func TestALinkToTheNextPage(t *testing.T) {
	for link, want := range map[string]bool{
		"/api/core/languages?page=2":                             true,
		"https://acme.dam.aprimo.com/api/core/languages?page=2":  true,
		"https://ACME.aprimo.com:443/api/core/languages?page=2":  true,
		"https://other.dam.aprimo.com/api/core/languages?page=2": false,
		"https://evil.example/api/core/languages?page=2":         false,
		"//evil.example/api/core/languages?page=2":               false,
		"http://acme.dam.aprimo.com/api/core/languages?page=2":   false,
	} {
		requests := 0
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests == 1 {
				fmt.Fprintf(w, `{"_links":{"next":{"href":%q}},"items":[{"id":"1"}]}`, link)
			} else {
				io.WriteString(w, `{"_links":{},"items":[{"id":"2"}]}`)
			}
		})
		var err error
		for _, err = range c.Languages.List(t.Context()) {
		}
		if (err == nil) != want || requests == 2 != want {
			t.Errorf("%s: got error %v after %d requests, want it to be followed: %v", link, err, requests, want)
		}
	}
}

// Items that are all the same to a type of the caller's are not the same page again.
func TestItemsThatDecodeToTheSame(t *testing.T) {
	type status struct{ Status string }
	for _, linked := range []bool{false, true} {
		requests := 0
		c := newClient(t, listed(500, linked, &requests))
		got := 0
		for _, err := range client.All[status](t.Context(), c, http.MethodGet, "/languages?pageSize=100", nil) {
			if err != nil {
				t.Errorf("linked %v: got error %v after %d items, want none", linked, err, got)
			}
			got++
		}
		if got != 500 {
			t.Errorf("linked %v: got %d items, want 500", linked, got)
		}
	}
}

// What is null is no item, but counts where a page is full.
func TestNullsInAListAreLeftOut(t *testing.T) {
	for name, pages := range map[string][]string{
		"pages":         {`{"items":[{"id":"1"},null]}`, `{"items":[null,{"id":"2"}]}`, `{"items":[{"id":"3"}]}`},
		"counted pages": {`{"_total":5,"languages":[{"id":"1"},null]}`, `{"_total":5,"languages":[null,{"id":"2"}]}`, `{"_total":5,"languages":[{"id":"3"}]}`},
		"HAL":           {`{"_links":{},"_embedded":{"items":[{"id":"1"},null,{"id":"2"},{"id":"3"}]}}`},
		"an array":      {`[{"id":"1"},null,{"id":"2"},{"id":"3"},null]`},
	} {
		n, offset := 0, ""
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, pages[min(n, len(pages)-1)])
			offset, n = r.URL.Query().Get("offset"), n+1
		})
		got := ids(client.All[client.Language](t.Context(), c, http.MethodGet, "/api/languages?offset=0&limit=2", nil), func(l *client.Language) string { return l.ID })
		if got != "1 2 3" || n != len(pages) || n > 1 && offset != "4" {
			t.Errorf("%s: got %s after %d requests, the last from %s on; want 1 2 3 after %d, from 4 on", name, got, n, offset, len(pages))
		}
	}
	for _, answer := range []string{`{"items":[null,null]}`, `[null]`, `{"_links":{"next":{"href":"/x"}},"items":[null]}`} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, answer) })
		if _, err := c.Languages.ByName(t.Context(), "German"); err == nil || errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: got %v, want an error that says what the page is", answer, err)
		}
	}
}

// A small response does not fill the memory: what it decodes to is bounded.
func TestAResponseOfTooManyValuesIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"empty objects": `{"items":[` + strings.Repeat("{},", 1_000_000) + `{}]}`,
		"empty arrays":  `[` + strings.Repeat("[],", 1_000_000) + `[]]`,
		"numbers":       `{"items":[],"x":[` + strings.Repeat("0,", 5_000_000) + `0]}`,
	} {
		if testing.Short() && name != "empty arrays" {
			continue
		}
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		if _, err := c.Records.Page(t.Context()); err == nil || !strings.Contains(err.Error(), "too many values") || !strings.Contains(err.Error(), "PageSize") {
			t.Errorf("%s: got %v, want an error that says what to do", name, err)
		}
	}
	items := strings.Repeat(`{"id":"0123456789abcdef0123456789abcdef","fields":{"items":[{"id":"1","fieldName":"a \"{[,\" b"}]}},`, 1000)
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"items":[%s{"id":"1"}]}`, items) })
	if page, err := c.Records.Page(t.Context()); err != nil || len(page.Items) != 1001 {
		t.Errorf("a page of 1001 records: got error %v, want none", err)
	}
	c = newClient(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"items":[{"id":"1","title":"%s"}]}`, strings.Repeat(",", 5_000_001))
	})
	if _, err := c.Records.Page(t.Context()); err != nil {
		t.Errorf("a title of commas: got error %v, want none", err)
	}
}
