package aprimotest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ask sends a request to a tenant of the test's and returns the answer.
func ask(t *testing.T, tenant *Tenant, method, path, body string, header http.Header, want int) document {
	t.Helper()
	if !strings.HasPrefix(path, "https:") {
		path = "https://acme.dam.aprimo.com" + apiPath + "/" + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := tenant.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s %s: %s, %v, want %d: %.300s", method, path, body, resp.Status, err, want, data)
	}
	var doc document
	json.Unmarshal(data, &doc)
	return doc
}

var (
	inHAL = http.Header{"Accept": {"application/hal+json"}, "Languages": {"*"}}
	flat  = http.Header{"Accept": {"application/json"}, "Languages": {"*"}}
)

// sample returns a value that a member can be given, and how it comes back.
func (m *member) sample(n int) (sent, shown any) {
	switch m.kind {
	case "text":
		return fmt.Sprint(m.name, n), fmt.Sprint(m.name, n)
	case "flag":
		return m.zero != true, m.zero != true
	case "number":
		return float64(n + 7), float64(n + 7)
	case "enum":
		word := m.words[len(m.words)-1]
		return strings.ToUpper(word), word
	case "labels":
		label := document{"languageId": englishID, "value": "Label"}
		return []any{label}, []any{label}
	case "set":
		return []any{"one", "two"}, []any{"one", "two"}
	}
	return document{"a": 1.0}, document{"a": 1.0}
}

// changeable are the members that a request can set to anything.
func (k *kind) changeable() (all []*member) {
	for _, m := range k.members.all {
		apart := []string{"parentId", "isRoot", "dataType", "type", "inheritableFields", "searchExpression", "fileVersionId", "recordId", "additionalFileId"}
		if !m.unchanging && m.element == nil && m.name != k.key && !slices.Contains(apart, m.name) {
			all = append(all, m)
		}
	}
	return all
}

// makeable reports whether a request can make one with what first returns.
func (k *kind) makeable() bool {
	return k.plural != "" && !strings.Contains(k.refuse, "P") && !slices.Contains([]string{"record", "setting"}, k.name)
}

// first is what a kind needs to be made at all.
func (k *kind) first() document {
	doc := document{"name": "New " + k.name}
	switch k.name {
	case "classification":
		doc["isRoot"] = true
	case "publiclink":
		doc["uri"] = "https://cdn.example.com/a.jpg"
	}
	return doc
}

func body(v any) string { data, _ := json.Marshal(v); return string(data) }

// Each kind of marketing operations that a call makes is made, read, listed, searched, changed, cleared
// and deleted as its table says.
func TestEachKindOfMarketingOperationsGoesItsRound(t *testing.T) {
	for _, path := range slices.Sorted(maps.Keys(moByPath)) {
		k := moByPath[path]
		if k.manual || k.store != path {
			continue
		}
		t.Run(k.path, func(t *testing.T) {
			tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
			all := "https://acme.aprimo.com/api/" + k.path
			made := 201
			if k.made > 0 {
				made = k.made
			}
			for range 3 { // the second one is changed
				ask(t, tenant, "POST", all, "{}", nil, made)
			}
			stamped := []string{"modifiedUser", "modifiedBy", "modifiedDate"} // by the tenant, with each change
			want := document{}
			for i, m := range k.shown.members.all {
				if slices.Contains(stamped, m.name) {
					continue
				}
				if _, want[m.name] = m.sample(i); m.name == k.id() {
					want[m.name] = 2.0
				}
			}
			changed := maps.Clone(want)
			changed[k.id()] = 7.0 // an id is not changed
			same := func(about string, want, got any) {
				t.Helper()
				if g, w := body(got), body(want); g != w {
					t.Errorf("%s: got %.300s, want %.300s", about, g, w)
				}
			}
			second := all + "/2"
			ask(t, tenant, "PUT", second, body(changed), nil, 200)
			one := ask(t, tenant, "GET", second, "", nil, 200)
			for name := range want {
				same(name, want[name], one[name])
			}
			items := func(doc document, key string) []any {
				embedded, _ := doc["_embedded"].(document)
				list, _ := embedded[key].([]any)
				return list
			}
			if list := items(ask(t, tenant, "GET", all, "", nil, 200), k.key); len(list) != 3 {
				t.Errorf("got %d in a list under %q, want 3", len(list), k.key)
			}
			for id, n := range map[any]float64{2: 1, 9: 0} {
				found := ask(t, tenant, "POST", all+"/search", body(document{"equals": document{"fieldName": k.id(), "fieldValue": id}}), nil, 200)
				same(fmt.Sprint("a search for ", id), n, found["_total"])
			}
			for _, m := range k.shown.members.all[1:] {
				if slices.Contains(stamped, m.name) {
					continue
				}
				ask(t, tenant, "PUT", second, body(document{m.name: nil}), nil, 200)
				same(m.name+" cleared", m.zero, ask(t, tenant, "GET", second, "", nil, 200)[m.name])
			}
			ask(t, tenant, "DELETE", second, "", nil, 204)
			ask(t, tenant, "GET", second, "", nil, 404)
			ask(t, tenant, "GET", all+"/3", "", nil, 200)
		})
	}
}

