package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestACheckResultIsAddedToAVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := newClient(t, nil, limited(new(aprimotest.Tenant).Transport()))
		latest, err := c.Records.MasterFileLatestVersion(ctx, recordID(1))
		if err != nil {
			t.Fatal(err)
		}
		version, err := c.FileVersions.Get(ctx, latest.ID)
		if err != nil || version.FileSize != 1024 {
			t.Fatalf("got %+v, %v, want 1024 bytes", version, err)
		}
		if _, err := c.FileVersions.AddCheckResult(ctx, version.ID, &client.CheckResult{CheckID: "1", Outcome: "pass"}); err != nil {
			t.Fatal(err)
		}
		got := ids(c.FileVersions.CheckResults(ctx, version.ID), func(r *client.CheckResult) string { return r.Outcome + " of " + r.FileVersionID })
		if want := "pass of " + version.ID; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
