package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestThePageOfASearchIsInTheQuery(t *testing.T) {
	var query, body string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		query, body = r.URL.RawQuery, string(data)
		io.WriteString(w, `{"items":[{"id":"1"}],"totalCount":9,"facets":[{"name":"Status","values":[{"key":"draft","count":3}],"new":1}]}`)
	})
	page, err := c.Records.SearchPage(t.Context(), client.SearchRequest{
		Expression: client.Expression{Text: "Id IN ?", Parameters: []any{[]string{"1", "2"}}},
	}, client.PageSize(2), client.StartPage(3), client.Sort("-CreatedOn"))
	if err != nil {
		t.Fatal(err)
	}
	if query != "page=3&pageSize=2&sort=-CreatedOn" || body != `{"searchExpression":{"expression":"Id IN ?","parameters":[["1","2"]]}}` {
		t.Errorf("got ?%s with %s, want the page in the query and the expression in the body", query, body)
	}
	if page.TotalCount != 9 || page.Facets[0].Values[0].Count != 3 || len(page.Facets[0].Extra) != 1 {
		t.Errorf("got %+v, want 9 in total and a facet with 3 drafts and an Extra", page)
	}
}

func TestSuggestionsCompleteAText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil, limited((&aprimotest.Tenant{RequireHeaders: true}).Transport()))
		got, err := c.Records.Suggestions(t.Context(), client.Suggest{Input: "Rec"})
		if err != nil || len(got) == 0 || len(got[0].Suggestions) == 0 || !strings.HasPrefix(got[0].Suggestions[0].Text, "Rec") {
			t.Errorf("got %+v, %v, want suggestions that begin with Rec", got, err)
		}
	})
}

func TestFacetsOfAnyTypeAreRead(t *testing.T) {
	golden, err := os.ReadFile("testdata/search-facets.json")
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { w.Write(golden) })
	page, err := c.Records.SearchPage(t.Context(), client.SearchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := []client.Facet{
		{Name: "Weight in kg", Values: []client.FacetValue{
			{Key: `{"from": 0, "to": 2.5}`, From: "0", To: "2.5", Count: 12}, {Key: `{"from": 2.5, "to": null}`, From: "2.5", Count: 7}}},
		{Name: "When", Values: []client.FacetValue{{Key: `{"from": "2026-01-01T00:00:00.000Z", "to": "2026-02-01T00:00:00.000Z"}`,
			From: "2026-01-01T00:00:00.000Z", To: "2026-02-01T00:00:00.000Z", Count: 1}}},
		{Name: "Colour", Values: []client.FacetValue{{Key: "red", Count: 9}, {Key: "12", Count: 2, Extra: client.Extra{"label": json.RawMessage(`"Dozen"`)}}}},
		{Name: "Nothing", Values: []client.FacetValue{}},
	}
	if diff := cmp.Diff(want, page.Facets); diff != "" {
		t.Errorf("got other facets than want (-want +got):\n%s", diff)
	}
	if !slices.Equal(page.TruncatedFacets, []string{"Thirteenth"}) || page.TotalCount != 41 {
		t.Errorf("got the truncated facets %v of %d, want Thirteenth of 41", page.TruncatedFacets, page.TotalCount)
	}
	if page.Items[0].Status != client.Released || page.Items[1].Status != client.Draft {
		t.Errorf("got the statuses %s and %s, want Released and Draft", page.Items[0].Status, page.Items[1].Status)
	}
}

// The guide's own samples of facets can be said in Go.
func TestFacetRequestsHaveTheFormOfTheGuide(t *testing.T) {
	from, to := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for want, facet := range map[string]client.FacetRequest{
		`{"name":"Brand","type":"classification","facetRootId":"c1","options":["FacetRoot","Children"],"directLinkedOnly":true,"maximumFacetValues":20}`: {
			Name: "Brand", Type: client.FacetClassification, Root: "c1", Options: []string{"FacetRoot", "Children"}, DirectOnly: true, MaxValues: 20},
		`{"name":"Region","type":"classificationListField","fieldId":"f1","explicitValues":["c1","c2"],"filters":["c2"],"alwaysIncludeFiltersInFacetValues":true}`: {
			Name: "Region", Type: client.FacetClassificationListField, FieldID: "f1", Values: []any{"c1", "c2"}, Filters: []any{"c2"}, FiltersInValues: true},
		`{"name":"Kind","type":"contentType","rootContentType":"Image"}`: {Name: "Kind", Type: client.FacetContentType, RootContentType: "Image"},
		`{"name":"Made","type":"createdOn","rangeStart":"2026-05-01T00:00:00Z","rangeEnd":"2026-06-01T00:00:00Z","spans":[{"dateTimeUnit":"days","value":7}],"boundaries":["Lower"]}`: {
			Name: "Made", Type: client.FacetCreatedOn, From: from, To: to, Spans: []any{client.DateSpan{Value: 7, Unit: "days", Time: true}}, Boundaries: []string{"Lower"}},
		`{"name":"Produced","type":"dateFieldRange","fieldId":"f1","explicitRanges":[{"rangeStart":"2026-05-01T00:00:00Z","rangeEnd":"2026-06-01T00:00:00Z"}]}`: {
			Name: "Produced", Type: client.FacetDateFieldRange, FieldID: "f1", Ranges: []client.FacetRange{{From: from, To: to}}},
		`{"name":"Price","type":"numericFieldRange","fieldId":"f1","rangeStart":0,"rangeEnd":1000,"spans":[1,2]}`: {
			Name: "Price", Type: client.FacetNumericFieldRange, FieldID: "f1", From: 0, To: 1000, Spans: []any{1, 2}},
		`{"name":"Colour","type":"textField","fieldId":"f1","explicitValues":["green"],"caseSensitive":true}`: {
			Name: "Colour", Type: client.FacetTextField, FieldID: "f1", Values: []any{"green"}, CaseSensitive: true},
		`{"name":"Until","type":"dateFieldRangeFilter","fieldId":"f1","filters":[{"rangeStart":"2026-05-01T00:00:00Z","rangeEnd":null}]}`: {
			Name: "Until", Type: client.FacetDateFieldRangeFilter, FieldID: "f1", Filters: []any{client.FacetRange{From: from}}},
	} {
		got, err := json.Marshal(facet)
		if err != nil {
			t.Fatal(err)
		}
		var is, wanted map[string]any
		if json.Unmarshal(got, &is) != nil || json.Unmarshal([]byte(want), &wanted) != nil || !cmp.Equal(is, wanted) {
			t.Errorf("%s: got %s, want %s", facet.Name, got, want)
		}
	}
}
