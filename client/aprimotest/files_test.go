package aprimotest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// uploadText uploads a small file and returns its token.
func uploadText(t *testing.T, tenant *aprimotest.Tenant, content string) string {
	t.Helper()
	return decode[uploaded](t, sendForm(t, tenant, moURL+"/uploads", "file1", content, 200)).Token
}

func oneID(n int) string { return fmt.Sprintf("%032d", n) }

// A version with the id of its file is a new version of it; without, a file of its own.
func TestAFileHasVersions(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	url := coreURL + "/record/" + oneID(1)
	first := call(t, tenant, "GET", url+"/masterfilelatestversion", "", 200)["id"].(string)
	master := call(t, tenant, "GET", url+"/masterfile", "", 200)["id"].(string)
	body := `{"files":{"addOrUpdate":[{"id":%q,"versions":{"addOrUpdate":[{"id":%q}]}}]}}`
	call(t, tenant, "PUT", url, fmt.Sprintf(body, master, uploadText(t, tenant, "new")), 204)
	latest := call(t, tenant, "GET", url+"/masterfilelatestversion", "", 200)
	if latest["versionNumber"] != 2.0 || latest["fileSize"] != 3.0 || latest["isLatest"] != true {
		t.Error(latest)
	}
	for id, isLatest := range map[string]bool{first: false, latest["id"].(string): true} {
		if got := call(t, tenant, "GET", coreURL+"/fileversion/"+id, "", 200); got["isLatest"] != isLatest {
			t.Error(got)
		}
	}
	call(t, tenant, "PUT", url, fmt.Sprintf(body, "", uploadText(t, tenant, "other")), 204)
	if files := call(t, tenant, "GET", url+"/files", "", 200)["items"].([]any); len(files) != 2 {
		t.Error(files)
	}
	token := uploadText(t, tenant, "twice")
	twice := fmt.Sprintf(`{"files":{"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%q},{"id":%[1]q}]}}]}}`, token)
	call(t, tenant, "PUT", url, twice, 404)
	call(t, tenant, "PUT", url, fmt.Sprintf(body, "", token), 204) // what was refused used nothing up
	call(t, tenant, "PUT", url, fmt.Sprintf(body, "unknown", uploadText(t, tenant, "other")), 404)
	call(t, tenant, "GET", coreURL+"/fileversion/unknown", "", 404)
}

func TestAdditionalFilesAreDelivered(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1}
	more := uploadText(t, tenant, "subtitles")
	body := fmt.Sprintf(`{"files":{"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%q,"additionalFiles":{"addOrUpdate":[{"id":%q,"fileName":"film.srt"}]}}]}}]}}`,
		uploadText(t, tenant, "film"), more)
	id := call(t, tenant, "POST", coreURL+"/records", body, 201)["id"].(string)
	version := call(t, tenant, "GET", coreURL+"/record/"+id+"/masterfilelatestversion", "", 200)
	additional := call(t, tenant, "GET", coreURL+"/fileversion/"+version["id"].(string)+"/additionalfiles", "", 200)["items"].([]any)[0].(map[string]any)["id"].(string)
	if got := call(t, tenant, "GET", coreURL+"/additionalfile/"+additional, "", 200); got["fileName"] != "film.srt" {
		t.Error(got)
	}
	call(t, tenant, "GET", coreURL+"/additionalfile/"+version["id"].(string), "", 404)
	for _, upload := range tenant.Uploads() {
		if upload.State != aprimotest.UploadUsed {
			t.Errorf("%+v", upload)
		}
	}
	o := decode[orderView](t, post(t, tenant, ordersURL, order("", fmt.Sprintf(`{"additionalFileId":%q}`, additional)), 201))
	resp, text := do(t, tenant, newRequest(t.Context(), "GET", o.DeliveredFiles[0], ""))
	if resp.StatusCode != 200 || text != "subtitles" {
		t.Error(resp.Status, text)
	}
	if all := call(t, tenant, "GET", ordersURL, "", 200); all["totalCount"] != 1.0 {
		t.Error(all)
	}
}

