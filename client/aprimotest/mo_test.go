package aprimotest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func moTenant() *aprimotest.Tenant { return &aprimotest.Tenant{Rate: 10_000, Service: atOnce} }

// embedded returns the one list of a page.
func embedded(t *testing.T, page map[string]any, key string) []any {
	t.Helper()
	items, ok := page["_embedded"].(map[string]any)[key].([]any)
	if !ok {
		t.Fatalf("got %v, want a list %q", page, key)
	}
	return items
}

func TestMarketingOperationsArePaged(t *testing.T) {
	tenant := moTenant()
	for n := range 7 {
		call(t, tenant, "POST", moURL+"/api/activities/", fmt.Sprintf(`{"name":"A%d"}`, n), 201)
	}
	seen := 0
	for url := moURL + "/api/activities?limit=3"; url != ""; {
		got := call(t, tenant, "GET", url, "", 200)
		seen += len(embedded(t, got, "Activity"))
		next, _ := got["_links"].(map[string]any)["next"].(map[string]any)
		url, _ = next["href"].(string)
	}
	if seen != 7 {
		t.Errorf("got %d activities, want 7", seen)
	}
}

func TestAnObjectOfMarketingOperationsHasTheMembersOfItsKind(t *testing.T) {
	tenant := moTenant()
	for _, test := range []struct{ path, key, body, want string }{
		{"activities", "Activity", `{"name":"A"}`, `{"activityId":1,"name":"A","description":null,"extendedAttributes":[]}`},
		{"projects", "Project", `{"title":"P","changeOrder":false}`, `{"projectId":1,"title":"P","projectStatus":null,"changeOrder":false}`},
		{"suppliers", "supplier", `{"NAME":"S"}`, `{"supplierId":1,"name":"S","preferred":0,"activeFlag":1}`},
		{"commitments", "commitment", `{"supplierId":7}`, `{"committedId":1,"supplierId":7,"commitmentItems":[]}`},
		{"invoices", "invoices", `{"invoiceNumber":"R1"}`, `{"invoiceId":1,"invoiceNumber":"R1"}`},
		{"journal-vouchers", "journal-voucher", `{}`, `{"journalVoucherId":1,"currencyCode":1}`},
		{"generic-object-delta", "generic-object-delta", `{"name":"G"}`, `{"id":1,"name":"G"}`},
		{"users", "user", `{"loginId":"jane","lastName":"Doe"}`, `{"userId":1,"loginId":"jane","lastName":"Doe","groups":[],"adHocUser":false}`},
		{"of-no-table", "of-no-table", `{"a":{"b":[1]}}`, `{"id":1,"a":{"b":[1]}}`},
	} {
		call(t, tenant, "POST", moURL+"/api/"+test.path, test.body, 201)
		one := call(t, tenant, "GET", moURL+"/api/"+test.path+"/1/", "", 200)
		listed := embedded(t, call(t, tenant, "GET", moURL+"/api/"+test.path, "", 200), test.key)
		for name, want := range decode[map[string]any](t, test.want) {
			for _, got := range []any{one, listed[0]} {
				value, has := got.(map[string]any)[name]
				if !has || fmt.Sprint(value) != fmt.Sprint(want) {
					t.Errorf("%s: %s is %v, want %v", test.path, name, value, want)
				}
			}
		}
	}
	_, text := do(t, tenant, newRequest(t.Context(), "GET", moURL+"/api/commitments/1", ""))
	if !strings.HasPrefix(text, `{"committedId":1,"supplierId":7,`) {
		t.Errorf("got %.60s, want the id first", text)
	}
}

