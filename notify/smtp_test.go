package notify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// A server that accepts and then says nothing, at any step.
func TestHungMailServer(t *testing.T) {
	for name, script := range map[string][]string{
		"greeting": nil,
		"EHLO":     {"220 hi"},
		"STARTTLS": {"220 hi", "250-me\r\n250 STARTTLS"},
		"TLS":      {"220 hi", "250-me\r\n250 STARTTLS", "220 go"},
	} {
		t.Run(name, func(t *testing.T) {
			e := notify.Email{Addr: hungServer(t, script), From: "a@example.com", To: []string{"b@example.com"}}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			begin := time.Now()
			err := e.Notify(ctx, sampleAlert())
			if took := time.Since(begin); took < 150*time.Millisecond || took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			wantError(t, err, context.DeadlineExceeded, "did not finish in time")
			if early := strings.Contains(err.Error(), "an SMTP port?"); early != (name == "greeting") {
				t.Errorf("asks for the port: %v: %v", early, err)
			}
			if errors.Is(err, notify.ErrPermanent) {
				t.Error("permanent")
			}
		})
	}
}

// hungServer answers with script, one line for each it gets, then never again.
func hungServer(t *testing.T, script []string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		for _, line := range script {
			io.WriteString(c, line+"\r\n")
			c.Read(buf)
		}
		io.Copy(io.Discard, c)
	}()
	return l.Addr().String()
}

func TestNoMailServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	e := notify.Email{Addr: l.Addr().String(), From: "a@example.com", To: []string{"b@example.com"}}
	err = e.Notify(t.Context(), sampleAlert())
	wantError(t, err, nil, "no connection", "Addr")
	if errors.Is(err, notify.ErrPermanent) {
		t.Error("permanent")
	}
}

// A server that refuses the login, and says no more: go-mail would wait for more.
func TestRefusalIsToldOfAtOnce(t *testing.T) {
	for name, offer := range map[string]string{"PLAIN": "PLAIN", "LOGIN": "LOGIN"} {
		t.Run(name, func(t *testing.T) {
			script := []string{"220 hi", "250-me\r\n250 AUTH " + offer, "535 5.7.8 wrong password"}
			begin := time.Now()
			err := loginAt(hungServer(t, script)).Notify(t.Context(), sampleAlert())
			wantError(t, err, notify.ErrPermanent, "login refused", "535 5.7.8 wrong password")
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A server that has the mail and does not say goodbye.
func TestAcceptedMailIsNotWaitedFor(t *testing.T) {
	var said strings.Builder
	e := loginAt(hungServer(t, []string{"220 hi", "250-me\r\n250 AUTH PLAIN", "235 ok", "250 ok", "250 ok", "354 go", "250 2.0.0 queued"}))
	e.Trace = &said
	begin := time.Now()
	if err := e.Notify(t.Context(), sampleAlert()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if !strings.Contains(said.String(), "client: (the mail, ") || !strings.HasSuffix(said.String(), "server: 250 2.0.0 queued\nclient: QUIT\n") {
		t.Errorf("the dialogue: %s", &said)
	}
}

// loginAt returns the settings for a server without TLS.
func loginAt(addr string) notify.Email {
	return notify.Email{
		Addr: addr, From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true,
		Username: mailUser, Password: mailPassword,
	}
}
