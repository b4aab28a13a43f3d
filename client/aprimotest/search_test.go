package aprimotest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const searchURL = "https://acme.dam.aprimo.com/api/core/search/records"

type found struct {
	Links                      map[string]link `json:"_links"`
	Items                      []record
	Page, PageSize, TotalCount int
	Skip, Take                 *int
	TruncatedFacets            []string
	Facets                     []struct {
		Name   string
		Values []struct {
			Key   string
			Count int
		}
	}
}

func search(t *testing.T, tenant *aprimotest.Tenant, query, expression string) (int, found) {
	t.Helper()
	resp, body := do(t, tenant, newRequest(t.Context(), "POST", searchURL+query, expression))
	if resp.StatusCode != 200 {
		if e := decode[exception](t, body); e.ExceptionMessage == "" {
			t.Errorf("%s without a message", resp.Status)
		}
		return resp.StatusCode, found{}
	}
	return 200, decode[found](t, body)
}

func TestExpressionsFindWhatTheySay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 10, IndexDelay: -1}
		const id3, dashed = "00000000000000000000000000000003", "00000000-0000-0000-0000-000000000004"
		post(t, tenant, recordsURL, `{"contentType":"Image","tag":"it's","status":"draft"}`, 201)
		post(t, tenant, coreURL+"/fielddefinitions", `{"name":"sku","label":"Stock number","dataType":"SingleLineText"}`, 201)
		call(t, tenant, "PUT", coreURL+"/record/"+oneID(6), `{"fields":{"addOrUpdate":[{"name":"sku","localizedValues":[{"value":"A-1"}]}]}}`, 204)
		collection := func(body string) any { return call(t, tenant, "POST", coreURL+"/collections", body, 201)["id"] }
		some := collection(`{"name":"Some","records":{"addOrUpdate":[{"id":"` + dashed + `"}]}}`)
		more := collection(fmt.Sprintf(`{"name":"More","type":"dynamic","searchExpression":{"expression":"Title = 'Record 2' or Collection('%v')"}}`, some))
		itself := collection(`{"name":"Itself","type":"dynamic","searchExpression":{"expression":"Title = 'x'"}}`)
		call(t, tenant, "PUT", fmt.Sprintf("%s/collection/%v", coreURL, itself), fmt.Sprintf(`{"searchExpression":{"expression":"Title = 'Record 3' or Collection('%v')"}}`, itself), 204)
		for _, tt := range []struct {
			body string
			want string // numbers of the records; or the status
		}{
			{`{"expression":"Id = \"` + id3 + `\""}`, "3"},
			{`{"expression":"Id = '` + dashed + `' OR id='` + id3 + `'"}`, "3 4"},
			{`{"expression":"Id IN ?","parameters":[["` + id3 + `","` + dashed + `","x"]]}`, "3 4"},
			{`{"expression":"Id IN @ids and not Id = ?","parameters":["` + id3 + `"],"namedParameters":{"ids":["` + id3 + `","` + dashed + `"]}}`, "4"},
			{`{"expression":"CreatedOn >= \"1999-12-31T23:59:57Z\" and CreatedOn < ?","parameters":["1999-12-31T23:59:59Z"]}`, "8 9"},
			{`{"expression":"CreatedOn > @from","namedParameters":{"from":"1999-12-31T23:59:59Z"}}`, "11"},
			{`{"expression":"ContentType = 'image'"}`, "11"},
			{`{"expression":"Tag = \"it's\""}`, "11"},
			{`{"expression":"Title = 'Record 7' or (Status = 'draft' and ContentType <> 'Asset')"}`, "7 11"},
			{`{"expression":"FieldName('Title') = 'Record 5'"}`, "5"},
			{`{"expression":"Title in ('Record 5', ?) or Id <> '` + id3 + `' and CreatedOn <= '1999-12-31T23:59:50Z'","parameters":["Record 6"]}`, "1 5 6"},
			{`{"expression":"Title in ('Record 5'"}`, "400"},
			{`{"expression":"Title in ()"}`, "400"},
			{`{"expression":"Id IN ?","parameters":[[]]}`, "400"},
			{`{"expression":"Id IN ?","parameters":[[null]]}`, "400"},
			{`{"expression":"Title = 'Record 1*'","supportWildcards":true}`, "1 10 11"},
			{`{"expression":"Title = 'Record ?'","supportWildcards":true}`, "1 2 3 4 5 6 7 8 9"},
			{`{"expression":"Title = 'Record 1*'"}`, ""},
			{`{"expression":"Tag = 'it''s'"}`, "11"},
			{`{"expression":"Title CONTAINS 'cord 7'"}`, "7"},
			{`{"expression":"\"Record 7\""}`, "7"},
			{`{"expression":"CreatedOn > 1999-12-31T23:59:58.500Z"}`, "10 11"},
			{`{"expression":"CreatedOn > '12/31/1999 11:59 PM' and Status <> 'Released'"}`, "11"},
			{`{"expression":"ContentStatus = 'Draft'"}`, "11"},
			{`{"expression":"FileCount > 0 Title = 'Record 3'"}`, "3"},
			{`{"expression":"FileCount = 0"}`, "11"},
			{`{"expression":"Title = 'Record 3' Title = 'Record 4'","defaultLogicalOperator":"OR"}`, "3 4"},
			{`{"expression":"LatestVersionOfMasterFile.FileName = 'record-4.jpg'"}`, "4"},
			{`{"expression":"File.Version.Extension = 'jpg' and Title = 'Record 2'"}`, "2"},
			{`{"expression":"LatestVersionOfMasterFile.HasPublicUri = true"}`, ""},
			{`{"expression":"FieldName(\"Title\").Value = 'Record 5'"}`, "5"},
			{`{"expression":"Collection('` + id3 + `')"}`, ""},
			{fmt.Sprintf(`{"expression":"Collection(?) and not Title = ?","parameters":[%q,"Record 2"]}`, more), "4"},
			{fmt.Sprintf(`{"expression":"Collection(@c)","namedParameters":{"c":%q}}`, itself), "3"},
			{`{"expression":"Collection(?)"}`, "400"},
			{`{"expression":"sku = 'a-1'"}`, "6"},
			{`{"expression":"sku = '' and Title <> ''"}`, "1 2 3 4 5 7 8 9 10 11"},
			{`{"expression":"FieldName('sku') <> ''"}`, "6"},
			{`{"expression":"ContentType.Label = 'Image' or Classification.NamePath = 'Assets' and sku = 'A-1'"}`, "6 11"},
			{`{"expression":"'Stock Number' CONTAINS 'a' and fileCount = 1"}`, "6"},
			{`{"expression":"(Keywords CONTAINS 'x' or \"sku\" in ('A-1', 'A-2'))"}`, "6"},
			{`{"expression":"Keyword CONTAINS 'x'"}`, "400"},
			{`{"expression":"? and Classification.Identifier = ?","parameters":["cord 7","assets"]}`, "7"},
			{`{"expression":"@word","namedParameters":{"word":"Record 7"}}`, "7"},
			{`{"expression":"?"}`, "400"},
			{`{"expression":"not id = ''"}`, "1 2 3 4 5 6 7 8 9 10 11"},
			{`{"expression":"Classification.NamePath = '/Assets' and Title = 'Record 6'"}`, "6"},
			{`{"expression":"*"}`, "1 2 3 4 5 6 7 8 9 10 11"},
			{`{"expression":"Title = 'x'","defaultLogicalOperator":"XOR"}`, "400"},
			{`{"expression":"Title = 'x'","subExpressions":[{"expression":"Title = 'x'"}]}`, "400"},
			{`{"expression":"not (CreatedOn < '2000-01-01')"}`, "11"},
			{`{"subExpressions":[{"expression":"Title = 'Record 5'"},{"expression":"Status = 'released'"}],"defaultLogicalOperator":"OR"}`, "5"},
			{`{"subExpressions":[{"expression":"Title = 'Record 5'"},{"expression":"Status = 'draft'"}]}`, ""},
			{`{"expression":""}`, "400"},
			{`{"expression":"Id"}`, ""},
			{`{"expression":"Id = "}`, "400"},
			{`{"expression":"Id = ?"}`, "400"},
			{`{"expression":"Id = @x"}`, "400"},
			{`{"expression":"Id IN ?","parameters":["` + id3 + `"]}`, "400"},
			{`{"expression":"Nothing = 'x'"}`, "400"},
			{`{"expression":"Title > 'x'"}`, "400"},
			{`{"expression":"CreatedOn > 'yesterday'"}`, "400"},
			{`{"expression":"Title = 'x' Title = 'y'"}`, ""},
			{`{"expression":"(Title = 'x'"}`, "400"},
			{`{"expression":"Title = 'x"}`, "400"},
			{`{"expression":"#x = 'x'"}`, "400"},
			{`{"expression":"` + strings.Repeat("(", 5000) + `"}`, "400"},
			{`{"expression":"` + strings.Repeat("not ", 5000) + `"}`, "400"},
		} {
			status, got := search(t, tenant, "", `{"searchExpression":`+tt.body+`}`)
			var numbers []string
			for _, item := range got.Items {
				numbers = append(numbers, strings.TrimPrefix(item.Title, "Record "))
			}
			result := strings.Join(numbers, " ")
			if status != 200 {
				result = fmt.Sprint(status)
			}
			if result != tt.want {
				t.Errorf("%.120s: %s, want %s", tt.body, result, tt.want)
			}
		}
	})
}

func TestANewRecordIsFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
		count := func() int {
			_, got := search(t, tenant, "", `{"searchExpression":{"expression":"Status = 'draft'"}}`)
			return got.TotalCount
		}
		post(t, tenant, recordsURL, "{}", 201)
		req := newRequest(t.Context(), "POST", recordsURL, "{}")
		req.Header.Set("set-immediateSearchIndexUpdate", "true")
		do(t, tenant, req)
		if n := count(); n != 1 {
			t.Errorf("%d at once, want 1", n)
		}
		time.Sleep(3 * time.Second)
		if n := count(); n != 2 {
			t.Errorf("%d after three seconds, want 2", n)
		}
	})
}

func TestSearchIsSortedPagedAndHasFacets(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 12, SearchCeiling: 20}
	all := `{"page":2,"pageSize":1,"searchExpression":{"expression":"Status = 'released'"},"facets":[{"name":"kinds","type":"contentType"},{"name":"makers","type":"createdBy"}]}`
	_, got := search(t, tenant, "?pageSize=5&sort=-createdOn", all)
	if len(got.Items) != 5 || got.Items[0].Title != "Record 12" || got.Page != 1 || got.TotalCount != 12 {
		t.Errorf("%+v", got)
	}
	if len(got.Facets) != 2 || got.Facets[0].Values[0].Key != "Asset" || got.Facets[0].Name != "kinds" || got.Facets[1].Values[0].Count != 12 {
		t.Errorf("%+v", got.Facets)
	}
	_, got = search(t, tenant, "?skip=10&take=5&sort=createdOn", all)
	if len(got.Items) != 2 || got.Items[0].Title != "Record 11" || *got.Skip != 10 || *got.Take != 5 {
		t.Errorf("%+v", got)
	}
	for query, want := range map[string]int{
		"?page=4&pageSize=5": 200, "?page=5&pageSize=5": 400, "?skip=18&take=2": 200, "?skip=19&take=2": 400, "?sort=nothing": 400,
		"?pageSize=1001": 400,
	} {
		if status, _ := search(t, tenant, query, all); status != want {
			t.Errorf("%s: %d, want %d", query, status, want)
		}
	}
	many := strings.Replace(all, `"facets":[`, `"facets":[`+strings.Repeat(`{"name":"more","type":"modifiedBy"},`, 12), 1)
	if _, got := search(t, tenant, "?pageSize=1", many); len(got.Facets) != 12 || strings.Join(got.TruncatedFacets, " ") != "kinds makers" {
		t.Errorf("14 facets: %d, and %v were left out", len(got.Facets), got.TruncatedFacets)
	}
}

