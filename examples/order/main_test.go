package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
)

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var out bytes.Buffer
		if err := run(t.Context(), flags{dir: dir}, &out); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
		if err != nil || len(files) != 12 || strings.Count(out.String(), "\n") != 13 || !strings.HasPrefix(out.String(), "Simulated tenant") {
			t.Errorf("got %d files, %v; output %q; want 12 files, and a line for the tenant and each", len(files), err, out.String())
		}
	})
}

func newClient(t *testing.T, tenant *aprimotest.Tenant) *client.Client {
	t.Helper()
	c, err := connect.Client("", tenant, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Files of the same name in different orders do not replace each other.
func TestManyOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dir := newClient(t, &aprimotest.Tenant{Records: 250}), t.TempDir()
		for range 2 { // again, into the same folder
			if err := order(t.Context(), c, flags{dir: dir}, io.Discard); err != nil {
				t.Fatal(err)
			}
			if files, err := filepath.Glob(filepath.Join(dir, "order-000[123]", "*")); err != nil || len(files) != 250 {
				t.Errorf("got %d files, %v; want 250 in three folders", len(files), err)
			}
		}
	})
}

// What to order is asked for, and no folder of another command or with other files is used.
func TestOrderRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "photo.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]flags{
		"choose one":        {find: "a", collection: "b"},
		"choose what":       {tenant: "acme", find: " "},
		"choose an empty":   {dir: full},
		"no record was":     {dir: t.TempDir(), find: "Title = 'none'"},
		"set APRIMO_CLIENT": {tenant: "acme", all: true, dir: t.TempDir()},
	} {
		t.Setenv("APRIMO_CLIENT_ID", "")
		if err := run(t.Context(), f, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got error %v, want %q", f, err, want)
		}
	}
	f := flags{tenant: "acme", find: "a", dir: t.TempDir()}
	if err := own(f); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []string{"", "acme"} { // only another try may use the files of a try
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ownerName), []byte(`{"version":1,"tenant":"simulated 1-1"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := own(flags{tenant: tenant, dir: dir}); (err == nil) != (tenant == "") {
			t.Errorf("tenant %q after a try: got error %v", tenant, err)
		}
	}
	f.find = "b"
	if err := own(f); err == nil || !strings.Contains(err.Error(), `-find "a"`) {
		t.Errorf("got error %v, want that the files are of another -find", err)
	}
}

type answers string // to every request

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}

// An order that failed as a whole, without a number of files, is not reported as done.
func TestOrderFails(t *testing.T) {
	c, err := client.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "none"}),
		client.WithHTTPClient(&http.Client{Transport: answers(`{"id":"0a1b","status":"Failed","message":"no disk"}`)}))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	failed, err := download(t.Context(), c, []client.OrderTarget{{RecordID: "1"}}, t.TempDir(), &out)
	if failed != 1 || err != nil || !strings.Contains(out.String(), "no disk") {
		t.Errorf("got %d failed, %v and output %q; want 1 with the reason", failed, err, &out)
	}
}

// After Ctrl-C the error says what to do.
func TestOrderStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		err := order(ctx, newClient(t, new(aprimotest.Tenant)), flags{dir: t.TempDir()}, io.Discard)
		if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "run the same command again") {
			t.Errorf("got error %v, want one that says how to resume", err)
		}
	})
}
