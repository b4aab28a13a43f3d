package client_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestPermissionsOfAGroupAreChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := newClient(t, nil, limited(new(aprimotest.Tenant).Transport()))
		group, err := c.UserGroups.Create(ctx, &client.UserGroup{Name: "editors"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.UserGroups.SetPermissions(ctx, group.ID, client.Extra{"a": json.RawMessage(`"Granted"`)}); err != nil {
			t.Fatal(err)
		}
		got, err := c.UserGroups.Permissions(ctx, group.ID)
		if string(got["a"]) != `"Granted"` || err != nil {
			t.Errorf("got %s, %v, want a Granted", got, err)
		}
	})
}

func TestACalculatedPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil, limited(new(aprimotest.Tenant).Transport()))
		if p, err := c.Permissions.Calculated(t.Context(), "Edit records"); err != nil || p.Value != "Granted" {
			t.Errorf("got %+v, %v, want Granted", p, err)
		}
	})
}
