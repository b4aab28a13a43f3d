// Package examples_test checks the README and the comments of the repository.
package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/notify"
)

// imports are added to snippets that are not whole programs.
var imports = map[string]string{
	"context":    "context",
	"errors":     "errors",
	"http":       "net/http",
	"transport":  "github.com/aprimo-go/aprimo/transport",
	"fmt":        "fmt",
	"log":        "log",
	"os":         "os",
	"time":       "time",
	"testing":    "testing",
	"synctest":   "testing/synctest",
	"zerolog":    "github.com/rs/zerolog",
	"aprimotest": "github.com/aprimo-go/aprimo/client/aprimotest",
	"notify":     "github.com/aprimo-go/aprimo/notify",
	"retry":      "github.com/aprimo-go/aprimo/retry",
	"redis":      "github.com/redis/go-redis/v9",
	"redislimit": "github.com/aprimo-go/aprimo/transport/redislimit",
	"status":     "github.com/aprimo-go/aprimo/transport/status",
	"prom":       "github.com/aprimo-go/aprimo/transport/prom",
	"prometheus": "github.com/prometheus/client_golang/prometheus",
}

func TestReadmeCodeCompiles(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no Go code")
	}
	for i, block := range blocks {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			dir := t.TempDir()
			code := program(string(block[1]))
			name := "main.go"
			if strings.Contains(code, "*testing.T") {
				name = "main_test.go"
			}
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, out, code)
			}
		})
	}
}

// The alert in the examples' README has no line that the sample alert does not have.
func TestReadmeAlertIsTheSample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	alert := regexp.MustCompile("(?s)```\n(\\[Aprimo acme\\] .*?)```").FindSubmatch(readme)
	if alert == nil {
		t.Fatal("got no alert in README.md, want one")
	}
	sample := notify.Sample(notify.Throttled, notify.Firing)
	lines := strings.Split(sample.Subject()+"\n"+sample.Text(), "\n")
	for line := range strings.Lines(string(alert[1])) {
		if line = strings.TrimSuffix(line, "\n"); !slices.Contains(lines, line) {
			t.Errorf("got %q in README.md, want a line of the sample alert", line)
		}
	}
}

// given is declared for every snippet.
const given = `
var (
	ctx    context.Context
	tr     *transport.Transport
	alerts *notify.Alerter
)
`

// Most snippets call an http.Client client, as package client is named.
const (
	sdk        = `import "github.com/aprimo-go/aprimo/client"` + "\n"
	httpClient = "var client *http.Client\n"
)

// program makes a snippet a Go file.
func program(code string) string {
	if strings.HasPrefix(code, "package ") {
		return code
	}
	file, given := "package main\n", given
	switch {
	case strings.Contains(code, "client.New("):
		file += sdk
	case regexp.MustCompile(`\bc\.[A-Z]`).MatchString(code):
		file += sdk
		given += "var (\n\tc *client.Client\n\tid string\n)\n"
	default:
		given += httpClient
	}
	for name, path := range imports {
		if strings.Contains(given, name+".") || regexp.MustCompile(`\b`+name+`\.[A-Z]`).MatchString(code) {
			file += fmt.Sprintf("import %s %q\n", name, path)
		}
	}
	file += given
	if regexp.MustCompile(`(?m)^func `).MatchString(code) {
		return file + code
	}
	used := ""
	for _, defined := range regexp.MustCompile(`(?m)^(\w+)(?:, (\w+))? :=`).FindAllStringSubmatch(code, -1) {
		for _, name := range defined[1:] {
			if name != "" {
				used += "_ = " + name + "\n"
			}
		}
	}
	return file + "func main() {\n" + code + used + "}\n"
}
