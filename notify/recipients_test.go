package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

// If some recipients are refused and others deferred, each that can get the mail gets it
// once, and the log names the others.
func TestEachRecipientGetsTheMailOnce(t *testing.T) {
	for _, tt := range []struct {
		name, to, want string // the recipients, and those of each mail
		lost           string
	}{
		{"all put off", "a@grey.example.com b@grey.example.com", "a@grey.example.com b@grey.example.com", ""},
		{"one put off", "a@example.com b@grey.example.com c@example.com", "a@example.com c@example.com, b@grey.example.com", ""},
		{"one refused", "a@example.com nobody@example.com c@example.com", "a@example.com c@example.com", "nobody@example.com"},
		{"both", "a@example.com b@grey.example.com nobody@example.com", "a@example.com, b@grey.example.com", "nobody@example.com"},
		{"nobody at first", "b@grey.example.com nobody@example.com", "b@grey.example.com", "nobody@example.com"},
		{"for ever", "a@example.com later@example.com", "a@example.com", "later@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startMailServer(t, setup{})
			e := emailTo(s)
			e.To = strings.Fields(tt.to)
			var log strings.Builder
			logger := zerolog.New(&log)
			a := notify.New(e, notify.Rule{Gather: -1, Logger: &logger, Retries: []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}})
			burst(a, 20)
			s.wait(t, strings.Count(tt.want, ",")+1)
			err := a.Close()
			var got []string
			for _, m := range s.mails() {
				got = append(got, strings.Join(m.to, " "))
				if h := parse(t, m.raw).Header.Get("To"); !strings.Contains(h, e.To[0]) || !strings.Contains(h, e.To[1]) {
					t.Errorf("header: got %s, want all of %v", h, e.To)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (tt.lost != "") || strings.Count(log.String(), `"level":"error"`) != strings.Count(tt.lost, "@") ||
				tt.lost != "" && !strings.Contains(err.Error(), tt.lost) {
				t.Errorf("Close: got %v, log:\n%s\nwant errors about %q", err, &log, tt.lost)
			}
		})
	}
}

// After a restart nobody gets the same mail again.
func TestARestartRemembersWhoHasTheMail(t *testing.T) {
	s := startMailServer(t, setup{})
	e := emailTo(s)
	e.To = []string{"a@example.com", "b@grey.example.com"}
	quiet := zerolog.Nop()
	rule := notify.Rule{Gather: -1, Logger: &quiet, Store: notify.Dir(t.TempDir()), Retries: []time.Duration{time.Hour}}
	down := e
	down.To = append(down.To, "later@example.com", "nobody@example.com")
	a := notify.New(down, rule)
	burst(a, 20)
	s.wait(t, 1)
	if err := a.Close(); err == nil || errors.Is(err, notify.ErrPermanent) {
		t.Errorf("Close: got %v, want an error that is not permanent", err)
	}
	e.To = down.To
	b := notify.New(e, rule)
	_ = b.Close()
	var got []string
	for _, m := range s.mails() {
		got = append(got, m.to...)
	}
	if diff := cmp.Diff([]string{"a@example.com", "b@grey.example.com"}, got); diff != "" {
		t.Error(diff)
	}
}
