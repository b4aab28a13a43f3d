package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aprimo-go/aprimo/client"
)

func TestAPageSizeThatTheServerRefusesIsNotSent(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") })
	for _, n := range []int{-1, 0, 1001} {
		if _, err := c.Languages.Page(t.Context(), client.PageSize(n)); err == nil {
			t.Errorf("page size %d: no error", n)
		}
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
