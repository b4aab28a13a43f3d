package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// acme returns a client of a simulated tenant with some records.
func acme() *client.Client {
	tenant := &aprimotest.Tenant{Records: 5, RequireToken: true}
	sender := &http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()))}
	tokens := client.ClientCredentials("acme", "my-client", "my-secret", client.TokenHTTPClient(&http.Client{Transport: tenant.Transport()}))
	c, err := client.New("acme", tokens, client.WithHTTPClient(sender),
		client.WithDownloadClient(&http.Client{Transport: tenant.Transport()}))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleNew() {
	tokens := client.ClientCredentials("acme", "my-client", "my-secret")
	c, err := client.New("acme", tokens, client.WithUserAgent("importer/1.0"))
	fmt.Println(c != nil, err)

	_, err = client.New("acme.dam.aprimo.com", tokens)
	fmt.Println(err)
	// Output:
	// true <nil>
	// aprimo: "acme.dam.aprimo.com" is not the name of a tenant: give the first label of its host alone, "acme" for https://acme.dam.aprimo.com, or WithBaseURLs for other hosts
}

func ExampleReader_List() {
	c := acme()
	for rec, err := range c.Records.List(context.Background(), client.SelectRecord(client.RecordTitle)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
	}
	// Output:
	// Record 1
	// Record 2
	// Record 3
	// Record 4
	// Record 5
}

func ExampleReader_Page() {
	c := acme()
	page, err := c.Records.Page(context.Background(), client.PageSize(2), client.StartPage(2), client.SelectRecord(client.RecordTitle))
	if err != nil {
		log.Fatal(err)
	}
	for _, rec := range page.Items {
		fmt.Println(rec.Title, "of", page.TotalCount)
	}
	// Output:
	// Record 3 of 5
	// Record 4 of 5
}

func ExampleRecords_Create() {
	c, ctx := acme(), context.Background()
	made, err := c.Records.Create(ctx, client.RecordChange{Status: client.Draft, Tag: "new"}, client.ImmediateIndexing())
	if err != nil {
		log.Fatal(err)
	}
	rec, err := c.Records.Get(ctx, made.ID, client.SelectRecord(client.RecordTag))
	fmt.Println(rec.Status, rec.Tag, err)
	// Output: Draft new <nil>
}

func ExampleRecords_Search() {
	c := acme()
	e := client.Expression{Text: "Title = ?", Parameters: []any{"Record 3"}}
	for rec, err := range c.Records.Search(context.Background(), e, client.SelectRecord(client.RecordTitle)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.ID, rec.Title)
	}
	// Output: 00000000000000000000000000000003 Record 3
}

