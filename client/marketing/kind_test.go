package marketing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/client/marketing"
)

func TestConditionsAreEncodedAsTheGuideShowsThem(t *testing.T) {
	open, first := marketing.Where("status", "equals", "open"), marketing.Where("number", "equals", 1)
	const openJSON = `{"equals":{"fieldName":"status","fieldValue":"open"}}`
	const firstJSON = `{"equals":{"fieldName":"number","fieldValue":1}}`
	for _, test := range []struct {
		condition marketing.Condition
		want      string
	}{
		{open, openJSON},
		{marketing.Not(open), `{"not":` + openJSON + `}`},
		{marketing.And(open), `{"and":[` + openJSON + `]}`},
		{marketing.Or(open, marketing.Not(first)), `{"or":[` + openJSON + `,{"not":` + firstJSON + `}]}`},
		{marketing.Where("company", "isNull", nil), `{"isNull":{"fieldName":"company"}}`},
		{marketing.Where("useFloat", "equals", 0), `{"equals":{"fieldName":"useFloat","fieldValue":0}}`},
		{marketing.WhereAny("rights", "functionID", "equals", 3), `{"equals":{"collectionName":"rights","fieldName":"functionID","fieldValue":3}}`},
	} {
		if got, err := json.Marshal(test.condition); string(got) != test.want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, test.want)
		}
	}
}

// taskCount is more than two pages.
const taskCount = 2500

func newTasks(t *testing.T) (*aprimotest.Tenant, *marketing.Operations) {
	t.Helper()
	tenant := fastTenant()
	mo := newOperations(t, tenant.Transport())
	for i := range taskCount {
		object := marketing.Object{"title": fmt.Sprint("offer ", i+1), "statusId": i % 10}
		if made, err := mo.Offers.Create(t.Context(), &object); err != nil || made.Int("offerId") != i+1 {
			t.Fatalf("got %v, %v, want offer %d", made, err, i+1)
		}
	}
	return tenant, mo
}

func TestAKindIsListedPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		tenant, mo := newTasks(t)
		count := 0
		for got, err := range mo.Offers.List(ctx) {
			count++
			if want := fmt.Sprint("offer ", count); err != nil || got.Text("title") != want {
				t.Fatalf("got %v, %v, want %s", got, err, want)
			}
		}
		if count != taskCount {
			t.Errorf("got %d offers, want %d", count, taskCount)
		}
		before := tenant.Report().Total.Arrived
		for range mo.Offers.List(ctx, client.PageSize(100)) {
			break
		}
		if got := tenant.Report().Total.Arrived - before; got != 1 {
			t.Errorf("got %d requests for the first of a list, want 1", got)
		}
		page, err := mo.Offers.Page(ctx, nil, 100, 50)
		if err != nil || page.TotalCount != taskCount || len(page.Items) != 50 || page.Items[0].Int("offerId") != 101 {
			t.Errorf("got %+v, %v, want 50 of %d offers from number 101", page, err, taskCount)
		}
		if page, err := mo.Projects.Page(ctx, nil, 0, 0); err != nil || len(page.Items) != 0 {
			t.Errorf("got %+v, %v, want an empty page", page, err)
		}
	})
}

func TestAKindIsSearchedPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		_, mo := newTasks(t)
		found := 0
		for got, err := range mo.Offers.Search(ctx, marketing.And(marketing.Where("statusId", "equals", 3), marketing.Not(marketing.Where("offerId", "equals", 4)))) {
			if found++; err != nil || got.Int("statusId") != 3 {
				t.Fatalf("got %v, %v, want an offer of status 3", got, err)
			}
		}
		if want := taskCount/10 - 1; found != want {
			t.Errorf("got %d offers of status 3, want %d", found, want)
		}
	})
}

