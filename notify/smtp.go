package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// A server usually answers at once; those that delay unknown clients do so for some 6 s.
// After this time the port is likely to be wrong, and whoever tries the settings wants to
// know it.
const (
	greetWithin = 10 * time.Second // and connect
	sendWithin  = time.Minute      // all until the server has the mail; then see answerWithin
	quitWithin  = 2 * time.Second  // the mail is accepted already
)

// maxReplies is how many bytes a server may say in one session. The certificates of TLS are
// among them; a reply for each of a thousand recipients has 100 KB.
const maxReplies = 1 << 20

// A quietConn is a connection to a server that may not say more than that.
type quietConn struct {
	net.Conn
	read int
}

func (c *quietConn) Read(p []byte) (int, error) {
	if c.read >= maxReplies {
		return 0, fmt.Errorf("it says more than %d KiB", maxReplies>>10)
	}
	n, err := c.Conn.Read(p)
	c.read += n
	return n, err
}

// newText returns a connection as text. net/textproto reads no replies that are a code alone, which
// a server may send (RFC 5321, 4.2): they are read as if a blank followed.
func newText(conn net.Conn) *textproto.Conn {
	c := textproto.NewConn(conn)
	c.R = bufio.NewReader(&codeReader{from: c.R})
	return c
}

// A codeReader adds that blank.
type codeReader struct {
	from *bufio.Reader
	line []byte // what is left of it
}

func (r *codeReader) Read(p []byte) (int, error) {
	if len(r.line) == 0 {
		line, err := r.from.ReadSlice('\n') // or a part of a long one, with an error
		if len(line) == 0 {
			return 0, err
		}
		if code := bytes.TrimRight(line, "\r\n"); len(code) == len("250") {
			line = append(bytes.Clone(code), " \r\n"...)
		}
		r.line = line
	}
	n := copy(p, r.line)
	r.line = r.line[n:]
	return n, nil
}

// A session is one connection to the server. It speaks SMTP itself: go-mail's Client ignores
// the context once it is connected, drops the mail if one of many recipients is refused, finds
// what the server offers only in capitals, and waits for an answer after a refused login.
type session struct {
	Email
	conn   net.Conn
	text   *textproto.Conn     // nil before the greeting
	offers map[string][]string // what the server offers, in capitals, with parameters
	secret string              // password or token
	hide   redactor            // of the secret

	broken     bool        // the server does not answer as SMTP has it, or has a part of a mail
	handedOver atomic.Bool // the server has the mail, and only its answer is missing
	handOver   func()      // to be called then: the answer may take longer
}

// command sends a line and returns the server's answer, whose code must begin with want.
func (s *session) command(want int, line string) (code int, text string, err error) {
	s.show("client: ", line)
	return s.commandUnseen(want, line)
}

// commandUnseen does not show the line in the trace.
func (s *session) commandUnseen(want int, line string) (code int, text string, err error) {
	if err := s.text.PrintfLine("%s", line); err != nil {
		s.broken = true
		return 0, "", err
	}
	return s.reply(want)
}

// reply reads the server's answer, whose code must begin with want.
func (s *session) reply(want int) (code int, text string, err error) {
	code, text, err = s.text.ReadResponse(want)
	if code > 0 {
		s.show("server: ", s.hide.text(fmt.Sprintf("%d %s", code, text)))
	}
	s.broken = err != nil && !errors.As(err, new(*textproto.Error))
	return code, text, err
}

// show writes a text of the dialogue to Trace.
func (s *session) show(who, text string) {
	if s.Trace == nil {
		return
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(s.Trace, "%s%s\n", who, clean(strings.TrimRight(line, "\r\n"), 300))
	}
}

// send sends the mail; without one it does all that comes before.
func (e Email) send(ctx context.Context, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	secret := e.Password
	if e.Token != nil { // first, so that the trace can hide it
		var err error
		if secret, err = e.token(ctx); err != nil {
			return fmt.Errorf("no access token for %s, see Email.Token: %w", clean(e.Username, maxText), err)
		}
	}
	conn, err := (&net.Dialer{Timeout: greetWithin}).DialContext(ctx, "tcp", e.Addr)
	if err != nil {
		return e.dialError(err)
	}
	return e.sendOver(ctx, conn, secret, from, to, m)
}

