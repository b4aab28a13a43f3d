package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// hook returns a Webhook and what it has got.
func hook(t *testing.T, shape notify.Shape, status int) (notify.Webhook, *[]byte) {
	t.Helper()
	got := new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got, _ = io.ReadAll(r.Body)
		if status == http.StatusFound {
			w.Header().Set("Location", "https://elsewhere.example/")
		}
		w.WriteHeader(status)
		if status >= 300 {
			fmt.Fprint(w, "no\r\nsuch hook")
		}
	}))
	t.Cleanup(s.Close)
	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(client.CloseIdleConnections)
	return notify.Webhook{URL: s.URL + "/T0/secret?sig=secret", Shape: shape, Client: client}, got
}

func TestWebhookShapes(t *testing.T) {
	for _, shape := range []notify.Shape{notify.JSON, notify.Slack, notify.Teams} {
		for _, name := range append(nasty, "*bold* [click](https://evil.example) <!channel>") {
			w, got := hook(t, shape, 200)
			for _, p := range allPhases {
				a := nastyAlert(name)
				a.Phase = p
				if err := w.Notify(t.Context(), a); err != nil {
					t.Fatal(err)
				}
				var m map[string]any
				if err := json.Unmarshal(*got, &m); err != nil || !utf8.Valid(*got) {
					t.Fatalf("JSON: got %v of %s, want nil", err, *got)
				}
				for _, bad := range []string{"<!channel>", "<script>"} {
					if shape != notify.JSON && strings.Contains(string(*got), bad) {
						t.Errorf("%s: got %s with %s in it, want it escaped", shape, *got, bad)
					}
				}
				if shape == notify.Teams && strings.Contains(string(*got), "[click](") {
					t.Errorf("got %s with a link, want it escaped", *got)
				}
				if n := len(*got); shape != notify.JSON && n > 28<<10 { // what Teams takes
					t.Errorf("%s: got %d bytes, want 28 KiB at most", shape, n)
				}
			}
		}
	}
}

// A card says what happened, in a sentence, and the figures.
func TestTeamsCard(t *testing.T) {
	w, got := hook(t, notify.Teams, 200)
	if err := w.Notify(t.Context(), notify.Sample(notify.Throttled, notify.Firing)); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Attachments []struct {
			Content struct {
				Body []struct{ Type, Text, Weight string }
			}
		}
	}
	if err := json.Unmarshal(*got, &m); err != nil || len(m.Attachments) != 1 {
		t.Fatalf("got %s, error %v; want one card", *got, err)
	}
	var parts []string
	for _, p := range m.Attachments[0].Content.Body {
		parts = append(parts, p.Type+" "+p.Weight)
	}
	if got, want := strings.Join(parts, ", "), "TextBlock Bolder, TextBlock Default, FactSet , TextBlock Default"; got != want {
		t.Errorf("got the parts %q, want %q", got, want)
	}
}

func TestWebhookJSON(t *testing.T) {
	w, got := hook(t, notify.JSON, 204)
	a := notify.Sample(notify.Throttled, notify.Resolved)
	a.Samples = sampleAlert().Samples
	if err := w.Notify(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Subject, Condition, Phase, Incident string
		Total                               int
		Users                               []notify.Tally
		Samples                             []struct{ User, URL string }
	}
	if err := json.Unmarshal(*got, &m); err != nil {
		t.Fatal(err)
	}
	if m.Subject != a.Subject() || m.Condition != "throttled" || m.Phase != "resolved" || m.Total != 1604 ||
		m.Users[0].Name != "anna@example.com" || m.Samples[0].User != "anna@example.com" {
		t.Errorf("JSON: got %s, want the subject and the fields of %+v", *got, a)
	}
}

