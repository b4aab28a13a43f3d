package aprimotest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func quick() *Tenant {
	return &Tenant{Rate: 1e6, OrderTime: -1, Service: func(*http.Request) time.Duration { return 0 }}
}

const (
	anyRecord  = "record/00000000000000000000000000000001"
	anyVersion = "e0000000000000000000000000000001"
)

// at returns what is in a document at a path such as items.0.id; nil if there is nothing.
func at(doc any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		if items := array(doc); len(items) > 0 && name == "0" {
			doc = items[0]
		} else {
			doc = valueOf(doc, name)
		}
	}
	return doc
}

// A field is removed by what it can be set by.
func TestFieldsAreRemovedByIDOrName(t *testing.T) {
	tenant := quick()
	for _, by := range []string{`"%s"`, `{"id":"%s"}`, `{"fieldId":"%s"}`, `{"name":"Title"}`, `{"FieldName":"title"}`, `"Title"`} {
		ask(t, tenant, "PUT", anyRecord, `{"fields":{"addOrUpdate":[{"name":"Title","localizedValues":[{"value":"x"}]}]}}`, nil, 204)
		ask(t, tenant, "PUT", anyRecord, `{"fields":{"remove":[`+strings.Replace(by, "%s", titleID, 1)+`]}}`, nil, 204)
		ask(t, tenant, "GET", anyRecord+"/field/"+titleID, "", nil, 404)
	}
}

// The fields of users, files and classifications are shown and selected as those of records.
func TestFieldsOfOtherObjects(t *testing.T) {
	tenant := quick()
	classification := "classification/" + seedID("classifications", "Assets")
	for category, one := range map[string]string{"User": "user/" + nameID(seedUser), "Classification": classification, "File": "file/f" + anyVersion[1:]} {
		name, kind := "Of"+category, strings.ToLower(category)
		for _, field := range []string{name, name + "2"} {
			ask(t, tenant, "POST", "fielddefinitions", fmt.Sprintf(`{"name":%q,"dataType":"SingleLineText","scopeCategory":%q}`, field, category), nil, 201)
		}
		path, change := one, fmt.Sprintf(`{"fields":{"addOrUpdate":[{"name":%q,"localizedValues":[{"value":"x"}]}]}}`, name)
		if category == "File" {
			path, change = anyRecord, `{"files":{"addOrUpdate":[{"id":"f`+anyVersion[1:]+`",`+change[1:]+`]}}`
		}
		ask(t, tenant, "PUT", path, change, nil, 204)
		fields := ask(t, tenant, "GET", one+"/fields", "", nil, 200)
		if f, ok := at(fields, "items.0").(document); !ok || f["fieldName"] != name || f["dataType"] != "SingleLineText" || at(f, "localizedValues.0.value") != "x" {
			t.Errorf("%s: got %v, want the field with its name, type and value", one, f)
		}
		if n := len(array(fields["items"])); n != 2 {
			t.Errorf("%s: got %d fields, want each of the two once", one, n)
		}
		ask(t, tenant, "PUT", path, strings.Replace(change, `"value"`, `"languageId":"`+englishID+`","value"`, 1), nil, 204)
		if got := array(at(ask(t, tenant, "GET", one+"/fields", "", inHAL, 200), "items.0.localizedValues")); len(got) != 2 {
			t.Errorf("%s: got %v, want the value in two languages", one, got)
		}
		header := http.Header{"Select-" + category: {"fields"}, "Select-" + category + "-Fields": {name + "2"}}
		if got := at(ask(t, tenant, "GET", one, "", header, 200), "_embedded.fields.items.0.fieldName"); got != name+"2" {
			t.Errorf("%s: got %v, want the one that select-%s-fields names", one, got, kind)
		}
	}
}

// A download is in the trail, whose filter may be a header.
func TestDownloadsAreInTheTrail(t *testing.T) {
	tenant := quick()
	ask(t, tenant, "PUT", anyRecord, `{"tag":"x"}`, nil, 204)
	for _, kind := range []string{"download", "email"} {
		ask(t, tenant, "POST", "orders", fmt.Sprintf(`{"type":%q,"targets":[{"fileVersionId":%q}]}`, kind, anyVersion), nil, 201)
	}
	for filter, want := range map[string]string{"download": "recordDownloaded", "Download": "recordDownloaded", "change": "recordModified"} {
		got := ask(t, tenant, "GET", anyRecord+"/trail", "", http.Header{"Filter": {filter}}, 200)
		if got["entryCount"] != 1.0 || at(got, "entries.0.type") != want {
			t.Errorf("filter %s: got %v, want one %s", filter, got, want)
		}
	}
}

