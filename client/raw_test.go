package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

func TestDoSendsAPathToItsHost(t *testing.T) {
	const dam, core = "https://acme.dam.aprimo.com/api/core", "https://acme.aprimo.com"
	for path, want := range map[string]string{
		"/records":                              dam + "/records",
		"record/1":                              dam + "/record/1",
		"/api/core/record/1":                    dam + "/record/1",
		"/api/core":                             dam,
		"/":                                     dam + "/",
		"/searchindex":                          dam + "/searchindex",
		"/record/a%2Fb%20c/fields":              dam + "/record/a%2Fb%20c/fields",
		"/classification?namePath=%2FA&b=c":     dam + "/classification?namePath=%2FA&b=c",
		"/api/corelation":                       core + "/api/corelation",
		"/api/tasks/mine":                       core + "/api/tasks/mine",
		"api/users/me/":                         core + "/api/users/me/",
		"/uploads":                              core + "/uploads",
		"/uploads/segments/a%3D?index=1":        core + "/uploads/segments/a%3D?index=1",
		"/analytics/?query=%7B%7D":              core + "/analytics/?query=%7B%7D",
		dam + "/record/1":                       dam + "/record/1",
		core + "/uploads/x?a=b":                 core + "/uploads/x?a=b",
		"HTTPS://ACME.aprimo.com/api/tasks":     "https://ACME.aprimo.com/api/tasks",
		"//acme.aprimo.com/api/tasks":           core + "/api/tasks",
		"http://acme.aprimo.com/api/tasks":      "",
		"https://evil.example/":                 "",
		"https://other.aprimo.com/api/tasks":    "",
		"https://acme.aprimo.com.evil.example/": "",
		"https://a:b@acme.aprimo.com/":          "",
		"/record/../users":                      "",
		"/record/%2e%2E/users":                  "",
		"/record/1#x":                           "",
		"/record/%zz":                           "",
		"https://user:a:b/x":                    "",
		"":                                      "",
	} {
		got := ""
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.String()
			if token := r.Header.Get("Authorization"); token != "Bearer a-token" {
				t.Errorf("%s: got the token %q, want Bearer a-token", path, token)
			}
		})
		resp, err := c.Do(t.Context(), http.MethodGet, path, nil, nil)
		switch {
		case got != want || (err == nil) != (want != ""):
			t.Errorf("%q: got a request to %q, error %v, want one to %q", path, got, err, want)
		case want != "" && resp.Status != http.StatusOK:
			t.Errorf("%q: got %+v, want status 200", path, resp)
		case err != nil && (strings.Contains(err.Error(), "a:b") || !strings.HasPrefix(err.Error(), "aprimo: GET: the ")):
			t.Errorf("%q: got error %v, want one that says what is wrong", path, err)
		}
	}
}

func TestDoSendsAndReceivesAnyForm(t *testing.T) {
	type thing struct {
		A int `json:"a"`
	}
	for name, test := range map[string]struct {
		in, out          any
		sent, kind, want string
	}{
		"nothing":   {nil, nil, "", "", "null"},
		"a struct":  {thing{1}, new(thing), `{"a":1}`, "application/json", `{"a":2}`},
		"raw JSON":  {json.RawMessage(`[ 1 ]`), new(json.RawMessage), `[ 1 ]`, "application/json", `{"a":2}`},
		"bytes":     {[]byte("x y"), new([]byte), "x y", "application/json", `"eyJhIjoyfQ=="`},
		"a reader":  {strings.NewReader("x"), nil, "", "", "null"},
		"a channel": {make(chan int), nil, "", "", "null"},
	} {
		var sent, kind string
		requests := 0
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			body, _ := io.ReadAll(r.Body)
			sent, kind = string(body), r.Header.Get("Content-Type")
			io.WriteString(w, `{"a":2}`)
		})
		_, err := c.Do(t.Context(), http.MethodPost, "/x", test.in, test.out)
		got, _ := json.Marshal(test.out)
		if sent != test.sent || kind != test.kind || string(got) != test.want || (err == nil) != (requests == 1) {
			t.Errorf("%s: sent %q as %q in %d requests, got %s, %v, want %q as %q and %s", name, sent, kind, requests, got, err, test.sent, test.kind, test.want)
		}
	}
}

