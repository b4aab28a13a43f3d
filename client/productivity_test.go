package client_test

import (
	"encoding/json"
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

func TestProductivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		tenant := &aprimotest.Tenant{Rate: 10_000}
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: tenant.Transport()}))
		tasks := client.NewProductivity[task](c, "tasks")
		const n = 2500
		for i := range n {
			status := "open"
			if i%10 == 0 {
				status = "done"
			}
			made, err := tasks.Create(ctx, &task{Title: fmt.Sprint("task ", i), Status: status, Number: i + 1})
			if err != nil || made.ID == "" {
				t.Fatal(made, err)
			}
		}
		count := 0
		var some *task
		for x, err := range tasks.List(ctx) {
			if err != nil || x.Title != fmt.Sprint("task ", count) {
				t.Fatalf("%d: %+v, %v", count, x, err)
			}
			count++
			some = x
		}
		if count != n {
			t.Errorf("%d listed; want %d", count, n)
		}
		before := tenant.Report().Total.Arrived
		for range tasks.List(ctx, client.PageSize(100)) {
			break
		}
		if got := tenant.Report().Total.Arrived - before; got != 1 {
			t.Errorf("%d requests for the first of a list; want 1", got)
		}
		found := 0
		for x, err := range tasks.Search(ctx, client.And(client.Where("status", "equals", "done"), client.Not(client.Where("number", "equals", 1)))) {
			if found++; err != nil || x.Status != "done" {
				t.Fatalf("%+v, %v", x, err)
			}
		}
		if found != n/10-1 {
			t.Errorf("%d found; want %d", found, n/10-1)
		}
		page, err := tasks.Page(ctx, client.PageSize(50), client.StartPage(3))
		if err != nil || page.TotalCount != n || len(page.Items) != 50 || page.Items[0].Number != 101 {
			t.Errorf("%+v, %v", page, err)
		}
		if _, err := tasks.Update(ctx, some.ID, &task{Status: "done"}); err != nil {
			t.Error(err)
		}
		if x, err := tasks.Get(ctx, some.ID); err != nil || x.Status != "done" || x.Title != some.Title {
			t.Errorf("%+v, %v", x, err)
		}
		if err := tasks.Delete(ctx, some.ID); err != nil {
			t.Error(err)
		}
		if _, err := tasks.Get(ctx, some.ID); err == nil {
			t.Error("it is there still")
		}
		if page, err := client.NewProductivity[task](c, "projects").Page(ctx); err != nil || len(page.Items) != 0 {
			t.Errorf("an empty list: %+v, %v", page, err)
		}
	})
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
