package notify_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// A refusal is settings that are wrong, and what the error says of them.
type refusal struct {
	name   string
	server mailServer
	change func(*notify.Email)
	kind   kind
	want   []string
}

// A kind says what is to be expected of a refusal.
type kind int

const (
	forGood kind = iota // it would come again
	forNow
	silence // the same, and the context ends before it
)

// testRefusals has a mail, a test alert and a check refused in each way.
func testRefusals(t *testing.T, start func(*testing.T, setup) mailServer) {
	secure, plain, implicit := start(t, setup{}), start(t, setup{noTLS: true}), start(t, setup{implicit: true})
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	rows := []refusal{
		{"wrong password", secure, func(e *notify.Email) { e.Password = "hunter2-wrong" }, forGood, []string{"login refused", "Username and Password", "535"}},
		{"no login", secure, func(e *notify.Email) { e.Username, e.Password = "", "" }, forGood, []string{"refuses the sender", "Username", "5"}},
		{"sender", secure, func(e *notify.Email) { e.From = "stranger@example.com" }, forGood, []string{"refuses the sender", "From", "550"}},
		{"recipient", secure, func(e *notify.Email) { e.To = []string{"nobody@example.com"} }, forGood, []string{"refuses the recipient nobody@example.com", "To", "550"}},
		{"no TLS offered", plain, func(*notify.Email) {}, forGood, []string{"does not offer STARTTLS", "587", "InsecureNoTLS"}},
		{"no TLS at all", plain, func(e *notify.Email) { e.ImplicitTLS = true }, forGood, []string{"does not speak TLS", "STARTTLS"}},
		{"TLS too early", secure, func(e *notify.Email) { e.ImplicitTLS = true }, forGood, []string{"does not speak TLS", "STARTTLS"}},
		{"TLS too late", implicit, func(*notify.Email) {}, silence, []string{"an SMTP port?", "ImplicitTLS", "465", "587"}},
		{"unknown authority", secure, func(e *notify.Email) { e.TLSConfig = nil }, forGood, []string{"not trusted", "RootCAs"}},
		{"another name", secure, byAnotherName, forGood, []string{"another name", "Addr", "ServerName", "localhost"}},
		{"expired", secure, func(e *notify.Email) { e.TLSConfig.Time = func() time.Time { return time.Now().Add(2 * time.Hour) } }, forGood, []string{"not valid now", "clock"}},
		{"closed port", secure, func(e *notify.Email) { e.Addr = "127.0.0.1:1" }, forNow, []string{"no connection", "Addr", "127.0.0.1:1", "587"}},
		{"unknown host", secure, func(e *notify.Email) { e.Addr = "mail.invalid:587" }, forNow, []string{"no connection", "Addr", "DNS", "mail.invalid"}},
		{"silent port", secure, func(e *notify.Email) { e.Addr = hungServer(t, nil) }, silence, []string{"an SMTP port?", "ImplicitTLS", "465", "587"}},
		{"silent TLS port", secure, func(e *notify.Email) { e.Addr, e.ImplicitTLS = hungServer(t, nil), true }, silence, []string{"an SMTP port?", "465", "STARTTLS", "587"}},
		{"HTTP", secure, func(e *notify.Email) { e.Addr = web.Listener.Addr().String() }, silence, []string{"an SMTP port?", "ImplicitTLS", "465", "587"}},
		{"HTTP, with TLS", secure, func(e *notify.Email) { e.Addr, e.ImplicitTLS = web.Listener.Addr().String(), true }, forGood, []string{"does not speak TLS", "STARTTLS"}},
		{"IMAP", secure, func(e *notify.Email) { e.Addr = hungServer(t, []string{"* OK IMAP4rev1 ready"}) }, forNow, []string{"an SMTP port?", "465", "* OK"}},
		{"not now", secure, func(e *notify.Email) { e.Addr = hungServer(t, []string{"421 too busy"}) }, forNow, []string{"no connection from here", "421 too busy"}},
	}
	t.Run("each", func(t *testing.T) {
		for _, r := range rows {
			t.Run(r.name, r.test)
		}
	})
	for _, s := range []mailServer{secure, plain, implicit} {
		if n := len(s.mails()); n != 0 {
			t.Errorf("mails: got %d, want none", n)
		}
	}
}

