package aprimotest_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// The profile of your tenant, which examples/probe writes, is good for two things: your
// tests run against a tenant like it, and the transport keeps its limit.
func ExampleReadProfile() {
	file := strings.NewReader(`{"version": 1, "tenant": "acme", "measured": "2026-11-27T08:00:00Z",
		"requestsPerSecond": 20, "queue": 150, "release": "FixedWindow", "releaseSure": true}`)

	profile, err := aprimotest.ReadProfile(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	tenant := profile.Tenant()
	client := &http.Client{Transport: transport.New(
		transport.WithBase(tenant.Transport()),
		transport.WithLimiter(transport.NewLimiter(profile.Rate, time.Second)),
	)}
	resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(profile.Name, tenant.Rate, tenant.Queue, tenant.Release, resp.Status)
	// Output: acme 20 150 FixedWindow 200 OK
}

// What is not in a profile has Aprimo's default, so a profile can be made by hand.
func ExampleProfile_Tenant() {
	profile := aprimotest.Profile{
		Name:     "acme",
		Rate:     10,
		Queue:    -1, // none
		Rejected: &aprimotest.RejectedAnswer{RetryAfter: "3"},
	}
	tenant := profile.Tenant()
	tenant.Others = []aprimotest.Load{{Agent: "nightly-export", Burst: 10}}

	resp, err := (&http.Client{Transport: tenant.Transport()}).Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.Header.Get("Retry-After"))
	// Output: 429 Too Many Requests 3
}
