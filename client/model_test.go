package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
)

// models are all that are read from the server and sent back.
var models = []any{
	client.Check{}, client.CheckCategory{}, client.CheckResult{}, client.Classification{}, client.Collection{}, client.ContentType{},
	client.DownloadLink{}, client.FieldDefinition{}, client.FieldGroup{}, client.FileType{}, client.FileVersion{}, client.Image{},
	client.Language{}, client.MaintenanceJob{}, client.Me{}, client.Order{}, client.Permission{}, client.PublicLink{}, client.Record{},
	client.Rule{}, client.Setting{}, client.SettingCategory{}, client.SettingDefinition{}, client.Translation{}, client.User{},
	client.UserGroup{}, client.Watermark{}, client.File{}, client.OrderTarget{}, client.TrailEntry{}, client.Facet{}, client.FacetValue{}, client.Lock{},
	client.Field{}, client.LocalizedValue{},
	client.AccessList{}, client.LinkTo[client.AccessList]{}, client.ActionType{}, client.AdditionalFile{}, client.AdditionalFilePreview{},
	client.CheckFinding{}, client.CollectionContent{}, client.CollectionPermissions{}, client.Comment{}, client.DownloadAgreement{},
	client.FilePreview{}, client.IndexStatus{}, client.PublicURI{}, client.RecordClassification{}, client.RecordLink{}, client.Rendition{},
	client.TrailChange{},
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

// Some servers write whole numbers with a point, an exponent or quotes.
func TestWholeNumbersOfAnyForm(t *testing.T) {
	for text, want := range map[string]int{"7": 7, "7.0": 7, "7e0": 7, "0.7E1": 7, `"7"`: 7, `"7.00"`: 7, "-7.0": -7, "0.0": 0, "null": 0} {
		var (
			page  client.Page[client.Record]
			file  client.Image
			facet client.FacetValue
		)
		for _, into := range []any{&page, &file, &facet} {
			data := fmt.Sprintf(`{"items":[],"_total":%s,"size":%[1]s,"count":%[1]s}`, text)
			if err := json.Unmarshal([]byte(data), into); err != nil {
				t.Errorf("%s in a %T: got error %v, want none", text, into, err)
			}
		}
		if got := [...]int{page.TotalCount, int(file.Size), facet.Count}; got != [...]int{want, want, want} {
			t.Errorf("%s: got %d, want %d each time", text, got, want)
		}
	}
	for text, want := range map[string]int64{"9007199254740993": 9007199254740993, `"9007199254740993"`: 9007199254740993} {
		if file := new(client.Image); json.Unmarshal([]byte(`{"size":`+text+`}`), file) != nil || file.Size != want {
			t.Errorf("%s: got %d, want every digit", text, file.Size)
		}
	}
	for _, text := range []string{"7.5", "1e30", "1e999", `"seven"`, `"Inf"`, `"NaN"`, `""`, "{}", "true"} {
		if file := new(client.Image); json.Unmarshal([]byte(`{"size":`+text+`}`), file) == nil {
			t.Errorf("%s: got %d, want an error", text, file.Size)
		}
	}
}

// Times and truth values have other forms, too.
func TestTimesAndTruthValuesOfAnyForm(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-03-01T12:00:00+02:00": at, "2026-03-01T12:00:00+0200": at, "2026-03-01T10:00:00.0000000": at, "2026-03-01T10:00:00.000+0000": at,
		"2026-03-01 10:00:00": at, "2026-03-01T10:00": at, "2026-03-01": at.Add(-10 * time.Hour), "": {}, "0001-01-01T00:00:00": {},
	} {
		status := new(client.IndexStatus)
		if err := json.Unmarshal([]byte(`{"lastIndexRebuild":"`+text+`"}`), status); err != nil || !status.LastRebuild.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, status.LastRebuild, err, want)
		}
	}
	for text, want := range map[string]bool{"true": true, `"true"`: true, `"True"`: true, "1": true, `"false"`: false, "0": false, "null": false} {
		status := &client.IndexStatus{RebuildRequired: !want && text != "null"}
		if err := json.Unmarshal([]byte(`{"rebuildRequired":`+text+`}`), status); err != nil || status.RebuildRequired != want {
			t.Errorf("%s: got %v, %v, want %v", text, status.RebuildRequired, err, want)
		}
	}
	for _, data := range []string{`{"lastIndexRebuild":"soon"}`, `{"lastIndexRebuild":"2026-13-01"}`, `{"rebuildRequired":"soon"}`, `{"rebuildRequired":2}`, `{"rebuildRequired":[]}`} {
		if status := new(client.IndexStatus); json.Unmarshal([]byte(data), status) == nil {
			t.Errorf("%s: got %+v, want an error", data, status)
		}
	}
}

