package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// ordering returns a client of a tenant, within its limit.
func ordering(t *testing.T, tenant *aprimotest.Tenant) *client.Client {
	return newClient(t, nil,
		client.WithHTTPClient(&http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()))}),
		client.WithDownloadClient(&http.Client{Transport: tenant.Transport()}))
}

func TestOrderAndDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Records: 5, FileSize: 3000}
		c := ordering(t, tenant)
		dir := t.TempDir()
		for _, cdn := range []bool{false, true} {
			request := &client.OrderRequest{UseCDN: cdn}
			for n := range 5 {
				request.Targets = append(request.Targets, client.OrderTarget{RecordID: recordID(n + 1)})
			}
			files, err := c.Orders.Download(t.Context(), request, dir)
			if err != nil || len(files) != 5 {
				t.Fatalf("%d files, %v; want 5", len(files), err)
			}
			seen := map[string]bool{}
			for _, f := range files {
				info, err := os.Stat(f.Path)
				if err != nil || info.Size() != 3000 || filepath.Dir(f.Path) != dir || seen[f.Path] {
					t.Errorf("%s: got %v, %v, want 3000 bytes in %s under a name of its own", f.Path, info, err, dir)
				}
				seen[f.Path] = true
			}
		}
		if left, _ := filepath.Glob(dir + "/*.part*"); len(left) > 0 {
			t.Errorf("got the partial files %v, want none", left)
		}
	})
}

func TestAnOrderThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ordering(t, &aprimotest.Tenant{})
		good, bad := client.OrderTarget{RecordID: recordID(1)}, client.OrderTarget{RecordID: recordID(99)}
		for want, targets := range map[client.OrderStatus][]client.OrderTarget{
			client.OrderFailed: {bad}, client.OrderPartiallyFailed: {good, bad},
		} {
			order, err := c.Orders.Run(t.Context(), &client.OrderRequest{Targets: targets})
			var failed *client.OrderError
			if !errors.As(err, &failed) || order == nil || order.Status != want || failed.Order.FailedTargetsCount != 1 ||
				!strings.Contains(err.Error(), "could not be found") {
				t.Errorf("%v, %v; want %s with its count and message", order, err, want)
			}
		}
		if _, err := c.Orders.Create(t.Context(), new(client.OrderRequest)); err == nil || !strings.Contains(err.Error(), "Targets") {
			t.Errorf("an order without Targets: got %v, want an error that names them", err)
		}
	})
}

// An order that is done in the answer is not asked for again, and a wait ends with
// its context.
func TestWaitForOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{OrderTime: -1}
		c := ordering(t, tenant)
		request := &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}}
		if _, err := c.Orders.Run(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if n := tenant.Report().Total.Arrived; n != 1 {
			t.Errorf("%d requests; want 1", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{OrderTime: time.Hour}
		c := ordering(t, tenant)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := c.Orders.Run(ctx, &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v; want the context's", err)
		}
		if n := tenant.Report().Total.Arrived; n < 20 || n > 30 {
			t.Errorf("%d requests in ten minutes; want some 25", n)
		}
	})
}

// A hundred orders that are waited for delay reading by no more than their share.
func TestWaitingForOrdersLeavesRoom(t *testing.T) {
	read := func(orders int) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			c := ordering(t, &aprimotest.Tenant{OrderTime: 2 * time.Minute})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var waits sync.WaitGroup
			for range orders {
				waits.Go(func() {
					c.Orders.Run(ctx, &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}})
				})
			}
			time.Sleep(30 * time.Second)
			begin := time.Now()
			var reads sync.WaitGroup
			for range 200 {
				reads.Go(func() {
					if _, err := c.Records.Get(t.Context(), recordID(1)); err != nil {
						t.Error(err)
					}
				})
			}
			reads.Wait()
			took = time.Since(begin)
			cancel()
			waits.Wait()
		})
		return took
	}
	alone, beside := read(0), read(100)
	t.Logf("200 reads take %v, beside 100 orders that are waited for %v", alone, beside)
	if beside > alone*110/100 {
		t.Errorf("200 reads take %v beside 100 waiting orders, alone %v; want 10 %% more at most", beside, alone)
	}
}

func TestOrderJSON(t *testing.T) {
	data, err := json.Marshal(client.OrderRequest{Targets: []client.OrderTarget{{RecordID: "1"}}})
	want := `{"disableNotification":true,"targets":[{"assetType":"LatestVersionOfMasterFile","recordId":"1","targetTypes":["Document"]}],"type":"download"}`
	if string(data) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
	var order client.Order
	in := `{"Id":"7","status":"Success","deliveredFiles":["https://a/1?sig=x",{"deliveredPath":"https://a/2"},null],"new":{"a":1}}`
	if err := json.Unmarshal([]byte(in), &order); err != nil || order.ID != "7" || len(order.DeliveredFiles) != 3 ||
		order.DeliveredFiles[1].URI != "https://a/2" || order.Extra["new"] == nil {
		t.Errorf("got %+v, %v, want order 7 with 3 files, the second https://a/2, and new in Extra", order, err)
	}
	if text := fmt.Sprint(order.DeliveredFiles); strings.Contains(text, "sig=x") {
		t.Errorf("got %s, want no signature", text)
	}
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"id":"7","deliveredFiles":["a",{"deliveredPath":"b"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o client.Order
		if json.Unmarshal(data, &o) == nil {
			if _, err := json.Marshal(o); err != nil {
				t.Error(err)
			}
		}
	})
}
