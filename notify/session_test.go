package notify

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A port at which nobody speaks is told of after ten seconds, not a minute.
func TestSilentPort(t *testing.T) {
	for name, e := range map[string]Email{
		"STARTTLS":     {Addr: "mail.example.com:587"},
		"implicit TLS": {Addr: "mail.example.com:465"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				go io.Copy(io.Discard, theirs)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				begin := time.Now()
				err := (&session{Email: e, conn: ours}).converse(ctx, nil, nil, nil)
				if took := time.Since(begin); took != greetWithin || err == nil {
					t.Errorf("%v after %v", err, took)
				} else if !strings.Contains(err.Error(), "an SMTP port?") || !strings.Contains(err.Error(), "said nothing for 10s") {
					t.Error(err)
				}
				cancel()
				ours.Close()
				theirs.Close()
			})
		})
	}
}

// A server that is slow after its greeting has all of the context's time.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 1024)
			for _, answer := range []string{"220 hi", "250 me", "250 sender", "250 recipient", "221 bye"} {
				time.Sleep(greetWithin - time.Second)
				io.WriteString(theirs, answer+"\r\n")
				theirs.Read(buf)
			}
		}()
		e := Email{Addr: "mail.example.com:25", From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true}
		to, _ := e.recipients()
		begin := time.Now()
		if err := (&session{Email: e, conn: ours}).converse(t.Context(), to[0], to, nil); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < 4*(greetWithin-time.Second) || took > time.Minute {
			t.Errorf("took %v", took)
		}
		theirs.Close()
		<-done
	})
}
