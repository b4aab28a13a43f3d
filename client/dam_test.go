package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
)

// Each change is written in the form of Aprimo's guide.
func TestChangesAreWrittenInAprimosForm(t *testing.T) {
	const id, dashed = "a0b1c2d300000000000000000000000f", "A0B1C2D3-0000-0000-0000-00000000000F"
	at := time.Date(2026, 2, 3, 10, 0, 0, 0, time.FixedZone("", 3600))
	for want, call := range map[string]func(context.Context, *client.Client) error{
		`PUT /classification/1/recordpermissions {"breakInheritance":true,"permissions":{"addOrUpdate":[{"userGroupId":"g","accessRight":"Read"}],"remove":[{"userGroupId":"h"}]}}`: func(ctx context.Context, c *client.Client) error {
			return c.Classifications.SetPermissions(ctx, "1", client.OnRecords, client.ClassificationPermissions{
				BreakInheritance: true, Groups: []client.GroupRight{{UserGroupID: "g", Right: "Read"}, {UserGroupID: "h"}},
			})
		},
		`PUT /classification/1 {"fields":{"addOrUpdate":[{"id":"f","localizedValues":[{"languageId":"en","value":"North"}]}]}}`: func(ctx context.Context, c *client.Client) error {
			return c.Classifications.SetFields(ctx, "1", []client.FieldValue{client.SetText("f", "en", "North")})
		},
		`POST /classifications {"name":"Spring","parentNamePath":"/Seasons","registeredFields":{"addOrUpdate":["` + id + `"]}}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.Classifications.Create(ctx, &client.Classification{Name: "Spring", ParentNamePath: "/Seasons", RegisteredFields: client.Members[client.Registered]{dashed}})
			return err
		},
		`PUT /classification/1 {"registeredFields":{"remove":["` + id + `"]}}`: func(ctx context.Context, c *client.Client) error {
			return c.Classifications.Update(ctx, "1", nil, client.Set("registeredFields", map[string]any{"remove": []string{id}}))
		},
		`PUT /collection/1/permissions {"contentPermission":{"contentSharingEnabled":true,"permission":"Read"},"groupsPermissions":{"addOrUpdate":[],"remove":[{"groupId":"g"}]},"permissions":{"addOrUpdate":[{"userId":"u","permission":"Modify"}],"remove":[]},"publicPermission":"None"}`: func(ctx context.Context, c *client.Client) error {
			return c.Collections.SetPermissions(ctx, "1", client.CollectionPermissions{
				Users: []client.CollectionUser{{UserID: "u", Permission: "Modify"}}, Groups: []client.CollectionGroup{{GroupID: "g"}},
				Public: "None", Content: &client.CollectionContent{Permission: "Read", Enabled: true},
			})
		},
		`PUT /collection/1/permissions {}`: func(ctx context.Context, c *client.Client) error {
			return c.Collections.SetPermissions(ctx, "1", client.CollectionPermissions{})
		},
		`POST /collection/1/comments {"message":"fine"}`: func(ctx context.Context, c *client.Client) error {
			return lastError(c.Collections.AddComment(ctx, "1", "fine"))
		},
		`PUT /collection/1/comment/2 {"content":"better"}`: func(ctx context.Context, c *client.Client) error {
			return c.Collections.UpdateComment(ctx, "1", "2", "better")
		},
		`DELETE /collection/1/comment/2`: func(ctx context.Context, c *client.Client) error {
			return c.Collections.DeleteComment(ctx, "1", "2")
		},
		`PUT /collection/1/comments/status {"id":"` + id + `","lastReadCommentDate":"2026-02-03T09:00:00Z"}`: func(ctx context.Context, c *client.Client) error {
			return lastError(c.Collections.ReadComments(ctx, "1", dashed, at))
		},
		`PUT /user/1/permissions {"permissions":{"addOrUpdate":[{"name":"a","value":"Granted"},{"name":"b","value":"Denied"}]}}`: func(ctx context.Context, c *client.Client) error {
			return c.Users.SetPermissions(ctx, "1", map[string]client.PermissionValue{"b": client.PermissionDenied, "a": client.PermissionGranted})
		},
		`PUT /record/1 {"fields":{"addOrUpdate":[{"id":"f","localizedValues":[{"languageId":"` + client.NoLanguage + `","links":[],"children":[{"recordId":"` + id + `"}]}]}]}}`: func(ctx context.Context, c *client.Client) error {
			links := client.SetLinks("f", client.RecordLinks{Links: []string{}, Children: []string{dashed}})
			return c.Records.Update(ctx, "1", client.RecordChange{Fields: client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{links}}})
		},
		`PUT /record/1 {"files":{"addOrUpdate":[{"id":"f","versions":{"addOrUpdate":[{"id":"v","versionLabel":"final","additionalFiles":{"addOrUpdate":[{"id":"t","label":"text","filename":"a.srt","type":"Subtitle"}],"remove":[{"id":"` + id + `"}]},"previews":{"addOrUpdate":[{"id":"p","pageNumber":1}]},"publicationItems":[{"pageNumber":1,"targetFileVersionId":"w"}]}]}}]}}`: func(ctx context.Context, c *client.Client) error {
			return c.Records.Update(ctx, "1", client.RecordChange{Files: client.ChangedVersion("f", "v", client.NewVersion{
				VersionLabel: "final",
				AdditionalFiles: client.Changes[client.NewAdditionalFile]{
					AddOrUpdate: []client.NewAdditionalFile{{Token: "t", Label: "text", FileName: "a.srt", Type: "Subtitle"}},
					Remove:      []client.Ref{dashed},
				},
				Previews:         client.Changes[client.NewPreview]{AddOrUpdate: []client.NewPreview{{Token: "p", PageNumber: 1}}},
				PublicationItems: []client.PublicationItem{{PageNumber: 1, TargetFileVersionID: "w"}},
			})})
		},
		`POST /orders {"disableNotification":true,"singleFileZipMode":"never","targets":[{"assetType":"LatestVersionOfMasterFile","filter":{"extensions":["jpg"]},"recordIds":["1"],"targetTypes":["Document"]}],"type":"download","useCDN":"Automatic"}`: func(ctx context.Context, c *client.Client) error {
			return lastError(c.Orders.Create(ctx, &client.OrderRequest{
				UseCDN: client.CDNAutomatic, SingleFileZipMode: "never",
				Targets: []client.OrderTarget{{RecordIDs: []string{"1"}, Filter: &client.OrderFilter{Extensions: []string{"jpg"}}}},
			}))
		},
		`POST /orders {"disableNotification":true,"emailBody":"here","emailRecipients":["press@acme.example"],"emailSubject":"Pictures","targets":[{"fileVersionId":"v","targetTypes":["Document"]}],"type":"email"}`: func(ctx context.Context, c *client.Client) error {
			return lastError(c.Orders.Create(ctx, &client.OrderRequest{
				Type: client.OrderEmail, EmailRecipients: []string{"press@acme.example"}, EmailSubject: "Pictures", EmailBody: "here",
				Targets: []client.OrderTarget{{FileVersionID: "v"}},
			}))
		},
		`PUT /searchindex {"rebuildScheduled":true}`: func(ctx context.Context, c *client.Client) error { return c.Index.Rebuild(ctx) },
		`PUT /statistics {"enabled":"true"}`:         func(ctx context.Context, c *client.Client) error { return c.Statistics.Enable(ctx, true) },
		`DELETE /statistics`:                         func(ctx context.Context, c *client.Client) error { return c.Statistics.Clear(ctx) },
	} {
		var got string
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = strings.TrimSpace(r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/core") + " " + string(body))
			io.WriteString(w, `{"id":"7"}`)
		})
		if err := call(t.Context(), c); err != nil || got != want {
			t.Errorf("got error %v, sent\n%s, want\n%s", err, got, want)
		}
	}
}

func TestAVersionWithoutTokenAndIDIsAnError(t *testing.T) {
	_, err := json.Marshal(client.MasterFile(client.NewVersion{FileName: "a.jpg"}))
	if err == nil || !strings.Contains(err.Error(), "Token") {
		t.Errorf("got %v, want an error that names Token", err)
	}
}

// A trail has no links to its pages, and the number of an entry is a number.
func TestATrailOfManyEntriesIsReadToItsEnd(t *testing.T) {
	const entries = 2500
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		skip, _ := strconv.Atoi(r.FormValue("skip"))
		take, _ := strconv.Atoi(r.FormValue("take"))
		page := []string{}
		for n := skip; n < min(skip+take, entries); n++ {
			page = append(page, fmt.Sprintf(`{"id":%d,"type":"recordModified"}`, n))
		}
		fmt.Fprintf(w, `{"_links":{"self":{"href":"/api/core/record/1/trail"}},"entries":[%s],"entryCount":%d,"objectId":"1"}`, strings.Join(page, ","), entries)
	})
	next := int64(0)
	for entry, err := range c.Records.Trail(t.Context(), "1", client.TrailChanges) {
		if err != nil || entry.ID != next || entry.Type != "recordModified" {
			t.Fatalf("got %+v, %v, want the entry %d", entry, err, next)
		}
		next++
	}
	if next != entries {
		t.Errorf("got %d entries, want %d", next, entries)
	}
}

func TestIdsOfTrailChangesAreThoseOfFields(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { w.Write(goldens(t)["record-trail-entry"].HAL) })
	entry, err := c.Records.TrailEntry(t.Context(), "1", 93001)
	if err != nil || len(entry.Changes) != 2 {
		t.Fatalf("got %+v, %v, want two changes", entry, err)
	}
	title, keywords := entry.Changes[0], entry.Changes[1]
	if title.FieldID != "0006aaa4000040008000000000000064" || string(title.Value) != `"Harbour at dawn"` {
		t.Errorf("got %+v, want the new title with the id of its field", title)
	}
	if keywords.LanguageID != client.NoLanguage || string(keywords.Items.Added[0].Value) != `"dawn"` || string(keywords.Items.Removed[0].Value) != `"night"` {
		t.Errorf("got %+v, want dawn added and night removed", keywords)
	}
}

func TestRecordLinksAreValues(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { w.Write(goldens(t)["record-fields"].HAL) })
	fields, err := c.Records.Fields(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	parent, child1, child2 := "0008bbb3000040008000000000000083", "0008ccc4000040008000000000000084", "0008ddd5000040008000000000000085"
	want := client.RecordLinks{Parents: []string{parent}, Children: []string{child1, child2}}
	if diff := cmp.Diff(want, fields.Get("Source").Links()); diff != "" {
		t.Errorf("the links differ (-want +got):\n%s", diff)
	}
	if got := fields.Get("Source").Texts(""); !cmp.Equal(got, []string{parent, child1, child2}) {
		t.Errorf("got the texts %q, want the three ids", got)
	}
	if got := fields.Get("Related").Texts(""); len(got) != 0 {
		t.Errorf("null: got the texts %q, want none", got)
	}
	if got := fields.Get("none").Links(); !cmp.Equal(got, client.RecordLinks{}) {
		t.Errorf("no field: got the links %v, want none", got)
	}
}

func TestExpandSelectsPartsOfParts(t *testing.T) {
	var header http.Header
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		w.Write(goldens(t)["record-selected"].HAL)
	})
	rec, err := c.Records.Get(t.Context(), "1", client.SelectRecord(client.RecordTitle),
		client.Expand("record", "masterfile", "fileversions", "renditions", "publiclinks"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"select-record": "title, masterfile", "select-file": "fileversions", "select-fileversion": "renditions", "select-rendition": "publiclinks",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("got %s: %q, want %q", name, got, want)
		}
	}
	versions := rec.MasterFile.Versions
	if len(versions) != 2 || versions[1].Renditions[0].PublicLinks[0].Provider != "acme-cdn" {
		t.Errorf("got %+v, want two versions, the second with a rendition and its public link", versions)
	}
	if _, err := c.Records.Get(t.Context(), "1", client.Expand("record", "nothing", "a")); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("an unknown key: got %v, want an error that names it", err)
	}
}

func TestEmbeddedFindsPartsInEitherForm(t *testing.T) {
	for form, text := range map[string]string{
		"HAL":  `{"_embedded":{"managedcontent":{"_embedded":{"publishedby":{"id":"5"}}}},"analyticsdata":null}`,
		"flat": `{"managedContent":{"publishedBy":{"id":"5"}}}`,
	} {
		var rec client.Record
		if err := json.Unmarshal([]byte(text), &rec); err != nil {
			t.Fatal(err)
		}
		by, err := client.Embedded[client.User](rec.Extra, "managedcontent", "publishedby")
		if err != nil || by == nil || by.ID != "5" {
			t.Errorf("%s: got %+v, %v, want the user 5", form, by, err)
		}
		if none, err := client.Embedded[client.User](rec.Extra, "managedcontent", "absent", "more"); none != nil || err != nil {
			t.Errorf("%s: got %+v, %v, want neither", form, none, err)
		}
		if _, err := client.Embedded[client.User](rec.Extra, "managedcontent", "publishedby", "id", "deeper"); err == nil || !strings.Contains(err.Error(), "publishedby.id") {
			t.Errorf("%s: through a text: got %v, want an error that says where", form, err)
		}
	}
}

func TestContentSelector(t *testing.T) {
	c := newClient(t, nil)
	address, err := c.ContentSelector(client.ContentSelectorOptions{Title: "Wähle ✓ 🙂", Select: "single"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host != "acme.dam.aprimo.com" || u.Path != "/dam/selectcontent" {
		t.Fatalf("got %s, %v, want the page on the tenant's DAM", address, err)
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(u.Fragment, "options="))
	if want := `{"title":"W\u00e4hle \u2713 \ud83d\ude42","select":"single"}`; string(data) != want || err != nil {
		t.Errorf("got the options %s, %v, want %s", data, err, want)
	}
	if _, err := c.ContentSelector(client.ContentSelectorOptions{Select: "all"}); err == nil || !strings.Contains(err.Error(), "singlerendition") {
		t.Errorf("got %v, want an error with the modes that exist", err)
	}
	var selected client.ContentSelection
	message := `{"result":"accept","selection":[{"id":"1","title":"a","rendition":{"id":"2","publicuri":"https://cdn"},"additionaFile":{"additionalFileId":"3"}}]}`
	if err := json.Unmarshal([]byte(message), &selected); err != nil || selected.Selection[0].Rendition.PublicURI != "https://cdn" || selected.Selection[0].File.ID != "3" {
		t.Errorf("got %+v, %v, want the rendition and the file", selected, err)
	}
}

// One unusual value does not make an object unreadable.
func TestUnusualValuesAreRead(t *testing.T) {
	const text = `{"id":7,"status":"Success","executionTime":2.5,"priority":"5","totalFileSize":"12","createdOn":"2026-02-03T09:15:00","startedOn":"","deliveredFiles":[{"uri":"https://a"},null]}`
	var order client.Order
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		t.Fatal(err)
	}
	if order.ID != "7" || order.ExecutionTime != "2.5" || order.Priority != 5 || order.TotalFileSize != 12 || order.CreatedOn.Hour() != 9 || order.DeliveredFiles[0].URI != "https://a" {
		t.Errorf("got %+v, want the values of %s", order, text)
	}
	var result client.CheckResult
	if err := json.Unmarshal([]byte(`{"createdBy":{"id":"5","name":"dana"}}`), &result); err != nil || result.CreatedBy != "5" {
		t.Errorf("got %+v, %v, want the id of the user", result, err)
	}
	var file client.File // sources disagree on these names
	if err := json.Unmarshal([]byte(`{"_embedded":{"versions":[{"id":"1"}],"latestversion":{"id":"2"}}}`), &file); err != nil || len(file.Versions) != 1 || file.LatestVersion == nil {
		t.Errorf("got %+v, %v, want a version and the latest one", file, err)
	}
	for _, bad := range []string{`{"priority":"high"}`, `{"id":[]}`, `{"id":{"no":1}}`, `{"createdOn":"yesterday"}`, `{"createdOn":5}`} {
		var syntax *json.SyntaxError
		if err := json.Unmarshal([]byte(bad), &order); err == nil || errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want an error about the value", bad, err)
		}
	}
}
