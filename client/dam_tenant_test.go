package client_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// onTenant runs a test in a bubble, with a client of a tenant that insists on Aprimo's headers.
// What the golden answers show is true of the simulated tenant, too.
func onTenant(t *testing.T, test func(ctx context.Context, c *client.Client)) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Records: 5, RequireHeaders: true}
		c := newClient(t, nil, limited(tenant.Transport()))
		test(t.Context(), c)
	})
}

// must returns the result of a call.
func must[T any](t *testing.T) func(T, error) T {
	return func(result T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

func TestFilesAreCheckedOutAndIn(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		file := must[*client.File](t)(c.Records.MasterFile(ctx, recordID(1)))
		for _, test := range []struct {
			change func(context.Context, string, ...client.CallOption) error
			want   bool
		}{{c.Files.CheckOut, true}, {c.Files.CheckIn, false}} {
			if err := test.change(ctx, file.ID); err != nil {
				t.Fatal(err)
			}
			got := must[*client.File](t)(c.Files.Get(ctx, file.ID, client.Select("file", "fileversions")))
			if got.CheckedOut != test.want || got.CheckedOutOn.IsZero() == test.want || len(got.Versions) != 1 {
				t.Errorf("got %+v, want checked out %v, and one version", got, test.want)
			}
		}
	})
}

func TestPartsAreAddedToAnExistingVersion(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		file := must[*client.File](t)(c.Records.MasterFile(ctx, recordID(1)))
		version := must[*client.FileVersion](t)(c.Files.LatestVersion(ctx, file.ID))
		text := must[*client.Upload](t)(c.Uploads.Reader(ctx, "en.srt", strings.NewReader("1\n")))
		page := must[*client.Upload](t)(c.Uploads.Reader(ctx, "page.jpg", strings.NewReader("jpg")))
		err := c.Records.Update(ctx, recordID(1), client.RecordChange{Files: client.ChangedVersion(file.ID, version.ID, client.NewVersion{
			VersionLabel:    "final",
			AdditionalFiles: client.Changes[client.NewAdditionalFile]{AddOrUpdate: []client.NewAdditionalFile{{Token: text.Token, Label: "English", FileName: "en.srt", Type: "Subtitle"}}},
			Previews:        client.Changes[client.NewPreview]{AddOrUpdate: []client.NewPreview{{Token: page.Token, PageNumber: 1}}},
		})})
		if err != nil {
			t.Fatal(err)
		}
		got := must[*client.FileVersion](t)(c.FileVersions.Get(ctx, version.ID, client.SelectFileVersion(client.FileVersionAdditionalFiles, client.FileVersionPreviews)))
		if got.ID != version.ID || got.VersionLabel != "final" || got.VersionNumber != version.VersionNumber {
			t.Errorf("got %+v, want the same version with the label final", got)
		}
		i := slices.IndexFunc(got.AdditionalFiles, func(a *client.AdditionalFile) bool { return a.Label == "English" })
		if i < 0 || !strings.EqualFold(got.AdditionalFiles[i].Extension, "srt") || got.AdditionalFiles[i].Type != "Subtitle" {
			t.Errorf("got the additional files %+v, want one with the label English, of the type Subtitle", got.AdditionalFiles)
		}
		if len(got.Previews) == 0 {
			t.Error("got no previews, want one")
		}
		rec := must[*client.Record](t)(c.Records.Get(ctx, recordID(1), client.Expand("record", "masterfile", "fileversions", "additionalfiles")))
		if rec.MasterFile == nil || len(rec.MasterFile.Versions) != 1 || len(rec.MasterFile.Versions[0].AdditionalFiles) == 0 {
			t.Errorf("expanded: got %+v, want one version with additional files", rec.MasterFile)
		}
	})
}