func TestWebhookErrorsSayWhatToChange(t *testing.T) {
	for status, permanent := range map[int]bool{400: true, 404: true, 302: true, 408: false, 429: false, 500: false, 503: false} {
		w, _ := hook(t, notify.Slack, status)
		err := w.Notify(t.Context(), sampleAlert())
		if permanent {
			wantError(t, err, notify.ErrPermanent, fmt.Sprint(status), "URL")
		} else if err == nil || errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%d: got %v, want an error that is not permanent", status, err)
		}
		if err == nil || strings.Contains(err.Error(), "secret") || strings.ContainsFunc(err.Error(), unsafe) {
			t.Errorf("%d: got %q, want a printable error without the secret", status, err)
		}
	}
	for _, w := range []notify.Webhook{{}, {URL: "hooks.example.com/secret"}, {URL: "http://hooks.example.com/secret"}, {URL: "ftp://h/secret"}, {URL: "https://h/secret", Shape: "fax"}, {URL: "https://h/\x7fsecret"}} {
		err := w.Validate()
		wantError(t, err, notify.ErrPermanent, "notify: webhook: ")
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: got %v, want an error without the secret", w, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	w := notify.Webhook{URL: "http://127.0.0.1:1/secret"}
	err := w.Notify(ctx, sampleAlert())
	wantError(t, err, nil, "no answer from 127.0.0.1:1", "check whether the URL is still valid", "firewall")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the secret", err)
	}
	private := httptest.NewUnstartedServer(http.NotFoundHandler())
	private.Config.ErrorLog = log.New(io.Discard, "", 0)
	private.StartTLS()
	defer private.Close()
	wantError(t, notify.Webhook{URL: private.URL}.Notify(ctx, sampleAlert()), nil, "certificate is not trusted", "Client")
	w.Header = http.Header{"Authorization": {"secret"}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, w); strings.Contains(s, "secret") {
			t.Errorf("%s: got %s, want it without the secret", verb, s)
		}
	}
	if b, _ := json.Marshal(w); strings.Contains(string(b), "secret") {
		t.Errorf("JSON: got %s, want it without the secret", b)
	}
}

// A redirected POST becomes a GET without the alert, so it is an error.
func TestWebhookFollowsNoRedirect(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
		}
	}))
	defer s.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	wantError(t, notify.Webhook{URL: s.URL + "/old"}.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "302", "URL")
}

// An alert does not wait behind the calls that it is about, nor use a slot of theirs.
func TestWebhookBesideATransportThatIsTheDefault(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	synctest.Test(t, func(t *testing.T) {
		posted := 0
		calls := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithLimiter(transport.NewLimiter(1, time.Hour)),
			transport.WithBase(roundTripper(func(r *http.Request) (*http.Response, error) {
				posted++
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			})))
		http.DefaultTransport = calls
		for name, c := range map[string]*http.Client{"without a Client": nil, "with one": {Timeout: time.Minute}} {
			for range 2 {
				if err := (notify.Webhook{URL: "https://hooks.example.com/1", Client: c}).Notify(t.Context(), sampleAlert()); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if sent := calls.Stats().Sent; sent != 0 || posted != 4 {
			t.Errorf("%d alerts were posted, %d of them as calls; want 4, 0", posted, sent)
		}
	})
}

// Many a server repeats what it was asked for, which is a secret.
func TestWebhookThatRepeatsItsURL(t *testing.T) {
	for name, repeat := range map[string]func(*http.Request) string{
		"path":     func(r *http.Request) string { return "Cannot POST " + r.URL.Path },
		"JSON":     func(r *http.Request) string { return fmt.Sprintf(`{"status":404,"path":%q}`, r.RequestURI) },
		"HTML":     func(r *http.Request) string { return "<pre>Cannot POST " + html.EscapeString(r.RequestURI) + "</pre>" },
		"a part":   func(r *http.Request) string { return "no such token: " + path.Base(r.URL.Path) },
		"query":    func(r *http.Request) string { return "bad signature " + r.URL.Query().Get("sig") },
		"header":   func(r *http.Request) string { return "bad Authorization: " + r.Header.Get("Authorization") },
		"userinfo": func(r *http.Request) string { _, p, _ := r.BasicAuth(); return "bad password: " + p },
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "sorry, "+repeat(r), http.StatusNotFound)
		}))
		w := notify.Webhook{URL: s.URL + "/services/T01/geheimnis-XyZ?sig=geheimnis-sig&v=1"}
		switch name {
		case "header":
			w.Header = http.Header{"Authorization": {"Bearer geheimnis-bearer"}}
		case "userinfo":
			w.URL = strings.Replace(w.URL, "//", "//me:geheimnis-password@", 1)
		}
		err := w.Notify(t.Context(), sampleAlert())
		wantError(t, err, notify.ErrPermanent, "answered 404 sorry,", "***")
		if err == nil || strings.Contains(err.Error(), "geheimnis") {
			t.Errorf("%s: got %v, want an error without the secret", name, err)
		}
		s.Close()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// A chat gets the same alerts as the mailbox.
func ExampleWebhook() {
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ Text string }
		json.NewDecoder(r.Body).Decode(&m)
		fmt.Println(m.Text)
	}))
	defer chat.Close()
	w := notify.Webhook{URL: chat.URL, Shape: notify.Slack}
	fmt.Println(w.Notify(context.Background(), notify.Sample(notify.Throttled, notify.Firing)))
	// Output:
	// [Aprimo acme] 429 THROTTLED: 143 in 37 min (limit 20 in 5 min) on app01
	// <nil>
}