func TestRecordsAreSortedByTheirIDs(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 12, CreatedTogether: 12}
	for sort, want := range map[string]string{"id": "Record 1", "-id": "Record 12", "id%20desc": "Record 12"} {
		if _, got := search(t, tenant, "?sort="+sort, `{"searchExpression":{"expression":"*"}}`); got.Items[0].Title != want {
			t.Errorf("sorted by %s: got %s first, want %s", sort, got.Items[0].Title, want)
		}
	}
}

// The values of a facet are those that are asked for, the ranges of its spans, or what is
// below a classification; and what is found is narrowed by its filters.
func TestFacetsAreNarrowed(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: -1, IndexDelay: -1}
	field := call(t, tenant, "POST", coreURL+"/fielddefinitions", `{"name":"Size","dataType":"Numeric"}`, 201)["id"]
	above := call(t, tenant, "POST", coreURL+"/classifications", `{"name":"Above","isRoot":true}`, 201)["id"]
	below := call(t, tenant, "POST", coreURL+"/classifications", fmt.Sprintf(`{"name":"Below","parentId":%q}`, above), 201)["id"]
	for n := range 4 {
		call(t, tenant, "POST", coreURL+"/records", fmt.Sprintf(`{"classifications":{"addOrUpdate":[{"id":%q}]},
			"fields":{"addOrUpdate":[{"name":"Size","localizedValues":[{"value":"%d"}]}]}}`, []any{above, below}[n/3], n), 201)
	}
	for facet, want := range map[string]string{
		fmt.Sprintf(`"type":"numericField","fieldId":%q`, field):                                                       "4: 0=1 1=1 2=1 3=1",
		fmt.Sprintf(`"type":"numericField","fieldId":%q,"explicitValues":["2","9"]`, field):                            "4: 2=1",
		fmt.Sprintf(`"type":"numericField","fieldId":%q,"maximumFacetValues":2`, field):                                "4: 0=1 1=1",
		fmt.Sprintf(`"type":"numericField","fieldId":%q,"filters":["1","3"]`, field):                                   "2: 0=1 1=1 2=1 3=1",
		fmt.Sprintf(`"type":"numericFieldRange","fieldId":%q,"rangeStart":0,"rangeEnd":9,"spans":[1,2]`, field):        "4: map[from:0 to:1]=1 map[from:1 to:3]=2 map[from:3 to:5]=1",
		fmt.Sprintf(`"type":"numericField","fieldId":%q,"filters":[{"rangeStart":1,"rangeEnd":3}]`, field):             "2: 0=1 1=1 2=1 3=1",
		fmt.Sprintf(`"type":"classification","facetRootId":%q,"options":["Descendants"]`, above):                       fmt.Sprintf("4: %v=1", below),
		fmt.Sprintf(`"type":"classification","facetRootId":%q,"options":["FacetRoot"]`, above):                         fmt.Sprintf("4: %v=4", above),
		fmt.Sprintf(`"type":"classification","facetRootId":%q,"options":["FacetRoot"],"directLinkedOnly":true`, above): fmt.Sprintf("4: %v=3", above),
	} {
		found := call(t, tenant, "POST", searchURL, `{"searchExpression":{"expression":"*"},"facets":[{"name":"f",`+facet+`}]}`, 200)
		got := fmt.Sprintf("%v:", found["totalCount"])
		for _, value := range found["facets"].([]any)[0].(map[string]any)["values"].([]any) {
			got += fmt.Sprintf(" %v=%v", value.(map[string]any)["key"], value.(map[string]any)["count"])
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", facet, got, want)
		}
	}
}

