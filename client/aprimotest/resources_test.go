package aprimotest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const coreURL = "https://acme.dam.aprimo.com/api/core"

func call(t *testing.T, tenant *aprimotest.Tenant, method, url, body string, want int) map[string]any {
	t.Helper()
	resp, text := do(t, tenant, newRequest(t.Context(), method, url, body))
	if resp.StatusCode != want {
		t.Fatalf("%s %s: %s, want %d: %s", method, url, resp.Status, want, text)
	}
	var v map[string]any
	json.Unmarshal([]byte(text), &v)
	return v
}

func TestClassificationsAreATree(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	root := call(t, tenant, "GET", coreURL+"/classification?namePath=/Assets", "", 200)["id"]
	call(t, tenant, "POST", coreURL+"/classifications", fmt.Sprintf(`{"name":"Photos","parentId":%q}`, root), 201)
	if got := call(t, tenant, "GET", coreURL+"/classification?namePath=/Assets/Photos", "", 200); got["parentId"] != root {
		t.Error(got)
	}
	children := call(t, tenant, "GET", fmt.Sprintf("%s/classification/%s/children", coreURL, root), "", 200)["items"].([]any)
	if len(children) != 1 {
		t.Error(children)
	}
	found := call(t, tenant, "POST", coreURL+"/search/classifications", `{"searchExpression":{"expression":"Name = ?","parameters":["photos"]}}`, 200)
	if found["totalCount"] != 1.0 {
		t.Error(found)
	}
}

// What is below a classification that is renamed or moved goes with it.
func TestATreeOfClassificationsStaysOne(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	add := func(name, parent string) string {
		return call(t, tenant, "POST", coreURL+"/classifications", fmt.Sprintf(`{"name":%q,"parentId":%q,"isRoot":true}`, name, parent), 201)["id"].(string)
	}
	a := add("A", "")
	b := add("B", a)
	c := add("C", b)
	one := coreURL + "/classification/"
	call(t, tenant, "PUT", one+a, fmt.Sprintf(`{"parentId":%q}`, c), 400)
	call(t, tenant, "PUT", one+a, `{"parentId":"unknown"}`, 404)
	call(t, tenant, "PUT", one+a, `{"name":"Z"}`, 204)
	if got := call(t, tenant, "GET", one+c, "", 200); got["namePath"] != "/Z/B/C" || got["hasChildren"] != false {
		t.Error(got)
	}
	call(t, tenant, "DELETE", one+b, "", 409)
	call(t, tenant, "PUT", one+c, `{"parentId":null}`, 204)
	if got := call(t, tenant, "GET", one+c, "", 200); got["namePath"] != "/C" || got["isRoot"] != true {
		t.Error(got)
	}
	body := fmt.Sprintf(`{"classifications":{"addOrUpdate":[{"id":%q},{"id":%q}]}}`, b, c)
	id := call(t, tenant, "POST", coreURL+"/records", body, 201)["id"]
	call(t, tenant, "DELETE", one+b, "", 204)
	got := call(t, tenant, "GET", fmt.Sprintf("%s/record/%s/classifications", coreURL, id), "", 200)["items"].([]any)
	if len(got) != 1 || got[0].(map[string]any)["id"] != c {
		t.Errorf("the one that was deleted is still there: %v", got)
	}
}

