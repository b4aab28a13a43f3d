package aprimotest_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// What is below a version: what Aprimo makes of it, and what was sent.
func TestWhatIsBelowAVersion(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1}
	token := uploadText(t, tenant, "photo")
	call(t, tenant, "GET", moURL+"/uploads/"+url.PathEscape(token), "", 200)
	call(t, tenant, "GET", moURL+"/uploads/unknown", "", 404)
	id := call(t, tenant, "POST", coreURL+"/records", fmt.Sprintf(`{"status":"released","files":{"master":%[1]q,"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%[1]q,"fileName":"a.jpg",
		"previews":{"addOrUpdate":[{"id":%[2]q,"label":"Back"}]},"additionalFiles":{"addOrUpdate":[{"id":%[3]q,"fileName":"a.srt"}]}}]}}]}}`,
		token, uploadText(t, tenant, "back"), uploadText(t, tenant, "text")), 201)["id"]
	record := fmt.Sprintf("%s/record/%s", coreURL, id)
	v := call(t, tenant, "GET", record+"/masterfilelatestpublishedversion", "", 200)["id"].(string)
	version := coreURL + "/fileversion/" + v
	items := func(name string) (all []map[string]any) {
		t.Helper()
		for _, item := range call(t, tenant, "GET", version+"/"+name, "", 200)["items"].([]any) {
			all = append(all, item.(map[string]any))
		}
		return all
	}
	previews := items("filepreviews")
	if len(previews) != 2 || previews[0]["isMaster"] != true || previews[1]["name"] != "Back" || previews[1]["isManual"] != true {
		t.Errorf("got the previews %v, want the master and Back", previews)
	}
	for _, p := range previews {
		if got := call(t, tenant, "GET", coreURL+"/filepreview/"+p["id"].(string), "", 200); got["name"] != p["name"] {
			t.Errorf("got %v, want the preview %v", got, p["name"])
		}
	}
	if got := call(t, tenant, "GET", version+"/masterfilepreview", "", 200); got["id"] != previews[0]["id"] {
		t.Errorf("got %v, want the master preview", got)
	}
	rendition := items("renditions")[0]
	one := call(t, tenant, "GET", coreURL+"/rendition/"+rendition["id"].(string), "", 200)
	if resp, text := do(t, tenant, newRequest(t.Context(), "GET", one["uri"].(string), "")); resp.StatusCode != 200 || text != "photo" {
		t.Errorf("got %s %s, want the photo", resp.Status, text)
	}
	if got := call(t, tenant, "GET", version+"/filetype", "", 200)["name"]; got != "Jpg" {
		t.Errorf("got the file type %v, want Jpg", got)
	}
	facet := `{"searchExpression":{"expression":"*"},"facets":[{"name":"types","type":"fileType"}]}`
	if got := fmt.Sprint(call(t, tenant, "POST", searchURL, facet, 200)["facets"]); !strings.Contains(got, "count:3") {
		t.Errorf("got the facets %s, want three files of one type", got)
	}
	if got := call(t, tenant, "GET", coreURL+"/calculatedpermission/EditRecords", "", 200)["value"]; got != "Granted" {
		t.Errorf("got %v, want Granted", got)
	}

	// what was sent is taken away
	file := call(t, tenant, "GET", record+"/masterfile", "", 200)["id"]
	extra := items("additionalfiles")[0]["id"]
	call(t, tenant, "PUT", record, fmt.Sprintf(`{"files":{"addOrUpdate":[{"id":%q,"versions":{"addOrUpdate":[{"id":%q,"additionalFiles":{"remove":[{"id":%q}]},"previews":{"remove":[%q]}}]}}]}}`,
		file, v, extra, previews[1]["id"]), 204)
	if a, p := items("additionalfiles"), items("filepreviews"); len(a) != 0 || len(p) != 1 {
		t.Errorf("got %v and %v, want the master preview alone", a, p)
	}
	call(t, tenant, "PUT", record, fmt.Sprintf(`{"fields":{"addOrUpdate":[{"name":"Keywords","localizedValues":[{"values":["a"]}]}],"remove":[{"id":"unknown"}]},"files":{"remove":[%q]}}`, file), 204)
	call(t, tenant, "GET", record+"/masterfile", "", 404)
	call(t, tenant, "GET", coreURL+"/fileversion/"+v, "", 404)
}

func TestOtherCallsOfMarketingOperations(t *testing.T) {
	tenant := moTenant()
	call(t, tenant, "POST", moURL+"/api/activities", `{"name":"A"}`, 201)
	asset := moURL + "/api/digital-assets/1"
	call(t, tenant, "POST", moURL+"/api/digital-assets", `{"title":"D","activityId":1}`, 201)
	if got := call(t, tenant, "GET", asset+"/activity", "", 200); got["name"] != "A" {
		t.Errorf("got %v, want the activity", got)
	}
	tags := call(t, tenant, "PUT", asset+"/versions/1/tags", `{"tags":[{"title":"new"},{"tagId":1,"title":"changed"}]}`, 200)
	if got := fmt.Sprint(embedded(t, tags, "tag")); !strings.Contains(got, "title:new") || !strings.Contains(got, "title:changed") {
		t.Errorf("got %s, want both tags", got)
	}
	call(t, tenant, "POST", moURL+"/api/attachments", `{"title":"B"}`, 201)
	if resp, text := do(t, tenant, newRequest(t.Context(), "GET", moURL+"/api/attachments/1/versions/1/xfdf-annotations", "")); !strings.Contains(text, "xfdf") {
		t.Errorf("got %s %s, want annotations", resp.Status, text)
	}
	if got := fmt.Sprint(call(t, tenant, "GET", moURL+"/api/system-types", "", 200)); !strings.Contains(got, "systemTypeName:attachment") {
		t.Errorf("got %s, want the system types", got)
	}
}
