package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
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
		t.Fatalf("%s: Create: got %v, %v, want an object with an id", name, made, err)
	}
	if err := r.Update(ctx, id(made), &change); err != nil {
		t.Errorf("%s: Update: got error %v, want none", name, err)
	}
	got, err := r.Get(ctx, id(made))
	if err != nil {
		t.Fatalf("%s: Get: got error %v, want none", name, err)
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
			t.Fatalf("%s: List: got error %v, want none", name, err)
		}
		found = found || id(item) == id(made)
	}
	if !found {
		t.Errorf("%s: got a list without %s, want it in the list", name, id(made))
	}
	if err := r.Delete(ctx, id(made)); err != nil {
		t.Errorf("%s: Delete: got error %v, want none", name, err)
	}
	if _, err := r.Get(ctx, id(made)); err == nil {
		t.Errorf("%s: Get after Delete: got no error, want one", name)
	}
}

func TestCreateReturnsTheIDThatIsOnlyInTheLocation(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/api/core/language/abc")
		w.WriteHeader(http.StatusCreated)
	})
	l, err := c.Languages.Create(t.Context(), &client.Language{Name: "German"})
	if err != nil || l.ID != "abc" {
		t.Errorf("got %+v, %v, want the id abc", l, err)
	}
}

// ids returns the ids of a list, or its error.
func ids[T any](list iter.Seq2[*T, error], id func(*T) string) string {
	var all []string
	for item, err := range list {
		if err != nil {
			return err.Error()
		}
		all = append(all, id(item))
	}
	return strings.Join(all, " ")
}

// Each method makes one request to the path in Aprimo's guide, and returns what the server
// sends.
func TestMethodsOfResources(t *testing.T) {
	const one = `{"id":"7","fieldName":"Title","a":"Granted"}`
	const list = `{"items":[{"id":"7","fieldName":"Title"},{"id":"8"}]}`
	classification := func(c *client.Classification) string { return c.ID }
	for name, test := range map[string]struct {
		answer, request, want string
		call                  func(context.Context, *client.Client) (string, error)
	}{
		"Records.Delete": {"", "DELETE /api/core/record/1", "", func(ctx context.Context, c *client.Client) (string, error) {
			return "", c.Records.Delete(ctx, "1")
		}},
		"Records.Fields": {list, "GET /api/core/record/1/fields", "7 of 2", func(ctx context.Context, c *client.Client) (string, error) {
			fields, err := c.Records.Fields(ctx, "1")
			return fmt.Sprintf("%s of %d", fields.Get("title").ID, len(fields)), err
		}},
		"Records.Field": {one, "GET /api/core/record/1/field/7", "Title", func(ctx context.Context, c *client.Client) (string, error) {
			f, err := c.Records.Field(ctx, "1", "7")
			return f.Name, err
		}},
		"Records.Classifications": {list, "GET /api/core/record/1/classifications?pageSize=1000", "7 8", func(ctx context.Context, c *client.Client) (string, error) {
			return ids(c.Records.Classifications(ctx, "1"), func(c *client.RecordClassification) string { return c.ID }), nil
		}},
		"Records.Files": {list, "GET /api/core/record/1/files?pageSize=1000", "7 8", func(ctx context.Context, c *client.Client) (string, error) {
			return ids(c.Records.Files(ctx, "1"), func(f *client.File) string { return f.ID }), nil
		}},
		"Records.MasterFile": {one, "GET /api/core/record/1/masterfile", "7", func(ctx context.Context, c *client.Client) (string, error) {
			f, err := c.Records.MasterFile(ctx, "1")
			return f.ID, err
		}},
		"Classifications.Children": {list, "GET /api/core/classification/1/children?pageSize=1000", "7 8", func(ctx context.Context, c *client.Client) (string, error) {
			return ids(c.Classifications.Children(ctx, "1"), classification), nil
		}},
		"Classifications.ByNamePath": {one, "GET /api/core/classification?namePath=%2FCampaigns%2F2026", "7", func(ctx context.Context, c *client.Client) (string, error) {
			found, err := c.Classifications.ByNamePath(ctx, "/Campaigns/2026")
			return found.ID, err
		}},
		"Classifications.Search": {list, `POST /api/core/search/classifications?pageSize=1000 {"searchExpression":{"expression":"Name = 'a'"}}`, "7 8", func(ctx context.Context, c *client.Client) (string, error) {
			return ids(c.Classifications.Search(ctx, client.Expression{Text: "Name = 'a'"}), classification), nil
		}},
		"FileVersions.AdditionalFile": {one, "GET /api/core/additionalfile/1", "7", func(ctx context.Context, c *client.Client) (string, error) {
			v, err := c.FileVersions.AdditionalFile(ctx, "1")
			return v.ID, err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var requests []string
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				requests = append(requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, strings.Replace(r.URL.RequestURI(), "page=1&", "", 1), body)))
				io.WriteString(w, test.answer)
			})
			got, err := test.call(t.Context(), c)
			if err != nil || got != test.want {
				t.Errorf("got %q, error %v, want %q", got, err, test.want)
			}
			if want := []string{test.request}; !cmp.Equal(requests, want) {
				t.Errorf("got the requests %q, want %q", requests, want)
			}
		})
	}
}

func TestCreateReportsAnObjectThatWasCreatedAlthoughTheResponseIsOfNoUse(t *testing.T) {
	for _, test := range []struct{ name, location, body, want string }{
		{"no id", "", "", "it has no id"},
		{"an empty object", "", "{}", "it has no id"},
		{"null", "", " null\n", "it has no id"},
		{"another type", "/api/core/language/abc", `{"id":{}}`, `created with the id "abc", do not create it again`},
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if test.location != "" {
				w.Header().Set("Location", test.location)
			}
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, test.body)
		})
		_, err := c.Languages.Create(t.Context(), &client.Language{Name: "German"})
		var e *client.Error
		if !errors.As(err, &e) || e.Status != http.StatusCreated || e.Method != http.MethodPost || !strings.Contains(e.Message, test.want) {
			t.Errorf("%s: got %#v, want status 201 and %q", test.name, err, test.want)
		}
	}
}
