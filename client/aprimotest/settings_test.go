package aprimotest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// Where sources disagree, and where real tenants accept what the guide does not have, a setting
// chooses the other way.
func TestSettingsChooseTheOtherWay(t *testing.T) {
	const id = "00000000-0000-0000-0000-000000000001"
	for _, c := range []struct {
		about  string
		change func(*aprimotest.Tenant)
		status func(*aprimotest.Tenant) int
		as, or int
	}{
		{"an id with dashes", func(tenant *aprimotest.Tenant) { tenant.Strict.BareIDs = true }, func(tenant *aprimotest.Tenant) int {
			resp, _ := do(t, tenant, newRequest(t.Context(), "GET", coreURL+"/record/"+id, ""))
			return resp.StatusCode
		}, 200, 404},
		{"a body that only a lenient parser reads", func(tenant *aprimotest.Tenant) { tenant.Strict.JSON = true }, func(tenant *aprimotest.Tenant) int {
			resp, _ := do(t, tenant, newRequest(t.Context(), "POST", coreURL+"/classifications", `{name:'A','isRoot':true,}`))
			return resp.StatusCode
		}, 201, 400},
		{"an upload without API-VERSION", func(tenant *aprimotest.Tenant) { tenant.Strict.UploadHeaders = true }, func(tenant *aprimotest.Tenant) int {
			tenant.RequireHeaders = true
			req := newRequest(t.Context(), "POST", moURL+"/uploads/segments", `{"filename":"a.jpg"}`)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Del("API-VERSION")
			resp, _ := do(t, tenant, req)
			return resp.StatusCode
		}, 200, 400},
		{"to delete a classification that has others below it", func(tenant *aprimotest.Tenant) { tenant.DeleteTrees = true }, func(tenant *aprimotest.Tenant) int {
			above := call(t, tenant, "POST", coreURL+"/classifications", `{"name":"A","isRoot":true}`, 201)["id"]
			call(t, tenant, "POST", coreURL+"/classifications", fmt.Sprintf(`{"name":"B","parentId":%q}`, above), 201)
			resp, _ := do(t, tenant, newRequest(t.Context(), "DELETE", fmt.Sprintf("%s/classification/%s", coreURL, above), ""))
			return resp.StatusCode
		}, 409, 204},
		{"the records of a dynamic collection", func(tenant *aprimotest.Tenant) { tenant.DynamicRecords = true }, func(tenant *aprimotest.Tenant) int {
			made := call(t, tenant, "POST", coreURL+"/collections", `{"name":"A","type":"Dynamic"}`, 201)
			resp, _ := do(t, tenant, newRequest(t.Context(), "GET", fmt.Sprintf("%s/collection/%s/records", coreURL, made["id"]), ""))
			return resp.StatusCode
		}, 500, 200},
	} {
		for _, other := range []bool{false, true} {
			tenant, want := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Records: 1}, c.as
			if other {
				c.change(tenant)
				want = c.or
			}
			if got := c.status(tenant); got != want {
				t.Errorf("%s, the other way %v: got %d, want %d", c.about, other, got, want)
			}
		}
	}
}

func TestSignedLinksEnd(t *testing.T) {
	for setting, valid := range map[time.Duration]time.Duration{0: 30 * time.Hour, 4 * time.Hour: 4 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, OrderTime: -1, SignedFor: setting}
			link := decode[orderView](t, post(t, tenant, ordersURL, order("", target("1")), 201)).DeliveredFiles[0]
			for _, c := range []struct {
				sleep time.Duration
				want  int
			}{{valid - time.Second, 200}, {time.Second, 403}} {
				time.Sleep(c.sleep)
				if resp, _ := do(t, tenant, newRequest(t.Context(), "GET", link, "")); resp.StatusCode != c.want {
					t.Errorf("SignedFor %v: %v later got %s, want %d", setting, c.sleep, resp.Status, c.want)
				}
			}
		})
	}
}

// Settings are made by their definitions.
func TestASettingIsNeitherMadeNorDeleted(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	call(t, tenant, "POST", coreURL+"/settings", `{"name":".defaultRecordTitleField","value":"Title"}`, 405)
	call(t, tenant, "DELETE", coreURL+"/setting/.defaultRecordTitleField", "", 405)
}
