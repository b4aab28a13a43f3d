package aprimotest_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// Each guess is what the tenant does without it, and the other thing with it.
func TestGuesses(t *testing.T) {
	type asker func(method, url, body string) (int, map[string]any)
	status := func(method, url, body string) func(asker) any {
		return func(ask asker) any { got, _ := ask(method, url, body); return got }
	}
	const first, second = coreURL + "/record/00000000000000000000000000000001", `"00000000000000000000000000000002"`
	tested := reflect.New(reflect.TypeFor[aprimotest.Guesses]()).Elem()
	for _, c := range []struct {
		guesses   aprimotest.Guesses
		got       func(asker) any
		as, other any
	}{
		{aprimotest.Guesses{Exceptions: map[int]string{400: "Adam.Invalid"}}, func(ask asker) any {
			_, got := ask("POST", coreURL+"/users", `{}`)
			return got["exceptionType"]
		}, "System.ArgumentException", "Adam.Invalid"},
		{aprimotest.Guesses{NoHeader: 406}, status("GET", coreURL+"/users", ""), 400, 406},
		{aprimotest.Guesses{Twin: 400}, status("POST", coreURL+"/classifications", `{"name":"assets","isRoot":true}`), 409, 400},
		{aprimotest.Guesses{Paths: map[string]string{"Subscriptions": "Follows", "unknown": "users"}}, func(ask asker) any {
			got, made := ask("POST", coreURL+"/follows", `{}`)
			at, _ := ask("GET", fmt.Sprintf("%s/subscription/%v", coreURL, made["id"]), "")
			users, _ := ask("GET", coreURL+"/users", "")
			return [3]int{got, at, users}
		}, [3]int{404, 404, 200}, [3]int{201, 200, 200}},
		{aprimotest.Guesses{WholeWords: true}, func(ask asker) any {
			var found []any
			for _, text := range []string{"cord", "record", "ECORD 1", "record 1"} {
				_, got := ask("POST", coreURL+"/search/records", fmt.Sprintf(`{"searchExpression":{"expression":"Title contains '%s'"}}`, text))
				_, free := ask("POST", coreURL+"/search/records", fmt.Sprintf(`{"searchExpression":{"expression":"'%s'"}}`, text))
				found = append(found, got["totalCount"], free["totalCount"])
			}
			return found
		}, []any{3.0, 3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0}, []any{0.0, 0.0, 3.0, 3.0, 0.0, 0.0, 1.0, 1.0}},
		{aprimotest.Guesses{OwnCommentsRead: true}, func(ask asker) any {
			_, made := ask("POST", coreURL+"/collections", `{"name":"C"}`)
			comments := fmt.Sprintf("%s/collection/%v/comments", coreURL, made["id"])
			ask("POST", comments, `{"message":"M"}`)
			_, got := ask("GET", comments+"/status", "")
			return got["unreadComments"]
		}, 1.0, 0.0},
		{aprimotest.Guesses{LinksReplaced: true}, func(ask asker) any {
			_, link := ask("POST", coreURL+"/fielddefinitions", `{"name":"BelongsTo","dataType":"RecordLink"}`)
			for _, links := range []string{"parents", "children"} {
				ask("PUT", first, fmt.Sprintf(`{"fields":{"addOrUpdate":[{"id":%q,"localizedValues":[{%q:[{"recordId":%s}]}]}]}}`, link["id"], links, second))
			}
			_, got := ask("GET", fmt.Sprintf("%s/field/%v", first, link["id"]), "")
			value := got["localizedValues"].([]any)[0].(map[string]any)
			return [2]bool{value["parents"] != nil, value["children"] != nil}
		}, [2]bool{true, true}, [2]bool{false, true}},
		{aprimotest.Guesses{FieldsTrailed: true}, func(ask asker) any {
			_, made := ask("POST", coreURL+"/records", `{"tag":"a"}`)
			record := fmt.Sprintf("%s/record/%v", coreURL, made["id"])
			ask("PUT", record, `{"tag":"b"}`)
			ask("PUT", record, `{"fields":{"addOrUpdate":[{"name":"Title","localizedValues":[{"value":"T"}]}]}}`)
			_, got := ask("GET", record+"/trail", "")
			return got["entryCount"]
		}, 3.0, 2.0},
		{aprimotest.Guesses{States: map[string]int{"projects/start": 0, "projects/pause": 7}}, func(ask asker) any {
			ask("POST", moURL+"/api/projects", `{}`)
			ask("POST", moURL+"/api/projects/1/start", "")
			_, started := ask("GET", moURL+"/api/projects/1", "")
			ask("POST", moURL+"/api/projects/1/pause", "")
			_, paused := ask("GET", moURL+"/api/projects/1", "")
			return [2]any{started["projectStatus"], paused["projectStatus"]}
		}, [2]any{1.0, 2.0}, [2]any{0.0, 7.0}},
		{aprimotest.Guesses{OmitNull: true}, func(ask asker) any {
			_, got := ask("POST", moURL+"/api/activities", `{"name":"A"}`)
			_, null := got["description"]
			_, empty := got["extendedAttributes"]
			return [2]bool{null, empty}
		}, [2]bool{true, true}, [2]bool{false, true}},
		{aprimotest.Guesses{VerbObject: true}, func(ask asker) any {
			ask("POST", moURL+"/api/projects", `{}`)
			got, doc := ask("POST", moURL+"/api/projects/1/start", "")
			return fmt.Sprint(got, doc["projectId"])
		}, "204 <nil>", "200 1"},
		{aprimotest.Guesses{Created: 202}, status("POST", moURL+"/api/projects", `{}`), 201, 202},
		{aprimotest.Guesses{Created: 201}, status("POST", moURL+"/api/groups", `{}`), 200, 201},
		{aprimotest.Guesses{MissingChunk: 404}, status("GET", moURL+"/api/chunk/upload?resumableChunkNumber=1&resumableIdentifier=a&resumableFilename=a.jpg", ""), 204, 404},
		{aprimotest.Guesses{Failure: func(status int, message string) any { return map[string]any{"code": status, "why": message} }}, func(ask asker) any {
			at, got := ask("GET", moURL+"/api/projects/9", "")
			_, dam := ask("GET", coreURL+"/record/9", "")
			return fmt.Sprint(at, got["code"], got["why"] != "", got["exceptionType"] != nil, dam["exceptionType"] != nil)
		}, "404 <nil> true true true", "404 404 true false true"},
	} {
		for _, guesses := range []aprimotest.Guesses{{}, c.guesses} {
			want := c.as
			if !reflect.ValueOf(guesses).IsZero() {
				want = c.other
			}
			tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, IndexDelay: -1, RequireHeaders: c.guesses.NoHeader != 0, Guesses: guesses}
			got := c.got(func(method, url, body string) (int, map[string]any) {
				req := newRequest(t.Context(), method, url, body)
				resp, text := do(t, tenant, req)
				var doc map[string]any
				json.Unmarshal([]byte(text), &doc)
				return resp.StatusCode, doc
			})
			if !reflect.DeepEqual(got, want) {
				t.Errorf("with %+v got %v, want %v", guesses, got, want)
			}
		}
		for i, of := 0, reflect.ValueOf(c.guesses); i < of.NumField(); i++ {
			if !of.Field(i).IsZero() {
				tested.Field(i).Set(of.Field(i))
			}
		}
	}
	for i := range tested.NumField() {
		if tested.Field(i).IsZero() {
			t.Errorf("Guesses.%s: got no test, want one", tested.Type().Field(i).Name)
		}
	}
}
