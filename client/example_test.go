package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// acme returns a client of a simulated tenant with some records.
func acme() *client.Client {
	tenant := &aprimotest.Tenant{Records: 5, RequireToken: true}
	sender := &http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()))}
	tokens := client.ClientCredentials("acme", "my-client", "my-secret", client.TokenHTTPClient(&http.Client{Transport: tenant.Transport()}))
	c, err := client.New("acme", tokens, client.WithHTTPClient(sender),
		client.WithDownloadClient(&http.Client{Transport: tenant.Transport()}))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleNew() {
	tokens := client.ClientCredentials("acme", "my-client", "my-secret")
	c, err := client.New("acme", tokens, client.WithUserAgent("importer/1.0"))
	fmt.Println(c != nil, err)

	_, err = client.New("acme.dam.aprimo.com", tokens)
	fmt.Println(err)
	// Output:
	// true <nil>
	// aprimo: "acme.dam.aprimo.com" is not the name of a tenant: give the first label of its host alone, "acme" for https://acme.dam.aprimo.com, or WithBaseURLs for other hosts
}

func ExampleReader_List() {
	c := acme()
	for rec, err := range c.Records.List(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
	}
	// Output:
	// Record 1
	// Record 2
	// Record 3
	// Record 4
	// Record 5
}

func ExampleReader_Page() {
	c := acme()
	page, err := c.Records.Page(context.Background(), client.PageSize(2), client.StartPage(2))
	if err != nil {
		log.Fatal(err)
	}
	for _, rec := range page.Items {
		fmt.Println(rec.Title, "of", page.TotalCount)
	}
	// Output:
	// Record 3 of 5
	// Record 4 of 5
}

func ExampleRecords_Create() {
	c, ctx := acme(), context.Background()
	made, err := c.Records.Create(ctx, client.RecordChange{Status: client.Draft, Tag: "new"}, client.ImmediateIndexing())
	if err != nil {
		log.Fatal(err)
	}
	rec, err := c.Records.Get(ctx, made.ID)
	fmt.Println(rec.Status, rec.Tag, err)
	// Output: draft new <nil>
}

func ExampleRecords_Search() {
	c := acme()
	e := client.Expression{Text: "Title = ?", Parameters: []any{"Record 3"}}
	for rec, err := range c.Records.Search(context.Background(), e) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.ID, rec.Title)
	}
	// Output: 00000000000000000000000000000003 Record 3
}

func ExampleRecords_GetMany() {
	c := acme()
	ids := []string{"00000000000000000000000000000004", "00000000-0000-0000-0000-000000000001", "ffffffffffffffffffffffffffffffff"}
	found, missing, err := c.Records.GetMany(context.Background(), ids)
	fmt.Println(found[0].Title, found[1].Title, missing, err)
	// Output: Record 4 Record 1 [ffffffffffffffffffffffffffffffff] <nil>
}

// An export that was interrupted goes on where it was.
func ExampleRecords_Export() {
	c, ctx := acme(), context.Background()
	export := c.Records.Export(client.Expression{}, client.Checkpoint{})
	var stored []byte
	for rec, err := range export.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
		if rec.Title == "Record 3" {
			stored, _ = json.Marshal(export.Checkpoint())
			break
		}
	}

	var checkpoint client.Checkpoint
	if err := json.Unmarshal(stored, &checkpoint); err != nil {
		log.Fatal(err)
	}
	for rec, err := range c.Records.Export(client.Expression{}, checkpoint).All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rec.Title)
	}
	// Output:
	// Record 1
	// Record 2
	// Record 3
	// Record 4
	// Record 5
}

func ExampleEach() {
	c, ctx := acme(), context.Background()
	ids := []string{"00000000000000000000000000000001", "ffffffffffffffffffffffffffffffff"}
	report := client.Each(ctx, ids, 0, func(ctx context.Context, id string) error {
		return c.Records.Update(ctx, id, client.RecordChange{Status: client.Archived})
	})
	fmt.Println(report.Failed(), errors.Is(report.Err(), client.ErrNotFound))
	// Output: [ffffffffffffffffffffffffffffffff] true
}

func ExampleError() {
	c := acme()
	ctx := transport.ContextWithUser(context.Background(), "anna@example.com")
	_, err := c.Records.Get(ctx, "ffffffffffffffffffffffffffffffff")
	var e *client.Error
	if errors.Is(err, client.ErrNotFound) && errors.As(err, &e) {
		fmt.Println(e.Status, e.Method, e.User)
	}
	// Output: 404 GET anna@example.com
}

func ExampleClassifications_ByNamePath() {
	c, ctx := acme(), context.Background()
	_, err := c.Classifications.ByNamePath(ctx, "/Campaigns/1999")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output: true
}

func ExampleFields_Get() {
	var rec client.Record
	err := json.Unmarshal([]byte(`{"id":"1","fields":{"items":[
		{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"}]}]}}`), &rec)
	fmt.Println(rec.Fields.Get("title").Text("de"), err)
	// Output: Hallo <nil>
}

func ExampleRefresh() {
	tenant := base(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"a","refresh_token":"the next one","expires_in":3600}`)
	})
	tokens := client.Refresh("acme", "my-client", "", "stored", client.TokenHTTPClient(&http.Client{Transport: tenant}),
		client.OnToken(func(token *oauth2.Token) { fmt.Println("store", token.RefreshToken) }))
	_, err := tokens.Token()
	fmt.Println(err)
	// Output:
	// store the next one
	// <nil>
}
