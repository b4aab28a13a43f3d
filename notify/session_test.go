package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// A scripted server answers each thing that it gets with the next line, after a pause,
// and then never again.
type scripted struct {
	lines []string
	pause time.Duration
}

// send sends a mail, or without one does all that comes before, to the server, and
// returns how long that took in virtual time.
func (s scripted) send(t *testing.T, ctx context.Context, e Email, m *gomail.Msg) (took time.Duration, err error) {
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for _, line := range s.lines {
			time.Sleep(s.pause)
			io.WriteString(theirs, line+"\r\n")
			if strings.HasPrefix(line, "354") {
				for got := ""; !strings.HasSuffix(got, "\r\n.\r\n"); {
					n, err := theirs.Read(buf)
					if err != nil {
						return
					}
					got += string(buf[:n])
				}
				continue
			}
			theirs.Read(buf)
		}
		io.Copy(io.Discard, theirs)
	}()
	from, err := mail.ParseAddress("a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	err = e.sendOver(ctx, ours, e.Password, from, []*mail.Address{{Address: "b@example.com"}}, m)
	took = time.Since(begin)
	<-done
	return took, err
}

// wantTook checks how long something took.
func wantTook(t *testing.T, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("took %v, want %v", got, want)
	}
}

// wantSays checks that an error says all of want.
func wantSays(t *testing.T, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error: got %v, want %q in it", err, w)
		}
	}
}

// A port that sends no greeting is an error after ten seconds, not a minute.
func TestSilentPort(t *testing.T) {
	for name, e := range map[string]Email{
		"STARTTLS":     {Addr: "mail.example.com:587"},
		"implicit TLS": {Addr: "mail.example.com:465"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := scripted{}.send(t, t.Context(), e, nil)
				wantTook(t, took, greetWithin)
				wantSays(t, err, "an SMTP port?", "sent nothing for 10s")
			})
		})
	}
}

// A server that is slow after its greeting has all of the context's time.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted{[]string{"220 hi", "250 me", "250 sender", "250 recipient", "221 bye"}, greetWithin - time.Second}
		took, err := server.send(t, t.Context(), Email{Addr: "mail.example.com:25", InsecureNoTLS: true}, nil)
		if err != nil {
			t.Errorf("error: got %v, want nil", err)
		}
		wantTook(t, took, 4*(greetWithin-time.Second)+quitWithin)
	})
}

// A server that says nothing more, at any step.
func TestHungMailServer(t *testing.T) {
	for name, script := range map[string][]string{
		"greeting": nil,
		"EHLO":     {"220 hi"},
		"STARTTLS": {"220 hi", "250-me\r\n250 STARTTLS"},
		"TLS":      {"220 hi", "250-me\r\n250 STARTTLS", "220 go"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const timeout = 5 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				took, err := scripted{lines: script}.send(t, ctx, Email{Addr: "mail.example.com:587"}, nil)
				wantTook(t, took, timeout)
				wantSays(t, err, "did not finish in time")
				if early := strings.Contains(err.Error(), "an SMTP port?"); early != (name == "greeting") {
					t.Errorf("error: got %v, want advice about the port: %v", err, name == "greeting")
				}
				if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrPermanent) {
					t.Errorf("error: got %v, want context.DeadlineExceeded, not permanent", err)
				}
			})
		})
	}
}

// A server may write what it offers in any case, in the old form too, and has replies of several
// lines.
func TestOddButLegalReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := []string{"220-hi\r\n220 there", "250-me\r\n250-size\r\n250-\r\n250 auth=plain", "235-ok\r\n235 2.7.0", "250 ", "251 forwarded", "221 "}
		e := Email{Addr: "mail.example.com:25", InsecureNoTLS: true, Username: "alerts", Password: "hunter2-hunter2"}
		if _, err := (scripted{lines: script}).send(t, t.Context(), e, nil); err != nil {
			t.Errorf("error: got %v, want nil", err)
		}
		old := scripted{lines: []string{"220 hi", "502 what?", "250 me", "250 ok", "250 ok", "221 bye"}} // knows HELO only
		if _, err := old.send(t, t.Context(), Email{Addr: e.Addr, InsecureNoTLS: true}, nil); err != nil {
			t.Errorf("a server without EHLO: got %v, want nil", err)
		}
		e.InsecureNoTLS = false
		_, err := scripted{lines: []string{"220 hi", "250-me\r\n250-PIPELINING\r\n250 StartTls", "454 TLS not available"}}.send(t, t.Context(), e, nil)
		wantSays(t, err, "TLS could not start", "454 TLS not available")
	})
}