// Each kind that can be made is made, read, listed, filtered, changed, cleared and
// deleted as its table says, in both forms of the answers.
func TestEachKindGoesItsRound(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(kindOf)) {
		k := kindOf[name]
		if !k.makeable() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
			made := ask(t, tenant, "POST", k.plural, body(k.first()), inHAL, 201)
			key := k.keyName()
			one := k.path() + "/" + text(made[key])
			sent, want := document{}, document{}
			selected := http.Header{}
			for i, m := range k.changeable() {
				sent[strings.ToUpper(m.name[:1])+m.name[1:]], want[m.name] = m.sample(i)
				selected.Add("Select-"+name, m.name)
			}
			ask(t, tenant, "PUT", one, body(sent), nil, 204)
			for _, form := range []http.Header{inHAL, flat} {
				header := maps.Clone(form)
				maps.Copy(header, selected)
				got := ask(t, tenant, "GET", one, "", header, 200)
				for name, value := range want {
					if diff := cmp.Diff(value, got[name]); diff != "" {
						t.Errorf("%s %v: %s", name, form, diff)
					}
				}
				k.checkForm(t, tenant, one, form)
			}
			for filter, n := range map[string]float64{"": 1, "name = 'none'": 0, fmt.Sprintf("createdOn > '%s'", "2100-01-01"): 0} {
				if m := k.member(nil, strings.Fields(filter + " name")[0]); m == nil {
					continue
				}
				list := ask(t, tenant, "GET", k.plural, "", http.Header{"Filter": {filter}, "Accept": {"application/json"}}, 200)
				if total, _ := list["totalCount"].(float64); total < n || filter != "" && total != n {
					t.Errorf("filter %q: %v, want %v", filter, total, n)
				}
			}
			for _, m := range k.changeable() {
				if m.required || m.name == "uri" {
					continue
				}
				ask(t, tenant, "PUT", one, body(document{m.name: nil}), nil, 204)
				header := http.Header{"Accept": {"application/json"}, "Select-" + name: {m.name}}
				zero, _ := json.Marshal(m.zero)
				got, _ := json.Marshal(ask(t, tenant, "GET", one, "", header, 200)[m.name])
				derived := name == "fielddefinition" && m.name == "label" || name == "contenttype" && m.name == "titleConfiguration" || m.name == "ownerId"
				if !bytes.Equal(zero, got) && !derived {
					t.Errorf("%s was cleared: %s, want %s", m.name, got, zero)
				}
			}
			ask(t, tenant, "DELETE", one, "", nil, 204)
			ask(t, tenant, "GET", one, "", nil, 404)
		})
	}
}

// checkForm looks whether an object has its links, and what is selected, where the
// form of the answer has them.
func (k *kind) checkForm(t *testing.T, tenant *Tenant, one string, form http.Header) {
	t.Helper()
	header := maps.Clone(form)
	for _, rel := range k.relations {
		header.Add("Select-"+k.name, rel.key)
	}
	got := ask(t, tenant, "GET", one, "", header, 200)
	all, _ := got["_links"].(document)
	embedded, _ := got["_embedded"].(document)
	isHAL := strings.Contains(form.Get("Accept"), "hal")
	if (all != nil) != isHAL {
		t.Errorf("%v: _links %v", form, all)
	}
	for _, rel := range k.relations {
		if rel.unlinked {
			continue
		}
		_, flat := got[rel.name]
		_, selected := embedded[rel.link]
		link, _ := all[rel.link].(document)
		if isHAL && (!selected || link["select-key"] != rel.key) || !isHAL && !flat {
			t.Errorf("%v: %s is not where it should be: %v", form, rel.name, got)
		}
	}
}

