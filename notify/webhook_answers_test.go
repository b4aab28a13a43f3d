package notify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// A chat that answers 2xx says in the body whether it has delivered the message.
func TestWebhookWhoseAnswerSaysNo(t *testing.T) {
	const good, later, never = "delivered", "later", "never"
	for _, tt := range []struct {
		shape  notify.Shape
		status int
		answer string
		want   string
	}{
		{notify.Slack, 200, "ok", good},
		{notify.Slack, 200, `{"ok":true}`, good},
		{notify.Slack, 200, "", good},
		{notify.Slack, 200, `{"ok":false,"error":"ratelimited"}`, later},
		{notify.Slack, 200, `{"ok":false,"error":"not_in_channel"}`, never},
		{notify.Slack, 200, `{"success":false}`, never},
		{notify.Slack, 200, "no_service", never},
		{notify.Slack, 200, "<html>Sign in", never},
		{notify.Teams, 200, "1", good},
		{notify.Teams, 202, "", good},
		{notify.Teams, 202, `{"id":"08584"}`, good},
		{notify.Teams, 200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 503 with ContextId tcid=1", later},
		{notify.Teams, 200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403 with ContextId tcid=1", never},
		{notify.Teams, 200, "Webhook Bad Request - delivery failed", never},
		{notify.Teams, 200, `{"error":{"code":"WorkflowDisabled"}}`, never},
		{notify.Teams, 200, "<!DOCTYPE html><title>Sign in", never},
		{notify.PagerDuty, 202, `{"status":"success"}`, good},
		{notify.PagerDuty, 202, "", good},
		{notify.PagerDuty, 200, "\n<html><title>Sign in", never},
		{notify.PagerDuty, 200, "\ufeff<html><title>Sign in", never},
		{notify.Slack, 200, "\ufeffok\r\n", good},
		{notify.Alertmanager, 200, "", good},
		{notify.Alertmanager, 200, "<!DOCTYPE html><title>Sign in", never},
		{notify.JSON, 200, `{"ok":false}`, good}, // nobody knows what it means there
		{notify.JSON, 200, "<!DOCTYPE html>", good},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			io.WriteString(w, tt.answer)
		}))
		err := notify.Webhook{URL: s.URL, Shape: tt.shape, RoutingKey: "key"}.Notify(t.Context(), sampleAlert())
		got := never
		switch {
		case err == nil:
			got = good
		case !errors.Is(err, notify.ErrPermanent):
			got = later
		}
		if got != tt.want || errors.Is(err, notify.ErrUnconfirmed) {
			t.Errorf("%q %d %q: got %s, %v, want %s", tt.shape, tt.status, tt.answer, got, err, tt.want)
		}
		s.Close()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// A server that got the alert and does not answer may have delivered it.
func TestWebhookWithoutAnAnswer(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"connection lost": func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); panic(http.ErrAbortHandler) },
		"no answer":       func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
		"504":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGatewayTimeout) },
		"half an answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "ok")
		},
	} {
		s := httptest.NewUnstartedServer(handler)
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.Start()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := notify.Webhook{URL: s.URL, Shape: notify.Slack}.Notify(ctx, sampleAlert())
		wantError(t, err, notify.ErrUnconfirmed)
		if errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%s: got %v, want an error that is not permanent", name, err)
		}
		cancel()
		s.Close()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := (notify.Webhook{URL: "http://" + l.Addr().String()}).Notify(t.Context(), sampleAlert()); err == nil || errors.Is(err, notify.ErrUnconfirmed) {
		t.Errorf("no server: got %v, want an error of an alert that was certainly not delivered", err)
	}
}

// A Client that follows a redirect turns the POST into a GET, whose 200 says nothing.
func TestWebhookWhoseClientFollowsARedirect(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new/geheim", http.StatusSeeOther)
		}
	}))
	defer s.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	err := notify.Webhook{URL: s.URL + "/old", Client: new(http.Client)}.Notify(t.Context(), sampleAlert())
	wantError(t, err, notify.ErrPermanent, "redirects to 127.0.0.1", "use the URL")
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v, want it without the path", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A body that is as long as one likes, or never comes, and a Client that repeats the URL, or
// ignores the context.
func TestWebhookWithAStrangeClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		read := 0
		answer := func(r io.Reader) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(r)}, nil
		}
		for name, base := range map[string]roundTripper{
			"repeats the URL": func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("POST %s giving up after 2 attempts\x1b", r.URL)
			},
			"hangs":  func(*http.Request) (*http.Response, error) { <-end; return nil, io.EOF },
			"panics": func(*http.Request) (*http.Response, error) { panic("geheimnis-token") },
			"body hangs": func(*http.Request) (*http.Response, error) {
				return answer(reader(func([]byte) (int, error) { <-end; return 0, io.EOF }))
			},
			"endless yes": func(*http.Request) (*http.Response, error) {
				return answer(reader(func(p []byte) (int, error) { read += len(p); return copy(p, strings.Repeat("x", len(p))), nil }))
			},
		} {
			begin := time.Now()
			err := notify.Webhook{URL: "https://chat.example.com/T01/geheimnis-token", Shape: notify.Slack,
				Client: &http.Client{Transport: base}}.Notify(t.Context(), sampleAlert())
			if err == nil || strings.Contains(err.Error(), "geheim") || strings.ContainsFunc(err.Error(), unsafe) {
				t.Errorf("%s: got %v, want a printable error without the secret", name, err)
			}
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("%s: took %v, want a minute at most", name, took)
			}
		}
		if read > 1<<20 {
			t.Errorf("read %d bytes of an endless answer, want 64 KiB", read)
		}
	})
}

type reader func([]byte) (int, error)

func (f reader) Read(p []byte) (int, error) { return f(p) }
