package client_test

import (
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestRecordsOfACollectionAreAddedAndRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		c := newClient(t, nil, limited((&aprimotest.Tenant{Records: 4}).Transport()))
		album, err := c.Collections.Create(ctx, &client.Collection{Name: "Album", Type: "Static"})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Collections.AddRecords(ctx, album.ID, recordID(1), recordID(2), recordID(3)); err != nil {
			t.Fatal(err)
		}
		if err := c.Collections.RemoveRecords(ctx, album.ID, recordID(2)); err != nil {
			t.Fatal(err)
		}
		got := ids(c.Collections.Records(ctx, album.ID), func(r *client.Record) string { return r.ID })
		if want := recordID(1) + " " + recordID(3); got != want {
			t.Errorf("got the records %s, want %s", got, want)
		}
	})
}
