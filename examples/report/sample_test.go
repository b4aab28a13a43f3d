package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// logged returns the log of 300 calls of three users of a tenant whose queue others keep full.
func logged(t *testing.T) []byte {
	var log bytes.Buffer
	tenant := &aprimotest.Tenant{Rate: 60, Queue: 20, Others: []aprimotest.Load{{Agent: "others", Burst: 80, Rate: 70, Until: 3 * time.Second}}}
	tr := transport.New(
		transport.WithBase(tenant.Transport()),
		transport.WithLimiter(transport.NewLimiter(60, time.Second)),
		transport.WithLogger(zerolog.New(&log).With().Timestamp().Logger()),
	)
	users := []string{"nightly-import", "nightly-import", "anna@example.com"}
	paths := []string{"/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "/api/core/records", "/api/core/search/records"} // each has a hint
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			ctx := transport.ContextWithUser(t.Context(), users[i%len(users)])
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com"+paths[i%7%len(paths)], nil)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		})
	}
	all.Wait()
	if err := tr.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	return log.Bytes()
}

// What the transport logs is understood, and so is the sample log; JSON and a page can be
// written at the same time.
func TestReportOfTheSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, files := range map[string][]string{"transport": {write(t, "app.log", logged(t))}, "sample": nil} {
			var out bytes.Buffer
			file := filepath.Join(t.TempDir(), "page.html")
			if err := run(t.Context(), &out, options{asJSON: true, page: file, files: files}); err != nil {
				t.Fatal(err)
			}
			var r report
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Total == 0 || r.Broken != 0 || r.NotJSON != 0 || r.NoTime != 0 || len(r.Users) == 0 || len(r.Advice) == 0 {
				t.Errorf("%s: got %s\nwant users and advice, and no broken lines", name, &out)
			}
			if page, err := os.ReadFile(file); err != nil || len(r.Users) == 0 || !bytes.Contains(page, []byte(r.Users[0].Name)) {
				t.Errorf("%s: got error %v and the page %s, want one with the users", name, err, page)
			}
		}
	})
}
