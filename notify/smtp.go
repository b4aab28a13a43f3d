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
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	gomaillog "github.com/wneessen/go-mail/log"
	"github.com/wneessen/go-mail/smtp"
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
		c.Close() // go-mail would try HELO next
		return 0, fmt.Errorf("it says more than %d KiB", maxReplies>>10)
	}
	n, err := c.Conn.Read(p)
	c.read += n
	return n, err
}

// acceptBareCodes makes a client read replies that are a code alone, which a server may send after
// its greeting (RFC 5321, 4.2), as if a blank followed: net/textproto reads no others.
func acceptBareCodes(c *smtp.Client) { c.Text.R = bufio.NewReader(&codeReader{from: c.Text.R}) }

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

// A session is one connection to the server. It uses go-mail's SMTP and not go-mail's
// Client, which ignores the context once it is connected, drops the mail if one of many
// recipients is refused, and leaves the connection open if the login fails.
type session struct {
	Email
	conn   net.Conn
	smtp   *smtp.Client // nil before the greeting
	secret string       // password or token
	trace  listener

	handedOver atomic.Bool // the server has the mail, and only its answer is missing
	handOver   func()      // to be called then: the answer may take longer
}

// send sends the mail; without one it does all that comes before.
func (e Email) send(ctx context.Context, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	secret := e.Password
	if e.Token != nil { // first, so that the trace can hide it
		var err error
		if secret, err = e.token(ctx); err != nil {
			return fmt.Errorf("no access token for %s, see Email.Token: it %w", clean(e.Username, maxText), err)
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
	return await(ctx, partGrace, func() (string, error) {
		token, err := e.Token(ctx)
		if err != nil {
			err = fmt.Errorf("returned an error: %w", quote(err, nil))
		}
		return token, err
	})
}

// sendOver does so over a connection, which it closes.
func (e Email) sendOver(ctx context.Context, conn net.Conn, secret string, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	conn = &quietConn{Conn: conn}
	defer conn.Close()
	s := &session{Email: e, conn: conn, secret: secret, trace: listener{trace: trace{e.Trace, newRedactor(secret)}}}
	ctx, cancel := s.limit(ctx)
	defer cancel()
	// Closing the connection unblocks whatever waits for the server.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	err := s.converse(ctx, from, to, m)
	broken := errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ctx.Err()) // and not refused
	if broken && ctx.Err() != nil && !errors.As(err, new(*partialError)) && !errors.Is(err, ErrUnconfirmed) {
		err = fmt.Errorf("the mail server %s did not finish in time: %w", e.Addr, context.Cause(ctx))
		if s.smtp == nil {
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
	if err := s.logIn(); err != nil {
		s.quit()
		return err
	}
	refused, err := s.envelope(from, to)
	if err != nil {
		s.quit()
		return err
	}
	if m == nil {
		s.quit()
		if refused != nil {
			return errors.Join(refused.never, refused.later)
		}
		return nil
	}
	if err := s.sendData(m); err != nil {
		if refused != nil { // in words: its kinds of errors are not those of the mail
			err = fmt.Errorf("%w; and %s", err, errors.Join(refused.never, refused.later))
		}
		return err
	}
	s.quit() // the mail is accepted, whatever comes now
	if refused != nil {
		return refused
	}
	return nil
}

// sendData sends the mail itself.
func (s *session) sendData(m *gomail.Msg) error {
	w, err := s.smtp.Data()
	if err != nil {
		return s.answer("the server rejects the mail, ask its administrator", err)
	}
	n, err := m.WriteTo(w)
	if err != nil {
		return fmt.Errorf("the connection broke while the mail was sent: %w", quote(err, s.trace.hide))
	}
	s.trace.client(fmt.Sprintf("(the mail, %d bytes)", n))
	s.handOver()
	err = w.Close()
	if err == nil {
		if w, ok := w.(*smtp.DataCloser); ok {
			s.trace.server("250 " + w.ServerResponse())
		}
		return nil
	}
	if reply := new(textproto.Error); errors.As(err, &reply) {
		s.trace.server(reply.Error())
		return s.answer("the server rejects the mail, ask its administrator", err)
	}
	return fmt.Errorf("%w: %w", s.answer("the mail server "+s.Addr+" got the mail and did not confirm it", err), ErrUnconfirmed)
}

// quit ends the session, and does not wait long for an answer.
func (s *session) quit() {
	_ = s.conn.SetDeadline(time.Now().Add(quitWithin))
	_ = s.smtp.Quit()
}

// greet exchanges greetings and starts TLS.
func (s *session) greet(ctx context.Context) error {
	host, _, _ := net.SplitHostPort(s.Addr)
	_ = s.conn.SetDeadline(time.Now().Add(greetWithin))
	conn := s.conn
	if s.implicitTLS() {
		t := tls.Client(conn, s.tlsConfig(host))
		if err := t.HandshakeContext(ctx); err != nil {
			return s.tlsError(err)
		}
		conn = t
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return s.greetError(err)
	}
	_ = s.conn.SetDeadline(time.Time{})
	s.smtp = c
	acceptBareCodes(c)
	c.SetLogger(&s.trace)
	c.SetDebugLog(true)
	if err := c.Hello(helloName(s.conn.LocalAddr())); err != nil {
		return s.answer("the server refuses EHLO, is "+s.Addr+" an SMTP port?", err)
	}
	if s.implicitTLS() || s.InsecureNoTLS {
		return nil
	}
	if _, ok := s.trace.offers["STARTTLS"]; !ok {
		return permanentError{errors.New("the server does not offer STARTTLS, and mail is not sent unencrypted: " +
			"use its TLS port (587, or 465 with ImplicitTLS); InsecureNoTLS is for a server on this machine")}
	}
	if err := c.StartTLS(s.tlsConfig(host)); err != nil {
		return s.tlsError(err)
	}
	acceptBareCodes(c) // StartTLS has made another reader
	return nil
}

// envelope names sender and recipients to the server. The partialError is about recipients
// that it refuses while it accepts others.
func (s *session) envelope(from *mail.Address, to []*mail.Address) (*partialError, error) {
	if err := s.smtp.Mail(bare(from)); err != nil {
		return nil, s.answer("the server refuses the sender, see From"+s.wants(), err)
	}
	var refused partialError
	accepted := 0
	for _, r := range to {
		err := s.smtp.Rcpt(bare(r))
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
	switch {
	case accepted == len(to):
		return nil, nil
	case accepted > 0:
		return &refused, nil
	case refused.later == nil:
		return nil, refused.never
	case refused.never == nil:
		return nil, refused.later
	}
	return nil, errors.New(errors.Join(refused.never, refused.later).Error()) // not permanent for all
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

// A listener is go-mail's logger. It learns what the server offers: go-mail finds only names in
// capitals, and a server may write them in any case (RFC 5321, 2.4).
type listener struct {
	trace
	greeted bool                // EHLO was sent last
	offers  map[string][]string // parameters by name, in capitals
}

func (l *listener) Debugf(log gomaillog.Log) {
	text := strings.ToUpper(fmt.Sprintf(log.Format, log.Messages...))
	switch {
	case log.Direction == gomaillog.DirClientToServer:
		l.greeted = strings.HasPrefix(text, "EHLO ")
	case l.greeted:
		l.offers = map[string][]string{}
		for _, line := range strings.Split(text, "\n")[1:] {
			words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '=' }) // AUTH=LOGIN is an old form
			if len(words) > 0 {
				l.offers[words[0]] = append(l.offers[words[0]], words[1:]...)
			}
		}
	}
	l.trace.debugf(log)
}

func (l *listener) Infof(log gomaillog.Log)  { l.Debugf(log) }
func (l *listener) Warnf(log gomaillog.Log)  { l.Debugf(log) }
func (l *listener) Errorf(log gomaillog.Log) { l.Debugf(log) }

// A trace writes the dialogue with a mail server, without the login.
type trace struct {
	to   io.Writer // may be nil
	hide *redactor
}

func (t trace) client(text string) { t.print("client: ", text) }
func (t trace) server(text string) { t.print("server: ", t.hide.text(text)) }

func (t trace) print(who, text string) {
	if t.to == nil {
		return
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(t.to, "%s%s\n", who, clean(strings.TrimRight(line, "\r\n"), 300))
	}
}

func (t trace) debugf(l gomaillog.Log) {
	print := t.server
	if l.Direction == gomaillog.DirClientToServer {
		print = t.client
	}
	print(fmt.Sprintf(l.Format, l.Messages...))
}
