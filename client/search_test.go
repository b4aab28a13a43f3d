package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

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