func TestAnObjectOfMarketingOperationsIsChangedAndDeleted(t *testing.T) {
	tenant := moTenant()
	const one = moURL + "/api/projects/1"
	call(t, tenant, "POST", moURL+"/api/projects", `{"title":"P","useFloat":1}`, 201)
	got := call(t, tenant, "PUT", one, `{"projectId":7,"title":"","useFloat":0}`, 200)
	if got["projectId"] != 1.0 || got["title"] != "" || got["useFloat"] != 0.0 {
		t.Errorf("got %v, want project 1 without a title, useFloat 0", got)
	}
	for verb, want := range map[string]float64{"start": 1, "pause": 2, "close": 3, "cancel": 4} {
		call(t, tenant, "POST", one+"/"+verb, "", 204)
		if got := call(t, tenant, "GET", one, "", 200); got["projectStatus"] != want {
			t.Errorf("after %s: got %v, want status %v", verb, got["projectStatus"], want)
		}
	}
	call(t, tenant, "POST", one+"/explode", "{}", 404)
	call(t, tenant, "POST", moURL+"/api/projects/2/start", "{}", 404)
	call(t, tenant, "DELETE", one, "", 204)
	call(t, tenant, "DELETE", one, "", 404)
	call(t, tenant, "GET", one, "", 404)
	call(t, tenant, "GET", moURL+"/api/activities/99", "", 404)
}

func TestWhatIsBelowAnObjectOfMarketingOperations(t *testing.T) {
	tenant := moTenant()
	for range 2 {
		call(t, tenant, "POST", moURL+"/api/activities", `{"name":"A"}`, 201)
	}
	call(t, tenant, "POST", moURL+"/api/activity-cells", `{"title":"C","activityId":2}`, 201)
	for id, want := range map[int]int{1: 0, 2: 1} {
		page := call(t, tenant, "GET", fmt.Sprintf("%s/api/activities/%d/activity-cells", moURL, id), "", 200)
		if got := len(embedded(t, page, "activity-cell")); got != want {
			t.Errorf("activity %d: got %d cells, want %d", id, got, want)
		}
	}
	call(t, tenant, "GET", moURL+"/api/activities/3/activity-cells", "", 404)
	milestone := call(t, tenant, "POST", moURL+"/api/activities/milestone/2", `{"title":"M"}`, 201)
	if milestone["activityId"] != 2.0 || milestone["activityDateId"] != 1.0 {
		t.Errorf("got %v, want milestone 1 of activity 2", milestone)
	}

	const roles = moURL + "/api/activities/1/roles"
	call(t, tenant, "POST", roles, `{"userRoleId":5}`, 201)
	call(t, tenant, "POST", roles+"/1/members", `{"users":[{"id":3},{"id":4}]}`, 200)
	call(t, tenant, "DELETE", roles+"/1/members/3", "", 204)
	if got := call(t, tenant, "GET", roles+"/1", "", 200)["users"]; fmt.Sprint(got) != "[map[id:4]]" {
		t.Errorf("got %v, want user 4", got)
	}

	call(t, tenant, "PUT", moURL+"/api/tasks/begin-date/1/", `{"beginDate":"2026-01-02"}`, 200)
	if got := call(t, tenant, "GET", moURL+"/api/tasks/1", "", 200); got["beginDate"] != "2026-01-02" {
		t.Errorf("got %v, want the date", got)
	}
}

func TestObjectsAreLinked(t *testing.T) {
	tenant := moTenant()
	call(t, tenant, "POST", moURL+"/api/projects", `{"title":"P"}`, 201)
	for range 2 {
		call(t, tenant, "POST", moURL+"/api/attachments", `{"title":"A"}`, 201)
	}
	count := func(path, key string) int {
		t.Helper()
		return len(embedded(t, call(t, tenant, "GET", moURL+path, "", 200), key))
	}
	call(t, tenant, "POST", moURL+"/api/projects/1/attachments/2", `{}`, 200)
	if got := count("/api/projects/1/attachments", "Attachment"); got != 1 {
		t.Errorf("got %d attachments of the project, want the one that was linked", got)
	}
	call(t, tenant, "POST", moURL+"/api/projects/1/attachments/3", `{}`, 404)
	if got := count("/api/tasks/1/assignees", "assignee"); got != 1 {
		t.Errorf("got %d assignees, want the one of the start", got)
	}

	call(t, tenant, "POST", moURL+"/api/digital-assets", `{"title":"D"}`, 201)
	_, text := do(t, tenant, newRequest(t.Context(), "DELETE", moURL+"/api/digital-assets/1/folders/1", ""))
	if text != "true" {
		t.Errorf("got %s, want true", text)
	}

	call(t, tenant, "POST", moURL+"/api/content-plans/1/activities", `{"activities":[5],"note":"x"}`, 200)
	if got := call(t, tenant, "GET", moURL+"/api/content-plans/1/manage-activities", "", 200); fmt.Sprint(got["activities"]) != "[5]" {
		t.Errorf("got %v, want activity 5", got)
	}
	if got := call(t, tenant, "GET", moURL+"/api/content-plans/1", "", 200); got["note"] != nil {
		t.Errorf("got %v, want none of the details of a verb", got)
	}

	call(t, tenant, "POST", moURL+"/api/users", `{"loginId":"jane"}`, 201)
	call(t, tenant, "POST", moURL+"/api/user-roles", `{"name":"Editor","users":[{"userId":1}]}`, 201)
	if got := call(t, tenant, "POST", moURL+"/api/user-roles/search", `{"equals":{"fieldName":"User.loginId","fieldValue":"jane"}}`, 200); got["_total"] != 1.0 {
		t.Errorf("got %v, want the role of jane", got)
	}
}