// More records than a search goes deep are exported by pages of a thousand, each
// beginning where the one before ended.
func TestAllRecordsAreExportedBeyondTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 12_000, CreatedTogether: 7}
		seen := make(map[string]bool)
		from, requests := "1900-01-01T00:00:00Z", 0
		for {
			_, got := search(t, tenant, "?pageSize=1000&sort=createdOn", fmt.Sprintf(
				`{"searchExpression":{"expression":"CreatedOn >= ?","parameters":[%q]}}`, from))
			requests++
			for _, item := range got.Items {
				seen[item.ID] = true
			}
			if len(got.Items) < 1000 {
				break
			}
			from = got.Items[999].CreatedOn
		}
		if len(seen) != 12_000 || requests > 13 {
			t.Errorf("%d records in %d requests", len(seen), requests)
		}
	})
}

// While nothing changes, paging lists each record once, however it is done.
func TestPagingListsEachRecordOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		records := rapid.IntRange(0, 40).Draw(rt, "records")
		created := rapid.IntRange(0, 10).Draw(rt, "created")
		size := rapid.IntRange(1, 60).Draw(rt, "size")
		query := rapid.SampledFrom([]string{"?pageSize=%d", "?skip=0&take=%d"}).Draw(rt, "query")
		sort := rapid.SampledFrom([]string{"", "&sort=-title", "&sort=createdOn"}).Draw(rt, "sort")
		tenant := &aprimotest.Tenant{Rate: 10_000, Service: atOnce, Records: records - 1 + min(1, records), CreatedTogether: 3}
		if records == 0 {
			tenant.Records = -1
		}
		want := max(0, tenant.Records) + created
		for range created {
			post(t, tenant, recordsURL, `{}`, 201)
		}
		seen := make(map[string]int)
		for url := recordsURL + fmt.Sprintf(query, size) + sort; url != ""; {
			_, body := do(t, tenant, newRequest(t.Context(), "GET", url, ""))
			p := decode[found](t, body)
			for _, r := range p.Items {
				seen[r.ID]++
			}
			url = p.Links["next"].Href
		}
		if len(seen) != want {
			rt.Fatalf("%d records, want %d", len(seen), want)
		}
		for id, n := range seen {
			if n != 1 {
				rt.Fatalf("%s was listed %d times", id, n)
			}
		}
	})
}