// An id has any of its forms in a query as well.
func TestIDsInQueries(t *testing.T) {
	tenant := quick()
	id := text(ask(t, tenant, "POST", "settingdefinitions", `{"name":".mine","defaultValue":"default"}`, nil, 201)["id"])
	user := strings.ToUpper(dashed(nameID(seedUser)))
	ask(t, tenant, "PUT", "setting/.mine", fmt.Sprintf(`{"value":"own","scope":"user","scopeId":%q}`, user), nil, 204)
	for query, want := range map[string]string{"": "default", "?scope=user&scopeId=" + user: "own"} {
		if got := ask(t, tenant, "GET", "setting/.mine"+query, "", nil, 200)["value"]; got != want {
			t.Errorf("%q: got %v, want %s", query, got, want)
		}
	}
	if got := at(ask(t, tenant, "GET", "settings?names="+dashed(id), "", nil, 200), "items.0.name"); got != ".mine" {
		t.Errorf("got %v, want the setting of the definition", got)
	}
}

// The path of a parent has no effect if it is empty, and its name may be in any case.
func TestParentNamePath(t *testing.T) {
	tenant := quick()
	for i, in := range []string{`"isRoot":true,"parentNamePath":""`, `"isRoot":true,"parentNamePath":null`, `"ParentNamePath":"/Assets"`} {
		made := ask(t, tenant, "POST", "classifications", fmt.Sprintf(`{"name":"new %d",%s}`, i, in), nil, 201)
		if _, shown := made["parentNamePath"]; shown || (made["parentId"] == nil) != (i < 2) {
			t.Errorf("%s: got %v", in, made)
		}
	}
}

// As for records, the fixed parts of a path may be in any case.
func TestMarketingOperationsInAnyCase(t *testing.T) {
	tenant := quick()
	const api = "https://acme.aprimo.com/api/"
	ask(t, tenant, "POST", api+"Projects", `{"title":"P"}`, nil, 201)
	ask(t, tenant, "POST", api+"projects/1/Start", "", nil, 204)
	if got := at(ask(t, tenant, "GET", api+"PROJECTS", "", nil, 200), "_embedded.Project.0.projectStatus"); got != 1.0 {
		t.Errorf("got the status %v, want 1", got)
	}
	ask(t, tenant, "PUT", api+"metadata/Task", `{"fields":["f"]}`, nil, 200)
	if got := at(ask(t, tenant, "GET", api+"metadata/task", "", nil, 200), "fields.0"); got != "f" {
		t.Errorf("got %v, want the fields that were sent", got)
	}
}

// The tenant says publicly how to get a token, and all scopes that it names are granted.
func TestDiscovery(t *testing.T) {
	tenant := quick()
	tenant.RequireToken = true
	got := ask(t, tenant, "GET", "https://acme.aprimo.com"+discoveryPath, "", nil, 200)
	if got["token_endpoint"] != "https://acme.aprimo.com"+tokenPath || tenant.Report().Total.Tokens != 0 {
		t.Errorf("got %v and %d tokens, want the endpoint and none", got, tenant.Report().Total.Tokens)
	}
	for _, scope := range array(got["scopes_supported"]) {
		body, header := "grant_type=client_credentials&client_id=c&client_secret=s&scope="+text(scope), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		ask(t, tenant, "POST", text(got["token_endpoint"]), body, header, 200)
	}
}

// Images are not where files are.
func TestImagesHaveTheirOwnHost(t *testing.T) {
	tenant := quick()
	uri := text(ask(t, tenant, "GET", anyRecord+"/image/preview", "", nil, 200)["uri"])
	if !strings.HasPrefix(uri, "https://s1.previews.aprimo.com/") {
		t.Errorf("got %s, want it at previews.aprimo.com", uri)
	}
	ask(t, tenant, "GET", uri, "", nil, 200)
	ask(t, tenant, "GET", uri, "", http.Header{"Authorization": {"Bearer x"}}, 403)
}

// Whatever permissions no longer inherit, administrators keep theirs.
func TestAdministratorsKeepTheirRights(t *testing.T) {
	tenant := quick()
	for name, right := range map[string]string{"recordpermissions": "Fullcontrol", "classificationtreepermissions": "Fullcontrol", "downloadpermissions": "Allow"} {
		path := "classification/" + seedID("classifications", "Assets") + "/" + name
		ask(t, tenant, "PUT", path, `{"breakInheritance":true}`, nil, 204)
		if got := at(ask(t, tenant, "GET", path, "", nil, 200), "permissions.0.accessRight"); got != right {
			t.Errorf("%s: got %v, want %s", name, got, right)
		}
	}
}

// The type of file of a record that has none is no value of a facet.
func TestFacetOfFileTypes(t *testing.T) {
	tenant := quick()
	ask(t, tenant, "POST", "records", `{}`, http.Header{"Set-Immediatesearchindexupdate": {"true"}}, 201)
	got := ask(t, tenant, "POST", "search/records", `{"searchExpression":{"expression":"*"},"facets":[{"name":"F","type":"fileType"}]}`, nil, 200)
	if values := array(at(got, "facets.0.values")); len(values) != 1 || at(values[0], "key") != seedID("filetypes", "Jpg") || at(values[0], "count") != 3.0 {
		t.Errorf("got %v, want the three of the start", values)
	}
}

