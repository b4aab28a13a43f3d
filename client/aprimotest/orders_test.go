package aprimotest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const ordersURL = "https://acme.dam.aprimo.com/api/core/orders"

type orderView struct {
	Links              map[string]link `json:"_links"`
	ID, Type           string
	OrderType, Status  string
	Message            *string
	DeliveredFiles     []string
	TotalFileSize      int64
	FailedTargetsCount int
	ExecutionTime      string
	StartedOn          *string
	CreatedOn          string
	ModifiedOn         string
}

func target(id string) string {
	return fmt.Sprintf(`{"recordId":"%032s","targetTypes":["Document"],"assetType":"LatestVersionOfMasterFile"}`, id)
}

func order(more string, targets ...string) string {
	return `{"type":"download","disableNotification":true,` + more + `"targets":[` + strings.Join(targets, ",") + `]}`
}

func getOrder(t *testing.T, tenant *aprimotest.Tenant, id string) orderView {
	t.Helper()
	_, text := do(t, tenant, newRequest(t.Context(), "GET", strings.TrimSuffix(ordersURL, "s")+"/"+id, ""))
	return decode[orderView](t, text)
}

// An order of one file is complete in the answer to its POST, unless OrderTime or an action
// says otherwise.
func TestAnOrderOfOneFileIsCompleteAtOnce(t *testing.T) {
	withAction := strings.Replace(target("1"), `"assetType"`, `"actions":[{"action":"resizeImage"}],"assetType"`, 1)
	for _, test := range []struct {
		time time.Duration
		body string
		want string
	}{
		{0, order("", target("1")), "Success"},
		{0, order("", target("99")), "Failed"},
		{0, order("", target("1"), target("2")), "Queued"},
		{0, order("", withAction), "Queued"},
		{time.Minute, order("", target("1")), "Queued"},
		{time.Minute, order(`"disableProcessing":"Yes",`, target("1")), "Success"},
		{-1, order("", withAction), "Success"},
	} {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: test.time}
		if got := call(t, tenant, "POST", ordersURL, test.body, 201)["status"]; got != test.want {
			t.Errorf("OrderTime %v, %s: got %v, want %s", test.time, test.body, got, test.want)
		}
	}
}

func TestAnOrderIsDeliveredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
		resp, text := do(t, tenant, newRequest(t.Context(), "POST", ordersURL, order("", target("1"), target("2"), target("99"))))
		o := decode[orderView](t, text)
		if resp.StatusCode != 201 || resp.Header.Get("Location") != "/order/"+o.ID || o.Status != "Queued" {
			t.Fatalf("%s, Location %q: %s", resp.Status, resp.Header.Get("Location"), text)
		}
		resp.Request = newRequest(t.Context(), "POST", ordersURL, "")
		location, _ := resp.Location()
		call(t, tenant, "GET", location.String(), "", 200)
		time.Sleep(2 * time.Second)
		if got := getOrder(t, tenant, o.ID); got.Status != "Executing" || len(got.DeliveredFiles) != 0 {
			t.Errorf("%+v", got)
		}
		time.Sleep(8 * time.Second)
		if got := getOrder(t, tenant, o.ID); got.Status != "PartiallyFailed" || len(got.DeliveredFiles) != 2 || got.FailedTargetsCount != 1 || got.TotalFileSize != 2048 {
			t.Errorf("%+v", got)
		}
	})
}

func TestOrdersEnd(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1}
	for body, want := range map[string]string{
		order("", target("1")):                "Success",
		order("", target("98"), target("99")): "Failed",
	} {
		if got := decode[orderView](t, post(t, tenant, ordersURL, body, 201)); got.Status != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
	for _, body := range []string{`{}`, `{"type":"download"}`, `{"type":"nothing","targets":[{}]}`, `{"type":"download","targets":[{}]}`} {
		post(t, tenant, ordersURL, body, 400)
	}
	slow := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: time.Hour}
	for _, how := range []string{"yes", "YesIfPermissionGranted"} {
		if got := decode[orderView](t, post(t, slow, ordersURL, order(`"disableProcessing":"`+how+`",`, target("1")), 201)); got.Status != "Success" {
			t.Errorf("disableProcessing %s: %+v", how, got)
		}
	}
}