func TestSuggestionsBeginWithTheInput(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 30}
	text := post(t, tenant, searchURL+"/suggestions", `{"input":"record 2","languageIds":["x"],"fieldIds":[]}`, 200)
	got := decode[[]struct {
		LanguageID  string
		Suggestions []struct {
			Text  string
			Score float64
		}
	}](t, text)
	if len(got) != 1 || got[0].LanguageID != "x" || len(got[0].Suggestions) != 5 || got[0].Suggestions[1].Text != "Record 20" {
		t.Error(text)
	}
}

// Whatever is looked for, the answer is a page or says what is wrong.
func FuzzSearchExpression(f *testing.F) {
	for _, text := range []string{"Id = 'x'", "Id IN ?", "not (Title = \"a\" or Tag <> 'b')", "CreatedOn >= @x", "((((", "'", "@", "FieldName('", "1 = -"} {
		f.Add(text, `["x"]`)
	}
	f.Fuzz(func(t *testing.T, text, parameter string) {
		expression, _ := json.Marshal(text)
		if !json.Valid([]byte(parameter)) {
			parameter = "null"
		}
		tenant := &aprimotest.Tenant{Service: atOnce}
		resp, body := do(t, tenant, newRequest(t.Context(), "POST", searchURL,
			fmt.Sprintf(`{"searchExpression":{"expression":%s,"parameters":[%s],"namedParameters":{"x":%[2]s}}}`, expression, parameter)))
		switch resp.StatusCode {
		case http.StatusOK:
			decode[found](t, body)
		case http.StatusBadRequest:
			if decode[exception](t, body).ExceptionMessage == "" {
				t.Error("no message")
			}
		default:
			t.Errorf("%q: %s", text, resp.Status)
		}
	})
}

func BenchmarkSearchOfAHundredThousand(b *testing.B) {
	tenant := &aprimotest.Tenant{Rate: 1e9, Service: atOnce, Records: 100_000}
	rt := tenant.Transport()
	for b.Loop() {
		resp, err := rt.RoundTrip(newRequest(b.Context(), "POST", searchURL+"?pageSize=1000&sort=createdOn",
			`{"searchExpression":{"expression":"CreatedOn >= '1999-01-01'"}}`))
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