// The header languages has ids; what is no id is refused, as an address is (CHILI, live).
func TestLanguagesAreIDs(t *testing.T) {
	tenant := quick()
	for header, want := range map[string]int{"*": 200, strings.ToUpper(dashed(englishID)) + ", " + noLanguage + ",": 200, "https://acme.dam.aprimo.com/api/core/language/" + englishID: 400} {
		ask(t, tenant, "GET", anyRecord, "", http.Header{"Languages": {header}}, want)
	}
}

// A user of the DAM and one of marketing operations know each other.
func TestUsersOfBothAPIs(t *testing.T) {
	tenant := quick()
	me := ask(t, tenant, "GET", "https://acme.aprimo.com/api/users/me", "", nil, 200)
	if got := ask(t, tenant, "GET", "user/"+text(me["adamUserId"]), "", nil, 200); got["aprimoUserId"] != me["userId"] || got["name"] != me["loginId"] {
		t.Errorf("got %v, want the user %v", got, me)
	}
}

// Names of settings are in any case, also of those that every tenant has.
func TestSettingsOfTheStart(t *testing.T) {
	got := ask(t, quick(), "GET", "setting/.defaultlanguageforui", "", nil, 200)
	if got["name"] != ".defaultLanguageForUI" || got["value"] != englishID {
		t.Errorf("got %v, want English", got)
	}
}

// What was deleted is no longer in the index.
func TestDeletedRecordsAreNotIndexed(t *testing.T) {
	tenant := quick()
	ask(t, tenant, "DELETE", anyRecord, "", nil, 204)
	ask(t, tenant, "POST", "records", `{}`, nil, 201)
	if got := ask(t, tenant, "GET", "searchindex", "", nil, 200); got["indexedRecords"] != 2.0 || got["pendingChanges"] != 1.0 {
		t.Errorf("got %v indexed and %v pending, want 2 and 1", got["indexedRecords"], got["pendingChanges"])
	}
}

// A text that looks like an id, such as the key that another system has for a record, stays
// as it was sent, and is found.
func TestKeysOfOtherSystems(t *testing.T) {
	tenant := quick()
	const key = "3F2504E0-4F89-41D3-9A0C-0305E82C3301"
	kept := func(doc document, names ...string) {
		t.Helper()
		for _, name := range names {
			if got := at(doc, name); got != key {
				t.Errorf("got the %s %v, want what was sent", name, got)
			}
		}
	}
	made := ask(t, tenant, "POST", "classifications", strings.ReplaceAll(`{"isRoot":true,"name":"KEY","identifier":"KEY","labels":[{"languageId":"`+englishID+`","value":"KEY"}]}`, "KEY", key), nil, 201)
	kept(made, "name", "identifier", "labels.0.value")
	kept(ask(t, tenant, "GET", "classification?identifier="+key, "", nil, 200), "name")
	kept(ask(t, tenant, "POST", "accesslists", `{"externalId":"`+key+`"}`, nil, 201), "externalId")
	kept(ask(t, tenant, "POST", anyRecord+"/locks", `{"integrationId":"`+key+`"}`, nil, 201), "integrationId")
	ask(t, tenant, "PUT", anyRecord, strings.ReplaceAll(`{"tag":"KEY","fields":{"addOrUpdate":[{"name":"Description","localizedValues":[{"value":"KEY"}]},{"name":"Keywords","localizedValues":[{"values":["KEY"]}]}]}}`, "KEY", key), nil, 204)
	kept(ask(t, tenant, "GET", anyRecord, "", http.Header{"Select-Record": {"tag"}}, 200), "tag")
	keywords := seedID("fielddefinitions", "Keywords")
	kept(ask(t, tenant, "GET", anyRecord+"/field/"+keywords, "", nil, 200), "localizedValues.0.values.0")
	for _, expression := range []string{"Description = '" + key + "'", "Description contains ?", "Keywords in (@key)", "Tag = @key"} {
		search := fmt.Sprintf(`{"searchExpression":{"expression":%q,"parameters":[%q],"namedParameters":{"key":%[2]q}},"facets":[{"name":"F","type":"textListField","fieldId":%q,"explicitValues":[%[2]q]}]}`, expression, key, keywords)
		got := ask(t, tenant, "POST", "search/records", search, nil, 200)
		if got["totalCount"] != 1.0 {
			t.Errorf("%s: found %v, want 1", expression, got["totalCount"])
		}
		kept(got, "facets.0.values.0.key")
	}
}
