package notify_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/notify"
)

// parse reads a mail.
func parse(t *testing.T, raw []byte) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	return m
}

// textOf returns the part of a mail that has the given type, decoded.
func textOf(t *testing.T, raw []byte, want string) string {
	t.Helper()
	m := parse(t, raw)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type: got %s, %v, want multipart/alternative", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatalf("no %s: %v", want, err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part: %v, %v", p.Header, err)
		}
		if kind != want {
			continue
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

// checkMail checks the mail about a.
func checkMail(t *testing.T, raw []byte, a notify.Alert) {
	t.Helper()
	h := parse(t, raw).Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != a.Subject() {
		t.Errorf("subject: got %q, %v, want %q", subject, err, a.Subject())
	}
	if from, err := h.AddressList("From"); err != nil || from[0].Address != "alerts@example.com" || from[0].Name != "Aprimo alerts" {
		t.Errorf("from: got %v, %v, want the sender", from, err)
	}
	if to, err := h.AddressList("To"); err != nil || len(to) != 1 || to[0].Name != "Admin Ä" {
		t.Errorf("to: got %v, %v, want the recipient", to, err)
	}
	if date, err := h.Date(); err != nil || !date.Equal(a.Time) {
		t.Errorf("date: got %v, %v, want %v", date, err, a.Time)
	}
	got := map[string]string{}
	for _, k := range []string{"Message-Id", "References", "In-Reply-To", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Aprimo-Alert", "List-Id"} {
		got[k] = strings.Join(h[k], "|")
	}
	if diff := cmp.Diff(map[string]string{
		"Message-Id":               "<aprimo-429.K5NQ2LWZT7.2@example.com>",
		"References":               "<aprimo-429.K5NQ2LWZT7@example.com> <aprimo-429.K5NQ2LWZT7.1@example.com>",
		"In-Reply-To":              "<aprimo-429.K5NQ2LWZT7@example.com>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"List-Id":                  "Aprimo API alerts <alerts.aprimo-sdk.example.com>",
		"X-Aprimo-Alert":           "state=reminder; condition=throttled; incident=K5NQ2LWZT7; number=2; count=143",
	}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.Text(), textOf(t, raw, "text/plain")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.HTML(), textOf(t, raw, "text/html")); diff != "" {
		t.Error(diff)
	}
}

// All mails of an incident are one conversation, and each is a mail of its own: a
// digest that begins with the incident too. Only calls that are lost are urgent.
func TestHeadersOfEachPhase(t *testing.T) {
	s := startMailServer(t, setup{})
	e := emailTo(s)
	ids := map[string]bool{}
	n := 0
	for _, l := range allConditions {
		for i, p := range []notify.Phase{notify.Firing, notify.Escalated, notify.Resolved, notify.Digest} {
			a := notify.Sample(l, p)
			a.Incident, a.Number = "I-"+string(l), i+1
			if p == notify.Digest {
				a.Number = 1 // of the digests
			}
			if err := e.Notify(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			n++
			h := parse(t, s.wait(t, n)[n-1].raw).Header
			if id := h.Get("Message-Id"); ids[id] {
				t.Errorf("%s %s: got the Message-ID %s of another mail, want one of its own", l, p, id)
			} else {
				ids[id] = true
			}
			root := "<aprimo-429." + a.Incident + "@example.com>"
			if h.Get("In-Reply-To") != root || !strings.HasPrefix(h.Get("References"), root) {
				t.Errorf("%s %s: got in reply to %s, references %s, want the same of all mails", l, p, h.Get("In-Reply-To"), h.Get("References"))
			}
			urgent := l == notify.Failing && (p == notify.Firing || p == notify.Escalated)
			if got := h.Get("Importance") == "high"; got != urgent {
				t.Errorf("%s %s: got urgent %v, want %v", l, p, got, urgent)
			}
		}
	}
}