// A reply may be a code alone, also as the last of several lines, and more than the reader's buffer
// may stand before it.
func TestRepliesOfACodeAlone(t *testing.T) {
	long := strings.Repeat("250-"+strings.Repeat("x", 500)+"\r\n", 20)
	for name, script := range map[string][]string{
		"accepted": {"220 hi", "250-me\r\n250-auth plain\r\n250", "235", long + "250", "250", "354", "250", "221"},
		"refused":  {"220 hi", "250 auth plain", "535"},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := Email{Addr: "mail.example.com:25", From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true, Username: "alerts", Password: "hunter2-hunter2"}
			to, err := e.recipients()
			if err != nil {
				t.Fatal(err)
			}
			m, err := e.message(Sample(Throttled, Firing), to)
			if err != nil {
				t.Fatal(err)
			}
			took, err := scripted{lines: script}.send(t, t.Context(), e, m)
			if refused := name == "refused"; (err != nil) != refused || refused != errors.Is(err, ErrPermanent) {
				t.Errorf("%s: got %v, want an error that is permanent: %v", name, err, refused)
			}
			if name == "accepted" {
				wantTook(t, took, 0)
			}
		})
	}
}

// A server that refuses the login, and says no more: go-mail would wait for more.
func TestRefusedLoginIsReportedAtOnce(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted{lines: []string{"220 hi", "250-me\r\n250 AUTH " + mechanism, "535 5.7.8 wrong password"}}
				took, err := server.send(t, t.Context(), Email{Addr: "mail.example.com:25", InsecureNoTLS: true, Username: "alerts", Password: "hunter2-hunter2"}, nil)
				wantTook(t, took, quitWithin)
				wantSays(t, err, "login refused", "535 5.7.8 wrong password")
				if !errors.Is(err, ErrPermanent) {
					t.Errorf("error: got %v, want a permanent one", err)
				}
			})
		})
	}
}

// A server that accepts the mail and never answers to QUIT.
func TestAcceptedMailDoesNotWaitForQuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		e := Email{Addr: "mail.example.com:25", From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true, Trace: &said}
		to, err := e.recipients()
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.message(Sample(Throttled, Firing), to)
		if err != nil {
			t.Fatal(err)
		}
		server := scripted{lines: []string{"220 hi", "250 me", "250 ok", "250 ok", "354 go", "250 2.0.0 queued"}}
		took, err := server.send(t, t.Context(), e, m)
		if err != nil {
			t.Errorf("error: got %v, want nil", err)
		}
		wantTook(t, took, quitWithin)
		if got := said.String(); !strings.Contains(got, "client: (the mail, ") || !strings.HasSuffix(got, "server: 250 2.0.0 queued\nclient: QUIT\n") {
			t.Errorf("dialogue: got %s, want the mail, its acceptance, and QUIT at the end", got)
		}
	})
}

// A mail that is handed over when the attempt's time has just ended has no more time.
func TestHandedOverTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			p := new(attemptTimeout)
			p.whole = context.WithValue(t.Context(), timeoutKey{}, p)
			usual, end := context.WithCancel(p.whole)
			p.usual = usual
			s := new(session)
			ctx, cancel := s.limit(usual)
			end()
			s.handOver()
			synctest.Wait()
			if ctx.Err() == nil {
				t.Error("got more time, want none")
			}
			cancel()
		}
	})
}

// The context of a token function ends when it has returned.
func TestTheContextOfToken(t *testing.T) {
	var given context.Context
	e := Email{Token: func(ctx context.Context) (string, error) { given = ctx; return "x", nil }}
	if token, err := e.token(t.Context()); token != "x" || err != nil || given.Err() == nil {
		t.Errorf("got %q, %v, and a context with %v; want x, and an end", token, err, given.Err())
	}
}

