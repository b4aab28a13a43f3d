package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

func TestARecordIsTheSameInEitherFormOfJSON(t *testing.T) {
	for name, body := range map[string]string{
		"flat": `{"id":"1","fields":[{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"},{"languageId":"en","value":"Hello"}]}],"masterFileLatestVersion":{"fileSize":7},"createdOn":"2026-01-02T03:04:05"}`,
		"HAL":  `{"id":"1","_embedded":{"fields":{"items":[{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"},{"languageId":"en","value":"Hello"}]}]},"masterfilelatestversion":{"fileSize":7}},"createdOn":"2026-01-02T03:04:05Z"}`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		rec, err := c.Records.Get(t.Context(), "1")
		if err != nil {
			t.Fatal(name, err)
		}
		title := rec.Fields.Get("title")
		if title.Text("en") != "Hello" || title.Text("") != "Hallo" || title.Text("fr") != "" || rec.Fields.Get("none").Text("") != "" {
			t.Errorf("%s: the title is %+v", name, title)
		}
		if rec.MasterFileLatestVersion == nil || rec.MasterFileLatestVersion.FileSize != 7 || rec.CreatedOn.Hour() != 3 {
			t.Errorf("%s: %+v", name, rec)
		}
	}
}

func TestAChangeIsWrittenAsTheGuideHasIt(t *testing.T) {
	const dashed = "A0B1C2D3-0000-0000-0000-00000000000F"
	const bare = "a0b1c2d300000000000000000000000f"
	change := client.RecordChange{
		Status: client.Released,
		Fields: client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{
			client.SetText(dashed, "en", "Hello").In("de", "Hallo"), client.SetValue("f2", nil), client.SetValues("f3"),
		}},
		Classifications: client.Changes[client.Classification]{
			AddOrUpdate: []client.Classification{{ID: "c1"}}, Remove: []client.Ref{dashed},
		},
		Files: client.NewFileVersion(dashed, client.NewVersion{Token: "t", FileName: "a.jpg"}),
	}
	data, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"status":"released","fields":{"addOrUpdate":[` +
		`{"id":"` + bare + `","localizedValues":[{"languageId":"en","value":"Hello"},{"languageId":"de","value":"Hallo"}]},` +
		`{"id":"f2","localizedValues":[{"languageId":"` + client.NoLanguage + `","value":null}]},` +
		`{"id":"f3","localizedValues":[{"languageId":"` + client.NoLanguage + `","values":[]}]}]},` +
		`"classifications":{"addOrUpdate":[{"id":"c1"}],"remove":[{"id":"` + bare + `"}]},` +
		`"files":{"addOrUpdate":[{"id":"` + bare + `","versions":{"addOrUpdate":[{"id":"t","fileName":"a.jpg"}]}}]}}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	if data, _ := json.Marshal(client.RecordChange{}); string(data) != "{}" {
		t.Errorf("no change is %s", data)
	}
}

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
		t.Errorf("sent ?%s with %s", query, body)
	}
	if page.TotalCount != 9 || page.Facets[0].Values[0].Count != 3 || len(page.Facets[0].Extra) != 1 {
		t.Errorf("got %+v", page)
	}
}

func TestManyRecordsAreFoundWithOneSearchForAThousand(t *testing.T) {
	requests := 0
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		var in struct {
			Expression struct{ Parameters [][]string } `json:"searchExpression"`
		}
		json.NewDecoder(r.Body).Decode(&in)
		items := []map[string]string{}
		for _, id := range slices.Backward(in.Expression.Parameters[0]) {
			if id != "7" {
				items = append(items, map[string]string{"id": id})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"items": items, "_links": map[string]any{}})
	})
	var ids []string
	for i := range 2500 {
		ids = append(ids, fmt.Sprint(i))
	}
	found, missing, err := c.Records.GetMany(t.Context(), ids)
	if err != nil || len(found) != 2499 || found[7].ID != "8" || !slices.Equal(missing, []string{"7"}) || requests != 3 {
		t.Errorf("%d found, missing %v, error %v, %d requests", len(found), missing, err, requests)
	}
}