func TestCheckResultsAndFindings(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		version := must[*client.FileVersion](t)(c.Records.MasterFileLatestVersion(ctx, recordID(1))).ID
		check := must[*client.Check](t)(c.Checks.Create(ctx, &client.Check{Name: "Faces"}))
		result := must[*client.CheckResult](t)(c.FileVersions.AddCheckResult(ctx, version, &client.CheckResult{CheckID: check.ID, Outcome: "pass"})).ID
		if err := c.FileVersions.UpdateCheckResult(ctx, version, result, &client.CheckResult{Outcome: "warning"}); err != nil {
			t.Fatal(err)
		}
		if got := must[*client.CheckResult](t)(c.FileVersions.CheckResult(ctx, version, result)); got.Outcome != "warning" || got.CheckID != check.ID {
			t.Errorf("got %+v, want a warning of the check %s", got, check.ID)
		}
		finding := must[*client.CheckFinding](t)(c.FileVersions.AddFinding(ctx, version, result, &client.CheckFinding{Occurrence: 1, Finding: "a face", Outcome: "warning"}))
		for _, by := range []string{finding.ID, "1"} {
			if got := must[*client.CheckFinding](t)(c.FileVersions.Finding(ctx, version, result, by)); got.Finding != "a face" {
				t.Errorf("%s: got %+v, want the finding", by, got)
			}
		}
		if err := c.FileVersions.UpdateFinding(ctx, version, result, finding.ID, &client.CheckFinding{Outcome: "pass"}); err != nil {
			t.Fatal(err)
		}
		if got := ids(c.FileVersions.Findings(ctx, version, result), func(f *client.CheckFinding) string { return f.Outcome }); got != "pass" {
			t.Errorf("got the findings %q, want one that passes", got)
		}
		if err := firstError(c.FileVersions.DeleteFinding(ctx, version, result, finding.ID), c.FileVersions.DeleteCheckResult(ctx, version, result)); err != nil {
			t.Fatal(err)
		}
		if got := ids(c.FileVersions.CheckResults(ctx, version), func(r *client.CheckResult) string { return r.ID }); got != "" {
			t.Errorf("deleted: got the results %q, want none", got)
		}
	})
}

func TestClassificationsHaveFieldsAndPermissions(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		field := must[*client.FieldDefinition](t)(c.FieldDefinitions.Create(ctx, &client.FieldDefinition{Name: "Region", DataType: "SingleLineText", Scope: "ClassificationProfileClassDependent", ScopeCategory: "Classification"}))
		must[*client.Classification](t)(c.Classifications.Create(ctx, &client.Classification{Name: "Seasons", IsRoot: true}))
		made := must[*client.Classification](t)(c.Classifications.Create(ctx, &client.Classification{Name: "Spring", ParentNamePath: "/Seasons", RegisteredFields: client.Members[client.Registered]{client.Registered(field.ID)}}))
		if err := c.Classifications.SetFields(ctx, made.ID, []client.FieldValue{client.SetValue(field.ID, "North")}); err != nil {
			t.Fatal(err)
		}
		got := must[*client.Classification](t)(c.Classifications.ByNamePath(ctx, "/Seasons/Spring", client.Select("classification", "fields", "parent", "NamePath")))
		if got.ID != made.ID || got.NamePath != "/Seasons/Spring" || got.Parent == nil || got.Parent.Name != "Seasons" || got.Fields.Get("Region").Text("") != "North" {
			t.Errorf("got %+v, want Spring below Seasons with the region North", got)
		}
		if want := (client.Members[client.Registered]{client.Registered(field.ID)}); !cmp.Equal(got.RegisteredFields, want) {
			t.Errorf("got the registered fields %q, want %q", got.RegisteredFields, want)
		}
		group := must[*client.UserGroup](t)(c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors"})).ID
		for on, right := range map[client.PermissionTarget]string{client.OnTree: "Read", client.OnRecords: "Modify", client.OnDownloads: "Allow"} {
			for _, right := range []string{right, ""} {
				change := client.ClassificationPermissions{Groups: []client.GroupRight{{UserGroupID: group, Right: right}}}
				if err := c.Classifications.SetPermissions(ctx, made.ID, on, change); err != nil {
					t.Fatal(on, err)
				}
				time.Sleep(10 * time.Second)
				got := must[*client.ClassificationPermissions](t)(c.Classifications.Permissions(ctx, made.ID, on))
				if right != "" && !cmp.Equal(got.Groups, change.Groups) || right == "" && len(got.Groups) != 0 {
					t.Errorf("%s, %q: got %+v", on, right, got)
				}
			}
		}
		if access := must[*client.Access](t)(c.Classifications.Access(ctx, made.ID)); !access.CanRead {
			t.Errorf("got %+v, want to read", access)
		}
	})
}