func TestTasksOfTheCaller(t *testing.T) {
	tenant := moTenant()
	me := call(t, tenant, "GET", moURL+"/api/users/me", "", 200)
	call(t, tenant, "GET", fmt.Sprintf("%s/api/users/%v", moURL, me["userId"]), "", 200)
	task := call(t, tenant, "POST", moURL+"/api/tasks/simple-tasks", fmt.Sprintf(`{"name":"T","assignedTo":%v,"status":4}`, me["userId"]), 201)
	for status, want := range map[string]int{"4": 1, "5": 0} {
		if got := embedded(t, call(t, tenant, "GET", moURL+"/api/tasks/mine?status="+status, "", 200), "Task"); len(got) != want {
			t.Errorf("status %s: got %d tasks, want %d", status, len(got), want)
		}
	}
	call(t, tenant, "POST", fmt.Sprintf("%s/api/tasks/%v/delegate", moURL, task["taskId"]), `{"taskAssigneeId":1,"newUserId":1}`, 200)
	if got := embedded(t, call(t, tenant, "GET", moURL+"/api/tasks/mine", "", 200), "Task"); len(got) != 0 {
		t.Errorf("got %v, want no task after it was delegated", got)
	}
}

func TestMarketingOperationsAreSearched(t *testing.T) {
	tenant := moTenant()
	call(t, tenant, "POST", moURL+"/api/groups", `{"name":"Design"}`, 200)
	for n := range 7 {
		call(t, tenant, "POST", moURL+"/api/users", fmt.Sprintf(`{"loginId":"user%d","userType":%d,"groups":[%d],"rights":[{"functionID":%d,"domainID":1}]}`, n, n, n%2+1, n), 201)
	}
	for _, test := range []struct {
		condition string
		want      float64
	}{
		{`{"equals":{"fieldName":"loginId","fieldValue":"USER3"}}`, 1},
		{`{"equals":{"fieldName":"userType","fieldValue":3}}`, 1},
		{`{"equals":{"fieldName":"User.LoginID","fieldValue":"user3"}}`, 1},
		{`{"and":[{"contains":{"fieldName":"loginId","fieldValue":"user"}}]}`, 7},
		{`{"and":[{"contains":{"fieldName":"Group.Name","fieldValue":"design"}}]}`, 4},
		{`{"not":{"contains":{"fieldName":"Group.Name","fieldValue":"design"}}}`, 3},
		{`{"or":[{"equals":{"fieldName":"userId","fieldValue":1}},{"equals":{"fieldName":"userId","fieldValue":2}}]}`, 2},
		{`{"greaterThan":{"fieldName":"userType","fieldValue":3}}`, 3},
		{`{"greaterthanorequalto":{"fieldName":"userType","fieldValue":3}}`, 4},
		{`{"greaterthanorequalto":{"fieldName":"userType","fieldValue":"3"}}`, 4},
		{`{"lessthan":{"fieldName":"userType","fieldValue":"three"}}`, 0},
		{`{"lessthan":{"fieldName":"loginId","fieldValue":3}}`, 0},
		{`{"lessthan":{"fieldName":"loginId","fieldValue":"user3"}}`, 3},
		{`{"lessThanOrEqualTo":{"fieldName":"userType","fieldValue":3}}`, 4},
		{`{"isNull":{"fieldName":"company"}}`, 7},
		{`{"isNotNull":{"fieldName":"company"}}`, 0},
		{`{"equals":{"fieldName":"activeFlag","fieldValue":1}}`, 7},
		{`{"equals":{"collectionName":"rights","fieldName":"functionID","fieldValue":3}}`, 1},
		{`{"equals":{"collectionName":"rights","nested":[{"fieldName":"functionID","fieldValue":3},{"fieldName":"domainID","fieldValue":1}]}}`, 1},
		{`{"equals":{"collectionName":"rights","nested":[{"fieldName":"functionID","fieldValue":3},{"fieldName":"domainID","fieldValue":2}]}}`, 0},
	} {
		if got := call(t, tenant, "POST", moURL+"/api/users/search?limit=1", test.condition, 200); got["_total"] != test.want {
			t.Errorf("%s: got %v users, want %v", test.condition, got["_total"], test.want)
		}
	}
	for _, bad := range []string{`{}`, `[]`, `{"near":{"fieldName":"x"}}`, `{"and":[]}`, `{"not":3}`, `{"equals":{"fieldValue":3}}`, `{"equals":3}`, strings.Repeat(`{"not":`, 200) + `{}` + strings.Repeat(`}`, 200)} {
		call(t, tenant, "POST", moURL+"/api/users/search", bad, 400)
	}
	if got := call(t, tenant, "POST", moURL+"/api/invoices/search", `{"isNull":{"fieldName":"x"}}`, 200); len(embedded(t, got, "invoice")) != 0 {
		t.Errorf("got %v, want no invoice", got)
	}
}

