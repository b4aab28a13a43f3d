package aprimotest_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

type link struct{ Href string }

type record struct {
	Links                               map[string]link `json:"_links"`
	ID, Status, ContentType, Title, Tag string
	CreatedOn, ModifiedOn               string
}

type page struct {
	Links                      map[string]link `json:"_links"`
	Items                      []record
	Page, PageSize, TotalCount int
}

type exception struct {
	ExceptionMessage, ExceptionType string
	StackTrace, InnerException      *string
}

func decode[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

func TestTimesAreThoseOfTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1e6, Service: atOnce, IndexDelay: -1}
		for at, want := range map[time.Duration]string{
			0: "00Z", 2 * time.Millisecond: "00.003Z", 7*time.Millisecond - 1: "00.007Z", 280 * time.Millisecond: "00.28Z", time.Second - 1: "01Z",
		} {
			time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + at)))
			_, text := do(t, tenant, newRequest(t.Context(), "POST", recordsURL, "{}"))
			made := decode[record](t, text)
			if !strings.HasSuffix(made.CreatedOn, ":"+want) || made.ModifiedOn != made.CreatedOn {
				t.Errorf("after %v: %s, %s, want %s", at, made.CreatedOn, made.ModifiedOn, want)
			}
			if _, found := search(t, tenant, "", `{"searchExpression":{"expression":"CreatedOn = '`+made.CreatedOn+`'"}}`); found.TotalCount != 1 {
				t.Errorf("%s: found %d times, want once", made.CreatedOn, found.TotalCount)
			}
		}
	})
}

func TestCreateAndGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Service: atOnce}
		resp, body := do(t, tenant, newRequest(t.Context(), "POST", recordsURL,
			`{"status":"archived","contentType":"Image","tag":"summer","fields":{"addOrUpdate":[]}}`))
		want := record{
			ID:     "00000000000000000000000000000004",
			Status: "Archived", ContentType: "Image", Title: "Record 4", Tag: "summer",
			CreatedOn: "2000-01-01T00:00:00Z", ModifiedOn: "2000-01-01T00:00:00Z",
		}
		got := decode[record](t, body)
		want.Links = got.Links
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		location, err := resp.Location()
		if resp.StatusCode != 201 || err != nil || location.String() != want.Links["self"].Href || !strings.HasSuffix(location.String(), want.ID) {
			t.Errorf("%d, Location %v, %v", resp.StatusCode, location, err)
		}
		resp, body = do(t, tenant, newRequest(t.Context(), "GET", location.String(), ""))
		if diff := cmp.Diff(want, decode[record](t, body)); diff != "" || resp.StatusCode != 200 {
			t.Error(resp.Status, diff)
		}
		_, body = do(t, tenant, newRequest(t.Context(), "GET", recordsURL+"?page=4&pageSize=1", ""))
		if diff := cmp.Diff([]record{want}, decode[page](t, body).Items); diff != "" {
			t.Error(diff)
		}
	})
}

func TestList(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce, Records: 120}
	for _, tt := range []struct {
		query      string
		header     http.Header
		page, size int
		items      int
		links      string
	}{
		{"", nil, 1, 50, 50, "first last next self"},
		{"?page=3", nil, 3, 50, 20, "first last prev self"},
		{"?page=2&pageSize=60", nil, 2, 60, 60, "first last prev self"},
		{"", http.Header{"Page": {"2"}, "Pagesize": {"10"}}, 2, 10, 10, "first last next prev self"},
		{"?PAGE=2&pagesize=10", nil, 2, 10, 10, "first last next prev self"},
		{"?page=1", http.Header{"Page": {"2"}}, 1, 50, 50, "first last next self"},
		{"?pageSize=1000", nil, 1, 1000, 120, "first last self"},
		{"?page=99", nil, 99, 50, 0, "first last prev self"},
		{fmt.Sprintf("?page=%d&pageSize=1000", math.MaxInt), nil, math.MaxInt, 1000, 0, "first last prev self"},
	} {
		req := newRequest(t.Context(), "GET", recordsURL+tt.query, "")
		for name, values := range tt.header {
			req.Header[name] = values
		}
		resp, body := do(t, tenant, req)
		got := decode[page](t, body)
		var names []string
		for _, name := range []string{"first", "last", "next", "prev", "self"} {
			if _, ok := got.Links[name]; ok {
				names = append(names, name)
			}
		}
		if resp.StatusCode != 200 || got.Page != tt.page || got.PageSize != tt.size || len(got.Items) != tt.items ||
			got.TotalCount != 120 || strings.Join(names, " ") != tt.links {
			t.Errorf("%s %v: %d, page %d, size %d, %d items of %d, links %v", tt.query, tt.header,
				resp.StatusCode, got.Page, got.PageSize, len(got.Items), got.TotalCount, names)
		}
		if !strings.Contains(body, `"items":[`) {
			t.Errorf("%s: items is no list: %s", tt.query, body)
		}
	}
}

