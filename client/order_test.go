package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// ordering returns a client of a tenant, within its limit.
func ordering(t *testing.T, tenant *aprimotest.Tenant) *client.Client {
	return newClient(t, nil,
		client.WithHTTPClient(&http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()))}),
		client.WithDownloadClient(&http.Client{Transport: tenant.Transport()}))
}

func TestOrderAndDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Records: 5, FileSize: 3000}
		c := ordering(t, tenant)
		dir := t.TempDir()
		for _, cdn := range []client.UseCDN{client.CDNNo, client.CDNAutomatic} {
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

// A server that no longer says what became of an order is like one that does not answer.
func TestWaitEndsWithoutAStatus(t *testing.T) {
	for _, answer := range []string{"{}", "null", `{"id":"1","status":null}`} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
			start := time.Now()
			var unknown *client.UnknownOutcomeError
			if _, err := c.Orders.Wait(t.Context(), "1"); !errors.As(err, &unknown) || unknown.ID != "1" || time.Since(start).Round(time.Minute).Minutes() > 31 {
				t.Errorf("%s: got %v after %v, want that the outcome is unknown after half an hour", answer, err, time.Since(start))
			}
		})
	}
}

// A failure of the server that passes does not end a wait; any other end says which order it was.
func TestWaitOutlastsFailuresThatPass(t *testing.T) {
	after := func(status int) func(time.Duration) aprimotest.Fault {
		return func(at time.Duration) aprimotest.Fault {
			if at > 20*time.Minute {
				return aprimotest.Fault{Status: status}
			}
			return aprimotest.Fault{}
		}
	}
	for name, test := range map[string]struct {
		fault  func(time.Duration) aprimotest.Fault
		passes bool
	}{
		"a restart": {func(at time.Duration) aprimotest.Fault {
			if at > 20*time.Minute && at < 22*time.Minute {
				return aprimotest.Fault{Status: 503}
			}
			return aprimotest.Fault{}
		}, true},
		"connections that break": {func(at time.Duration) aprimotest.Fault {
			switch at / time.Minute % 3 {
			case 1:
				return aprimotest.Fault{Drop: true}
			case 2:
				return aprimotest.Fault{Cut: 5}
			}
			return aprimotest.Fault{}
		}, true},
		"a failure that stays": {after(502), false},
		"a refusal":            {after(403), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				broken := true
				tenant := &aprimotest.Tenant{OrderTime: time.Hour, Fault: func(r *http.Request) aprimotest.Fault {
					if !broken || r.Method == http.MethodPost {
						return aprimotest.Fault{}
					}
					return test.fault(time.Since(start))
				}}
				c := ordering(t, tenant)
				order, err := c.Orders.Run(t.Context(), &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}})
				if test.passes {
					if err != nil || order.Status != client.OrderSuccess {
						t.Errorf("got %v, error %v, want success", order, err)
					}
					return
				}
				var lost *client.UnknownOutcomeError
				if !errors.As(err, &lost) || lost.ID == "" || !errors.As(err, new(*client.Error)) {
					t.Fatalf("got %v after %v, want an UnknownOutcomeError with the id and the reason", err, time.Since(start))
				}
				broken = false
				if order, err := c.Orders.Wait(t.Context(), lost.ID); err != nil || order.Status != client.OrderSuccess {
					t.Errorf("waiting again: got %v, error %v, want success", order, err)
				}
			})
		})
	}
}

// The directory of an order's files is created; what is there is not overwritten.
func TestOrderIntoADirectoryThatDoesNotExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Records: 3}
		c := ordering(t, tenant)
		request := &client.OrderRequest{}
		for n := range 3 {
			request.Targets = append(request.Targets, client.OrderTarget{RecordID: recordID(n + 1)})
		}
		dir := filepath.Join(t.TempDir(), "a", "b")
		files, err := c.Orders.Download(t.Context(), request, dir)
		if entries, _ := os.ReadDir(dir); err != nil || len(files) != 3 || len(entries) != 3 {
			t.Errorf("got %d files of %d, error %v, want 3", len(entries), len(files), err)
		}
		before := tenant.Report().Total.Arrived
		if _, err := c.Orders.Download(t.Context(), request, files[0].Path); err == nil || tenant.Report().Total.Arrived != before {
			t.Errorf("into a file: got error %v after %d requests, want one after none", err, tenant.Report().Total.Arrived-before)
		}
	})
}

