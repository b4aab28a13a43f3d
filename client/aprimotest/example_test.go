package aprimotest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A program under test gets an http.Client whose every request, whatever its
// host, goes to the tenant.
func Example() {
	var tenant aprimotest.Tenant
	client := &http.Client{Transport: tenant.Transport()}

	resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var page struct{ TotalCount int }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Status, "-", page.TotalCount, "records")
	// Output: 200 OK - 3 records
}

// A Tenant is an http.Handler, for a program that takes no http.Client but the
// address of a server.
func ExampleTenant() {
	server := httptest.NewServer(&aprimotest.Tenant{Rate: 1000, Records: 250})
	defer server.Close()

	resp, err := http.Get(server.URL + "/api/core/record/000000000000000000000000000000fa")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var record struct{ Status string }
	if err := json.NewDecoder(resp.Body).Decode(&record); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(record.Status)
	// Output: Released
}

// A tenant whose rate is used up by another integration, and which queues
// nothing, answers 429 to the first request already.
func ExampleTenant_Transport() {
	tenant := &aprimotest.Tenant{
		Queue:  -1,
		Others: []aprimotest.Load{{Agent: "nightly-export", Burst: 15}},
	}
	client := &http.Client{Transport: tenant.Transport()}

	resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 429 Too Many Requests
}

// The report says what each integration did to the tenant, and what it got.
func ExampleTenant_Report() {
	tenant := &aprimotest.Tenant{
		Rate:   1,
		Queue:  2,
		Others: []aprimotest.Load{{Agent: "nightly-export", Burst: 3}},
	}
	client := &http.Client{Transport: tenant.Transport()}

	for range 2 {
		req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com/api/core/records", nil)
		req.Header.Set("User-Agent", "my-program/1.0")
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}

	mine := tenant.Report().Agents["my-program/1.0"]
	fmt.Println(mine.Arrived, "arrived,", mine.Rejected, "rejected")
	// Output: 2 arrived, 2 rejected
}

func ExampleReport_String() {
	report := aprimotest.Report{
		Agents: map[string]aprimotest.Agent{
			"my-program/1.0": {Arrived: 900, Served: 900, Delayed: 40, MaxPerSecond: 10, Delay: 18 * time.Second, MaxDelay: time.Second},
			"nightly-export": {Arrived: 500, Served: 460, Delayed: 300, Rejected: 40, MaxPerSecond: 120, Delay: 15 * time.Minute, MaxDelay: 6667 * time.Millisecond},
		},
		Total: aprimotest.Agent{Arrived: 1400, Served: 1360, Delayed: 340, Rejected: 40, MaxPerSecond: 130, Delay: 918 * time.Second, MaxDelay: 6667 * time.Millisecond},
	}
	fmt.Print(report)
	// Output:
	//   arrived  served  delayed  rejected  failed  max/s  mean delay  max delay  tokens  agent
	//       900     900       40         0       0     10        20ms         1s       0  my-program/1.0
	//       500     460      300        40       0    120      1.957s     6.667s       0  nightly-export
	//      1400    1360      340        40       0    130       675ms     6.667s       0  total
}

// Two other integrations: one that asks every other second, at random, and one
// that comes every minute with as much as the tenant will queue.
func ExampleLoad() {
	tenant := &aprimotest.Tenant{
		Rate: 1,
		Others: []aprimotest.Load{
			{Agent: "web-shop", Rate: 0.5, Random: true},
			{Agent: "nightly-export", Burst: 101, Every: time.Minute, Until: time.Hour},
		},
	}
	tenant.Start() // now, not with the first request of the program under test

	fmt.Println(tenant.Queued(), "wait in the queue")
	// Output: 100 wait in the queue
}

// The second request fails as a gateway fails when there is no server behind it.
func ExampleFault() {
	var requests atomic.Int64 // called for all requests, which may come at the same time
	tenant := &aprimotest.Tenant{
		Fault: func(*http.Request) aprimotest.Fault {
			if requests.Add(1) == 2 {
				return aprimotest.Fault{Status: http.StatusBadGateway}
			}
			return aprimotest.Fault{}
		},
	}
	client := &http.Client{Transport: tenant.Transport()}

	for range 3 {
		resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 200 OK
	// 502 Bad Gateway
	// 200 OK
}

// A 429 as some gateways write it: in JSON, with the time to wait in a fraction of
// a second, which is not in the standard.
func ExampleRejection() {
	tenant := &aprimotest.Tenant{
		Queue:  -1,
		Others: []aprimotest.Load{{Agent: "nightly-export", Burst: 15}},
		Reject: aprimotest.Rejection{
			Header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"0.5"}},
			Body:   []byte(`{"message":"slow down"}`),
		},
	}
	client := &http.Client{Transport: tenant.Transport()}

	resp, err := client.Post("https://acme.dam.aprimo.com/api/core/records", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("Retry-After"))
	io.Copy(os.Stdout, resp.Body)
	// Output:
	// 429 Too Many Requests 0.5
	// {"message":"slow down"}
}

// To create a record takes longer than to read one.
func ExampleServices() {
	tenant := &aprimotest.Tenant{
		Service: aprimotest.Services{
			"POST /api/core/records":    50 * time.Millisecond,
			"GET /api/core/record/{id}": 10 * time.Millisecond,
		}.Func(),
	}
	client := &http.Client{Transport: tenant.Transport()}

	start := time.Now()
	resp, err := client.Post("https://acme.dam.aprimo.com/api/core/records", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, time.Since(start) >= 50*time.Millisecond)
	// Output: 201 Created true
}