// Following the links finds each record once.
func TestListNext(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 25}
	seen := make(map[string]bool)
	requests := 0
	for url := recordsURL + "?pagesize=10&PAGE=1"; url != ""; requests++ {
		_, body := do(t, tenant, newRequest(t.Context(), "GET", url, ""))
		p := decode[page](t, body)
		for _, r := range p.Items {
			seen[r.ID] = true
		}
		url = p.Links["next"].Href
	}
	if len(seen) != 25 || requests != 3 {
		t.Errorf("%d records in %d requests", len(seen), requests)
	}
}

func TestExceptions(t *testing.T) {
	const noData = "Adam.Rest.Common.NoDataFoundException"
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{"GET", "/api/core/record/00000000000000000000000000000004", "", 404, noData},
		{"GET", "/api/core/record/00000000000000000000000000000000", "", 404, noData},
		{"GET", "/api/core/record/1", "", 404, noData},
		{"GET", "/api/core/record/00000000-0000-0000-0000-000000000009", "", 404, noData},
		{"GET", "/api/core/record/ffffffffffffffffffffffffffffffff", "", 404, noData},
		{"GET", "/api/core/nothing", "", 404, noData},
		{"GET", "/", "", 404, noData},
		{"DELETE", "/api/core/records", "", 405, ""},
		{"POST", "/api/core/record/1", "{}", 405, ""},
		{"GET", "/api/core/records?pageSize=1001", "", 400, ""},
		{"GET", "/api/core/records?pageSize=0", "", 400, ""},
		{"GET", "/api/core/records?page=-1", "", 400, ""},
		{"GET", "/api/core/records?page=x", "", 400, ""},
		{"POST", "/api/core/records", "", 400, ""},
		{"POST", "/api/core/records", "null", 400, ""},
		{"POST", "/api/core/records", "[]", 400, ""},
		{"POST", "/api/core/records", `{"status":"lost"}`, 400, ""},
		{"POST", "/api/core/records", `{"status":1}`, 400, ""},
		{"POST", "/api/core/records", `{"tag":["x"]}`, 400, ""},
		{"POST", "/api/core/records", `{"fields":[]}`, 400, ""},
		{"POST", "/api/core/records", `{"fields":{"addOrUpdate":[{"name":"Keywords","localizedValues":[{"values":"x"}]}]}}`, 400, ""},
		{"POST", "/api/core/records", `{} {}`, 400, ""},
	} {
		tenant := &aprimotest.Tenant{Service: atOnce}
		resp, body := do(t, tenant, newRequest(t.Context(), tt.method, "https://acme.dam.aprimo.com"+tt.path, tt.body))
		got := decode[exception](t, body)
		if resp.StatusCode != tt.status || got.ExceptionMessage == "" || tt.kind != "" && got.ExceptionType != tt.kind {
			t.Errorf("%s %s %s: %d %+v, want %d", tt.method, tt.path, tt.body, resp.StatusCode, got, tt.status)
		}
		if allow := resp.Header.Get("Allow"); (allow != "") != (tt.status == 405) {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, allow)
		}
	}
}

func TestRecordsAtTheStart(t *testing.T) {
	for records, want := range map[int]int{0: 3, -1: 0, 7: 7} {
		tenant := &aprimotest.Tenant{Service: atOnce, Records: records}
		_, body := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
		if got := decode[page](t, body); got.TotalCount != want || len(got.Items) != want {
			t.Errorf("Records %d: %d of %d, want %d", records, len(got.Items), got.TotalCount, want)
		}
	}
}

// No body brings the tenant down, and none but an object makes a record.
func FuzzCreate(f *testing.F) {
	for _, body := range []string{"", "{}", "null", "[]", "{", `{"tag":"a"}`, `{"status":"draft"}`, `{"tag":{}}`, "\xff", "{}{}", " \n{}"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tenant := &aprimotest.Tenant{Service: atOnce, Records: -1}
		resp, text := do(t, tenant, newRequest(t.Context(), "POST", recordsURL, string(body)))
		_, list := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
		created := decode[page](t, list).TotalCount
		switch resp.StatusCode {
		case 201:
			var object map[string]any
			if err := json.Unmarshal(body, &object); err != nil || object == nil || created != 1 {
				t.Errorf("%d created of %q: %v", created, body, err)
			}
		case 400, 413:
			if decode[exception](t, text); created != 0 {
				t.Errorf("%s, and %d created", resp.Status, created)
			}
		default:
			t.Errorf("%q: %s", body, resp.Status)
		}
	})
}