// What is refused is refused with the name of the property.
func TestValuesThatDoNotFitAreRefused(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	for path, in := range map[string]string{
		"rules":            `{"name":"R","trigger":"Never"}`,
		"languages":        `{"name":"L","isEnabledForUI":"perhaps"}`,
		"classifications":  `{"name":"C","isRoot":true,"sortIndex":"first"}`,
		"usergroups":       `{"name":{}}`,
		"fielddefinitions": `{"name":"F","enabledLanguages":"all"}`,
		"users":            `{"email":"a@example.com"}`,
		"filetypes":        `{"name":"F","mediaEngines":{}}`,
		"collections":      `{"name":"C","searchExpression":"*"}`,
	} {
		got := ask(t, tenant, "POST", path, in, nil, 400)
		if message := text(got["exceptionMessage"]); !strings.Contains(message, "propert") && !strings.Contains(message, "has no") {
			t.Errorf("%s %s: %s", path, in, message)
		}
	}
	ask(t, tenant, "POST", "classifications", `{"name":"neither below another nor a root"}`, nil, 400)
}

// A link back leads to what has the id of an object.
func TestLinksBack(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	const id = "00000000000000000000000000000001"
	made := ask(t, tenant, "POST", "publiclinks", `{"recordId":"`+id+`","uri":"https://cdn.example.com/a.jpg"}`, nil, 201)["id"]
	ask(t, tenant, "POST", "publiclinks", `{"fileVersionId":"another","uri":"https://cdn.example.com/b.jpg"}`, nil, 201)
	for _, of := range []string{"fileversion/e" + id[1:], "rendition/d" + id[1:]} {
		items := array(ask(t, tenant, "GET", of+"/publiclinks", "", nil, 200)["items"])
		if len(items) != 1 || valueOf(items[0], "id") != made {
			t.Errorf("got %v for %s, want the one link to its version", items, of)
		}
	}
}

// An empty text resets an enumeration, as null does.
func TestAnEmptyTextResetsAnEnumeration(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	rule := fmt.Sprint("rule/", ask(t, tenant, "POST", "rules", `{"name":"R","trigger":"Daily"}`, nil, 201)["id"])
	ask(t, tenant, "PUT", rule, `{"trigger":""}`, nil, 204)
	if got := ask(t, tenant, "GET", rule, "", nil, 200)["trigger"]; got != "WhenSavedOrDeleted" {
		t.Errorf("got the trigger %v, want the first", got)
	}
}

// A member without a name is kept as any other that the table does not know.
func TestAMemberWithoutAName(t *testing.T) {
	tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }}
	if got := ask(t, tenant, "POST", "rules", `{"name":"R","":7}`, nil, 201)[""]; got != 7.0 {
		t.Errorf("got %v, want what was sent", got)
	}
}

var update = flag.Bool("update", false, "write testdata/golden.json")

// goldens are the requests whose answers are in testdata/golden.json: shapes that
// were held against those of real tenants, with values of our own.
var goldens = []struct{ name, accept, path, selects string }{
	{"record", "application/hal+json", "record/00000000000000000000000000000004", ""},
	{"record, selected", "application/hal+json", "record/00000000000000000000000000000004", "title, tag, fields, classifications, masterfile"},
	{"record, flat", "application/json", "record/00000000000000000000000000000004", "title, masterfilelatestversion, preview, createdby"},
	{"record classifications", "application/hal+json", "record/00000000000000000000000000000004/classifications", ""},
	{"record fields", "application/hal+json", "record/00000000000000000000000000000004/fields", ""},
	{"record permissions", "application/hal+json", "record/00000000000000000000000000000004/permissions", ""},
	{"trail", "application/hal+json", "record/00000000000000000000000000000004/trail", ""},
	{"trail entry", "application/json", "record/00000000000000000000000000000004/trail/entry/1", ""},
	{"files", "application/hal+json", "record/00000000000000000000000000000001/files", ""},
	{"version", "application/hal+json", "fileversion/e0000000000000000000000000000001", ""},
	{"renditions", "application/json", "fileversion/e0000000000000000000000000000001/renditions", ""},
	{"classifications", "application/hal+json", "classifications", ""},
	{"collection", "application/hal+json", "collections", ""},
	{"fielddefinitions", "application/json", "fielddefinitions?pageSize=4", ""},
	{"languages", "application/hal+json", "languages", ""},
	{"permissions of a group", "application/hal+json", "usergroup/%s/permissions", ""},
	{"orders", "application/json", "orders", ""},
	{"downloadlinks", "application/json", "downloadlinks", ""},
	{"searchindex", "application/hal+json", "searchindex", ""},
}

