package client_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"iter"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

// A sent is what a call has sent with an option, as far as options change it.
type sent struct {
	header http.Header
	query  map[string][]string
	body   map[string]json.RawMessage
}

// conformance has each CallOption with what it adds to a call: a header, a parameter of the
// query or a property of the body.
var conformance = map[string]struct {
	option      client.CallOption
	in          string // header, query, body, or page: the query of lists; empty if it changes no request
	name, value string // if the name differs by call, all of them
}{
	"Expand":               {option: client.Expand("user", "groups"), in: "header", name: "select-user", value: "groups"},
	"Budget":               {option: client.Budget(5)},
	"WithResponse":         {option: client.WithResponse(new(client.Response))},
	"PageSize":             {option: client.PageSize(7), in: "page", name: "pageSize limit take", value: "7"},
	"StartPage":            {option: client.StartPage(2), in: "page", name: "page offset skip", value: "2 50"},
	"Filter":               {option: client.Filter("a = 'b'"), in: "query", name: "filter", value: "a = 'b'"},
	"Sort":                 {option: client.Sort("-Name"), in: "query", name: "sort", value: "-Name"},
	"Query":                {option: client.Query("a", "b c&d"), in: "query", name: "a", value: "b c&d"},
	"Set":                  {option: client.Set("x", false), in: "body", name: "x", value: "false"},
	"Header":               {option: client.Header("X-A", "b"), in: "header", name: "X-A", value: "b"},
	"Languages":            {option: client.Languages("l1", "l2"), in: "header", name: "languages", value: "l1, l2"},
	"ImmediateIndexing":    {option: client.ImmediateIndexing(), in: "header", name: "set-immediateSearchIndexUpdate", value: "true"},
	"Select":               {option: client.Select("user", "groups"), in: "header", name: "select-user", value: "groups"},
	"SelectRecord":         {option: client.SelectRecord(client.RecordTitle, client.RecordTag), in: "header", name: "select-record", value: "title, tag"},
	"SelectFileVersion":    {option: client.SelectFileVersion(client.FileVersionRenditions), in: "header", name: "select-fileversion", value: "renditions"},
	"SelectClassification": {option: client.SelectClassification(client.ClassificationTag), in: "header", name: "select-classification", value: "Tag"},
	"SelectFields":         {option: client.SelectFields("A,b"), in: "header", name: "select-record-fields", value: "A%2Cb"},
	"SelectFieldGroups":    {option: client.SelectFieldGroups("A"), in: "header", name: "select-record-fieldgroups", value: "A"},
}

// calls has each kind of call, typed and raw.
var calls = map[string]struct {
	lists, writes bool
	pageless      bool // the call sets its pages itself
	call          func(context.Context, *client.Client, client.CallOption) error
}{
	"Get": {call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Languages.Get(ctx, "1", o)
		return err
	}},
	"List": {lists: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(c.Languages.List(ctx, o))
	}},
	"Page": {lists: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Languages.Page(ctx, o)
		return err
	}},
	"Create": {writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Languages.Create(ctx, &client.Language{Name: "a"}, o)
		return err
	}},
	"Update": {writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return c.Languages.Update(ctx, "1", &client.Language{Name: "a"}, o)
	}},
	"Delete": {call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return c.Languages.Delete(ctx, "1", o)
	}},
	"record Update": {writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return c.Records.Update(ctx, "1", client.RecordChange{Tag: "a"}, o)
	}},
	"Search": {lists: true, writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(c.Records.Search(ctx, client.Expression{Text: "a"}, o))
	}},
	"Export": {lists: true, writes: true, pageless: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(c.Records.Export(client.Expression{Text: "a"}, client.Checkpoint{}, o).All(ctx))
	}},
	"Trail": {lists: true, pageless: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(client.All[client.Extra](ctx, c, http.MethodGet, "/record/1/trail?take=50", nil, o))
	}},
	"Do GET": {call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Do(ctx, http.MethodGet, "/thing/1", nil, nil, o)
		return err
	}},
	"Do PUT": {writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Do(ctx, http.MethodPut, "/api/thing/1", map[string]int{"a": 1}, nil, o)
		return err
	}},
	"Do POST without a body": {writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		_, err := c.Do(ctx, http.MethodPost, "/api/thing/1/start", nil, nil, o)
		return err
	}},
	"All of the DAM": {lists: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(client.All[client.Extra](ctx, c, http.MethodGet, "/things", nil, o))
	}},
	"All of marketing operations": {lists: true, writes: true, call: func(ctx context.Context, c *client.Client, o client.CallOption) error {
		return drain(client.All[client.Extra](ctx, c, http.MethodPost, "/api/things/search", map[string]int{"a": 1}, o))
	}},
}

func drain[T any](list iter.Seq2[*T, error]) (last error) {
	for _, err := range list {
		last = err
	}
	return last
}

// Each option does with each kind of call what it says, and no more.
func TestEachOptionWithEachCall(t *testing.T) {
	for kind, call := range calls {
		plain := requestOf(t, kind, call.call, nil)
		for name, want := range conformance {
			got := requestOf(t, kind, call.call, want.option)
			applies := want.in == "header" || want.in == "query" || want.in == "body" && call.writes || want.in == "page" && call.lists && !call.pageless
			if call.pageless && (want.in == "page" || want.in == "query" && name == "Sort") {
				continue // an Export pages and sorts in its own way
			}
			value, added := added(plain, got, want.in, strings.Fields(want.name))
			if applies != (added == 1) || applies && !strings.Contains(" "+want.value+" ", " "+value+" ") && value != want.value {
				t.Errorf("%s with %s: got %q, %d additions, want %q: %t", kind, name, value, added, want.value, applies)
			}
		}
	}
}

// added returns what a request has in one of some names that another does not have, and how many
// of them.
func added(plain, got sent, in string, names []string) (value string, n int) {
	for _, name := range names {
		before, after := plain.query[name], got.query[name]
		switch in {
		case "header":
			before, after = plain.header.Values(name), got.header.Values(name)
		case "body":
			before, after = nil, nil
			if raw, ok := got.body[name]; ok {
				after = []string{string(raw)}
			}
		}
		if strings.Join(before, "") != strings.Join(after, "") {
			value, n = strings.Join(after, ""), n+1
		}
	}
	return value, n
}

// requestOf returns the first request of a call.
func requestOf(t *testing.T, kind string, call func(context.Context, *client.Client, client.CallOption) error, option client.CallOption) (first sent) {
	t.Helper()
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if first.header == nil {
			first = sent{header: r.Header, query: r.URL.Query()}
			if data, _ := io.ReadAll(r.Body); len(data) > 0 && json.Unmarshal(data, &first.body) != nil {
				t.Errorf("%s: got the body %s, want an object", kind, data)
			}
		}
		io.WriteString(w, `{"id":"1","items":[]}`)
	})
	if err := call(t.Context(), c, option); err != nil || first.header == nil {
		t.Errorf("%s: got error %v, want a request and none", kind, err)
	}
	return first
}

// The table has every option that there is.
func TestEachOptionIsInTheTable(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
			if _, known := conformance[f.Name.Name]; ok && result.Name == "CallOption" && !known {
				t.Errorf("%s is not in the table: add what it sends", f.Name.Name)
			}
		}
	}
}
