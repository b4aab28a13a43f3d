package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

type task struct {
	ID     string `json:"id,omitempty"`
	Title  string `json:"title,omitempty"`
	Status string `json:"status,omitempty"`
	Number int    `json:"number,omitempty"`
}

func TestConditionsAreEncodedAsTheGuideShowsThem(t *testing.T) {
	open, first := client.Where("status", "equals", "open"), client.Where("number", "equals", 1)
	const openJSON = `{"equals":{"fieldName":"status","fieldValue":"open"}}`
	const firstJSON = `{"equals":{"fieldName":"number","fieldValue":1}}`
	for _, test := range []struct {
		condition client.Condition
		want      string
	}{
		{open, openJSON},
		{client.Not(open), `{"not":` + openJSON + `}`},
		{client.And(open, first), `{"and":[` + openJSON + `,` + firstJSON + `]}`},
		{client.Or(open, client.Not(first)), `{"or":[` + openJSON + `,{"not":` + firstJSON + `}]}`},
	} {
		if got, err := json.Marshal(test.condition); string(got) != test.want || err != nil {
			t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
		}
	}
}

// taskCount is more than two pages.
const taskCount = 2500

// newTasks returns tasks numbered from 1, of which every tenth is done.
func newTasks(t *testing.T) (*aprimotest.Tenant, *client.Client, *client.Productivity[task]) {
	t.Helper()
	tenant := &aprimotest.Tenant{Rate: 10_000}
	c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: tenant.Transport()}))
	tasks := client.NewProductivity[task](c, "tasks")
	for i := range taskCount {
		status := "open"
		if i%10 == 0 {
			status = "done"
		}
		made, err := tasks.Create(t.Context(), &task{Title: fmt.Sprint("task ", i+1), Status: status, Number: i + 1})
		if err != nil || made.ID == "" {
			t.Fatalf("got %+v, %v, want a task with an id", made, err)
		}
	}
	return tenant, c, tasks
}

func TestProductivityLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		tenant, c, tasks := newTasks(t)
		count := 0
		for got, err := range tasks.List(ctx) {
			count++
			if want := fmt.Sprint("task ", count); err != nil || got.Title != want {
				t.Fatalf("got %+v, %v, want %s", got, err, want)
			}
		}
		if count != taskCount {
			t.Errorf("got %d tasks, want %d", count, taskCount)
		}
		before := tenant.Report().Total.Arrived
		for range tasks.List(ctx, client.PageSize(100)) {
			break
		}
		if got := tenant.Report().Total.Arrived - before; got != 1 {
			t.Errorf("got %d requests for the first of a list, want 1", got)
		}
		page, err := tasks.Page(ctx, client.PageSize(50), client.StartPage(3))
		if err != nil || page.TotalCount != taskCount || len(page.Items) != 50 || page.Items[0].Number != 101 {
			t.Errorf("got %+v, %v, want 50 of %d tasks from number 101", page, err, taskCount)
		}
		if page, err := client.NewProductivity[task](c, "projects").Page(ctx); err != nil || len(page.Items) != 0 {
			t.Errorf("got %+v, %v, want an empty page", page, err)
		}
	})
}

func TestProductivitySearches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, tasks := newTasks(t)
		found := 0
		for got, err := range tasks.Search(t.Context(), client.And(client.Where("status", "equals", "done"), client.Not(client.Where("number", "equals", 1)))) {
			if found++; err != nil || got.Status != "done" {
				t.Fatalf("got %+v, %v, want a task that is done", got, err)
			}
		}
		if want := taskCount/10 - 1; found != want {
			t.Errorf("got %d tasks, want %d", found, want)
		}
	})
}

func TestProductivityChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: new(aprimotest.Tenant).Transport()}))
		tasks := client.NewProductivity[task](c, "tasks")
		made, err := tasks.Create(ctx, &task{Title: "a task", Status: "open"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tasks.Update(ctx, made.ID, &task{Status: "done"}); err != nil {
			t.Fatal(err)
		}
		if got, err := tasks.Get(ctx, made.ID); err != nil || got.Status != "done" || got.Title != "a task" {
			t.Errorf("got %+v, %v, want a task that is done", got, err)
		}
		if err := tasks.Delete(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := tasks.Get(ctx, made.ID); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("got %+v, %v after Delete, want %v", got, err, client.ErrNotFound)
		}
	})
}