// token returns the access token.
func (e Email) token(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin-partGrace)
	defer cancel()
	return await(ctx, partGrace, "it", func() (string, error) {
		token, err := e.Token(ctx)
		if err != nil {
			err = fmt.Errorf("it returned an error: %w", quote(err, nil))
		}
		return token, err
	})
}

// sendOver does so over a connection, which it closes.
func (e Email) sendOver(ctx context.Context, conn net.Conn, secret string, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	conn = &quietConn{Conn: conn}
	defer conn.Close()
	s := &session{Email: e, conn: conn, secret: secret, hide: newRedactor(secret)}
	ctx, cancel := s.limit(ctx)
	defer cancel()
	// Closing the connection unblocks whatever waits for the server.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	err := s.converse(ctx, from, to, m)
	broken := errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ctx.Err()) // and not refused
	if broken && ctx.Err() != nil && !errors.As(err, new(*partialError)) && !errors.Is(err, ErrUnconfirmed) {
		err = fmt.Errorf("the mail server %s did not finish in time: %w", e.Addr, context.Cause(ctx))
		if s.text == nil {
			err = fmt.Errorf("%w; it sent no greeting, %s", err, e.portAdvice())
		}
	}
	return err
}

// limit returns a context that ends with the given one, or when a phase of the session
// takes too long. Once the mail is handed over, it outlasts Rule.Timeout.
func (s *session) limit(given context.Context) (context.Context, context.CancelFunc) {
	p, whole := timeoutOf(given), given
	if p != nil {
		whole = p.whole
	}
	ctx, cancel := context.WithCancelCause(whole)
	stop := context.AfterFunc(given, func() {
		if p == nil || !s.handedOver.Load() || p.usual.Err() == nil {
			cancel(context.Cause(given))
		}
	})
	timer := time.AfterFunc(sendWithin, func() { cancel(context.DeadlineExceeded) })
	s.handOver = func() {
		timer.Reset(answerWithin)
		s.handedOver.Store(true)
		if p != nil && !p.extend() {
			cancel(context.Cause(given))
		}
	}
	return ctx, func() { timer.Stop(); stop(); cancel(context.Canceled) }
}

// converse goes through the steps of one session.
func (s *session) converse(ctx context.Context, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	if err := s.greet(ctx); err != nil {
		return err
	}
	defer s.quit() // whatever comes of it
	if err := s.logIn(); err != nil {
		return err
	}
	refused, err := s.envelope(from, to)
	if err != nil {
		return err
	}
	some := refused.reasons()
	if m == nil {
		return some
	}
	err = s.sendData(m)
	switch {
	case err == nil && some != nil:
		return &refused
	case some != nil: // in words: its kinds of errors are not those of the mail
		return fmt.Errorf("%w; and %s", err, some)
	}
	return err
}

// sendData sends the mail itself.
func (s *session) sendData(m *gomail.Msg) error {
	const refused = "the server rejects the mail, ask its administrator"
	if _, _, err := s.command(354, "DATA"); err != nil {
		return s.answer(refused, err)
	}
	w := s.text.DotWriter()
	n, err := m.WriteTo(w)
	if err != nil {
		s.broken = true // QUIT would end the mail, and the server accept what it has of it
		return fmt.Errorf("the connection broke while the mail was sent: %w", quote(err, s.hide))
	}
	s.show("client: ", fmt.Sprintf("(the mail, %d bytes)", n))
	s.handOver()
	if err = w.Close(); err == nil {
		_, _, err = s.reply(250)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*textproto.Error)):
		return s.answer(refused, err)
	}
	return fmt.Errorf("%w: %w", s.answer("the mail server "+s.Addr+" got the mail and did not confirm it", err), ErrUnconfirmed)
}

// quit ends the session, and does not wait long for an answer.
func (s *session) quit() {
	if s.broken {
		return
	}
	_ = s.conn.SetDeadline(time.Now().Add(quitWithin))
	_, _, _ = s.command(221, "QUIT")
}