// A file is read in parts, by its signed link alone, until that expires.
func TestADeliveredFileIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Service: atOnce, OrderTime: -1, FileSize: 3000}
		link := decode[orderView](t, post(t, tenant, ordersURL, order("", target("2")), 201)).DeliveredFiles[0]
		get := func(header ...string) (*http.Response, string) {
			req := newRequest(t.Context(), "GET", link, "")
			for i := 0; i < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			return do(t, tenant, req)
		}
		resp, whole := get()
		if resp.StatusCode != 200 || len(whole) != 3000 || resp.ContentLength != 3000 || resp.Header.Get("Content-MD5") == "" {
			t.Fatalf("%s, %d bytes: %v", resp.Status, len(whole), resp.Header)
		}
		resp, rest := get("Range", "bytes=1001-", "If-Range", resp.Header.Get("ETag"))
		if resp.StatusCode != 206 || rest != whole[1001:] || resp.Header.Get("Content-Range") != "bytes 1001-2999/3000" {
			t.Errorf("%s, %d bytes: %v", resp.Status, len(rest), resp.Header)
		}
		if resp, _ := get("Range", "bytes=3000-"); resp.StatusCode != 416 {
			t.Error(resp.Status)
		}
		if resp, _ := get("Authorization", "Bearer x"); resp.StatusCode != 403 {
			t.Error(resp.Status)
		}
		later := newRequest(t.Context(), "GET", strings.Replace(link, "se=2000-01-02", "se=2000-01-03", 1), "")
		if resp, _ := do(t, tenant, later); resp.StatusCode != 403 {
			t.Errorf("got %s for a link with a later end than was signed, want 403", resp.Status)
		}
		time.Sleep(30 * time.Hour)
		if resp, _ := get(); resp.StatusCode != 403 {
			t.Error(resp.Status)
		}
	})
}

func TestACDNRedirectsToTheFile(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1}
	link := decode[orderView](t, post(t, tenant, ordersURL, order(`"useCDN":"Automatic",`, target("1")), 201)).DeliveredFiles[0]
	resp, _ := do(t, tenant, newRequest(t.Context(), "GET", link, ""))
	location, err := resp.Location()
	if resp.StatusCode != 302 || err != nil {
		t.Fatal(resp.Status, err)
	}
	if resp, body := do(t, tenant, newRequest(t.Context(), "GET", location.String(), "")); resp.StatusCode != 200 || len(body) != 1024 {
		t.Error(resp.Status, len(body))
	}
}

func TestABodyIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := func(*http.Request) aprimotest.Fault { return aprimotest.Fault{Cut: 10} }
		tenant := &aprimotest.Tenant{Service: atOnce, OrderTime: -1, Fault: cut}
		for name, get := range map[string]func(string) (*http.Response, error){
			"in process": (&http.Client{Transport: tenant.Transport()}).Get,
			"served":     serve(t, tenant).Get,
		} {
			resp, err := get("http://acme.dam.aprimo.com/api/core/records")
			if err != nil {
				t.Fatal(err)
			}
			body := make([]byte, 100)
			n, err := readAll(resp, body)
			if n != 10 || err == nil {
				t.Errorf("%s: %d bytes, %v", name, n, err)
			}
		}
	})
}

func readAll(resp *http.Response, body []byte) (n int, err error) {
	defer resp.Body.Close()
	for err == nil {
		var m int
		m, err = resp.Body.Read(body[n:])
		n += m
	}
	if err.Error() == "EOF" {
		err = nil
	}
	return n, err
}

// A download is in the trail of each record, among the downloads alone.
func TestADownloadIsInTheTrail(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	call(t, tenant, "POST", ordersURL, order("", target("1"), target("2")), 201)
	call(t, tenant, "POST", ordersURL, `{"type":"publicCdn","targets":[`+target("1")+`]}`, 201)
	for id, want := range map[string]int{"1": 1, "2": 1, "3": 0} {
		record := fmt.Sprintf("%s/record/%032s", coreURL, id)
		entries := call(t, tenant, "GET", record+"/trail?filter=download", "", 200)["entries"].([]any)
		others := call(t, tenant, "GET", record+"/trail?filter=change", "", 200)["entries"].([]any)
		if len(entries) != want || len(others) != 0 {
			t.Errorf("record %s: got %d downloads and %d changes, want %d and none", id, len(entries), len(others), want)
		} else if want > 0 && entries[0].(map[string]any)["type"] != "recordDownloaded" {
			t.Errorf("record %s: got %v, want a recordDownloaded", id, entries[0])
		}
	}
}