func TestTheResponseIsAtHand(t *testing.T) {
	status := http.StatusOK
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "r-1")
		w.Header().Set("X-Other", "a")
		w.WriteHeader(status)
		io.WriteString(w, `{"message":"no such language"}`)
	})
	var typed client.Response
	_, err := c.Languages.Get(t.Context(), "1", client.WithResponse(&typed))
	if err != nil || typed.Status != status || typed.RequestID != "r-1" || typed.Header.Get("X-Other") != "a" || typed.Body != nil {
		t.Errorf("got %+v, error %v, want status 200, the headers and no body", typed, err)
	}
	status = http.StatusNotFound
	_, err = c.Languages.Get(t.Context(), "1", client.WithResponse(&typed))
	if !errors.Is(err, client.ErrNotFound) || typed.Status != status || string(typed.Body) != `{"message":"no such language"}` {
		t.Errorf("got %+v, error %v, want status 404 and the body", typed, err)
	}
	raw, err := c.Do(t.Context(), http.MethodGet, "/language/1", nil, nil)
	if !errors.Is(err, client.ErrNotFound) || raw == nil || raw.Status != status || raw.RequestID != "r-1" {
		t.Errorf("got %+v, error %v, want status 404 and request r-1", raw, err)
	}
	if _, err = c.Languages.Get(t.Context(), "", client.WithResponse(&typed)); err == nil || typed.Status != 0 || typed.Header != nil {
		t.Errorf("got %+v, error %v without a request, want the zero Response and an error", typed, err)
	}
	if raw, err = c.Do(t.Context(), http.MethodGet, "/x#", nil, nil); err == nil || raw != nil {
		t.Errorf("got %+v, error %v without a request, want nil and an error", raw, err)
	}
}

// pageForms are the forms of lists, each with a way to page.
var pageForms = map[string]struct {
	path        string
	start, size string
	answer      func(items []string, start, total int) string
}{
	"the DAM": {"/things", "page", "pageSize", func(items []string, page, total int) string {
		return fmt.Sprintf(`{"items":[%s],"page":%d,"totalCount":%d}`, strings.Join(items, ","), page, total)
	}},
	"marketing operations": {"/api/things?x=y", "offset", "limit", func(items []string, offset, total int) string {
		return fmt.Sprintf(`{"_total":%d,"_links":{"self":{"href":"/api/things"}},"_embedded":{"Thing":[%s]}}`, total, strings.Join(items, ","))
	}},
	"a trail": {"/record/1/trail?take=3", "skip", "take", func(items []string, skip, total int) string {
		return fmt.Sprintf(`{"_links":{"self":null},"entries":[%s],"entryCount":%d,"objectId":"1"}`, strings.Join(items, ","), total)
	}},
	"an array": {"/things", "", "", func(items []string, _, _ int) string { return "[" + strings.Join(items, ",") + "]" }},
}

func TestAllYieldsAnyList(t *testing.T) {
	for name, form := range pageForms {
		for _, n := range []int{0, 1, 2, 3, 4, 6, 7} {
			requests := 0
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				start, size := 0, n
				fmt.Sscan(r.URL.Query().Get(form.start), &start)
				fmt.Sscan(r.URL.Query().Get(form.size), &size)
				first := start
				if form.start == "page" {
					first = (max(start, 1) - 1) * size
				}
				var items []string
				for i := first; i < min(n, first+size); i++ {
					items = append(items, fmt.Sprintf(`{"n":%d}`, i))
				}
				io.WriteString(w, form.answer(items, start, n))
			})
			var got []int
			for item, err := range client.All[struct{ N int }](t.Context(), c, http.MethodGet, form.path, nil, client.PageSize(3)) {
				if err != nil {
					t.Fatalf("%s of %d: got error %v, want none", name, n, err)
				}
				got = append(got, item.N)
			}
			want := make([]int, n)
			for i := range want {
				want[i] = i
			}
			if !slices.Equal(got, want) || requests > n/3+1 {
				t.Errorf("%s of %d: got %v with %d requests, want %v with %d at most", name, n, got, requests, want, n/3+1)
			}
		}
	}
}