func TestCollectionsHaveCommentsAndPermissions(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		id := must[*client.Collection](t)(c.Collections.Create(ctx, &client.Collection{Name: "Album", Type: "Static"})).ID
		first := must[*client.Comment](t)(c.Collections.AddComment(ctx, id, "fine")).ID
		must[*client.Comment](t)(c.Collections.AddComment(ctx, id, "finer"))
		if err := c.Collections.UpdateComment(ctx, id, first, "good"); err != nil {
			t.Fatal(err)
		}
		if got := must[*client.Comment](t)(c.Collections.Comment(ctx, id, first)); got.Message != "good" || got.Read {
			t.Errorf("got %+v, want the message good, not read", got)
		}
		before := must[int](t)(c.Collections.UnreadComments(ctx, id))
		after := must[int](t)(c.Collections.ReadComments(ctx, id, first, time.Now().Add(time.Second)))
		if before != 2 || after != 0 {
			t.Errorf("got %d unread, and %d after they were read, want 2 and 0", before, after)
		}
		if got := must[*client.Comment](t)(c.Collections.Comment(ctx, id, first)); !got.Read {
			t.Errorf("got %+v, want it to be read", got)
		}
		if err := c.Collections.DeleteComment(ctx, id, first); err != nil {
			t.Fatal(err)
		}
		if got := ids(c.Collections.Comments(ctx, id), func(c *client.Comment) string { return c.Message }); got != "finer" {
			t.Errorf("got the comments %q, want finer", got)
		}
		group := must[*client.UserGroup](t)(c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors"})).ID
		for _, permission := range []string{"Read", ""} {
			change := client.CollectionPermissions{Groups: []client.CollectionGroup{{GroupID: group, Permission: permission}}, Public: "Read"}
			if err := c.Collections.SetPermissions(ctx, id, change); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			got := must[*client.CollectionPermissions](t)(c.Collections.Permissions(ctx, id))
			if got.Public != "Read" || permission != "" && !cmp.Equal(got.Groups, change.Groups) || permission == "" && len(got.Groups) != 0 {
				t.Errorf("%q: got %+v, want what was set", permission, got)
			}
		}
	})
}

// The links of a record are set one kind after the other.
func TestLinksOfOneKindKeepTheOthers(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		field := must[*client.FieldDefinition](t)(c.FieldDefinitions.Create(ctx, &client.FieldDefinition{Name: "BelongsTo", DataType: "RecordLink"}, client.Set("linkType", "ManyParentsManyChildren"))).ID
		record, a, b := fmt.Sprintf("%032x", 1), fmt.Sprintf("%032x", 2), fmt.Sprintf("%032x", 3)
		for _, test := range []struct{ set, want client.RecordLinks }{
			{client.RecordLinks{Parents: []string{a}}, client.RecordLinks{Parents: []string{a}}},
			{client.RecordLinks{Children: []string{b}}, client.RecordLinks{Parents: []string{a}, Children: []string{b}}},
			{client.RecordLinks{Parents: []string{}}, client.RecordLinks{Children: []string{b}}},
		} {
			change := client.RecordChange{Fields: client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{client.SetLinks(field, test.set)}}}
			if err := c.Records.Update(ctx, record, change); err != nil {
				t.Fatal(err)
			}
			got := must[client.Fields](t)(c.Records.Fields(ctx, record)).Get("BelongsTo").Links()
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("after %+v (-want +got):\n%s", test.set, diff)
			}
		}
	})
}

// Members are added with an object, and removed with Set: by id, or as a rule's conditions by
// their index.
func TestMembersAreAddedAndRemoved(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		remove := func(property string, keys ...string) client.CallOption {
			return client.Set(property, map[string]any{"remove": keys})
		}
		content := must[*client.ContentType](t)(c.ContentTypes.Create(ctx, &client.ContentType{Name: "Film", DefaultFileExtensions: client.Members[string]{"mp4", "mov"}})).ID
		file := must[*client.FileType](t)(c.FileTypes.Create(ctx, &client.FileType{Name: "Mov", MediaEngines: client.Members[string]{"a", "b"}})).ID
		group := must[*client.UserGroup](t)(c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors"})).ID
		user := must[*client.User](t)(c.Users.Create(ctx, &client.User{Name: "john"}, client.Set("memberships", client.Members[string]{group}))).ID
		rule := must[*client.Rule](t)(c.Rules.Create(ctx, &client.Rule{Name: "R", Conditions: client.Members[client.RuleCondition]{{Type: "ObjectCreated"}, {Type: "RecordStatusIs"}}})).ID
		member := func() int {
			return len(must[*client.User](t)(c.Users.Get(ctx, user, client.Select("user", "memberships"))).Memberships)
		}
		if got := member(); got != 1 {
			t.Errorf("got %d memberships, want 1", got)
		}
		if err := firstError(c.ContentTypes.Update(ctx, content, nil, remove("defaultFileExtensions", "mp4")), c.FileTypes.Update(ctx, file, nil, remove("mediaEngines", "a")),
			c.Users.Update(ctx, user, nil, remove("memberships", group)), c.Rules.Update(ctx, rule, nil, remove("conditions", "0"))); err != nil {
			t.Fatal(err)
		}
		conditions := must[*client.Rule](t)(c.Rules.Get(ctx, rule, client.Select("rule", "conditions"))).Conditions
		got := []any{
			must[*client.ContentType](t)(c.ContentTypes.Get(ctx, content)).DefaultFileExtensions[0], must[*client.FileType](t)(c.FileTypes.Get(ctx, file)).MediaEngines[0],
			member(), len(conditions), conditions[0].Type,
		}
		if diff := cmp.Diff([]any{"mov", "b", 0, 1, "RecordStatusIs"}, got); diff != "" {
			t.Errorf("what is left (-want +got):\n%s", diff)
		}
	})
}