// FuzzModels reads anything as each model: it does not panic, and what it has
// understood is the same after it was written and read again.
func FuzzModels(f *testing.F) {
	f.Add([]byte(`{"id":"1","name":"a","labels":[{"languageId":"1","value":"x"}],"createdOn":"2026-03-01T10:00:00","new":[1]}`))
	f.Add([]byte(`{"Id":"1","_embedded":{"items":[{"id":"2"}]},"deliveredFiles":["a",{"deliveredPath":"b"}],"userId":"12"}`))
	seeds := 0
	for _, g := range goldens(f) {
		if seeds++; testing.Short() && seeds%8 > 0 {
			continue // of each kind there is a test as well
		}
		f.Add([]byte(g.HAL))
		f.Add([]byte(g.JSON))
	}
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

// Each property of each model can be set to its zero value and to null.
func TestSetSendsZeroValues(t *testing.T) {
	sent := map[string]json.RawMessage{}
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		clear(sent)
		json.NewDecoder(r.Body).Decode(&sent)
	})
	for _, model := range models {
		typ := reflect.TypeOf(model)
		for i := range typ.NumField() {
			name := typ.Field(i).Tag.Get("json")
			if name == "" {
				continue
			}
			zero := reflect.Zero(typ.Field(i).Type).Interface()
			want, err := json.Marshal(zero)
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range []any{model, reflect.New(typ).Interface(), reflect.Zero(reflect.PointerTo(typ)).Interface()} {
				_, err := c.Do(t.Context(), http.MethodPut, "/thing/1", in, nil, client.Set(strings.ToUpper(name), zero))
				if err != nil || string(sent[name]) != string(want) || sent[strings.ToUpper(name)] != nil {
					t.Errorf("%s: Set(%q, %s) sent %s, error %v, want %s", typ.Name(), name, want, sent, err, want)
				}
				_, err = c.Do(t.Context(), http.MethodPut, "/thing/1", in, nil, client.Set(name, nil))
				if err != nil || string(sent[name]) != "null" {
					t.Errorf("%s: Set(%q, nil) sent %s, error %v, want null", typ.Name(), name, sent, err)
				}
			}
		}
	}
}

func TestSetGoesWithAnyBody(t *testing.T) {
	for name, test := range map[string]struct {
		method, want string
		in           any
		opts         []client.CallOption
	}{
		"no body":         {"PUT", `{"a":1}`, nil, []client.CallOption{client.Set("a", 1)}},
		"null":            {"PUT", `{"a":1}`, json.RawMessage(" null "), []client.CallOption{client.Set("a", 1)}},
		"a map":           {"POST", `{"a":2,"b":[]}`, map[string]any{"a": 1}, []client.CallOption{client.Set("a", 2), client.Set("b", []int{})}},
		"a record":        {"PUT", `{"status":"Draft","tag":""}`, client.RecordChange{Status: "Draft", Tag: "x"}, []client.CallOption{client.Set("Tag", "")}},
		"an unknown name": {"PUT", `{"New":0,"name":"a"}`, &client.Rule{Name: "a"}, []client.CallOption{client.Set("New", 0)}},
		"a GET":           {"GET", ``, nil, []client.CallOption{client.Set("a", 1)}},
		"ids to remove":   {"PUT", `{"conditions":{"remove":["0"]}}`, &client.Rule{}, []client.CallOption{client.Set("conditions", map[string][]string{"remove": {"0"}})}},
		"ids":             {"PUT", `{"memberships":["g"]}`, &client.User{}, []client.CallOption{client.Set("Memberships", []string{"g"})}},
		"no list":         {"PUT", "error", &client.User{}, []client.CallOption{client.Set("memberships", "g")}},
		"the wrong type":  {"PUT", "error", &client.Rule{}, []client.CallOption{client.Set("enabled", "no")}},
		"an array":        {"PUT", "error", []string{"a"}, []client.CallOption{client.Set("a", 1)}},
		"no JSON":         {"PUT", "error", nil, []client.CallOption{client.Set("a", func() {})}},
	} {
		var sent string
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			sent = string(body)
		})
		if _, err := c.Do(t.Context(), test.method, "/thing/1", test.in, nil, test.opts...); err != nil {
			sent = "error"
		}
		if sent != test.want {
			t.Errorf("%s: sent %s, want %s", name, sent, test.want)
		}
	}
}
