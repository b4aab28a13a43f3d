package client_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// Each resource is made, read, found in its list, changed and deleted, against a
// tenant that insists on Aprimo's headers.
func TestResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{RequireHeaders: true}
		c := newClient(t, nil, limited(tenant.Transport()))
		test(t, "languages", c.Languages, client.Language{Name: "Dutch"}, client.Language{Culture: "nl-NL"}, func(l *client.Language) string { return l.ID })
		test(t, "translations", c.Translations, client.Translation{Name: "ok"}, client.Translation{Module: "m"}, func(l *client.Translation) string { return l.ID })
		test(t, "collections", &c.Collections.Resource, client.Collection{Name: "a"}, client.Collection{Description: "b"}, func(l *client.Collection) string { return l.ID })
		test(t, "field definitions", c.FieldDefinitions, client.FieldDefinition{Name: "Size", DataType: "Numeric"}, client.FieldDefinition{IsRequired: true}, func(l *client.FieldDefinition) string { return l.ID })
		test(t, "field groups", c.FieldGroups, client.FieldGroup{Name: "a"}, client.FieldGroup{Tag: "<a/>"}, func(l *client.FieldGroup) string { return l.ID })
		test(t, "content types", c.ContentTypes, client.ContentType{Name: "Film"}, client.ContentType{Purpose: "films"}, func(l *client.ContentType) string { return l.ID })
		test(t, "file types", c.FileTypes, client.FileType{Name: "Mov", Extension: "mov"}, client.FileType{MimeType: "video/quicktime"}, func(l *client.FileType) string { return l.ID })
		test(t, "users", &c.Users.Resource, client.User{Name: "john"}, client.User{Email: "john@example.com"}, func(l *client.User) string { return l.ID })
		test(t, "groups", &c.UserGroups.Resource, client.UserGroup{Name: "editors"}, client.UserGroup{IsActive: true}, func(l *client.UserGroup) string { return l.ID })
		test(t, "rules", c.Rules, client.Rule{Name: "a", Trigger: "Daily"}, client.Rule{Enabled: true}, func(l *client.Rule) string { return l.ID })
		test(t, "setting definitions", c.SettingDefinitions, client.SettingDefinition{Name: ".a"}, client.SettingDefinition{Tag: "<a/>"}, func(l *client.SettingDefinition) string { return l.ID })
		test(t, "setting categories", c.SettingCategories, client.SettingCategory{Name: "a"}, client.SettingCategory{Tag: "<a/>"}, func(l *client.SettingCategory) string { return l.ID })
		test(t, "jobs", c.MaintenanceJobs, client.MaintenanceJob{Type: "massEdit"}, client.MaintenanceJob{Priority: 3}, func(l *client.MaintenanceJob) string { return l.ID })
		test(t, "checks", c.Checks, client.Check{Name: "a"}, client.Check{ActionClass: "b"}, func(l *client.Check) string { return l.ID })
		test(t, "check categories", c.CheckCategories, client.CheckCategory{Name: "a"}, client.CheckCategory{Name: "b"}, func(l *client.CheckCategory) string { return l.ID })
		test(t, "public links", c.PublicLinks, client.PublicLink{URI: "https://cdn.example.com/a"}, client.PublicLink{Provider: "p"}, func(l *client.PublicLink) string { return l.ID })
	})
}

