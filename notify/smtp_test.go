package notify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

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

// A server that repeats the password, as it is or encoded.
func TestServerThatRepeatsThePassword(t *testing.T) {
	var out bytes.Buffer
	logger := zerolog.New(&out)
	for _, reply := range []string{"535 wrong: " + mailPassword, "500 what? AUTH PLAIN AGFsZXJ0cwBjb3JyZWN0IGhvcnNl"} {
		addr := hungServer(t, []string{"220 hi", "250-me\r\n250 AUTH PLAIN", reply, "250 ok", "221 bye"})
		e := notify.Email{
			Addr: addr, From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true,
			Username: mailUser, Password: mailPassword,
		}
		a := notify.New(e, notify.Rule{Logger: &logger})
		burst(a, 20)
		err := a.Close()
		wantError(t, err, notify.ErrPermanent, "***")
		for _, s := range []string{err.Error(), out.String()} {
			if strings.Contains(s, mailPassword) || strings.Contains(s, "AGFsZXJ0cwBjb3JyZWN0IGhvcnNl") {
				t.Errorf("the password is in %q", s)
			}
		}
	}
}
