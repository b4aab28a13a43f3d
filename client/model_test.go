package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
)

// models are all that are read from the server and sent back.
var models = []any{
	client.Check{}, client.CheckCategory{}, client.CheckResult{}, client.Classification{}, client.Collection{}, client.ContentType{},
	client.DownloadLink{}, client.FieldDefinition{}, client.FieldGroup{}, client.FileType{}, client.FileVersion{}, client.Image{},
	client.Language{}, client.MaintenanceJob{}, client.Me{}, client.Order{}, client.Permission{}, client.PublicLink{}, client.Record{},
	client.Rule{}, client.Setting{}, client.SettingCategory{}, client.SettingDefinition{}, client.Translation{}, client.User{},
	client.UserGroup{}, client.Watermark{}, client.File{}, client.OrderTarget{}, client.TrailEntry{}, client.Facet{}, client.Lock{},
	client.Field{}, client.LocalizedValue{},
}

// What the server sent is what is sent back, also what a model does not know: but
// for the server's links and what is zero.
func TestModelsKeepWhatTheyDoNotKnow(t *testing.T) {
	const golden = `{
		"_links": {"self": {"href": "https://acme.dam.aprimo.com/api/core/thing/1"}},
		"_embedded": {"createdby": {"id": "5"}},
		"id": "1", "name": "A name", "createdOn": "2026-03-01T10:00:00Z", "modifiedOn": "2026-03-02T10:00:00",
		"tag": null, "inventedIn2027": {"deep": [1, "two", null]}
	}`
	for _, model := range models {
		name := reflect.TypeOf(model).Name()
		v := reflect.New(reflect.TypeOf(model)).Interface()
		if err := json.Unmarshal([]byte(golden), v); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
			continue
		}
		back := members(t, v)
		if want := map[string]any{"deep": []any{1.0, "two", nil}}; !cmp.Equal(back["inventedIn2027"], want) {
			t.Errorf("%s: sends back %v of what it does not know; want %v", name, back["inventedIn2027"], want)
		}
		if back["_links"] != nil {
			t.Errorf("%s: got links %v, want none", name, back["_links"])
		}
	}
}

// FuzzModels reads anything as each model: it does not panic, and what it has
// understood is the same after it was written and read again.
func FuzzModels(f *testing.F) {
	f.Add([]byte(`{"id":"1","name":"a","labels":[{"languageId":"1","value":"x"}],"createdOn":"2026-03-01T10:00:00","new":[1]}`))
	f.Add([]byte(`{"Id":"1","_embedded":{"items":[{"id":"2"}]},"deliveredFiles":["a",{"deliveredPath":"b"}],"userId":"12"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, model := range models {
			first, second := reflect.New(reflect.TypeOf(model)).Interface(), reflect.New(reflect.TypeOf(model)).Interface()
			if json.Unmarshal(data, first) != nil {
				continue
			}
			once, err := json.Marshal(first)
			if err != nil {
				t.Fatalf("%T: encoding: got error %v, want none", model, err)
			}
			if err := json.Unmarshal(once, second); err != nil {
				t.Fatalf("%T: decoding %s: got error %v, want none", model, once, err)
			}
			if twice, err := json.Marshal(second); err != nil || string(once) != string(twice) {
				t.Errorf("%T: got %s, %v the second time, want %s", model, twice, err, once)
			}
		}
	})
}

// members returns what a model is as JSON.
func members(t *testing.T, model any) (all map[string]any) {
	t.Helper()
	data, err := json.Marshal(model)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsUnknownComesBackUnchanged(t *testing.T) {
	var sent string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"_links":{"self":{"href":"/"}},"id":"1","name":null,"future":{"a":12345678901234567890},"_embedded":{"name":"German","more":[1]}}`)
	})
	l, err := c.Languages.Get(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if l.Name != "German" {
		t.Errorf("got the embedded name %q, want German", l.Name)
	}
	if err := c.Languages.Update(t.Context(), "1", l); err != nil {
		t.Fatal(err)
	}
	if want := `{"future":{"a":12345678901234567890},"id":"1","more":[1],"name":"German"}`; sent != want {
		t.Errorf("sent %s, want %s", sent, want)
	}
}
