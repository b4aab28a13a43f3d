package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"

	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/notify"
)

//go:embed index.html.tmpl
var indexHTML string

var index = template.Must(template.New("index").Parse(indexHTML))

// A sample is an alert in the preview.
type sample struct {
	Name, Subject string
	Ends          []string // of the names of its files, without .html
}

// preview writes every alert as text, as HTML, as a mail and as the webhooks send it, and
// a page that shows them all.
func preview(dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	server, err := mailserver.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	var samples []sample
	for _, condition := range []notify.Condition{notify.Saturated, notify.Throttled, notify.Failing, notify.Refusing} {
		for _, phase := range []notify.Phase{notify.Firing, notify.Escalated, notify.Reminder, notify.Resolved, notify.Digest, notify.Test} {
			a := notify.Sample(condition, phase)
			s := sample{Name: fmt.Sprintf("%s-%s", condition, phase), Subject: a.Subject()}
			files, err := render(server, a)
			if err != nil {
				return err
			}
			for end, content := range files {
				if err := os.WriteFile(filepath.Join(dir, s.Name+end), content, 0o644); err != nil {
					return err
				}
			}
			delete(files, ".html")
			s.Ends = slices.Sorted(maps.Keys(files))
			samples = append(samples, s)
		}
	}
	var page bytes.Buffer
	if err := index.Execute(&page, samples); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "index.html"), page.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d alerts, each in 6 forms, are in %s: open %s\n", len(samples), dir, filepath.Join(dir, "index.html"))
	return nil
}

// render returns an alert in all its forms, by file name extension.
func render(server *mailserver.Server, a notify.Alert) (map[string][]byte, error) {
	ctx := context.Background()
	if err := server.Email().Notify(ctx, a); err != nil {
		return nil, err
	}
	mails := server.Received()
	files := map[string][]byte{
		".txt":  []byte(a.Subject() + "\n\n" + a.Text()),
		".html": []byte(a.HTML()),
		".eml":  []byte(mails[len(mails)-1]),
	}
	for _, shape := range []notify.Shape{notify.JSON, notify.Slack, notify.Teams} {
		var body []byte
		hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) }))
		err := notify.Webhook{URL: hook.URL, Shape: shape}.Notify(ctx, a)
		hook.Close()
		if err != nil {
			return nil, err
		}
		var pretty any
		if err := json.Unmarshal(body, &pretty); err != nil {
			return nil, err
		}
		if body, err = json.MarshalIndent(pretty, "", "  "); err != nil {
			return nil, err
		}
		ext := ".json"
		if shape != notify.JSON {
			ext = "." + string(shape) + ".json"
		}
		files[ext] = body
	}
	return files, nil
}
