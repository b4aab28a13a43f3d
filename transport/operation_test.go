package transport_test

import (
	"fmt"
	"testing"

	"github.com/aprimo-go/aprimo/transport"
)

func TestOperation(t *testing.T) {
	for _, test := range []struct{ method, url, want string }{
		{"GET", "https://acme.dam.aprimo.com/api/core/records?page=2", "GET /api/core/records"},
		{"GET", "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "GET /api/core/record/{id}"},
		{"PUT", "https://acme.dam.aprimo.com/api/core/record/0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9/fields", "PUT /api/core/record/{id}/fields"},
		{"POST", "https://acme.aprimo.com/uploads/segments/YWJjZGVmZ2hpamtsbW5v%3d1234/commit#x", "POST /uploads/segments/{id}/commit"},
		{"POST", "https://acme.aprimo.com/uploads/segments/REDACTED/commit", "POST /uploads/segments/{id}/commit"},
		{"GET", "https://acme.aprimo.com/api/activities/12345/tasks", "GET /api/activities/{id}/tasks"},
		{"GET", "https://acme.aprimo.com/api/activities/9/tasks", "GET /api/activities/{id}/tasks"},
		{"GET", "/api/users/me", "GET /api/users/me"},
		{"GET", "/api/financial-hierarchies/journal-vouchers", "GET /api/financial-hierarchies/journal-vouchers"},
		{"GET", "https://acme.aprimo.com", "GET /"},
		{"", "", " "},
	} {
		if got := transport.Operation(test.method, test.url); got != test.want {
			t.Errorf("Operation(%q, %q) = %q, want %q", test.method, test.url, got, test.want)
		}
	}
}

func ExampleOperation() {
	fmt.Println(transport.Operation("GET", "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9?x=y"))
	// Output: GET /api/core/record/{id}
}