func test[T any](t *testing.T, name string, r *client.Resource[T], object, change T, id func(*T) string) {
	t.Helper()
	ctx := t.Context()
	made, err := r.Create(ctx, &object)
	if err != nil || id(made) == "" {
		t.Fatalf("%s: Create: %v, %v", name, made, err)
	}
	if err := r.Update(ctx, id(made), &change); err != nil {
		t.Errorf("%s: Update: %v", name, err)
	}
	got, err := r.Get(ctx, id(made))
	if err != nil {
		t.Fatalf("%s: Get: %v", name, err)
	}
	is := members(t, got)
	for member, want := range members(t, change) {
		if !cmp.Equal(is[member], want) {
			t.Errorf("%s: %s is %v; want %v", name, member, is[member], want)
		}
	}
	found := false
	for item, err := range r.List(ctx) {
		if err != nil {
			t.Fatalf("%s: List: %v", name, err)
		}
		found = found || id(item) == id(made)
	}
	if !found {
		t.Errorf("%s: it is not in the list", name)
	}
	if err := r.Delete(ctx, id(made)); err != nil {
		t.Errorf("%s: Delete: %v", name, err)
	}
	if _, err := r.Get(ctx, id(made)); err == nil {
		t.Errorf("%s: it is there still", name)
	}
}

func TestWhatResourcesHaveOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := newClient(t, nil, limited((&aprimotest.Tenant{Records: 4}).Transport()))

		album, err := c.Collections.Create(ctx, &client.Collection{Name: "Album", Type: "Static"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Collections.AddRecords(ctx, album.ID, recordID(1), recordID(2), recordID(3)); err != nil {
			t.Error(err)
		}
		if err := c.Collections.RemoveRecords(ctx, album.ID, recordID(2)); err != nil {
			t.Error(err)
		}
		var ids []string
		for r, err := range c.Collections.Records(ctx, album.ID) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
		if want := []string{recordID(1), recordID(3)}; !cmp.Equal(ids, want) {
			t.Errorf("the collection has %v; want %v", ids, want)
		}

		group, err := c.UserGroups.Create(ctx, &client.UserGroup{Name: "editors"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.UserGroups.SetPermissions(ctx, group.ID, client.Extra{"a": json.RawMessage(`"Granted"`)}); err != nil {
			t.Error(err)
		}
		if got, err := c.UserGroups.Permissions(ctx, group.ID); err != nil || len(got) == 0 {
			t.Errorf("permissions: %s, %v", got, err)
		}
		if p, err := c.Permissions.Calculated(ctx, "Edit records"); err != nil || p.Value != "Granted" {
			t.Errorf("calculated permission: %+v, %v", p, err)
		}

		for _, name := range []string{".a", ".b"} {
			if err := c.Settings.Set(ctx, name, "value of "+name, client.SettingScope{Scope: "system"}); err != nil {
				t.Error(err)
			}
		}
		if s, err := c.Settings.Get(ctx, ".a", client.SettingScope{Scope: "system"}); err != nil || s.Value != "value of .a" {
			t.Errorf("setting: %+v, %v", s, err)
		}
		n := 0
		for s, err := range c.Settings.Many(ctx, []string{".b"}) {
			if n++; err != nil || s.Name != ".b" {
				t.Errorf("settings: %+v, %v", s, err)
			}
		}
		if n != 1 {
			t.Errorf("%d settings; want 1", n)
		}

		latest, err := c.Records.MasterFileLatestVersion(ctx, recordID(1))
		if err != nil {
			t.Fatal(err)
		}
		version, err := c.FileVersions.Get(ctx, latest.ID)
		if err != nil || version.FileSize != 1024 {
			t.Fatalf("%+v, %v", version, err)
		}
		if _, err := c.FileVersions.AddCheckResult(ctx, version.ID, &client.CheckResult{CheckID: "1", Outcome: "pass"}); err != nil {
			t.Error(err)
		}
		for r, err := range c.FileVersions.CheckResults(ctx, version.ID) {
			if err != nil || r.Outcome != "pass" || r.FileVersionID != version.ID {
				t.Errorf("check result: %+v, %v", r, err)
			}
		}
	})
}

func TestCreateReturnsTheIDThatIsOnlyInTheLocation(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/api/core/language/abc")
		w.WriteHeader(http.StatusCreated)
	})
	l, err := c.Languages.Create(t.Context(), &client.Language{Name: "German"})
	if err != nil || l.ID != "abc" {
		t.Errorf("got %+v, %v", l, err)
	}
}
