package marketing_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/client/marketing"
)

// acme returns the marketing operations of a simulated tenant.
func acme() *marketing.Operations {
	tenant := new(aprimotest.Tenant)
	tokens := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a-token"})
	c, err := client.New("acme", tokens, client.WithHTTPClient(&http.Client{Transport: tenant.Transport()}))
	if err != nil {
		log.Fatal(err)
	}
	return marketing.New(c)
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func Example() {
	ctx, mo := context.Background(), acme()
	must(mo.Projects.Create(ctx, &marketing.Object{"title": "Spring campaign"}))
	must(mo.Projects.Create(ctx, &marketing.Object{"title": "Autumn campaign"}))
	for project, err := range mo.Projects.Search(ctx, marketing.Where("title", "contains", "Spring")) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(project.Int("projectId"), project.Text("title"))
	}
	// Output: 1 Spring campaign
}

// A kind can have a Go type of your own.
func ExampleOf() {
	type task struct {
		ID     int     `json:"taskId,omitempty"`
		Name   string  `json:"name,omitempty"`
		Status *int    `json:"status,omitempty"` // a pointer can say 0
		Begin  *string `json:"beginDate,omitempty"`
	}
	ctx, mo := context.Background(), acme()
	made := must(marketing.Of[task](mo.SimpleTasks).Create(ctx, &task{Name: "Write the brief"}))
	tasks := marketing.Of[task](mo.Tasks)
	must(tasks.Update(ctx, made.ID, &task{Status: new(4)}))
	got := must(tasks.Get(ctx, made.ID))
	fmt.Println(got.Name, *got.Status, got.Begin)
	// Output: Write the brief 4 <nil>
}

func ExampleKind_Do() {
	ctx, mo := context.Background(), acme()
	project := must(mo.Projects.Create(ctx, &marketing.Object{"title": "Spring campaign"}))
	id := project.Int("projectId")
	fmt.Println(mo.Projects.Do(ctx, id, marketing.Start, nil))
	fmt.Println(mo.Projects.Do(ctx, id, marketing.Approve, nil))
	// Output:
	// <nil>
	// marketing: projects: no verb is called "approve": use one of start, pause, close, cancel
}

func ExampleKind_In() {
	ctx, mo := context.Background(), acme()
	must(mo.Activities.Create(ctx, &marketing.Object{"name": "Launch"}))
	roles := mo.Activities.In(1, "roles")
	must(roles.Create(ctx, &marketing.Object{"userRoleId": 7}))
	must(roles.In(1, "members").Create(ctx, &marketing.Object{"users": []any{marketing.Object{"id": 12}}}))
	for role, err := range roles.List(ctx) {
		fmt.Println((*role)["users"], err)
	}
	_, err := mo.Teams.In(1, "roles").Read(ctx)
	fmt.Println(err)
	// Output:
	// [map[id:12]] <nil>
	// marketing: teams: nothing is called "roles": there is none here
}

// An Object sends exactly its members, also zero ones.
func ExampleKind_Update() {
	ctx, mo := context.Background(), acme()
	must(mo.Suppliers.Create(ctx, &marketing.Object{"name": "Printers", "preferred": 1, "phone": "555"}))
	got := must(mo.Suppliers.Update(ctx, 1, &marketing.Object{"preferred": 0, "phone": nil}))
	fmt.Println(got.Text("name"), (*got)["preferred"], (*got)["phone"])
	// Output: Printers 0 <nil>
}

func ExampleKind_Page() {
	ctx, mo := context.Background(), acme()
	for range 5 {
		must(mo.Offers.Create(ctx, &marketing.Object{"title": "Two for one"}))
	}
	page := must(mo.Offers.Page(ctx, marketing.Where("offerId", "greaterThan", 2), 1, 2))
	fmt.Println(len(page.Items), "of", page.TotalCount, "from", page.Items[0].Int("offerId"))
	// Output: 2 of 3 from 4
}

// Kind reaches what has no field.
func ExampleOperations_Kind() {
	ctx, mo := context.Background(), acme()
	for item, err := range mo.Kind("system-types/attachment/active").List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.Int("systemTypeId"))
	}
	metadata := must(mo.Kind("metadata/task").Read(ctx))
	fmt.Println(metadata.Text("objectName"))
	// Output:
	// 1
	// task
}

func ExampleWhereAny() {
	ctx, mo := context.Background(), acme()
	must(mo.Users.Create(ctx, &marketing.Object{"loginId": "jane", "rights": []any{marketing.Object{"functionID": 3}}}))
	where := marketing.And(
		marketing.WhereAny("rights", "functionID", "equals", 3),
		marketing.Not(marketing.Where("lastName", "isNull", nil)),
		marketing.Or(marketing.Where("loginId", "equals", "jane"), marketing.Where("Group.Name", "contains", "Design")),
	)
	for user, err := range mo.Users.Search(ctx, where) {
		fmt.Println(user.Text("loginId"), err)
	}
	// Output: jane <nil>
}

func ExampleOperations_Upload() {
	ctx, mo := context.Background(), acme()
	brief := strings.NewReader("Sell more umbrellas.")
	file, err := mo.Upload(ctx, marketing.Upload{
		Name: "brief.txt", Content: brief, Size: brief.Size(), Attachment: true,
		Progress: func(sent, size int64) { fmt.Println(sent, "of", size) },
	})
	if err != nil {
		log.Fatal(err) // file.ID resumes it
	}
	attachment := must(mo.Attachments.Create(ctx, &marketing.Object{"title": "Brief", "FileId": file.ID, "FileName": file.Name}))
	fmt.Println(attachment.Int("attachmentId"))
	// Output:
	// 20 of 20
	// 1
}

func ExampleOperations_Analytics() {
	ctx, mo := context.Background(), acme()
	must(mo.Projects.Create(ctx, &marketing.Object{"title": "Spring campaign", "projectStatus": 4}))
	query := map[string]any{"measures": []string{"Project.count"}, "dimensions": []string{"Project.projectStatus"}}
	var rows []marketing.Object
	if err := mo.Analytics(ctx, query, &rows); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows[0]["Project.projectStatus"], rows[0]["Project.count"])
	meta := must(mo.AnalyticsMeta(ctx))
	fmt.Println(len((*meta)["cubes"].([]any)) > 0)
	// Output:
	// 4 1
	// true
}