// Every kind is created, read, listed, changed, cleared, searched and deleted.
func TestTheRoundOfAKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		mo := newOperations(t, fastTenant().Transport())
		for id, k := range map[string]*kind{
			"activityId": mo.Activities, "activityCellId": mo.ActivityCells, "activityOfferId": mo.ActivityOffers, "proposalId": mo.ActivityProposals,
			"attachmentId": mo.Attachments, "committedId": mo.Commitments, "assetId": mo.DigitalAssets, "fundingAccountId": mo.FundingAccounts,
			"financialHierarchyId": mo.FinancialHierarchies, "id": mo.GenericEcho, "groupId": mo.Groups, "invoiceId": mo.Invoices,
			"journalVoucherId": mo.JournalVouchers, "offerId": mo.Offers, "projectId": mo.Projects, "supplierId": mo.Suppliers,
			"roleId": mo.UserRoles, "userId": mo.Users, "taskId": mo.Tasks, "teamId": mo.Teams, "planId": mo.ContentPlans,
		} {
			made, err := k.Create(ctx, &object{"name": "one", "description": "a", "modifiedBy": 7, "own": true})
			if err != nil || made.Int(id) == 0 {
				t.Errorf("%s: created %v, %v, want an id", id, made, err)
				continue
			}
			n := made.Int(id)
			changed, err := k.Update(ctx, n, &object{"description": nil, "own": false, "name": "", "flag": 0})
			if err != nil || changed.Int(id) != n {
				t.Errorf("%s: changed %v, %v, want %d", id, changed, err, n)
			}
			got, err := k.Get(ctx, n)
			want := object{"description": nil, "own": false, "name": "", "flag": json.Number("0")}
			for name, value := range want {
				if err != nil || (*got)[name] != value {
					t.Errorf("%s: got %s %v, %v, want %v", id, name, (*got)[name], err, value)
				}
			}
			for name, seq := range map[string]func() error{
				"list":   func() error { return has(k.List(ctx), id, n) },
				"search": func() error { return has(k.Search(ctx, marketing.Where(id, "equals", n)), id, n) },
			} {
				if err := seq(); err != nil {
					t.Errorf("%s: %s: %v", id, name, err)
				}
			}
			if err := k.Delete(ctx, n); err != nil {
				t.Errorf("%s: %v", id, err)
			}
			if _, err := k.Get(ctx, n); !errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s: got %v after Delete, want %v", id, err, client.ErrNotFound)
			}
		}
	})
}

func has(seq func(func(*object, error) bool), id string, n int) error {
	for got, err := range seq {
		if err != nil || got.Int(id) == n {
			return err
		}
	}
	return fmt.Errorf("%d is missing", n)
}

// Answers as real tenants give them, with values of our own.
func TestAnswersOfTheRealForm(t *testing.T) {
	type member struct {
		UserID int  `json:"userId"`
		Edit   bool `json:"-"`
	}
	type task struct {
		TaskID   int      `json:"taskId"`
		Name     string   `json:"name"`
		Begin    *string  `json:"beginDate"`
		Duration float64  `json:"duration"`
		Users    []member `json:"users"`
	}
	const one = `{"taskId":4711,"projectId":null,"name":"Prüfen & freigeben","beginDate":null,"duration":1.5,"users":[{"userId":12,"hasEditRight":1}],
		"extendedAttributes":[],"multipleValueExtendedAttributes":[{"parentId":4711,"extAttributeId":643,"encodedListItemId":564}],"extrAttr643":"x",
		"_links":{"self":{"href":"https://acme.aprimo.com/api/tasks/4711"}}}`
	want := &task{TaskID: 4711, Name: "Prüfen & freigeben", Duration: 1.5, Users: []member{{UserID: 12}}}
	got, err := marketing.Of[task](newOperations(t, answering(200, one)).Tasks).Get(t.Context(), 4711)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, got the difference %s", err, diff)
	}

	for name, body := range map[string]string{
		"a key of its own": `{"_total":2,"_links":{"self":{"href":"/api/x?limit=50&offset=0"},"first":{"href":"/api/x"},"last":{"href":"/api/x"}},"_embedded":{"Task":[{"taskId":1},{"taskId":4711}]}}`,
		"another key":      `{"_total":2,"_embedded":{"journal-voucher":[{"taskId":1},{"taskId":4711}]}}`,
		"an array":         `[{"taskId":1},{"taskId":4711}]`,
	} {
		mo := newOperations(t, answering(200, body))
		var ids []int
		for got, err := range marketing.Of[task](mo.Tasks).List(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			ids = append(ids, got.TaskID)
		}
		if fmt.Sprint(ids) != "[1 4711]" {
			t.Errorf("%s: got %v, want [1 4711]", name, ids)
		}
	}

	large, err := newOperations(t, answering(200, `{"assetId":9007199254740993,"size":99999999999999999999}`)).DigitalAssets.Get(t.Context(), 1)
	asInt, tooLarge := strconv.Atoi("9007199254740993") // for 32 bits
	if tooLarge != nil {
		asInt = 0
	}
	if err != nil || fmt.Sprint((*large)["assetId"]) != "9007199254740993" || large.Int("assetId") != asInt || large.Int("size") != 0 {
		t.Errorf("got %v, %v, want the numbers as they are, and 0 for one that does not fit an int", large, err)
	}
	me, err := newOperations(t, answering(200, `{"userId":12,"loginId":"jane","htmlEmail":true,"groups":[3],"outOfOfficeStatus":null}`)).Me.Read(t.Context())
	if err != nil || me.Text("loginId") != "jane" || (*me)["htmlEmail"] != true || me.Text("userId") != "" || me.Int("loginId") != 0 {
		t.Errorf("got %v, %v, want user jane", me, err)
	}
}