// SearchPage counts the results by content type.
func ExampleRecords_SearchPage() {
	c := acme()
	page, err := c.Records.SearchPage(context.Background(), client.SearchRequest{
		Expression: client.Expression{Text: "CreatedOn > 2000-01-01"},
		Facets:     []client.FacetRequest{{Name: "contentType", Type: client.FacetContentType}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range page.Facets[0].Values {
		fmt.Println(value.Key, value.Count, "of", page.TotalCount)
	}
	// Output: Asset 5 of 5
}

func ExampleRecords_GetMany() {
	c := acme()
	ids := []string{"00000000000000000000000000000004", "00000000-0000-0000-0000-000000000001", "ffffffffffffffffffffffffffffffff"}
	found, missing, err := c.Records.GetMany(context.Background(), ids, client.SelectRecord(client.RecordTitle))
	fmt.Println(found[0].Title, found[1].Title, missing, err)
	// Output: Record 4 Record 1 [ffffffffffffffffffffffffffffffff] <nil>
}

// An export that was interrupted goes on where it was.
func ExampleRecords_Export() {
	c, ctx := acme(), context.Background()
	export := c.Records.Export(client.Expression{}, client.Checkpoint{}, client.SelectRecord(client.RecordTitle))
	var stored []byte
	for rec, err := range export.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
		if rec.Title == "Record 3" {
			stored, _ = json.Marshal(export.Checkpoint())
			break
		}
	}

	var checkpoint client.Checkpoint
	if err := json.Unmarshal(stored, &checkpoint); err != nil {
		log.Fatal(err)
	}
	for rec, err := range c.Records.Export(client.Expression{}, checkpoint, client.SelectRecord(client.RecordTitle)).All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
	}
	// Output:
	// Record 1
	// Record 2
	// Record 3
	// Record 4
	// Record 5
}

func ExampleEach() {
	c, ctx := acme(), context.Background()
	ids := []string{"00000000000000000000000000000001", "ffffffffffffffffffffffffffffffff"}
	report := client.Each(ctx, ids, 0, func(ctx context.Context, id string) error {
		return c.Records.Update(ctx, id, client.RecordChange{Status: client.Archived})
	})
	fmt.Println(report.Failed(), errors.Is(report.Err(), client.ErrNotFound))
	// Output: [ffffffffffffffffffffffffffffffff] true
}

func ExampleError() {
	c := acme()
	ctx := transport.ContextWithUser(context.Background(), "anna@example.com")
	_, err := c.Records.Get(ctx, "ffffffffffffffffffffffffffffffff")
	var e *client.Error
	if errors.Is(err, client.ErrNotFound) && errors.As(err, &e) {
		fmt.Println(e.Status, e.Method, e.User)
	}
	// Output: 404 GET anna@example.com
}

func ExampleClassifications_ByNamePath() {
	c, ctx := acme(), context.Background()
	_, err := c.Classifications.ByNamePath(ctx, "/Campaigns/1999")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output: true
}

func ExampleFields_Get() {
	var rec client.Record
	err := json.Unmarshal([]byte(`{"id":"1","fields":{"items":[
		{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"}]}]}}`), &rec)
	fmt.Println(rec.Fields.Get("title").Text("de"), err)
	// Output: Hallo <nil>
}

func ExampleRefresh() {
	tenant := base(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"a","refresh_token":"the next one","expires_in":3600}`)
	})
	tokens := client.Refresh("acme", "my-client", "", "stored", client.TokenHTTPClient(&http.Client{Transport: tenant}),
		client.OnToken(func(token *oauth2.Token) { fmt.Println("store", token.RefreshToken) }))
	_, err := tokens.Token()
	fmt.Println(err)
	// Output:
	// store the next one
	// <nil>
}

func ExampleOrders_Download() {
	c, ctx := acme(), context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	request := &client.OrderRequest{DisableProcessing: "yes", Targets: []client.OrderTarget{{RecordID: recordID(1)}}}
	files, err := c.Orders.Download(ctx, request, dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(filepath.Base(f.Path))
	}
	// Output: record-1.jpg
}

func ExampleDownloads_Fetch() {
	c, ctx := acme(), context.Background()
	preview, err := c.Records.Preview(ctx, recordID(1))
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(os.TempDir(), "preview.jpg")
	defer os.Remove(path)
	if _, err := c.Downloads.Fetch(ctx, preview.URI, path); err != nil {
		log.Fatal(err)
	}
	fmt.Println(filepath.Base(path))
	// Output: preview.jpg
}

func ExampleFileVersions_Get() {
	c, ctx := acme(), context.Background()
	latest, err := c.Records.MasterFileLatestVersion(ctx, recordID(1))
	if err != nil {
		log.Fatal(err)
	}
	version, err := c.FileVersions.Get(ctx, latest.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(version.FileName, version.FileSize)
	// Output: record-1.jpg 1024
}

func ExampleSettings() {
	c, ctx := acme(), context.Background()
	site := client.SettingScope{Scope: "site"}
	if err := c.Settings.Set(ctx, ".welcome", "Hello", site); err != nil {
		log.Fatal(err)
	}
	setting, err := c.Settings.Get(ctx, ".welcome", site)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(setting.Value)
	// Output: Hello
}

func ExamplePermissions_Calculated() {
	c, ctx := acme(), context.Background()
	p, err := c.Permissions.Calculated(ctx, "CreateRecords")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Value)
	// Output: Granted
}

// Most resources have the same five methods.
func ExampleResource() {
	c, ctx := acme(), context.Background()
	group, err := c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors"})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.UserGroups.Update(ctx, group.ID, &client.UserGroup{Name: "Picture editors"}); err != nil {
		log.Fatal(err)
	}
	for g, err := range c.UserGroups.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(g.Name)
	}
	if err := c.UserGroups.Delete(ctx, group.ID); err != nil {
		log.Fatal(err)
	}
	// Output: Picture editors
}

// What a tenant is made of.
func ExampleClient_schema() {
	c, ctx := acme(), context.Background()
	for d, err := range c.FieldDefinitions.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("field:", d.Name, d.DataType)
	}
	group, err := c.FieldGroups.Create(ctx, &client.FieldGroup{Name: "Rights"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("group:", group.Name)
	for ct, err := range c.ContentTypes.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("content type:", ct.Name)
	}
	film, err := c.FileTypes.Create(ctx, &client.FileType{Name: "Film", Extension: "mov"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("file type:", film.Extension)
	for l, err := range c.Languages.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("language:", l.Name)
	}
	text, err := c.Translations.Create(ctx, &client.Translation{Name: "ok", LocalizedValues: []client.Label{{Value: "OK"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("translation:", text.LocalizedValues[0].Value)
	// Output:
	// field: Title SingleLineText
	// field: Description MultiLineText
	// field: Keywords TextList
	// group: Rights
	// content type: Asset
	// file type: mov
	// language: English
	// translation: OK
}

// What administrators set up.
func ExampleClient_administration() {
	c, ctx := acme(), context.Background()
	rule, err := c.Rules.Create(ctx, &client.Rule{Name: "Archive old records", Target: "Record", Trigger: "Daily"})
	if err != nil {
		log.Fatal(err)
	}
	definition, err := c.SettingDefinitions.Create(ctx, &client.SettingDefinition{Name: ".welcome"})
	if err != nil {
		log.Fatal(err)
	}
	category, err := c.SettingCategories.Create(ctx, &client.SettingCategory{Name: "Site"})
	if err != nil {
		log.Fatal(err)
	}
	job, err := c.MaintenanceJobs.Create(ctx, &client.MaintenanceJob{Type: "export"})
	if err != nil {
		log.Fatal(err)
	}
	check, err := c.Checks.Create(ctx, &client.Check{Name: "Faces"})
	if err != nil {
		log.Fatal(err)
	}
	kind, err := c.CheckCategories.Create(ctx, &client.CheckCategory{Name: "People"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rule.Name, definition.Name, category.Name, job.Type, check.Name, kind.Name)
	for user, err := range c.Users.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(user.Name)
	}
	marks, err := c.Watermarks.Page(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(marks.TotalCount, "watermarks")
	// Output:
	// Archive old records .welcome Site export Faces People
	// administrator
	// 0 watermarks
}

// What leaves the tenant.
func ExampleClient_links() {
	c, ctx := acme(), context.Background()
	link, err := c.PublicLinks.Create(ctx, &client.PublicLink{URI: "https://cdn.example.com/1.jpg", Provider: "ours", RecordID: recordID(1)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link.URI)
	links, err := c.DownloadLinks.Page(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(links.TotalCount, "download links")
	// Output:
	// https://cdn.example.com/1.jpg
	// 0 download links
}

func ExampleUploads_Reader() {
	c := acme()
	up, err := c.Uploads.Reader(context.Background(), "note.txt", strings.NewReader("hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(up.Name, up.Size, up.Token != "")

	_, err = c.Uploads.Reader(context.Background(), "what?.txt", strings.NewReader("hello"))
	fmt.Println(err)
	// Output:
	// note.txt 5 true
	// aprimo: upload: the file name "what?.txt" contains '?', which Aprimo forbids: set another with UploadName, for example "what_.txt"
}

func ExampleUploadProgress() {
	c := acme()
	film := strings.NewReader(strings.Repeat("film", 6_250_000))
	_, err := c.Uploads.ReaderAt(context.Background(), "film.mp4", film, film.Size(), client.UploadParallel(1),
		client.UploadProgress(func(done, total int64) { fmt.Printf("%d %%\n", 100*done/total) }))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 %
	// 40 %
	// 80 %
	// 100 %
}

// Each resource of the client is in an Example that runs.
func TestEveryResourceHasAnExample(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range regexp.MustCompile(`(?s)\nfunc Example\w*\(\) \{.*?\n\}`).FindAllString(string(source), -1) {
			if strings.Contains(body, "Output:") {
				examples.WriteString(body)
			}
		}
	}
	for i := range reflect.TypeFor[client.Client]().NumField() {
		f := reflect.TypeFor[client.Client]().Field(i)
		if f.IsExported() && !strings.Contains(examples.String(), "c."+f.Name+".") {
			t.Errorf("no Example uses c.%s", f.Name)
		}
	}
}

func ExampleCollections_AddRecords() {
	tenant := new(aprimotest.Tenant) // yours: leave the option out
	c, err := client.New("acme", static("a-token"), client.WithHTTPClient(&http.Client{Transport: tenant.Transport()}))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	album, err := c.Collections.Create(ctx, &client.Collection{Name: "Summer", Type: "Static"})
	if err != nil {
		panic(err)
	}
	if err := c.Collections.AddRecords(ctx, album.ID, recordID(1), recordID(2)); err != nil {
		panic(err)
	}
	for record, err := range c.Collections.Records(ctx, album.ID) {
		if err != nil {
			panic(err)
		}
		fmt.Println(record.ID)
	}
	// Output:
	// 00000000000000000000000000000001
	// 00000000000000000000000000000002
}

func ExampleClient_Me() {
	c := acme()
	me, err := c.Me(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me.LoginID)
	// Output: my-client-user
}

// Do calls an endpoint that has no typed method.
func ExampleClient_Do() {
	c := acme()
	var me struct {
		LoginID string `json:"loginId"`
	}
	resp, err := c.Do(context.Background(), http.MethodGet, "/api/users/me", nil, &me)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, resp.Header.Get("Content-Type") != "", me.LoginID)
	// Output: 200 true my-client-user
}

// All reads a list that has no typed method.
func ExampleAll() {
	c := acme()
	type record struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	drafts := 0
	for rec, err := range client.All[record](context.Background(), c, http.MethodGet, "/records?sort=CreatedOn", nil) {
		if err != nil {
			log.Fatal(err)
		}
		if rec.Status == "Draft" {
			drafts++
		}
	}
	fmt.Println(drafts)
	// Output: 0
}

// WithResponse gives a typed call's status, headers and request id.
func ExampleWithResponse() {
	c := acme()
	var resp client.Response
	_, err := c.Records.Get(context.Background(), "none", client.WithResponse(&resp))
	fmt.Println(resp.Status, errors.Is(err, client.ErrNotFound))
	// Output: 404 true
}

// Set sends false, which a struct's field cannot say.
func ExampleSet() {
	c, ctx := acme(), context.Background()
	group, err := c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors", IsActive: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.UserGroups.Update(ctx, group.ID, nil, client.Set("isActive", false)); err != nil {
		log.Fatal(err)
	}
	group, err = c.UserGroups.Get(ctx, group.ID)
	fmt.Println(group.IsActive, err)
	// Output: false <nil>
}

// Plan says what an export costs before it is run.
func ExampleExport_Plan() {
	c, ctx := acme(), context.Background()
	export := c.Records.Export(client.Expression{}, client.Checkpoint{})
	plan, err := export.Plan(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan.Items, "records,", plan.Requests, "request, within a minute:", plan.Time < time.Minute)
	// Output: 5 records, 1 request, within a minute: true
}

func ExampleExport_Progress() {
	c, ctx := acme(), context.Background()
	var eta client.ETA
	export := c.Records.Export(client.Expression{}, client.Checkpoint{})
	for _, err := range export.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		done, total := export.Progress()
		if at := eta.At(done, total); !at.IsZero() {
			fmt.Fprintf(os.Stderr, "done at %s\n", at.Format("15:04"))
		}
		fmt.Printf("%d of %d\n", done, total)
	}
	// Output:
	// 1 of 5
	// 2 of 5
	// 3 of 5
	// 4 of 5
	// 5 of 5
}

// Budget bounds what a loop costs. The error says how to resume.
func ExampleBudget() {
	c, ctx := acme(), context.Background()
	for rec, err := range c.Records.List(ctx, client.PageSize(2), client.Budget(1)) {
		if over := (*client.BudgetError)(nil); errors.As(err, &over) {
			fmt.Println(err)
			break
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.ID)
	}
	// Output:
	// 00000000000000000000000000000001
	// 00000000000000000000000000000002
	// aprimo: the budget is used up (requests sent: 1): resume with StartPage(2) and PageSize(2)
}

// ByName finds a definition by its name, with one request.
func ExampleResource_ByName() {
	c := acme()
	field, err := c.FieldDefinitions.ByName(context.Background(), "title")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(field.Name, field.DataType)
	// Output: Title SingleLineText
}
