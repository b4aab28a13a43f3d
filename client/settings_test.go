package client_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestSettingsAreSetAndRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, system := t.Context(), client.SettingScope{Scope: "system"}
		c := newClient(t, nil, limited(new(aprimotest.Tenant).Transport()))
		for _, name := range []string{".a", ".b"} {
			if err := c.Settings.Set(ctx, name, "value of "+name, system); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := c.Settings.Get(ctx, ".a", system); err != nil || s.Value != "value of .a" {
			t.Errorf("got %+v, %v, want the value of .a", s, err)
		}
		got := ids(c.Settings.Many(ctx, []string{".b"}), func(s *client.Setting) string { return s.Name + "=" + s.Value })
		if want := ".b=value of .b"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestTheScopeOfASettingIsSent(t *testing.T) {
	var got []string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		io.WriteString(w, `{"name":".a"}`)
	})
	group := client.SettingScope{Scope: "usergroup", ID: "g1"}
	if _, err := c.Settings.Get(t.Context(), ".a", group); err != nil {
		t.Fatal(err)
	}
	if err := c.Settings.Set(t.Context(), ".a", "x", group); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /api/core/setting/.a?scope=usergroup&scopeId=g1 ",
		`PUT /api/core/setting/.a {"name":".a","scope":"usergroup","scopeId":"g1","value":"x"}`,
	}
	if !cmp.Equal(got, want) {
		t.Errorf("got the requests %q, want %q", got, want)
	}
}