func TestAllStartsWhereThePathSays(t *testing.T) {
	for path, want := range map[string]string{
		"/things":                       "page=1&pageSize=1000",
		"/things?page=3&pageSize=7":     "page=3&pageSize=7",
		"/things?skip=20":               "skip=20&take=1000",
		"/things?skip=0":                "skip=0&take=1000",
		"/api/things?offset=20&limit=5": "limit=5&offset=20",
		"/api/things":                   "limit=1000",
		"/things?page=x":                "",
		"/things?take=-1":               "",
	} {
		got := ""
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.RawQuery
			io.WriteString(w, `{"items":[]}`)
		})
		var last error
		for _, last = range client.All[client.Extra](t.Context(), c, http.MethodGet, path, nil) {
		}
		if got != want || (last == nil) != (want != "") {
			t.Errorf("%s: got the query %q, error %v, want %q", path, got, last, want)
		}
	}
}

func TestAPageWithoutItsListIsAnError(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":[],"b":[]}`:                "the page has several lists: a, b",
		`{"totalCount":3}`:               "the page has no list",
		`{"_total":1,"_embedded":{}}`:    "the page has no list",
		`{"exceptionMessage":"no"}`:      "the page has no list",
		`{}`:                             "the page has no list",
		`null`:                           "the page has no list",
		`{"_total":0,"_links":{}}`:       "",
		`{"items":null,"totalCount":0}`:  "",
		`{"items":[],"facets":[]}`:       "",
		`{"entries":[{}],"entryCount":9`: "unexpected",
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		_, err := c.Languages.Page(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", body, err, want)
		}
	}
}

func TestHeaderRefusesWhatCannotBeSent(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") })
	for _, header := range [][2]string{{"authorization", "Bearer x"}, {"X-A", "1\r\nX-B: 2"}, {"", "x"}, {"a b", "x"}} {
		if _, err := c.Do(t.Context(), http.MethodGet, "/x", nil, nil, client.Header(header[0], header[1])); err == nil || strings.Contains(err.Error(), "Bearer x") {
			t.Errorf("%q: got error %v, want one without the value", header, err)
		}
	}
}

// A PATCH whose answer is lost may have had its effect, as a POST.
func TestDoTellsThatAnOutcomeIsUnknown(t *testing.T) {
	for method, want := range map[string]bool{http.MethodPost: true, http.MethodPatch: true, http.MethodPut: false, http.MethodGet: false} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		_, err := c.Do(t.Context(), method, "/x", nil, nil)
		if got := errors.As(err, new(*client.UnknownOutcomeError)); got != want {
			t.Errorf("%s: got error %v, want an *UnknownOutcomeError: %t", method, err, want)
		}
	}
}

// Whatever a path is, the token reaches the tenant's hosts only, over https.
func FuzzDoSendsTheTokenToTheTenantOnly(f *testing.F) {
	for _, path := range []string{"/records", "//evil.example/", "https://acme.aprimo.com@evil.example/", "/\\evil.example", "https:/evil", "/api/core/../x", "a:b", "?#", "/%2e%2e/x", "HTTPS://acme.dam.APRIMO.com:443/x"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if host := strings.ToLower(r.URL.Host); r.URL.Scheme != "https" || r.URL.User != nil || host != "acme.aprimo.com" && host != "acme.dam.aprimo.com" {
				t.Errorf("%q: got a request to %s, want one to the tenant", path, r.URL.Redacted())
			}
			if strings.Contains(r.URL.EscapedPath()+"/", "/../") {
				t.Errorf("%q: got a request to %s, want none with ..", path, r.URL.Path)
			}
		})
		c.Do(t.Context(), http.MethodGet, path, nil, nil)
	})
}