func TestAnEmptyResponseIsAnEmptyObject(t *testing.T) {
	mo := newOperations(t, answering(204, ""))
	got, err := mo.Projects.Update(t.Context(), 1, &object{"title": "x"})
	if err != nil || got == nil || len(*got) != 0 {
		t.Errorf("got %v, %v, want an empty object", got, err)
	}
	if err := mo.Projects.Do(t.Context(), 1, marketing.Start, nil); err != nil {
		t.Error(err)
	}
}

func TestBadResponsesAreErrors(t *testing.T) {
	for name, base := range map[string]http.RoundTripper{
		"no JSON":         answering(200, `<html>`),
		"an array":        answering(200, `[1]`),
		"cut":             answering(200, `{"taskId":`),
		"two objects":     answering(200, `{"taskId":1} {"taskId":2}`),
		"not found":       answering(404, `{"exceptionMessage":"none"}`),
		"a gateway":       answering(502, `<html>`),
		"lost on the way": transportFunc(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }),
	} {
		mo := newOperations(t, base)
		if got, err := mo.Tasks.Get(t.Context(), 1); err == nil || got != nil {
			t.Errorf("%s: got %v, %v, want an error", name, got, err)
		}
		if got, err := mo.AnalyticsMeta(t.Context()); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
		if err := mo.Analytics(t.Context(), object{}, new([]object)); err == nil {
			t.Errorf("%s: got no error of Analytics, want one", name)
		}
	}
	for name, body := range map[string]string{"wait": `{"error":"Continue wait"}`, "a text": `{"data":"x"}`} {
		if err := newOperations(t, answering(200, body)).Analytics(t.Context(), object{}, new([]object)); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

// An object that was created is not created again because its response does not fit a type of the
// caller's, and a search does no harm if it is repeated.
func TestWhetherACallMayBeRepeated(t *testing.T) {
	type task struct {
		ID string `json:"taskId"`
	}
	mo := newOperations(t, answering(201, `{"taskId":7}`))
	tasks := marketing.Of[task](mo.Tasks)
	var unknown *client.UnknownOutcomeError
	for name, call := range map[string]func() error{
		"Create": func() error { _, err := tasks.Create(t.Context(), &task{}); return err },
		"Add":    func() error { _, err := tasks.Add(t.Context(), 1, nil); return err },
	} {
		if err := call(); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "is not a marketing_test.task") || !strings.HasSuffix(err.Error(), "look for it instead of repeating it") {
			t.Errorf("%s: got %v, want an UnknownOutcomeError that says what to do", name, err)
		}
	}
	if _, err := tasks.Get(t.Context(), 1); err == nil || errors.As(err, &unknown) {
		t.Errorf("Get: got %v, want an error of a known outcome", err)
	}
	mo = newOperations(t, answering(503, ""))
	if _, err := mo.Tasks.Page(t.Context(), marketing.Where("name", "equals", "x"), 0, 0); err == nil || errors.As(err, &unknown) {
		t.Errorf("a search: got %v, want an error of a known outcome", err)
	}
}

