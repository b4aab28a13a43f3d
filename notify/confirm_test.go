package notify

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A confirming server takes each mail, counts it, and then answers the final dot, or closes
// the connection if it has nothing to say.
type confirming struct {
	mails  atomic.Int32
	after  time.Duration
	answer string
}

func (c *confirming) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(s string) { io.WriteString(conn, s+"\r\n") }
	for say("220 hi"); ; {
		line, err := r.ReadString('\n')
		switch {
		case err != nil:
			return
		case !strings.HasPrefix(line, "DATA"):
			say("250 ok")
			continue
		}
		say("354 send it")
		for line != ".\r\n" {
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
		}
		c.mails.Add(1)
		time.Sleep(c.after)
		if c.answer == "" {
			return
		}
		say(c.answer)
	}
}

// Notify sends a mail to the server.
func (c *confirming) Notify(ctx context.Context, a Alert) error {
	e := Email{Addr: "mail.example.com:25", From: "a@example.com", InsecureNoTLS: true}
	to := []*mail.Address{{Address: "b@example.com"}}
	m, err := e.message(a, to)
	if err != nil {
		return err
	}
	ours, theirs := net.Pipe()
	go c.serve(theirs)
	return e.sendOver(ctx, ours, "", to[0], to, m)
}

func observe429(a *Alerter) {
	a.Observe(context.Background(), transport.Event{Kind: transport.RateLimited, Time: time.Now(), Attempt: 1, Status: 429})
}

// A virus scanner may look at a mail for minutes after its final dot. Who does not wait, or
// does not know what became of the mail and sends it again and again, fills the mailbox.
func TestMailIsNotSentAgainAndAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		server *confirming
		mails  int32 // within a day
		sent   uint64
	}{
		"9 minutes":           {&confirming{after: 9 * time.Minute, answer: "250 queued"}, 1, 1},
		"11 minutes":          {&confirming{after: 11 * time.Minute, answer: "250 queued"}, 2, 0},
		"no answer":           {&confirming{}, 2, 0},
		"a late no answer":    {&confirming{after: time.Minute}, 2, 0},
		"an answer not SMTP":  {&confirming{answer: "<html>"}, 2, 0},
		"refused for now":     {&confirming{answer: "451 later"}, 4, 0},
		"refused, after 40 s": {&confirming{after: 40 * time.Second, answer: "554 spam"}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "11 minutes" {
				t.Skip("one answer only")
			}
			synctest.Test(t, func(t *testing.T) {
				quiet := zerolog.Nop()
				a := New(tt.server, Rule{Count: 1, Gather: -1, Reminder: -1, Logger: &quiet, Retries: []time.Duration{time.Minute, time.Minute, time.Minute}, PerHour: 1, PerDay: 1})
				observe429(a)
				time.Sleep(24*time.Hour - time.Minute)
				sent, _, pending := a.Deliveries()
				if n := tt.server.mails.Load(); n != tt.mails || sent != tt.sent || pending != 0 {
					t.Errorf("got %d mails, %d sent, %d pending, want %d, %d, 0", n, sent, pending, tt.mails, tt.sent)
				}
				a.Close()
			})
		})
	}
}

// With a Store the retries go on for a day, and over restarts; the second copy remains the
// last.
func TestUnconfirmedMailOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		server, store := new(confirming), Dir(t.TempDir())
		for range 4 {
			a := New(server, Rule{Count: 1, Gather: -1, Reminder: -1, Logger: &quiet, Store: store, Retries: []time.Duration{time.Hour}})
			observe429(a)
			time.Sleep(10 * time.Second)
			if err := a.Close(); err != nil && !errors.Is(err, ErrUnconfirmed) {
				t.Errorf("Close: got %v, want ErrUnconfirmed", err)
			}
		}
		if n := server.mails.Load(); n != 2 {
			t.Errorf("got %d mails, want 2", n)
		}
	})
}

// Nobody waits ten minutes for a program to end, or longer than the caller's context.
func TestTheWaitForAConfirmationEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quiet := zerolog.Nop()
		server := &confirming{after: 9 * time.Minute, answer: "250 queued"}
		a := New(server, Rule{Count: 1, Gather: -1, Logger: &quiet})
		observe429(a)
		time.Sleep(2 * time.Minute)
		begin := time.Now()
		err := a.Close()
		if took := time.Since(begin); took > defaultTimeout+2*grace || !errors.Is(err, ErrUnconfirmed) {
			t.Errorf("Close: got %v after %v, want ErrUnconfirmed after about %v", err, took, defaultTimeout)
		}
		for _, own := range []bool{false, true} { // the caller's, in an Alerter's attempt or not
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if own {
				attempt, done := New(server, Rule{}).attempt()
				defer done()
				ctx, cancel = context.WithTimeout(attempt, 5*time.Second)
			}
			begin = time.Now()
			err = server.Notify(ctx, Sample(Throttled, Firing))
			if took := time.Since(begin); took != 5*time.Second || !errors.Is(err, ErrUnconfirmed) {
				t.Errorf("Notify: got %v after %v, want ErrUnconfirmed after 5s", err, took)
			}
			cancel()
		}
		time.Sleep(time.Hour)
	})
}

// A server that never ends its answer, in any phase, is left before it fills the memory.
func TestEndlessReplies(t *testing.T) {
	for name, script := range map[string][]string{
		"greeting":  nil,
		"EHLO":      {"220 hi"},
		"sender":    {"220 hi", "250 me"},
		"recipient": {"220 hi", "250 me", "250 sender"},
		"DATA":      {"220 hi", "250 me", "250 sender", "250 recipient"},
		"the mail":  {"220 hi", "250 me", "250 sender", "250 recipient", "354 send it"},
	} {
		for kind, line := range map[string]string{"lines": "250-and\r\n", "one line": strings.Repeat("x", 100)} {
			t.Run(name+" "+kind, func(t *testing.T) {
				ours, theirs := net.Pipe()
				said := make(chan int, 1)
				go func() {
					defer theirs.Close()
					r := bufio.NewReader(theirs)
					for _, s := range script {
						io.WriteString(theirs, s+"\r\n")
						for got := ""; !strings.HasSuffix(got, "\n") || s[:3] == "354" && got != ".\r\n"; {
							got, _ = r.ReadString('\n')
						}
					}
					n := 0
					for {
						more, err := io.WriteString(theirs, strings.Repeat(line, 100))
						if n += more; err != nil || n > 10*maxReplies {
							said <- n
							return
						}
					}
				}()
				e := Email{Addr: "mail.example.com:25", From: "a@example.com", InsecureNoTLS: true}
				to := []*mail.Address{{Address: "b@example.com"}}
				m, err := e.message(Sample(Throttled, Firing), to)
				if err != nil {
					t.Fatal(err)
				}
				err = e.sendOver(t.Context(), ours, "", to[0], to, m)
				wantSays(t, err, "it says more than 1024 KiB")
				if n := <-said; n > 2*maxReplies {
					t.Errorf("read %d bytes, want about %d", n, maxReplies)
				}
			})
		}
	}
}
