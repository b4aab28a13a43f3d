package client_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
)

// resource makes the calls of a resource: list, read, create, change, delete.
func resource[T any](of func(*client.Client) *client.Resource[T]) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		r := of(c)
		_, list := r.Page(ctx)
		_, get := r.Get(ctx, "1")
		_, create := r.Create(ctx, new(T))
		return firstError(list, get, create, r.Update(ctx, "1", new(T)), r.Delete(ctx, "1"))
	}
}

// reader makes the calls of a reader: list, read.
func reader[T any](of func(*client.Client) *client.Reader[T]) func(context.Context, *client.Client) error {
	return func(ctx context.Context, c *client.Client) error {
		_, list := of(c).Page(ctx)
		_, get := of(c).Get(ctx, "1")
		return firstError(list, get)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// lastError returns the error with which a call with a result ended.
func lastError(_ any, err error) error { return err }

// Each request of each module of aprimo-js for the DAM can be made with a typed method.
func TestModulesOfAprimoJS(t *testing.T) {
	five := func(plural, single string) []string {
		return []string{"GET " + plural, "GET " + single, "POST " + plural, "PUT " + single, "DELETE " + single}
	}
	for name, test := range map[string]struct {
		requests []string
		calls    func(context.Context, *client.Client) error
	}{
		"additionalFiles": {[]string{"GET additionalfile/1"}, func(ctx context.Context, c *client.Client) error {
			return lastError(c.FileVersions.AdditionalFile(ctx, "1"))
		}},
		"auditTrail": {[]string{"GET record/1/trail", "GET record/1/trail?filter=change", "GET record/1/trail/entry/7"}, func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(readAll(c.Records.Trail(ctx, "1", client.TrailAll))),
				lastError(readAll(c.Records.Trail(ctx, "1", client.TrailChanges))), lastError(c.Records.TrailEntry(ctx, "1", 7)))
		}},
		"checks": {append(five("checks", "checks/1"), "GET checkcategories", "GET checkcategories/1",
			"GET fileversion/1/checkresults", "POST fileversion/1/checkresults",
			"GET fileversion/1/checkresult/2", "PUT fileversion/1/checkresult/2", "DELETE fileversion/1/checkresult/2",
			"GET fileversion/1/checkresult/2/findings", "POST fileversion/1/checkresult/2/findings", "GET fileversion/1/checkresult/2/findings/3",
			"PUT fileversion/1/checkresult/2/findings/3", "DELETE fileversion/1/checkresult/2/findings/3"), func(ctx context.Context, c *client.Client) error {
			v := c.FileVersions
			return firstError(resource(func(c *client.Client) *client.Resource[client.Check] { return c.Checks })(ctx, c),
				reader(func(c *client.Client) *client.Reader[client.CheckCategory] { return &c.CheckCategories.Reader })(ctx, c),
				lastError(readAll(v.CheckResults(ctx, "1"))), lastError(v.AddCheckResult(ctx, "1", &client.CheckResult{CheckID: "9", Outcome: "pass"})),
				lastError(v.CheckResult(ctx, "1", "2")), v.UpdateCheckResult(ctx, "1", "2", &client.CheckResult{Outcome: "fail"}), v.DeleteCheckResult(ctx, "1", "2"),
				lastError(readAll(v.Findings(ctx, "1", "2"))), lastError(v.AddFinding(ctx, "1", "2", &client.CheckFinding{Finding: "a face"})),
				lastError(v.Finding(ctx, "1", "2", "3")), v.UpdateFinding(ctx, "1", "2", "3", &client.CheckFinding{Outcome: "pass"}), v.DeleteFinding(ctx, "1", "2", "3"))
		}},
		"classifications": {append(five("classifications", "classification/1"), "GET classification/1/classificationtreepermission",
			"PUT classification/1/classificationtreepermissions", "PUT classification/1/recordpermissions", "PUT classification/1/downloadpermissions"), func(ctx context.Context, c *client.Client) error {
			change := client.ClassificationPermissions{Groups: []client.GroupRight{{UserGroupID: "g", Right: "Read"}}}
			return firstError(resource(func(c *client.Client) *client.Resource[client.Classification] { return &c.Classifications.Resource })(ctx, c),
				lastError(c.Classifications.Access(ctx, "1")), c.Classifications.SetPermissions(ctx, "1", client.OnTree, change),
				c.Classifications.SetPermissions(ctx, "1", client.OnRecords, change), c.Classifications.SetPermissions(ctx, "1", client.OnDownloads, change))
		}},
		"collections": {append(five("collections", "collection/1"), "PUT collection/1/records"), func(ctx context.Context, c *client.Client) error {
			return firstError(resource(func(c *client.Client) *client.Resource[client.Collection] { return &c.Collections.Resource })(ctx, c),
				c.Collections.AddRecords(ctx, "1", "r"))
		}},
		"contentTypes":  {five("contenttypes", "contenttype/1"), resource(func(c *client.Client) *client.Resource[client.ContentType] { return c.ContentTypes })},
		"downloadLinks": {[]string{"GET downloadlinks", "GET downloadlink/1"}, reader(func(c *client.Client) *client.Reader[client.DownloadLink] { return c.DownloadLinks })},
		"fieldDefinitions": {five("fielddefinitions", "fielddefinition/1"), func(ctx context.Context, c *client.Client) error {
			_, list := c.FieldDefinitions.Page(ctx)
			_, get := c.FieldDefinitions.Get(ctx, "1")
			_, create := c.FieldDefinitions.Create(ctx, new(client.FieldDefinition))
			return firstError(list, get, create, c.FieldDefinitions.Update(ctx, "1", new(client.FieldDefinition)), c.FieldDefinitions.Delete(ctx, "1"))
		}},
		"fieldGroups":  {five("fieldgroups", "fieldgroup/1"), resource(func(c *client.Client) *client.Resource[client.FieldGroup] { return c.FieldGroups })},
		"fileTypes":    {five("filetypes", "filetype/1"), resource(func(c *client.Client) *client.Resource[client.FileType] { return c.FileTypes })},
		"fileVersions": {[]string{"GET fileversion/1"}, func(ctx context.Context, c *client.Client) error { return lastError(c.FileVersions.Get(ctx, "1")) }},
		"files": {[]string{"POST file/1/checkouts", "DELETE file/1/checkouts"}, func(ctx context.Context, c *client.Client) error {
			return firstError(c.Files.CheckOut(ctx, "1"), c.Files.CheckIn(ctx, "1"))
		}},
		"languages": {five("languages", "language/1"), resource(func(c *client.Client) *client.Resource[client.Language] { return c.Languages })},
		"maintenanceJobs": {[]string{"GET maintenancejobs"}, func(ctx context.Context, c *client.Client) error {
			return lastError(c.MaintenanceJobs.Page(ctx))
		}},
		"orders": {[]string{"GET orders", "POST orders", "GET order/1"}, func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(c.Orders.Page(ctx)),
				lastError(c.Orders.Create(ctx, &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: "r"}}})), lastError(c.Orders.Get(ctx, "1")))
		}},
		"permissions": {[]string{"GET permissions", "GET calculatedpermission/ViewUsers"}, func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(c.Permissions.Page(ctx)), lastError(c.Permissions.Calculated(ctx, "ViewUsers")))
		}},
		"publicLinks": {[]string{"POST publiclinks", "GET publiclink/1", "PUT publiclink/1", "DELETE publiclink/1"}, func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(c.PublicLinks.Create(ctx, new(client.PublicLink))), lastError(c.PublicLinks.Get(ctx, "1")),
				c.PublicLinks.Update(ctx, "1", new(client.PublicLink)), c.PublicLinks.Delete(ctx, "1"))
		}},
		"recordLocks": {[]string{"GET record/1/locks"}, func(ctx context.Context, c *client.Client) error {
			return lastError(readAll(c.Records.Locks(ctx, "1")))
		}},
		"records": {five("records", "record/1"), func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(c.Records.Page(ctx)), lastError(c.Records.Get(ctx, "1")), lastError(c.Records.Create(ctx, client.RecordChange{})),
				c.Records.Update(ctx, "1", client.RecordChange{}), c.Records.Delete(ctx, "1"))
		}},
		"rules": {five("rules", "rule/1"), resource(func(c *client.Client) *client.Resource[client.Rule] { return c.Rules })},
		"search": {[]string{"POST search/records", "POST search/classifications", "PUT searchindex"}, func(ctx context.Context, c *client.Client) error {
			e := client.Expression{Text: "*"}
			return firstError(lastError(readAll(c.Records.Search(ctx, e))), lastError(readAll(c.Classifications.Search(ctx, e))), c.Index.Rebuild(ctx))
		}},
		"settingCategories":  {five("settingcategories", "settingcategory/1"), resource(func(c *client.Client) *client.Resource[client.SettingCategory] { return c.SettingCategories })},
		"settingDefinitions": {five("settingdefinitions", "settingdefinition/1"), resource(func(c *client.Client) *client.Resource[client.SettingDefinition] { return c.SettingDefinitions })},
		"settings": {[]string{"GET setting/.a", "GET settings?names=.a%2C.b", "PUT setting/.a"}, func(ctx context.Context, c *client.Client) error {
			return firstError(lastError(c.Settings.Get(ctx, ".a", client.SettingScope{})), lastError(readAll(c.Settings.Many(ctx, []string{".a", ".b"}))),
				c.Settings.Set(ctx, ".a", "x", client.SettingScope{}))
		}},
		"translations": {five("translations", "translation/1"), resource(func(c *client.Client) *client.Resource[client.Translation] { return c.Translations })},
		"uploader": {[]string{"POST /uploads"}, func(ctx context.Context, c *client.Client) error {
			return lastError(c.Uploads.Reader(ctx, "a.txt", strings.NewReader("hello")))
		}},
		"userGroups": {append(five("usergroups", "usergroup/1"), "GET usergroup/1/permissions", "PUT usergroup/1/permissions"), func(ctx context.Context, c *client.Client) error {
			return firstError(resource(func(c *client.Client) *client.Resource[client.UserGroup] { return &c.UserGroups.Resource })(ctx, c),
				lastError(c.UserGroups.Permissions(ctx, "1")), c.UserGroups.SetPermissions(ctx, "1", map[string]client.PermissionValue{"a": client.PermissionGranted}))
		}},
		"users": {append(five("users", "user/1"), "GET user/1/permissions", "PUT user/1/permissions"), func(ctx context.Context, c *client.Client) error {
			return firstError(resource(func(c *client.Client) *client.Resource[client.User] { return &c.Users.Resource })(ctx, c),
				lastError(c.Users.Permissions(ctx, "1")), c.Users.SetPermissions(ctx, "1", map[string]client.PermissionValue{"a": client.PermissionGranted}))
		}},
	} {
		var requests []string
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			for _, page := range []string{"page", "pageSize", "skip", "take"} {
				query.Del(page)
			}
			request := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/api/core/")
			if len(query) > 0 {
				request += "?" + query.Encode()
			}
			requests = append(requests, request)
			io.WriteString(w, `{"id":"7","items":[],"token":"t"}`)
		})
		if err := test.calls(t.Context(), c); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
		slices.Sort(requests)
		slices.Sort(test.requests)
		if diff := cmp.Diff(test.requests, requests); diff != "" {
			t.Errorf("%s: the requests differ from aprimo-js's (-wanted +made):\n%s", name, diff)
		}
	}
}