func TestAnswersHaveTheGoldenShape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &Tenant{Rate: 1e6, Service: func(*http.Request) time.Duration { return 0 }, OrderTime: -1}
		link := ask(t, tenant, "POST", "fielddefinitions", `{"name":"BelongsTo","dataType":"RecordLink"}`, nil, 201)["id"]
		ask(t, tenant, "POST", "records", fmt.Sprintf(`{"status":"released","tag":"<a/>","classifications":{"addOrUpdate":[{"id":%q}]},"fields":{"addOrUpdate":[
			{"name":"Title","localizedValues":[{"value":"Four"}]},{"name":"Keywords","localizedValues":[{"values":["a","b"]}]},
			{"id":%q,"localizedValues":[{"links":null,"parents":null,"children":[{"recordId":"00000000000000000000000000000001"}]}]}]}}`,
			seedID("classifications", "Assets"), link), nil, 201)
		ask(t, tenant, "POST", "collections", `{"name":"Summer"}`, nil, 201)
		group := ask(t, tenant, "POST", "usergroups", `{"name":"Editors"}`, nil, 201)["id"]
		ask(t, tenant, "PUT", fmt.Sprintf("usergroup/%s/permissions", group), `{"permissions":{"addOrUpdate":[{"name":"EditRecords","value":"granted"}]}}`, nil, 204)
		ask(t, tenant, "POST", "orders", `{"type":"download","targets":[{"recordId":"00000000000000000000000000000001","targetTypes":["Document"]}]}`, nil, 201)
		got := document{}
		for _, g := range goldens {
			path := strings.Replace(g.path, "%s", text(group), 1)
			got[g.name] = ask(t, tenant, "GET", path, "", http.Header{"Accept": {g.accept}, "Select-Record": {g.selects}}, 200)
		}
		for _, name := range slices.Sorted(maps.Keys(kindOf)) {
			switch k := kindOf[name]; {
			case k.makeable():
				made := ask(t, tenant, "POST", k.plural, body(k.first()), inHAL, 201)
				got[name] = ask(t, tenant, "GET", k.path()+"/"+text(made[k.keyName()]), "", inHAL, 200)
			case strings.HasSuffix(name, "order") && name != "order":
				order := fmt.Sprintf(`{"type":%q,"targets":[{"recordId":"00000000000000000000000000000001"}]}`, strings.TrimSuffix(name, "order"))
				got[name] = ask(t, tenant, "GET", "order/"+text(ask(t, tenant, "POST", "orders", order, inHAL, 201)["id"]), "", inHAL, 200)
			}
		}
		const file = "testdata/golden.json"
		if *update {
			data, _ := json.MarshalIndent(got, "", " ")
			if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(file)
		var want document
		if err := cmpErr(err, json.Unmarshal(data, &want)); err != nil {
			t.Fatal(err)
		}
		for name := range got {
			if diff := cmp.Diff(want[name], got[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Whatever a table is asked to make of an object, the answer is an object or says
// what is wrong, and what is read can be sent again.
func FuzzChange(f *testing.F) {
	for _, seed := range []string{`{"name":"a"}`, `{"permissions":{"addOrUpdate":[{"name":"x"}],"remove":["x"]}}`, `{"labels":[null,1,{"languageId":{}}]}`, `{"dataType":"OptionList","items":[{},"x",{"id":1}]}`} {
		f.Add(seed, "fielddefinition")
		f.Add(seed, "usergroup")
		f.Add(seed, "comment")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		k := kindOf[name]
		var in document
		if k == nil || json.Unmarshal(relaxed([]byte(text)), &in) != nil {
			return
		}
		var doc document
		if refusal(func() { doc = k.changed(nil, in) }) != nil {
			return
		}
		s := new(store)
		s.open(new(Tenant))
		r, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com/api/core/x", nil)
		s.request = r
		shown := s.show(object{kind: k, doc: doc, path: "x/1"}, newQuery(r))
		if _, err := json.Marshal(shown); err != nil {
			t.Fatal(err)
		}
		if refused := refusal(func() { k.changed(doc, in) }); refused != nil {
			t.Errorf("it cannot be sent again: %s", refused.message)
		}
	})
}

// What the parser of Aprimo's servers takes becomes JSON, and JSON stays as it is.
func FuzzRelaxed(f *testing.F) {
	for in, want := range map[string]string{
		`{ 'rebuildScheduled': true }`: `{ "rebuildScheduled": true }`,
		`{"filename":"photo.png",}`:    `{"filename":"photo.png"}`,
		`{rangeStart: "a", b: [1,2,]}`: `{"rangeStart": "a", "b": [1,2]}`,
		`{'a':'it\'s "b"'}`:            `{"a":"it's \"b\""}`,
		`{'a':'\"\n\\'}`:               `{"a":"\"\n\\"}`,
		`{"a":[null,true,-1.5e3]}`:     `{"a":[null,true,-1.5e3]}`,
	} {
		if got := string(relaxed([]byte(in))); got != want {
			f.Errorf("%s: %s, want %s", in, got, want)
		}
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := relaxed([]byte(in))
		if json.Valid([]byte(in)) && string(out) != in {
			t.Errorf("%q became %q", in, out)
		}
	})
}
