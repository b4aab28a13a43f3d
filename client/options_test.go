package client_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

func TestAPageSizeThatTheServerRefusesIsNotSent(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") })
	for _, n := range []int{-1, 0, 1001} {
		if _, err := c.Languages.Page(t.Context(), client.PageSize(n)); err == nil {
			t.Errorf("page size %d: got no error, want one", n)
		}
	}
	if _, err := c.Languages.Page(t.Context(), client.StartPage(0)); err == nil {
		t.Error("page 0: got no error, want one")
	}
	c = newClient(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"items":[]}`) })
	if _, err := c.Languages.Page(t.Context(), client.StartPage(1)); err != nil {
		t.Errorf("page 1: got error %v, want none", err)
	}
}

func TestSelectedNamesArePercentEncoded(t *testing.T) {
	var got http.Header
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; fmt.Fprint(w, `{"id":"1"}`) })
	_, err := c.Records.Get(t.Context(), "1", client.SelectRecord(client.RecordFiles),
		client.SelectFields("Größe, cm"), client.SelectFields("Title"), client.Select("rendition", "publiclinks"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"select-record":        "files, fields",
		"select-record-fields": "Gr%C3%B6%C3%9Fe%2C%20cm, Title",
		"select-rendition":     "publiclinks",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestCallOptionsSetHeaders(t *testing.T) {
	for _, test := range []struct {
		name, header, want string
		opts               []client.CallOption
	}{
		{"no languages", "languages", "l1", nil},
		{"Languages", "languages", "l2, l3", []client.CallOption{client.Languages("l2", "l3")}},
		{"Header", "referenceId", "r-1", []client.CallOption{client.Header("referenceId", "r-1")}},
		{"ImmediateIndexing", "set-immediateSearchIndexUpdate", "true", []client.CallOption{client.ImmediateIndexing()}},
		{"SelectFileVersion", "select-fileversion", "renditions, watermark", []client.CallOption{
			client.SelectFileVersion(client.FileVersionRenditions), client.SelectFileVersion(client.FileVersionWatermark)}},
		{"SelectClassification", "select-classification", "NamePath", []client.CallOption{client.SelectClassification(client.ClassificationNamePath)}},
		{"SelectFieldGroups", "select-record-fieldgroups", "Rights, a%2Cb", []client.CallOption{client.SelectFieldGroups("Rights", "a,b")}},
		{"SelectFieldGroups selects fields", "select-record", "fields", []client.CallOption{client.SelectFieldGroups("Rights")}},
	} {
		var got string
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get(test.header)
			io.WriteString(w, `{"id":"1"}`)
		}, client.WithLanguages("l1"))
		if _, err := c.Records.Get(t.Context(), "1", test.opts...); err != nil || got != test.want {
			t.Errorf("%s: got %s %q, error %v, want %q", test.name, test.header, got, err, test.want)
		}
	}
}
