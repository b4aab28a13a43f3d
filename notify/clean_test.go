package notify

import (
	"strings"
	"testing"
)

func TestOperation(t *testing.T) {
	for _, tt := range []struct{ method, url, want string }{
		{"PUT", "https://acme.dam.aprimo.com/api/core/record/0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9/fields?x", "PUT /api/core/record/{id}/fields"},
		{"GET\r\nX: y", "/a\x00b", `GET\x0d\x0aX: y /a\x00b`},
	} {
		if got := operation(tt.method, tt.url); got != tt.want {
			t.Errorf("operation(%q, %q) = %q, want %q", tt.method, tt.url, got, tt.want)
		}
	}
}

func TestTenantOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://acme.dam.aprimo.com/api": "acme",
		"https://Acme.aprimo.com:443/":    "acme",
		"http://127.0.0.1:8080/x":         "127.0.0.1",
		"https://aprimo.com.evil.example": "aprimo.com.evil.example",
		"https://a b\r\n/":                "",
		"":                                "",
	} {
		if got := tenantOf(in); got != want {
			t.Errorf("tenantOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzOperation(f *testing.F) {
	f.Add("GET", "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9?q=secret")
	f.Add("POST", "/a/%2F/\xff/../x?y#z")
	f.Fuzz(func(t *testing.T, method, url string) {
		op := operation(method, url)
		if op != clean(op, maxText) {
			t.Errorf("got %q, want it clean", op)
		}
		before, query, _ := strings.Cut(url, "?")
		marked := operation(method, before+"?"+query)
		if marked != operation(method, before) {
			t.Errorf("got %q, want it without the query: %q", marked, operation(method, before))
		}
		if !strings.ContainsAny(before, "#?") && operation("GET", before+"/12345") != operation("GET", before+"/678") {
			t.Errorf("%q: got another operation with another number, want the same", before)
		}
	})
}
