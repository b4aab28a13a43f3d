package aprimotest_test

import (
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestServices(t *testing.T) {
	table := aprimotest.Services{
		"GET /api/core/record/{id}":             1,
		"POST /api/core/orders":                 2,
		"acme.aprimo.com/":                      3,
		"POST sb1.aprimo.com/uploads/{rest...}": 4,
	}
	service := table.Func()
	table["POST /api/core/orders"] = 99 // comes too late
	for _, tt := range []struct {
		method, url string
		want        time.Duration
	}{
		{"GET", "https://acme.dam.aprimo.com/api/core/record/1", 1},
		{"POST", "https://acme.dam.aprimo.com/api/core/orders", 2},
		{"GET", "https://acme.dam.aprimo.com/api/core/orders", 20 * time.Millisecond},
		{"GET", "https://acme.aprimo.com/api/activities", 3},
		{"POST", "https://sb1.aprimo.com/uploads/segments/abc", 4},
	} {
		if got := service(newRequest(t.Context(), tt.method, tt.url, "")); got != tt.want {
			t.Errorf("%s %s: %v, want %v", tt.method, tt.url, got, tt.want)
		}
	}
	if got := (aprimotest.Services{"/": time.Second}).Func()(newRequest(t.Context(), "PUT", "https://h/x/y", "")); got != time.Second {
		t.Errorf("/: %v, want 1s", got)
	}
}