func TestPermissionsOfUsersAndGroups(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		user := must[*client.User](t)(c.Users.Create(ctx, &client.User{Name: "john"})).ID
		group := must[*client.UserGroup](t)(c.UserGroups.Create(ctx, &client.UserGroup{Name: "Editors"})).ID
		for _, test := range []struct {
			id  string
			get func(context.Context, string, ...client.CallOption) (map[string]client.PermissionValue, error)
			set func(context.Context, string, map[string]client.PermissionValue, ...client.CallOption) error
		}{{user, c.Users.Permissions, c.Users.SetPermissions}, {group, c.UserGroups.Permissions, c.UserGroups.SetPermissions}} {
			before := must[map[string]client.PermissionValue](t)(test.get(ctx, test.id))
			for name := range before {
				if err := test.set(ctx, test.id, map[string]client.PermissionValue{name: client.PermissionDenied}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				after := must[map[string]client.PermissionValue](t)(test.get(ctx, test.id))
				if after[name] != client.PermissionDenied || len(after) != len(before) {
					t.Errorf("got %v, want %s denied and the others as in %v", after, name, before)
				}
			}
		}
	})
}

func TestTheTrailOfAChangedRecord(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		if err := c.Records.Update(ctx, recordID(1), client.RecordChange{Tag: "new"}); err != nil {
			t.Fatal(err)
		}
		keywords := must[*client.FieldDefinition](t)(c.FieldDefinitions.ByName(ctx, "Keywords"))
		for _, words := range [][]string{{"a", "b"}, {"b", "c"}} {
			change := client.RecordChange{Fields: client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{client.SetValues(keywords.ID, words...)}}}
			if err := c.Records.Update(ctx, recordID(1), change); err != nil {
				t.Fatal(err)
			}
		}
		entries := 0
		for entry, err := range c.Records.Trail(ctx, recordID(1), client.TrailChanges) {
			if err != nil || entry.Type == "" || entry.CreatedOn.IsZero() {
				t.Fatalf("got %+v, %v, want an entry with type and time", entry, err)
			}
			whole := must[*client.TrailEntry](t)(c.Records.TrailEntry(ctx, recordID(1), entry.ID))
			if whole.ID != entry.ID || whole.ObjectID != recordID(1) || len(whole.Changes) != whole.ChangeCount {
				t.Errorf("got %+v, want the entry %+v with its changes", whole, entry)
			}
			if entries++; entries > 1 { // the latest comes first
				continue
			}
			if got := fmt.Sprintf("%s %s", whole.Changes[0].FieldID, whole.Changes[0].Items); got != keywords.ID+` {[{"c"}] [{"a"}]}` {
				t.Errorf("got %s, want that c was added to the keywords and a removed", got)
			}
		}
		if entries != 3 {
			t.Errorf("got %d entries, want 3", entries)
		}
	})
}

func TestTheIndexOfTheTenant(t *testing.T) {
	onTenant(t, func(ctx context.Context, c *client.Client) {
		if status := must[*client.IndexStatus](t)(c.Index.Status(ctx)); status.IndexedRecords != 5 {
			t.Errorf("got %+v, want 5 indexed records", status)
		}
		if err := c.Index.Rebuild(ctx); err != nil {
			t.Error(err)
		}
	})
}