// greet exchanges greetings and starts TLS.
func (s *session) greet(ctx context.Context) error {
	_ = s.conn.SetDeadline(time.Now().Add(greetWithin))
	if s.implicitTLS() {
		if err := s.startTLS(ctx); err != nil {
			return s.tlsError(err)
		}
	}
	text := newText(s.conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		return s.greetError(err)
	}
	_ = s.conn.SetDeadline(time.Time{})
	s.text = text
	if err := s.hello(); err != nil {
		return s.answer("the server refuses EHLO, is "+s.Addr+" an SMTP port?", err)
	}
	if s.implicitTLS() || s.InsecureNoTLS {
		return nil
	}
	if _, ok := s.offers["STARTTLS"]; !ok {
		return permanentError{errors.New("the server does not offer STARTTLS, and mail is not sent unencrypted: " +
			"use its TLS port (587, or 465 with ImplicitTLS); InsecureNoTLS is for a server on this machine")}
	}
	_, _, err := s.command(220, "STARTTLS")
	if err == nil {
		err = s.startTLS(ctx)
	}
	if err == nil {
		s.text = newText(s.conn)
		err = s.hello()
	}
	if err != nil {
		return s.tlsError(err)
	}
	return nil
}

// startTLS makes the connection an encrypted one.
func (s *session) startTLS(ctx context.Context) error {
	config := s.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(s.Addr)
	}
	conn := tls.Client(s.conn, config)
	s.conn = conn
	return conn.HandshakeContext(ctx)
}

// hello introduces this program, and learns what the server offers. A server may write that in
// any case (RFC 5321, 2.4), and not know EHLO.
func (s *session) hello() error {
	name := helloName(s.conn.LocalAddr())
	_, text, err := s.command(250, "EHLO "+name)
	var refused *textproto.Error
	if errors.As(err, &refused) && refused.Code >= 500 { // a 421 says that it closes the connection
		_, text, err = s.command(250, "HELO "+name)
	}
	s.offers = map[string][]string{}
	for _, line := range strings.Split(strings.ToUpper(text), "\n")[1:] {
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '=' }) // AUTH=LOGIN is an old form
		if len(words) > 0 {
			s.offers[words[0]] = append(s.offers[words[0]], words[1:]...)
		}
	}
	return err
}

// envelope names sender and recipients to the server, and returns which of them it refuses. If
// it refuses all, that is an error.
func (s *session) envelope(from *mail.Address, to []*mail.Address) (refused partialError, err error) {
	line := "MAIL FROM:" + bare(from)
	if _, ok := s.offers["8BITMIME"]; ok {
		line += " BODY=8BITMIME"
	}
	if _, ok := s.offers["SMTPUTF8"]; ok && s.needsUTF8(from) {
		line += " SMTPUTF8"
	}
	if _, _, err := s.command(250, line); err != nil {
		return refused, s.answer("the server refuses the sender, see From"+s.wants(), err)
	}
	accepted := 0
	for _, r := range to {
		_, _, err := s.command(25, "RCPT TO:"+bare(r)) // 250 or 251
		if err == nil {
			accepted++
			continue
		}
		err = s.answer("the server refuses the recipient "+clean(r.Address, maxText)+", see To"+s.wants(), err)
		if errors.Is(err, ErrPermanent) {
			refused.never = errors.Join(refused.never, err)
			continue
		}
		refused.later = errors.Join(refused.later, err) // such as greylisting
		refused.left = append(refused.left, r.Address)
	}
	err = refused.reasons()
	switch {
	case accepted > 0:
		err = nil
	case refused.never != nil && refused.later != nil:
		err = errors.New(err.Error()) // not permanent for all
	}
	return refused, err
}

// needsUTF8 reports whether an address is not ASCII. Other mail must not ask for SMTPUTF8: it would be
// returned where the server passes it on to one that does not offer that (RFC 6531, 3.4).
func (s *session) needsUTF8(from *mail.Address) bool {
	all, _ := s.recipients() // the header names all of them
	return slices.ContainsFunc(append(all, from), func(a *mail.Address) bool {
		return strings.ContainsFunc(a.Address, func(r rune) bool { return r > unicode.MaxASCII })
	})
}

// bare returns an address as SMTP wants it: <a@example.com>.
func bare(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// helloName returns the name for the greeting: this host's if it is fully qualified, else
// its address, as RFC 5321 4.1.4 requires. A container's name says nothing to a server.
func helloName(local net.Addr) string {
	host, err := os.Hostname()
	if err == nil && strings.Contains(host, ".") && headerWord(host) == host {
		return host
	}
	at, ok := local.(*net.TCPAddr)
	switch {
	case !ok || at.IP.IsLoopback():
		return "localhost"
	case at.IP.To4() == nil:
		return "[IPv6:" + at.IP.String() + "]"
	}
	return "[" + at.IP.String() + "]"
}
