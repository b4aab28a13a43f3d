package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/aprimo-go/aprimo/examples/internal/mailserver"
	"github.com/aprimo-go/aprimo/notify"
)

// preview writes every alert as text, HTML and mail, and as the webhooks send it.
func preview(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	server, err := mailserver.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	n := 0
	for _, level := range []notify.Level{notify.Saturated, notify.Throttled, notify.Failing} {
		for _, phase := range []notify.Phase{notify.Firing, notify.Escalated, notify.Reminder, notify.Resolved, notify.Digest, notify.Test} {
			a := notify.Sample(level, phase)
			files, err := render(server, a)
			if err != nil {
				return err
			}
			for ext, content := range files {
				name := filepath.Join(dir, fmt.Sprintf("%s-%s%s", level, phase, ext))
				if err := os.WriteFile(name, content, 0o644); err != nil {
					return err
				}
				n++
			}
		}
	}
	fmt.Printf("%d files in %s: begin with %s\n", n, dir, filepath.Join(dir, "throttled-firing.html"))
	return nil
}

// render returns an alert in all its forms, by the ends of the files' names.
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
