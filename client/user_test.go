package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestACalculatedPermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, nil, limited(new(aprimotest.Tenant).Transport()))
		if p, err := c.Permissions.Calculated(t.Context(), "Edit records"); err != nil || p.Value != "Granted" {
			t.Errorf("got %+v, %v, want Granted", p, err)
		}
	})
}