// The trace has the server's answer to the mail, also if it is a refusal.
func TestTheTraceOfAMail(t *testing.T) {
	for answer, want := range map[string]string{"250 queued as 17": "server: 250 queued as 17\n", "554 spam": "server: 554 spam\n"} {
		synctest.Test(t, func(t *testing.T) {
			var trace strings.Builder
			e := Email{Addr: "mx:25", From: "a@example.com", InsecureNoTLS: true, Trace: &trace}
			m, err := e.message(Alert{}, []*mail.Address{{Address: "b@example.com"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = scripted{lines: []string{"220 hi", "250 mx", "250 ok", "250 ok", "354 go", answer, "221 bye"}}.send(t, t.Context(), e, m)
			if (err != nil) != strings.HasPrefix(answer, "554") || !strings.Contains(trace.String(), want) || !strings.Contains(trace.String(), " bytes)") {
				t.Errorf("%s: got %v and the trace\n%s", answer, err, trace.String())
			}
		})
	}
}

// SMTPUTF8 is asked for only if an address needs it: RFC 6531, 3.4.
func TestSMTPUTF8(t *testing.T) {
	for to, want := range map[string]string{
		"Jörg <b@example.com>": "client: MAIL FROM:<a@example.com>\n",
		"b@bücher.example":     "client: MAIL FROM:<a@example.com>\n", // its domain has a form in ASCII
		"jörg@example.com":     "client: MAIL FROM:<a@example.com> SMTPUTF8\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var trace strings.Builder
			e := Email{Addr: "mx:25", To: []string{to}, InsecureNoTLS: true, Trace: &trace}
			_, err := scripted{lines: []string{"220 hi", "250-mx\r\n250 SMTPUTF8", "250 ok", "250 ok", "221 bye"}}.send(t, t.Context(), e, nil)
			if err != nil || !strings.Contains(trace.String(), want) {
				t.Errorf("to %s: got %v and the trace\n%s\nwant %s", to, err, trace.String(), want)
			}
		})
	}
}

// A server that closes the connection in answer to EHLO says why, and gets no HELO.
func TestEHLOThatIsRefusedForNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted{lines: []string{"220 hi", "421 4.7.0 too many connections"}}
		_, err := server.send(t, t.Context(), Email{Addr: "mx:25", InsecureNoTLS: true}, nil)
		wantSays(t, err, "421 4.7.0 too many connections")
		if errors.Is(err, ErrPermanent) {
			t.Errorf("error: got %v, want one that passes", err)
		}
	})
}

// A part of a mail is not ended, else the server would deliver it.
func TestAPartOfAMailIsNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var trace strings.Builder
		m := gomail.NewMsg()
		m.SetBodyWriter(gomail.TypeTextPlain, func(io.Writer) (int64, error) { return 0, errors.New("no text") })
		script := []string{"220 hi", "250 mx", "250 ok", "250 ok", "354 go", "250 queued", "221 bye"}
		_, err := scripted{lines: script}.send(t, t.Context(), Email{Addr: "mx:25", InsecureNoTLS: true, Trace: &trace}, m)
		wantSays(t, err, "no text")
		if !strings.HasSuffix(trace.String(), "server: 354 go\n") {
			t.Errorf("got the trace\n%s\nwant nothing after the beginning of the mail", trace.String())
		}
	})
}

// The sender's line asks for 8BITMIME if the server offers it.
func TestSenderAsksForWhatIsOffered(t *testing.T) {
	for offers, want := range map[string]string{
		"250 mx":                                 "MAIL FROM:<a@example.com>\n",
		"250-mx\r\n250 8bitmime":                 "MAIL FROM:<a@example.com> BODY=8BITMIME\n",
		"250-mx\r\n250 SMTPUTF8":                 "MAIL FROM:<a@example.com>\n",
		"250-mx\r\n250-8BITMIME\r\n250 SMTPUTF8": "MAIL FROM:<a@example.com> BODY=8BITMIME\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var trace strings.Builder
			e := Email{Addr: "mx:25", InsecureNoTLS: true, Trace: &trace}
			_, err := scripted{lines: []string{"220 hi", offers, "250 ok", "250 ok", "221 bye"}}.send(t, t.Context(), e, nil)
			if err != nil || !strings.Contains(trace.String(), "client: "+want) {
				t.Errorf("%q: got %v and the trace\n%swant %s", offers, err, trace.String(), want)
			}
		})
	}
}