func TestListsAreFilteredAndSorted(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	for _, name := range []string{"bo", "ann", "cy"} {
		call(t, tenant, "POST", coreURL+"/usergroups", fmt.Sprintf(`{"name":%q,"organizationId":%q}`, name, name[:1]), 201)
	}
	for query, want := range map[string]string{
		"filter=Name+%3D+'ANN'":                          "ann",
		"filter=Name+%3D+'ann'+and+organizationId%3D'b'": "",
		"filter=name%3D'bo'+and+OrganizationId%3Db":      "bo",
		"sort=name":                    "ann bo cy",
		"sort=-name":                   "cy bo ann",
		"sort=name+desc&pageSize=1":    "cy",
		"filter=Name='ann'+or+Name=bo": "bo ann",
	} {
		var names []string
		for _, item := range call(t, tenant, "GET", coreURL+"/usergroups?"+query, "", 200)["items"].([]any) {
			names = append(names, item.(map[string]any)["name"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"filter=Name+%3D", "filter=Name+%3E+'a'", "filter=Shoe%3D'4'", "sort=shoe"} {
		call(t, tenant, "GET", coreURL+"/usergroups?"+query, "", 400)
	}
}

func TestPermissionsAreKeptWithTheirOwner(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	id := call(t, tenant, "POST", coreURL+"/usergroups", `{"name":"editors"}`, 201)["id"]
	url := fmt.Sprintf("%s/usergroup/%s/permissions", coreURL, id)
	value := func() (found any) {
		for _, item := range call(t, tenant, "GET", url, "", 200)["items"].([]any) {
			if permission := item.(map[string]any); permission["name"] == "EditRecords" {
				found = permission["value"]
			}
		}
		return found
	}
	if got := value(); got != "None" {
		t.Error(got)
	}
	call(t, tenant, "PUT", url, `{"permissions":{"addOrUpdate":[{"name":"EditRecords","value":"granted"}]}}`, 204)
	if got := value(); got != "Granted" {
		t.Error(got)
	}
	call(t, tenant, "PUT", coreURL+"/usergroup/unknown/permissions", `{}`, 404)
	call(t, tenant, "PUT", coreURL+"/searchindex", `{"rebuildScheduled":true}`, 204)
	if got := call(t, tenant, "GET", coreURL+"/searchindex", "", 200)["rebuildScheduled"]; got != true {
		t.Error(got)
	}
	record := coreURL + "/record/" + fmt.Sprintf("%032d", 1)
	call(t, tenant, "GET", record+"/permissions", "", 200)
	call(t, tenant, "PUT", record+"/permissions", `{}`, 405)
}

func TestCollectionsHaveRecords(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	id := call(t, tenant, "POST", coreURL+"/collections", `{"name":"Summer","type":"static"}`, 201)["id"]
	url := fmt.Sprintf("%s/collection/%s/records", coreURL, id)
	one, two := fmt.Sprintf("%032d", 1), fmt.Sprintf("%032d", 2)
	call(t, tenant, "PUT", url, fmt.Sprintf(`{"records":{"addOrUpdate":[%q,{"id":%q}]}}`, one, two), 204)
	call(t, tenant, "PUT", url, fmt.Sprintf(`{"records":{"remove":[%q]}}`, one), 204)
	if got := call(t, tenant, "GET", url, "", 200)["items"].([]any); len(got) != 1 || got[0].(map[string]any)["id"] != two {
		t.Error(got)
	}
}

// A change of a record keeps what it does not name.
func TestRecordsAreChangedInPart(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	definitions := call(t, tenant, "GET", coreURL+"/fielddefinitions", "", 200)["items"].([]any)
	url := coreURL + "/record/" + fmt.Sprintf("%032d", 2)
	for _, d := range definitions {
		definition := d.(map[string]any)
		call(t, tenant, "PUT", url, fmt.Sprintf(`{"fields":{"addOrUpdate":[{"id":%q,"localizedValues":[{"value":"new"}]}]}}`, definition["id"]), 204)
	}
	call(t, tenant, "PUT", url, `{"tag":"changed"}`, 204)
	call(t, tenant, "PUT", url, `{"fields":{"addOrUpdate":[{"id":"unknown"}]}}`, 404)
	got := call(t, tenant, "GET", url, "", 200)
	fields := call(t, tenant, "GET", url+"/fields", "", 200)["items"].([]any)
	if got["tag"] != "changed" || got["title"] != "new" || got["status"] != "Released" || len(fields) != len(definitions) {
		t.Errorf("%v, %v", got, fields)
	}
	if trail := call(t, tenant, "GET", url+"/trail?filter=change", "", 200); trail["entryCount"] != float64(len(definitions)+1) {
		t.Error(trail)
	}
	if entry := call(t, tenant, "GET", url+"/trail/entry/2", "", 200); entry["id"] != 2.0 || entry["changeCount"] != 1.0 {
		t.Error(entry)
	}
	call(t, tenant, "GET", url+"/trail/entry/99", "", 404)
	first := fields[0].(map[string]any)
	if f := call(t, tenant, "GET", fmt.Sprintf("%s/field/%s", url, first["id"]), "", 200); f["fieldName"] != first["fieldName"] {
		t.Error(f)
	}
	call(t, tenant, "GET", url+"/field/unknown", "", 404)
	call(t, tenant, "POST", url+"/locks", `{"reason":"edit"}`, 201)
	if locks := call(t, tenant, "GET", url+"/locks", "", 200)["items"].([]any); len(locks) != 1 {
		t.Error(locks)
	}
	call(t, tenant, "DELETE", url, "", 204)
	call(t, tenant, "GET", url, "", 404)
	if n := call(t, tenant, "GET", recordsURL, "", 200)["totalCount"]; n != 2.0 {
		t.Errorf("%v records", n)
	}
}

func TestValuesHaveTheFormOfTheirDataType(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	url := coreURL + "/record/" + oneID(1)
	for _, tt := range []struct{ dataType, sent, want string }{
		{"Numeric", `"value":"5"`, `"aiInfluenced":false,"value":"5"`},
		{"Date", `"value":"2026-01-02"`, `"aiInfluenced":false,"hasDay":true,"hasMonth":true,"value":"2026-01-02"`},
		{"Date", `"value":"2026-01-01","hasDay":false`, `"aiInfluenced":false,"hasDay":false,"hasMonth":true,"value":"2026-01-01"`},
		{"Date", `"value":null`, `"aiInfluenced":false,"hasDay":null,"hasMonth":null,"value":null`},
		{"TextList", `"values":["a"]`, `"aiInfluenced":false,"values":["a"]`},
		{"OptionList", `"values":[]`, `"aiInfluenced":false,"values":null`},
		{"UserList", `"values":["u"]`, `"values":["u"]`},
		{"HyperlinkList", `"hyperlinks":[{"displayText":"d","url":"https://x"}]`, `"hyperlinks":[{"displayText":"d","url":"https://x"}]`},
		{"RecordLink", `"links":[{"recordId":"r"}]`, `"children":null,"links":[{"recordId":"r"}],"parents":null`},
	} {
		id := call(t, tenant, "POST", coreURL+"/fielddefinitions", fmt.Sprintf(`{"name":%q,"dataType":%q}`, tt.dataType+tt.sent, tt.dataType), 201)["id"]
		call(t, tenant, "PUT", url, fmt.Sprintf(`{"fields":{"addOrUpdate":[{"id":%q,"localizedValues":[{%s}]}]}}`, id, tt.sent), 204)
		value := call(t, tenant, "GET", fmt.Sprintf("%s/field/%s", url, id), "", 200)["localizedValues"].([]any)[0].(map[string]any)
		for _, name := range []string{"languageId", "readOnly", "modifiedOn"} {
			if _, ok := value[name]; !ok {
				t.Errorf("%s: %s is missing", tt.dataType, name)
			}
			delete(value, name)
		}
		if got, _ := json.Marshal(value); string(got) != "{"+tt.want+"}" {
			t.Errorf("%s: got %s, want {%s}", tt.dataType, got, tt.want)
		}
	}
}

func TestSelectedPartsComeInTheFormThatIsAccepted(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	get := func(url, accept string) map[string]any {
		req := newRequest(t.Context(), "GET", url, "")
		req.Header.Set("Accept", accept)
		req.Header.Set("Select-Record", "fields, masterFileLatestVersion, files, preview")
		_, text := do(t, tenant, req)
		return decode[map[string]any](t, text)
	}
	url := coreURL + "/record/" + fmt.Sprintf("%032d", 1)
	got := get(url, "application/hal+json")
	embedded := got["_embedded"].(map[string]any)
	if len(embedded) != 4 || embedded["masterfilelatestversion"] == nil || got["fields"] != nil {
		t.Errorf("%v", got)
	}
	if self := embedded["preview"].(map[string]any)["_links"]; fmt.Sprint(self) != fmt.Sprintf("map[self:map[href:%s/image/preview]]", url) {
		t.Errorf("the preview links to %v", self)
	}
	link := got["_links"].(map[string]any)["fields"].(map[string]any)
	if link["select-key"] != "fields" || !strings.HasPrefix(link["href"].(string), "https://") {
		t.Errorf("%v", link)
	}
	got = get(url, "application/json")
	if _, ok := got["classifications"]; !ok || got["classifications"] != nil || got["masterFileLatestVersion"] == nil || got["files"] == nil {
		t.Errorf("%v", got)
	}
	item := get(recordsURL, "application/json")["items"].([]any)[0].(map[string]any)
	if item["files"] != nil || item["fields"] == nil {
		t.Errorf("in a list: %v", item)
	}
}

func TestRequiredHeadersAreRequired(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, RequireHeaders: true}
	full := map[string]string{"API-VERSION": "1", "Accept": "application/json", "User-Agent": "test/1.0", "Content-Type": "application/json"}
	for missing := range full {
		req := newRequest(t.Context(), "POST", recordsURL, "{}")
		for name, value := range full {
			req.Header.Set(name, value)
		}
		if resp, text := do(t, tenant, req); resp.StatusCode != 201 {
			t.Errorf("with all: %s %s", resp.Status, text)
		}
		req = newRequest(t.Context(), "POST", recordsURL, "{}")
		for name, value := range full {
			req.Header.Set(name, value)
		}
		req.Header.Set(missing, "")
		if resp, text := do(t, tenant, req); resp.StatusCode != 400 || !strings.Contains(text, missing) {
			t.Errorf("without %s: %s %s", missing, resp.Status, text)
		}
	}
	for kind, want := range map[string]int{"application/hal+json": 201, "text/json; charset=utf-8": 201, "text/plain": 400, "application/jsonp": 400} {
		req := newRequest(t.Context(), "POST", recordsURL, "{}")
		for name, value := range full {
			req.Header.Set(name, value)
		}
		req.Header.Set("Content-Type", kind)
		if resp, text := do(t, tenant, req); resp.StatusCode != want {
			t.Errorf("%s: %s %s, want %d", kind, resp.Status, text, want)
		}
	}
}

// In a language that was asked for and that a classification has no label in, its name is
// the label (a connector of a publisher, live).
func TestALabelIsTheNameInALanguageWithoutOne(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	call(t, tenant, "POST", coreURL+"/classifications", `{"name":"Photos","parentNamePath":"/Assets","labels":[{"languageId":"c2bd4f9bbb954bcb80c31e924c9c26dc","value":"Pictures"}]}`, 201)
	for languages, want := range map[string]string{"c2bd4f9b-bb95-4bcb-80c3-1e924c9c26dc": "Pictures", "00000000-0000-0000-0000-00000000000d": "Photos"} {
		req := newRequest(t.Context(), "GET", coreURL+"/classification?namePath=/Assets/Photos", "")
		req.Header.Set("Languages", languages)
		_, answer := do(t, tenant, req)
		if got := memberAt(t, answer, "labels.0.value"); got != want || memberAt(t, answer, "labels.1") != nil {
			t.Errorf("in %s: got the label %v, want %s alone: %s", languages, got, want, answer)
		}
	}
}

// Of a collection, too, some is shown only if it is selected (the guide; the live sample).
func TestACollectionShowsWhetherItIsReadOnlyIfAsked(t *testing.T) {
	tenant := &aprimotest.Tenant{Service: atOnce}
	id := call(t, tenant, "POST", coreURL+"/collections", `{"name":"C"}`, 201)["id"]
	for selected, want := range map[string]any{"": nil, "IsReadOnly": false} {
		req := newRequest(t.Context(), "GET", fmt.Sprintf("%s/collection/%s", coreURL, id), "")
		req.Header.Set("Select-Collection", selected)
		if _, answer := do(t, tenant, req); memberAt(t, answer, "isReadOnly") != want {
			t.Errorf("selected %q: got %s, want isReadOnly %v", selected, answer, want)
		}
	}
}