func TestAFileThatIsCheckedOutTakesNoVersionOfOthers(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	file := call(t, tenant, "GET", coreURL+"/record/"+oneID(1)+"/masterfile", "", 200)["id"].(string)
	as := func(client, method, url, body string) int {
		_, token := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "client_id", client, "client_secret", "s")))
		req := newRequest(t.Context(), method, url, body)
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		resp, _ := do(t, tenant, req)
		return resp.StatusCode
	}
	checkouts := coreURL + "/file/" + file + "/checkouts"
	version := func() string {
		return fmt.Sprintf(`{"files":{"addOrUpdate":[{"id":%q,"versions":{"addOrUpdate":[{"id":%q}]}}]}}`, file, uploadText(t, tenant, "new"))
	}
	url := coreURL + "/record/" + oneID(1)
	for i, tt := range []struct{ got, want int }{
		{as("ann", "DELETE", checkouts, ""), 404},
		{as("ann", "POST", checkouts, "{}"), 201},
		{as("bo", "POST", checkouts, "{}"), 409},
		{as("bo", "PUT", url, version()), 409},
		{as("bo", "DELETE", checkouts, ""), 409},
		{as("ann", "PUT", url, version()), 204},
		{as("ann", "DELETE", checkouts, ""), 204},
		{as("bo", "PUT", url, version()), 204},
		{as("bo", "POST", coreURL+"/file/unknown/checkouts", "{}"), 404},
	} {
		if tt.got != tt.want {
			t.Errorf("step %d: %d, want %d", i, tt.got, tt.want)
		}
	}
}

// Two files of one size are distinguished: a download that is resumed with the ETag
// of the other begins again.
func TestADownloadIsNotResumedInAnotherFile(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1}
	var tags []string
	for _, content := range []string{"one", "two"} {
		body := fmt.Sprintf(`{"files":{"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%q}]}}]}}`, uploadText(t, tenant, content))
		id := call(t, tenant, "POST", coreURL+"/records", body, 201)["id"].(string)
		o := decode[orderView](t, post(t, tenant, ordersURL, order("", fmt.Sprintf(`{"recordId":%q}`, id)), 201))
		req := newRequest(t.Context(), "GET", o.DeliveredFiles[0], "")
		req.Header.Set("Range", "bytes=1-")
		if len(tags) > 0 {
			req.Header.Set("If-Range", tags[0])
		}
		resp, err := tenant.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		tags = append(tags, resp.Header.Get("ETag"))
		if want := map[bool]string{true: "ne", false: "two"}[len(tags) == 1]; string(text) != want {
			t.Errorf("%q, want %q, with %v", text, want, tags)
		}
	}
}

func TestABlobThatIsSentTwiceIsCounted(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads", `{"fileName":"film.mp4"}`, 200))
	put := func(query, body, kind string) int {
		req := newRequest(t.Context(), "PUT", up.SasURL+query, body)
		req.Header.Set("x-ms-blob-type", kind)
		resp, _ := do(t, tenant, req)
		return resp.StatusCode
	}
	for i, tt := range []struct{ got, want int }{
		{put("", "film", "BlockBlob"), 201},
		{put("", "film", "BlockBlob"), 201},
		{put("", "film", "PageBlob"), 400},
		{put("&comp=block&blockid=*", "film", ""), 400},
		{put("&comp=block&blockid=", "film", ""), 400},
		{put("&comp=block&blockid=AAAA", "film", ""), 201},
		{put("&comp=block&blockid=AAAAAAAA", "film", ""), 400},
		{put("&comp=page", "film", ""), 400},
		{put("&comp=blocklist", "<BlockList>", ""), 400},
	} {
		if tt.got != tt.want {
			t.Errorf("step %d: %d, want %d", i, tt.got, tt.want)
		}
	}
	got := tenant.Uploads()[0]
	if same, _ := got.Same(strings.NewReader("film")); !same || got.Segments[0].Sent != 2 {
		t.Errorf("%+v", got)
	}
}
