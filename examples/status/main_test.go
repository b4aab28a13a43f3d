package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// The page is served until the context ends; then no goroutine is left.
func TestStatus(t *testing.T) {
	defer goleak.VerifyNone(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- run(ctx, listener, io.Discard) }()
	defer http.DefaultClient.CloseIdleConnections()
	resp, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "<h2>Queue</h2>") {
		t.Errorf("got %s, %v, want the page: %s", resp.Status, err, page)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// If the page cannot be served, nothing is left running.
func TestStatusOnAClosedListener(t *testing.T) {
	defer goleak.VerifyNone(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := run(t.Context(), listener, io.Discard); err == nil {
		t.Error("got no error, want that of the listener")
	}
}