// The links of an order are the server's: they are judged as strictly as the tenant is reached,
// and files whose names collide with those of incomplete files are all delivered.
func TestOrderJudgesLinksAndNames(t *testing.T) {
	names := []string{"x", "x.part", "x.part.json", "X", "x"}
	var delivered []string
	for i := range names {
		delivered = append(delivered, fmt.Sprintf("https://acme.blob.core.windows.net/%d?sig=1", i))
	}
	delivered = append(delivered, "http://127.0.0.1/5?sig=1", "http://acme.blob.core.windows.net/6?sig=1")
	storage := transportFunc(func(r *http.Request) (*http.Response, error) {
		var i int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &i); err != nil || i >= len(names) {
			t.Errorf("got a request to %s, want none", r.URL.Host)
		}
		data := strings.Repeat(fmt.Sprint(i), 1000)
		return &http.Response{StatusCode: 200, Request: r, ContentLength: 1000, Body: io.NopCloser(strings.NewReader(data)), Header: http.Header{
			"Content-Disposition": {"attachment; filename=" + names[i]}, "Etag": {`"1"`},
		}}, nil
	})
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"id": "1", "status": "Success", "deliveredFiles": delivered})
	}, client.WithDownloadClient(&http.Client{Transport: storage}))
	files, err := c.Orders.Download(t.Context(), &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: "1"}}}, t.TempDir())
	if err == nil || len(files) != len(delivered) {
		t.Fatalf("got %d files, error %v, want %d and an error", len(files), err, len(delivered))
	}
	for i, f := range files {
		if i >= len(names) {
			if f.Err == nil {
				t.Errorf("%s: got no error, want one", delivered[i])
			}
			continue
		}
		if data, err := os.ReadFile(f.Path); f.Err != nil || err != nil || string(data) != strings.Repeat(fmt.Sprint(i), 1000) {
			t.Errorf("%s: got %d bytes at %s, error %v, want its 1000 bytes", names[i], len(data), f.Path, f.Err)
		}
	}
}

func TestAnOrderErrorSaysWhatFailed(t *testing.T) {
	err := &client.OrderError{Order: &client.Order{ID: "7", Status: client.OrderFailed, FailedTargetsCount: 2, Message: "no file"}}
	want := fmt.Sprintf("aprimo: order 7: %s, targets failed: 2: no file", client.OrderFailed)
	if got := err.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing in the folder is no success.
func TestACompleteOrderWithoutFiles(t *testing.T) {
	for _, files := range []string{"null", "[]"} {
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"id":"17","status":"Success","deliveredFiles":%s}`, files)
		})
		request := &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}}
		if got, err := c.Orders.Download(t.Context(), request, t.TempDir()); err == nil || !strings.Contains(err.Error(), "order 17") || len(got) != 0 {
			t.Errorf("deliveredFiles %s: got %v, %v; want an error that names the order", files, got, err)
		}
	}
}

// The progress of an order is that of all its files, whose size Aprimo says.
func TestOrderProgress(t *testing.T) {
	for _, says := range []string{"right", "nothing", "too little"} {
		synctest.Test(t, func(t *testing.T) {
			size := map[string]int64{"right": 6000, "too little": 2500}[says]
			storage := transportFunc(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 200, Request: r, ContentLength: 2000, Header: http.Header{"Etag": {`"1"`}},
					Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 2000)))}, nil
			})
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				json.NewEncoder(w).Encode(map[string]any{"id": "1", "status": "Success", "totalFileSize": size, "deliveredFiles": []string{
					"https://acme.blob.core.windows.net/1", "https://acme.blob.core.windows.net/2", "https://acme.blob.core.windows.net/3"}})
			}, client.WithDownloadClient(&http.Client{Transport: storage}))
			var done, total int64
			_, err := c.Orders.Download(t.Context(), &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: "1"}}}, t.TempDir(),
				client.DownloadProgress(func(d, all int64) {
					if d <= done {
						t.Errorf("got %d bytes after %d, want more", d, done)
					}
					done, total = d, all
				}))
			want := map[string]int64{"right": 6000}[says]
			if want == 0 {
				want = -1
			}
			if err != nil || done != 6000 || total != want {
				t.Errorf("Aprimo says %s of the size: got %d of %d bytes, error %v; want 6000 of %d", says, done, total, err, want)
			}
		})
	}
}

// A function of the program's that panics costs its file only.
func TestOrderOutlivesDownloadProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ordering(t, &aprimotest.Tenant{OrderTime: -1})
		files, err := c.Orders.Download(t.Context(), &client.OrderRequest{Targets: []client.OrderTarget{{RecordID: recordID(1)}}}, t.TempDir(),
			client.DownloadProgress(func(int64, int64) { panic("no terminal") }))
		if err == nil || len(files) != 1 || files[0].Path != "" || !strings.Contains(files[0].Err.Error(), "no terminal") {
			t.Errorf("got %v, error %v, want the file's error", files, err)
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
