package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/aprimo-go/aprimo/client"
)

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