// A condition is refused or taken, and never ends the server.
func FuzzMarketingOperationsSearch(f *testing.F) {
	f.Add(`{"and":[{"not":{"contains":{"fieldName":"Group.Name","fieldValue":"x"}}}]}`)
	f.Add(`{"equals":{"collectionName":"rights","nested":[{"fieldName":"a","fieldValue":[1]}]}}`)
	f.Add(`{"isNull":{"fieldName":"User."}}`)
	tenant := moTenant()
	f.Fuzz(func(t *testing.T, condition string) {
		resp, text := do(t, tenant, newRequest(t.Context(), "POST", moURL+"/api/users/search", condition))
		if resp.StatusCode != 200 && resp.StatusCode != 400 && resp.StatusCode != 413 {
			t.Errorf("got %s %s, want 200, 400 or 413", resp.Status, text)
		}
	})
}

// sendChunk sends a chunk in a form whose fields come before the file.
func sendChunk(t *testing.T, tenant *aprimotest.Tenant, n, id string, size, want int) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("resumableFilename", "brief.pdf")
	form.WriteField("resumableChunkNumber", n)
	form.WriteField("resumableIdentifier", id)
	file, _ := form.CreateFormFile("file", "brief.pdf")
	file.Write(make([]byte, size))
	form.Close()
	req := newRequest(t.Context(), "POST", moURL+"/api/chunk/upload/attachment", "")
	req.Body, req.ContentLength = io.NopCloser(&body), int64(body.Len())
	req.Header.Set("Content-Type", form.FormDataContentType())
	if resp, text := do(t, tenant, req); resp.StatusCode != want {
		t.Errorf("chunk %s: got %s %s, want %d", n, resp.Status, text, want)
	}
}

