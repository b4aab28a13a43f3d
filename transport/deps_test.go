package transport_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a package may not be compiled with, and why.
func TestImports(t *testing.T) {
	// What "go list" reads is not seen by the cache of tests: look at it here too.
	_ = filepath.WalkDir("..", func(file string, _ fs.DirEntry, _ error) error {
		_, err := os.Stat(file)
		return err
	})
	const module = "github.com/aprimo-go/aprimo/"
	deps := map[string][]string{}
	for _, rule := range []struct{ pkg, never, why string }{
		{"retry", module, "it is the lowest layer"},
		{"transport", module + "client", "the client stands on the transport"},
		{"transport", module + "notify", "mail subscribes as an Observer"},
		{"transport", "net/smtp", "mail subscribes as an Observer"},
		{"transport", "github.com/wneessen/go-mail", "mail subscribes as an Observer"},
		{"transport", "github.com/redis/go-redis", "Redis is a Limiter"},
		{"transport", "go.opentelemetry.io", "telemetry subscribes as an Observer"},
		{"transport", "github.com/prometheus", "telemetry subscribes as an Observer"},
		{"transport", "golang.org/x/time/rate", "our limiter is strict"},
		{"transport", "testing", "test code stays out of users' programs"},
		{"transport/measure", module + "notify", "it reads alerts through an interface of its own"},
		{"transport/measure", "go.opentelemetry.io", "any telemetry may be made of it"},
		{"transport/measure", "github.com/prometheus", "any telemetry may be made of it"},
		{"transport/otelaprimo", "go.opentelemetry.io/otel/sdk", "the SDK is the program's choice"},
		{"transport/otelaprimo", "github.com/prometheus", "that is package prom's"},
		{"transport/otelaprimo", "github.com/redis/go-redis", "Redis is a Limiter"},
		{"transport/otelaprimo", "github.com/wneessen/go-mail", "mail is package notify's"},
		{"transport/otelaprimo", "net/smtp", "mail is package notify's"},
		{"transport/otelaprimo", module + "notify", "alerts count themselves"},
		{"transport/otelaprimo", module + "client", "whoever uses the transport can measure it"},
		{"transport/otelaprimo", "testing", "test code stays out of users' programs"},
		{"transport/prom", "go.opentelemetry.io", "Prometheus alone is enough"},
		{"transport/prom", "github.com/redis/go-redis", "Redis is a Limiter"},
		{"transport/prom", "github.com/wneessen/go-mail", "mail is package notify's"},
		{"transport/prom", "net/smtp", "mail is package notify's"},
		{"transport/prom", module + "notify", "alerts count themselves"},
		{"transport/prom", module + "client", "whoever uses the transport can measure it"},
		{"transport/prom", "testing", "test code stays out of users' programs"},
		{"transport/status", module + "notify", "it shows alerts through measure.Alerts"},
		{"transport/status", module + "client", "whoever uses the transport can see it"},
		{"transport/status", "github.com/wneessen/go-mail", "mail is package notify's"},
		{"transport/status", "testing", "test code stays out of users' programs"},
		{"retry", "testing", "test code stays out of users' programs"},
		{"notify", "testing", "test code stays out of users' programs"},
		{"notify", module + "client", "alerts are about a transport, whoever uses it"},
		{"client/aprimotest", "github.com/", "its dependency is the standard library alone"},
		{"client/aprimotest", "testing", "it also serves programs that are no tests"},
	} {
		if deps[rule.pkg] == nil {
			out, err := exec.Command("go", "list", "-deps", module+rule.pkg).Output()
			if err != nil {
				t.Fatalf("go list %s: %v", rule.pkg, err)
			}
			deps[rule.pkg] = strings.Fields(string(out))
		}
		for _, dep := range deps[rule.pkg] {
			if dep != module+rule.pkg && (dep == rule.never || strings.HasPrefix(dep, strings.TrimSuffix(rule.never, "/")+"/")) {
				t.Errorf("%s is compiled with %s, and should not be: %s", rule.pkg, dep, rule.why)
			}
		}
	}
}
