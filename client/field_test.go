package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client"
)

func fieldOf(text string) *client.Field {
	value, _ := json.Marshal(text)
	return &client.Field{Values: []client.LocalizedValue{{LanguageID: client.NoLanguage, Value: value}}}
}

func TestFieldsHaveTypedValues(t *testing.T) {
	for text, want := range map[string]string{
		"1.5":                        "1.5 - -",
		"-20":                        "-20 - -",
		"2026-05-01":                 "- 2026-05-01T00:00:00Z -",
		"2026-05-01T10:00:00":        "- 2026-05-01T10:00:00Z -",
		"2026-05-01T10:00:00.250Z":   "- 2026-05-01T10:00:00.25Z -",
		"2026-05-01T10:00:00+02:00":  "- 2026-05-01T10:00:00+02:00 -",
		"14:30:00.0000000":           "- - 14h30m0s",
		"1.02:30:00":                 "- - 26h30m0s",
		"-00:00:00.5":                "- - -500ms",
		"0.00:00:01.0000001":         "- - 1.0000001s",
		"99999999999999999999.0:0:0": "- - -",
		"999999.00:00:00":            "- - -",
		"106751.23:47:16.8547758":    "- - 2562047h47m16.8547758s",
		"":                           "- - -",
		"unknown":                    "- - -",
		"1:2:3":                      "- - -",
	} {
		field, got := fieldOf(text), ""
		if n, ok := field.Number(""); ok {
			got = fmt.Sprint(n)
		} else {
			got = "-"
		}
		if at, ok := field.Time(""); ok {
			got += " " + at.Format(time.RFC3339Nano)
		} else {
			got += " -"
		}
		if d, ok := field.Duration(""); ok {
			got += " " + d.String()
		} else {
			got += " -"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if _, ok := (*client.Field)(nil).Number(""); ok {
		t.Error("no field: got a number, want none")
	}
}

// written returns the field that SetValue makes of a duration.
func written(d time.Duration) (*client.Field, error) {
	var field client.Field
	data, err := json.Marshal(client.SetValue("f1", d))
	if err == nil {
		err = json.Unmarshal(data, &field)
	}
	return &field, err
}

// What SetValue writes is what Duration reads.
func TestDurationsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(math.MinInt64/100, math.MaxInt64/100).Draw(t, "units") * 100)
		field, err := written(want)
		if got, ok := field.Duration(""); err != nil || !ok || got != want {
			t.Fatalf("got %v, %t from %q, error %v, want %v", got, ok, field.Text(""), err, want)
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"1.02:30:00.5", "-14:30:00", "106751.23:47:16.8547759", "9.9:9:9", "106751.99:99:99"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, ok := fieldOf(text).Duration("")
		if !ok {
			return
		}
		field, err := written(want)
		if got, ok := field.Duration(""); err != nil || !ok || got != want {
			t.Errorf("%q: got %v, %t from %q, error %v, want %v", text, got, ok, field.Text(""), err, want)
		}
	})
}

func TestHyperlinksAreTextsToo(t *testing.T) {
	var field client.Field
	err := json.Unmarshal([]byte(`{"dataType":"HyperlinkList","localizedValues":[{"hyperlinks":[{"displayText":"Shop","url":"https://shop.example"},{"displayText":"","url":"https://x.example"}]}]}`), &field)
	if got := field.Texts(""); err != nil || !slices.Equal(got, []string{"https://shop.example", "https://x.example"}) {
		t.Errorf("got %q, error %v, want both URLs", got, err)
	}
}

func TestByNameFindsTheExactName(t *testing.T) {
	var filter string
	answer := `{"items":[{"id":"1","name":"Titles"},{"id":"2","name":"TITLE"}]}`
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		filter = r.URL.Query().Get("filter")
		io.WriteString(w, answer)
	})
	field, err := c.FieldDefinitions.ByName(t.Context(), "Title")
	if err != nil || field.ID != "2" || filter != "name = 'Title'" {
		t.Errorf("got %+v, error %v by the filter %s, want the id 2", field, err, filter)
	}
	answer = `{"items":[]}`
	if _, err = c.ContentTypes.ByName(t.Context(), "it's"); !errors.Is(err, client.ErrNotFound) || filter != "name = 'it''s'" {
		t.Errorf("got error %v by the filter %s, want ErrNotFound and a doubled quote", err, filter)
	}
	if _, err = c.MaintenanceJobs.ByName(t.Context(), "x"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
}