// A success with nothing in it is neither an object nor the end of a list.
func TestAResponseWithNothingInItIsAnError(t *testing.T) {
	for _, body := range []string{"", "null\n", "{}"} {
		mo := newOperations(t, answering(200, body))
		if got, err := mo.Tasks.Get(t.Context(), 1); err == nil {
			t.Errorf("%q: got %v, want an error", body, got)
		}
		for _, where := range []marketing.Condition{nil, marketing.Where("name", "isNull", nil)} {
			if got, err := mo.Tasks.Page(t.Context(), where, 0, 0); err == nil {
				t.Errorf("%q: got the page %v, want an error", body, got)
			}
		}
	}
}

// What cannot be right is refused before anything is sent, with what to use instead.
func TestMistakesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	wire := &recorder{base: answering(200, `{}`)}
	mo := newOperations(t, wire)
	ctx := t.Context()
	for want, call := range map[string]func() error{
		`marketing: projects: no verb is called "begin": use one of start, pause, close, cancel`: func() error { return mo.Projects.Do(ctx, 1, "begin", nil) },
		`marketing: teams: no verb is called "start": there is none here`:                        func() error { return mo.Teams.Do(ctx, 1, marketing.Start, nil) },
		`marketing: 0 is not an id: ids begin at 1`:                                              func() error { return mo.Tasks.Delete(ctx, 0) },
		`marketing: -1 is not an id: ids begin at 1`:                                             func() error { return mo.Projects.Do(ctx, -1, marketing.Start, nil) },
		`marketing: -2 is not an id: ids begin at 1`:                                             func() error { return drain(mo.Groups.In(-2, "membership").List(ctx)) },
		`marketing: groups: nothing is called "members": use one of membership`:                  func() error { return failed(mo.Groups.In(1, "members").Get(ctx, 1)) },
		`marketing: attachments/1/versions: nothing is called "tags": use one of comments, xfdf-annotations`: func() error {
			return drain(mo.Attachments.In(1, "versions").In(2, "tags").In(3, "more").Search(ctx, nil))
		},
		`marketing: analytics: the query cannot be encoded as JSON: json: unsupported type: func()`: func() error { return mo.Analytics(ctx, func() {}, nil) },
	} {
		if err := call(); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if sent := wire.take(); len(sent) > 0 {
		t.Errorf("got the requests %q, want none", sent)
	}
}

func TestWholeNumbersOfAnObject(t *testing.T) {
	for text, want := range map[string]int{
		"7": 7, `"7"`: 7, "7.0": 7, "7e0": 7, "-7.0": -7, "7.5": 0, "1e30": 0, "9223372036854775808": 0, "null": 0, `"seven"`: 0, "true": 0, "{}": 0, `"NaN"`: 0,
	} {
		var o marketing.Object
		if err := json.Unmarshal([]byte(`{"n":`+text+`}`), &o); err != nil || o.Int("n") != want {
			t.Errorf("%s: got %d, %v, want %d", text, o.Int("n"), err, want)
		}
	}
}

// Any JSON is decoded or refused, and an object that was decoded says the same again.
func FuzzObject(f *testing.F) {
	f.Add(`{"taskId":4711,"a":[{"b":null}],"c":1e400}`)
	f.Add(`null`)
	f.Add(`{}{}`)
	f.Fuzz(func(t *testing.T, text string) {
		var o marketing.Object
		if err := o.UnmarshalJSON([]byte(text)); err != nil {
			return
		}
		o.Int("taskId")
		o.Text("a")
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var again marketing.Object
		if err := json.Unmarshal(data, &again); err != nil || cmp.Diff(o, again) != "" {
			t.Errorf("%s: got %s, %v", text, data, err)
		}
	})
}