func TestFilesAreSentInChunks(t *testing.T) {
	tenant := moTenant()
	const id = "c46d9d54-4335-4d77-acca-67ed4d3142ff"
	check := func(n string, want int) {
		t.Helper()
		query := url.Values{"resumableFilename": {"brief.pdf"}, "resumableChunkNumber": {n}, "resumableIdentifier": {id}}
		resp, text := do(t, tenant, newRequest(t.Context(), "GET", moURL+"/api/chunk/upload/attachment?"+query.Encode(), ""))
		if resp.StatusCode != want {
			t.Errorf("chunk %s: got %s %s, want %d", n, resp.Status, text, want)
		}
	}
	complete := fmt.Sprintf(`{"FileId":%q,"FileName":"brief.pdf"}`, id)
	check("1", 204)
	sendChunk(t, tenant, "2", id, 10, 200)
	check("1", 204)
	check("2", 200)
	check("0", 400)
	call(t, tenant, "POST", moURL+"/api/chunk/complete/attachment", complete, 400)
	sendChunk(t, tenant, "1", id, aprimotest.MaxChunk, 413)
	sendChunk(t, tenant, "x", id, 1, 400)
	sendChunk(t, tenant, "1", "{"+id+"}", 1, 400)
	sendChunk(t, tenant, "1", id, 100, 200)
	call(t, tenant, "POST", moURL+"/api/chunk/complete/attachment", complete, 200)
	all := tenant.Uploads()
	if len(all) != 1 || all[0].Size != 110 || all[0].State != aprimotest.UploadComplete || len(all[0].Segments) != 2 {
		t.Errorf("got %+v, want one complete upload of 110 bytes in 2 chunks", all)
	}
}

func TestAnalyticsCounts(t *testing.T) {
	tenant := moTenant()
	for n := range 5 {
		call(t, tenant, "POST", moURL+"/api/projects", fmt.Sprintf(`{"title":"P","projectStatus":%d}`, n%2), 201)
	}
	ask := func(query string, want int) any {
		t.Helper()
		return call(t, tenant, "GET", moURL+"/analytics/?query="+url.QueryEscape(query), "", want)["data"]
	}
	for query, want := range map[string]string{
		`{"measures":["Project.count"]}`:                                                  `[{"Project.count":"5"}]`,
		`{"measures":["Project.count"],"dimensions":["Project.projectStatus"]}`:           `[{"Project.count":"3","Project.projectStatus":0},{"Project.count":"2","Project.projectStatus":1}]`,
		`{"measures":["Project.count"],"dimensions":["Project.projectStatus"],"limit":1}`: `[{"Project.count":"3","Project.projectStatus":0}]`,
		`{"measures":["Activity.count"]}`:                                                 `[{"Activity.count":"0"}]`,
	} {
		if got, _ := json.Marshal(ask(query, 200)); string(got) != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"measures":["Nothing.count"]}`, `{"measures":["Project.sum"]}`, `{"dimensions":["count"]}`, `{"measures":["Project.count","Task.count"]}`} {
		ask(bad, 400)
	}
	meta := call(t, tenant, "GET", moURL+"/analytics/meta", "", 200)
	if cubes, _ := meta["cubes"].([]any); len(cubes) < 40 {
		t.Errorf("got %d cubes, want all kinds", len(cubes))
	}
}

func TestMarketingOperationsRefuseOtherMethods(t *testing.T) {
	tenant := moTenant()
	for _, target := range []string{"PATCH /api/projects/1", "DELETE /api/projects", "GET /api/projects/1/start", "POST /analytics/"} {
		method, path, _ := strings.Cut(target, " ")
		resp, text := do(t, tenant, newRequest(t.Context(), method, moURL+path, ""))
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" {
			t.Errorf("%s: got %s %s, want 405", target, resp.Status, text)
		}
	}
}

func TestTextsAndChoices(t *testing.T) {
	tenant := moTenant()
	texts := func(got map[string]any) int { return len(got["resources"].([]any)) }
	if got := texts(call(t, tenant, "GET", moURL+"/api/resources/static", "", 200)); got != 1 {
		t.Errorf("got %d texts, want 1", got)
	}
	for query, want := range map[string]int{"1": 1, "resources": 1, "nothing": 0} {
		if got := texts(call(t, tenant, "POST", moURL+"/api/resources/query", fmt.Sprintf(`{"query":%q}`, query), 200)); got != want {
			t.Errorf("%s: got %d texts, want %d", query, got, want)
		}
	}
	for filter, want := range map[string]float64{"": 2, "a": 1, "x": 0} {
		got := call(t, tenant, "GET", moURL+"/api/lookup/506?filterText="+filter, "", 200)
		if got["count"] != want || len(got["items"].([]any)) != int(want) {
			t.Errorf("%q: got %v, want %v choices", filter, got, want)
		}
	}
}
