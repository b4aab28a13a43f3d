package marketing_test

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/marketing"
)

type (
	object = marketing.Object
	kind   = marketing.Kind[object]
)

// A step is a call of a method, and the request that it has to send.
type step struct {
	want string
	call func(context.Context) error
}

func drain[T any](seq iter.Seq2[*T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func failed[T any](_ T, err error) error { return err }

// The steps of the methods of a kind at a path.
func list(k *kind, path string) step {
	return step{"GET " + path, func(ctx context.Context) error { return drain(k.List(ctx, client.PageSize(2))) }}
}

func search(k *kind, path string) step {
	return step{"POST " + path + "/search", func(ctx context.Context) error {
		return drain(k.Search(ctx, marketing.Where("name", "equals", "x")))
	}}
}

func get(k *kind, path string) step {
	return step{"GET " + path + "/1", func(ctx context.Context) error { return failed(k.Get(ctx, 1)) }}
}

func create(k *kind, path string) step {
	return step{"POST " + path, func(ctx context.Context) error { return failed(k.Create(ctx, &object{"name": "x"})) }}
}

func update(k *kind, path string) step {
	return step{"PUT " + path + "/1", func(ctx context.Context) error { return failed(k.Update(ctx, 1, &object{"name": ""})) }}
}

func add(k *kind, path string) step {
	return step{"POST " + path + "/1", func(ctx context.Context) error { return failed(k.Add(ctx, 1, nil)) }}
}

func remove(k *kind, path string) step {
	return step{"DELETE " + path + "/1", func(ctx context.Context) error { return k.Delete(ctx, 1) }}
}

func read(k *kind, path string) step {
	return step{"GET " + path, func(ctx context.Context) error { return failed(k.Read(ctx)) }}
}

func save(k *kind, path string) step {
	return step{"PUT " + path, func(ctx context.Context) error { return failed(k.Save(ctx, &object{"items": []any{}})) }}
}

func verbs(k *kind, path string, names ...marketing.Verb) (steps []step) {
	for _, name := range names {
		steps = append(steps, step{"POST " + path + "/1/" + string(name), func(ctx context.Context) error { return k.Do(ctx, 1, name, nil) }})
	}
	return steps
}

// on makes the steps of several methods of a kind.
func on(k *kind, path string, methods ...func(*kind, string) step) (steps []step) {
	for _, method := range methods {
		steps = append(steps, method(k, "/api/"+path))
	}
	return steps
}

// Every function of the 45 modules of aprimo-js 2.3.0 for marketing operations has its like
// here, which sends the same request.
func modules(mo *marketing.Operations) map[string][]step {
	document := mo.Tasks.In(1, "document-uploads")
	version := mo.DigitalAssets.In(1, "versions")
	options := mo.ExtendedAttributes.In(1, "pick-list-options")
	all := map[string][]step{
		"activities": on(mo.Activities, "activities", create, list, get, update, search),
		"activityCells": append(on(mo.ActivityCells, "activity-cells", create, get, update),
			list(mo.Activities.In(1, "activity-cells"), "/api/activities/1/activity-cells")),
		"activityCellTreatments": append(on(mo.ActivityCellTreatments, "activity-cell-treatments", create, get, update),
			list(mo.ActivityCells.In(1, "activity-cell-treatments"), "/api/activity-cells/1/activity-cell-treatments")),
		"activityMilestones": {add(mo.ActivityMilestones, "/api/activities/milestone")},
		"activityOffers": append(on(mo.ActivityOffers, "activity-offers", create, get, update, remove),
			list(mo.Activities.In(1, "activity-offers"), "/api/activities/1/activity-offers")),
		"activityProposals": append(on(mo.ActivityProposals, "activity-proposals", create, get, update, search),
			read(mo.ActivityProposals.In(1, "forecasts"), "/api/activity-proposals/1/forecasts"),
			list(mo.ActivityProposalTemplates, "/api/activity-proposal-templates")),
		"activityRoles": append(on(mo.Activities.In(1, "roles"), "activities/1/roles", create, list, update),
			create(mo.Activities.In(1, "roles").In(1, "members"), "/api/activities/1/roles/1/members"),
			remove(mo.Activities.In(1, "roles").In(1, "members"), "/api/activities/1/roles/1/members"),
			remove(mo.Activities.In(1, "roles"), "/api/activities/1/roles")),
		"activityTreatments": append(on(mo.ActivityTreatments, "activity-treatments", create, get, update, remove),
			list(mo.Activities.In(1, "activity-treatments"), "/api/activities/1/activity-treatments")),
		"annotations": on(mo.Assets.In(1, "versions").In(1, "annotations-data"), "assets/1/versions/1/annotations-data", create, list, remove),
		"attachments": slices.Concat(on(mo.Attachments, "attachments", create, get, update, search),
			verbs(mo.Attachments, "/api/attachments", marketing.Checkout, marketing.CancelCheckout),
			[]step{list(mo.Projects.In(1, "attachments"), "/api/projects/1/attachments"),
				read(mo.Attachments.In(1, "activity"), "/api/attachments/1/activity"),
				list(mo.Attachments.In(1, "review-required-documents"), "/api/attachments/1/review-required-documents")}),
		"attachmentVersions": append(on(mo.Attachments.In(1, "versions"), "attachments/1/versions", create, list, get),
			list(mo.Attachments.In(1, "versions").In(1, "comments"), "/api/attachments/1/versions/1/comments"),
			step{"GET /api/attachments/1/versions/1/xfdf-annotations", func(ctx context.Context) error {
				return failed(marketing.Of[string](mo.Attachments.In(1, "versions").In(1, "xfdf-annotations")).Read(ctx))
			}}),
		"brands":                 on(mo.Brands, "brands", list),
		"clients":                on(mo.Clients, "clients", list),
		"commitments":            append(on(mo.Commitments, "commitments", create, list, get, update, search), verbs(mo.Commitments, "/api/commitments", marketing.Submit, marketing.Approve, marketing.Reject, marketing.Retrieve, marketing.Cancel)...),
		"contentPlans":           append(on(mo.ContentPlans, "content-plans", list, get, update), append(verbs(mo.ContentPlans, "/api/content-plans", marketing.AddActivities, marketing.Share), read(mo.ContentPlans.In(1, "manage-activities"), "/api/content-plans/1/manage-activities"))...),
		"digitalAssets":          on(mo.DigitalAssets, "digital-assets", create, get, update),
		"digitalAssetFolders":    on(mo.DigitalAssets.In(1, "folders"), "digital-assets/1/folders", add, list, remove),
		"digitalAssetRenditions": on(version.In(1, "renditions"), "digital-assets/1/versions/1/renditions", create, list, get),
		"digitalAssetVersions": slices.Concat(on(version, "digital-assets/1/versions", create, list, get),
			on(version.In(1, "comments"), "digital-assets/1/versions/1/comments", list),
			on(version.In(1, "tags"), "digital-assets/1/versions/1/tags", list, get, save)),
		"domainRights": on(mo.DomainRights, "domain-rights", list),
		"extendedAttributeOptions": append(on(options, "extended-attributes/1/pick-list-options", read, save),
			on(options.In(2, "allowed-children"), "extended-attributes/1/pick-list-options/2/allowed-children", read, save)...),
		"fda2253":                 on(mo.FDA2253, "fda2253", create),
		"financialHierarchies":    on(mo.FinancialHierarchies, "financial-hierarchies", create, get, update),
		"financialHierarchyNodes": on(mo.FinancialHierarchyNodes, "financial-hierarchy-nodes", get),
		"fundingAccounts":         append(on(mo.FundingAccounts, "funding-accounts", create, get, update), read(mo.FundingAccounts.In(1, "summary"), "/api/funding-accounts/1/summary")),
		"groupMemberships":        on(mo.Groups.In(1, "membership"), "groups/1/membership", list),
		"groups":                  on(mo.Groups, "groups", create, list, get, update, search),
		"invoices":                append(on(mo.Invoices, "invoices", create, list, get, update, search), verbs(mo.Invoices, "/api/invoices", marketing.Submit, marketing.Retrieve, marketing.Approve, marketing.Sent, marketing.Cancel)...),
		"journalVouchers":         append(on(mo.JournalVouchers, "journal-vouchers", create, list, get, update, search), verbs(mo.JournalVouchers, "/api/journal-vouchers", marketing.Submit, marketing.Reconcile, marketing.Reject, marketing.Sent, marketing.Cancel)...),
		"lookupLists": {{"GET /api/lookup/506", func(ctx context.Context) error {
			return failed(mo.Lookups.Get(ctx, 506, client.Query("filterText", "a")))
		}}},
		"metadata":         on(mo.Kind("metadata/task"), "metadata/task", read),
		"myPreferences":    on(mo.MyRegion, "my-preferences/region", read, save),
		"offers":           on(mo.Offers, "offers", create, list, get, update),
		"programProposals": on(mo.ProgramProposals, "program-proposals", get, search),
		"programs":         append(on(mo.Programs, "programs", list, get, update), list(mo.Activities.In(1, "programs"), "/api/activities/1/programs")),
		"projects": slices.Concat(on(mo.Projects, "projects", create, list, get, update),
			verbs(mo.Projects, "/api/projects", marketing.Start, marketing.Pause, marketing.Close, marketing.Cancel),
			on(mo.Projects.In(1, "digital-assets"), "projects/1/digital-assets", list),
			on(mo.Projects.In(1, "attachments"), "projects/1/attachments", list, add),
			on(mo.Projects.In(1, "project-roles"), "projects/1/project-roles", create),
			on(mo.Projects.In(1, "project-roles").In(1, "members"), "projects/1/project-roles/1/members", create, list),
			[]step{list(mo.Activities.In(1, "projects"), "/api/activities/1/projects")}),
		"resources": append(on(mo.Resources, "resources", get),
			list(mo.StaticResources, "/api/resources/static"), create(mo.ResourceQuery, "/api/resources/query")),
		"suppliers": on(mo.Suppliers, "suppliers", create, list, get, update, search),
		"systemTypes": append(on(mo.SystemTypes, "system-types", read),
			append(on(mo.Kind("system-types/attachment"), "system-types/attachment", list, get), list(mo.Kind("system-types/attachment/active"), "/api/system-types/attachment/active"))...),
		"tasks": slices.Concat(on(mo.Tasks, "tasks", list, get, update, search),
			verbs(mo.Tasks, "/api/tasks", marketing.Accept, marketing.Decline, marketing.Close, marketing.Delegate),
			[]step{list(mo.MyTasks, "/api/tasks/mine"), create(mo.SimpleTasks, "/api/tasks/simple-tasks"),
				update(mo.TaskBeginDates, "/api/tasks/begin-date"), update(mo.TaskEndDates, "/api/tasks/end-date"), update(mo.TaskDurations, "/api/tasks/duration")},
			on(document, "tasks/1/document-uploads", list, get),
			on(document.In(1, "document-versions"), "tasks/1/document-uploads/1/document-versions", list, get),
			on(document.In(1, "attachments"), "tasks/1/document-uploads/1/attachments", create),
			on(document.In(1, "attachments").In(1, "versions"), "tasks/1/document-uploads/1/attachments/1/versions", create),
			on(document.In(1, "upload-document"), "tasks/1/document-uploads/1/upload-document", save),
			on(document.In(1, "uploaded-versions"), "tasks/1/document-uploads/1/uploaded-versions", remove),
			on(mo.Tasks.In(1, "working-digital-assets"), "tasks/1/working-digital-assets", list, get),
			on(mo.Tasks.In(1, "working-attachments"), "tasks/1/working-attachments", list, get)),
		"teams":      on(mo.Teams, "teams", list, get),
		"treatments": on(mo.Treatments, "treatments", get, update, search),
		"userRoles": append(on(mo.UserRoles, "user-roles", create, list, get, update),
			list(mo.AnnotationRoles, "/api/user-roles/annotationUserRoles"), list(mo.Projects.In(1, "role-memberships"), "/api/projects/1/role-memberships")),
		"users": append(on(mo.Users, "users", create, get, update, search),
			read(mo.Me, "/api/users/me"), list(mo.AnnotationUsers, "/api/users/annotationUsers"), verbs(mo.Users, "/api/users", marketing.ResetPIN)[0]),
	}
	for _, name := range []string{"documents", "documents/attachments", "documents/assets", "assignees", "document-votes", "review-materials"} {
		all["tasks"] = append(all["tasks"], list(mo.Tasks.In(1, name), "/api/tasks/1/"+name))
	}
	for i, k := range []*kind{mo.GenericAlpha, mo.GenericBravo, mo.GenericCharlie, mo.GenericDelta, mo.GenericEcho} {
		path := "generic-object-" + strings.Fields("alpha bravo charlie delta echo")[i]
		all["genericObjects"] = append(all["genericObjects"], on(k, path, create, list, get, update, search, remove)...)
	}
	return all
}

// deletions are the last of what modules does, since what is below an object needs it.
func deletions(mo *marketing.Operations) (steps []step) {
	for path, k := range map[string]*kind{
		"activities": mo.Activities, "activity-cells": mo.ActivityCells, "activity-cell-treatments": mo.ActivityCellTreatments, "attachments": mo.Attachments,
		"commitments": mo.Commitments, "digital-assets": mo.DigitalAssets, "groups": mo.Groups, "invoices": mo.Invoices, "journal-vouchers": mo.JournalVouchers,
		"suppliers": mo.Suppliers, "user-roles": mo.UserRoles, "users": mo.Users,
	} {
		steps = append(steps, remove(k, "/api/"+path))
	}
	return steps
}

func TestEveryModuleOfAprimoJS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		wire := &recorder{base: fastTenant().Transport()}
		mo := newOperations(t, wire)
		// What others are below: of a kind that nobody creates there is one in the tenant.
		for _, k := range []*kind{
			mo.Activities, mo.ActivityCells, mo.Groups, mo.UserRoles, mo.Users, mo.DigitalAssets, mo.FinancialHierarchies, mo.FundingAccounts, mo.ActivityProposals,
		} {
			if _, err := k.Create(ctx, &object{"name": "x"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range []*kind{mo.Attachments, mo.Projects} {
			if _, err := k.Create(ctx, &object{"name": "x", "activityId": 1}); err != nil {
				t.Fatal(err)
			}
		}
		all := modules(mo)
		if len(all) != 45 { // the uploader has tests of its own
			t.Errorf("got %d modules, want 45", len(all))
		}
		count := 0
		run := func(module string, s step) {
			wire.take()
			count++
			if err := s.call(ctx); err != nil {
				t.Errorf("%s: %s: %v", module, s.want, err)
			}
			if sent := wire.take(); len(sent) == 0 || slices.ContainsFunc(sent, func(req string) bool { return req != s.want }) {
				t.Errorf("%s: got %q, want %q", module, sent, s.want)
			}
		}
		for _, module := range slices.Sorted(maps.Keys(all)) {
			for _, s := range all[module] {
				run(module, s)
			}
		}
		for _, s := range deletions(mo) {
			run("delete", s)
		}
		if count < 259 {
			t.Errorf("got %d calls, want all", count)
		}
	})
}