func (r refusal) test(t *testing.T) {
	t.Parallel()
	for _, way := range []func(context.Context, notify.Email) error{
		func(ctx context.Context, e notify.Email) error { return e.Check(ctx) },
		func(ctx context.Context, e notify.Email) error { return e.Notify(ctx, sampleAlert()) },
		func(ctx context.Context, e notify.Email) error {
			a := notify.New(e, notify.Rule{})
			defer a.Close()
			return a.SendTest(ctx)
		},
	} {
		var said strings.Builder
		e := emailTo(r.server)
		e.Trace = &said
		r.change(&e)
		patience := 20 * time.Second
		if r.kind == silence {
			patience = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := way(ctx, e)
		cancel()
		wantError(t, err, nil, append(r.want, "notify: email: ")...)
		if permanent := errors.Is(err, notify.ErrPermanent); permanent != (r.kind == forGood) {
			t.Errorf("error %v: got permanent %v, want %v", err, permanent, r.kind == forGood)
		}
		for _, s := range []string{err.Error(), said.String()} {
			if e.Password != "" && strings.Contains(s, e.Password) {
				t.Errorf("got %q, want it without the password", s)
			}
		}
	}
}

func byAnotherName(e *notify.Email) {
	_, port, _ := net.SplitHostPort(e.Addr)
	e.Addr = "localhost:" + port // The certificate has 127.0.0.1.
}

// What a server in this process can offer and exim cannot.
func TestLoginsThatDoNotFit(t *testing.T) {
	script := func(lines ...string) func(*notify.Email) {
		return func(e *notify.Email) {
			*e = loginAt(hungServer(t, append([]string{"220 hi"}, lines...)))
			e.Username, e.Password = "", ""
		}
	}
	token := func(context.Context) (string, error) { return mailToken, nil }
	for _, r := range []refusal{
		{"password for XOAUTH2", startMailServer(t, setup{auth: "XOAUTH2"}), func(*notify.Email) {}, forGood, []string{"takes no password", "XOAUTH2", "set Token"}},
		{"token for PLAIN", startMailServer(t, setup{}), func(e *notify.Email) { e.Token = token }, forGood, []string{"does not offer XOAUTH2", "set Password"}},
		{"no login", startMailServer(t, setup{auth: "NONE"}), func(*notify.Email) {}, forGood, []string{"neither PLAIN nor LOGIN", "remove Username"}},
		{"login without TLS", startMailServer(t, setup{}), func(e *notify.Email) { e.InsecureNoTLS = true }, forGood, []string{"no login without TLS", "remove InsecureNoTLS"}},
		{"mail without TLS", mailServer{}, script("250-me\r\n250 STARTTLS", "530 5.7.0 Must issue a STARTTLS command first", "221 bye"), forGood, []string{"refuses the sender", "or InsecureNoTLS if it wants TLS"}},
		{"relay without login", mailServer{}, script("250 me", "250 ok", "554 5.7.1 Relay access denied", "221 bye"), forGood, []string{"refuses the recipient", "see To, or Username if it wants a login"}},
		{"old TLS", startMailServer(t, setup{}), func(e *notify.Email) {
			e.TLSConfig.MaxVersion = tls.VersionTLS10
			e.TLSConfig.MinVersion = tls.VersionTLS10
		}, forNow, []string{"TLS could not start", "TLSConfig"}},
	} {
		t.Run(r.name, r.test)
	}
}

// A server that hangs up has not refused anybody.
func TestServerThatHangsUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			buf := make([]byte, 4096)
			for _, line := range []string{"220 hi", "250 me", "250 ok"} {
				io.WriteString(c, line+"\r\n")
				c.Read(buf)
			}
			c.Close()
		}
	}()
	e := loginAt(l.Addr().String())
	e.Username, e.Password = "", ""
	err = e.Check(t.Context())
	wantError(t, err, io.EOF, "recipient b@example.com", "it closed the connection without an answer")
	if errors.Is(err, notify.ErrPermanent) {
		t.Errorf("error: got %v, want one that is not permanent", err)
	}
}

func TestMailThatIsRefusedForWhatItSays(t *testing.T) {
	e := loginAt(hungServer(t, []string{"220 hi", "250-me\r\n250 AUTH PLAIN", "235 ok", "250 ok", "250 ok", "354 go", "554 5.7.1 looks like spam", "221 bye"}))
	wantError(t, e.Notify(t.Context(), sampleAlert()), notify.ErrPermanent, "rejects the mail, ask its administrator", "554 5.7.1 looks like spam")
}
