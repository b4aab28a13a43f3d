package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// send hands the mail to the server; without one it goes as far as that. It speaks go-mail's SMTP itself instead of
// using go-mail's Client, which watches the context until it is connected but
// no longer, drops the mail if one of many recipients is refused, and leaves
// the connection open if the login fails.
func (e Email) send(ctx context.Context, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", e.Addr)
	if err != nil {
		return fmt.Errorf("no connection to the mail server, see Addr and the firewall: %w", err)
	}
	defer conn.Close()
	// Closing the connection ends whatever waits for the server.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	err = e.converse(ctx, conn, from, to, m)
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*partial)) {
		return fmt.Errorf("the mail server %s did not finish in time: %w", e.Addr, context.Cause(ctx))
	}
	return err
}

// converse goes through the steps of one SMTP session.
func (e Email) converse(ctx context.Context, conn net.Conn, from *mail.Address, to []*mail.Address, m *gomail.Msg) error {
	c, err := e.greet(ctx, conn)
	if err != nil {
		return err
	}
	if err := e.logIn(ctx, c); err != nil {
		return err
	}
	refused, err := e.envelope(c, from, to)
	if err != nil {
		return err
	}
	if m == nil {
		_ = c.Quit()
		if refused != nil {
			return errors.Join(refused.never, refused.later)
		}
		return nil
	}
	w, err := c.Data()
	if err != nil {
		return answer("the server does not take the mail", err)
	}
	if _, err := m.WriteTo(w); err != nil {
		return fmt.Errorf("the connection broke while the mail was sent: %w", err)
	}
	if err := w.Close(); err != nil {
		return answer("the server does not take the mail", err)
	}
	_ = c.Quit() // The mail is accepted, whatever comes now.
	if refused != nil {
		return refused
	}
	return nil
}

// greet says hello and begins TLS.
func (e Email) greet(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	host, _, _ := net.SplitHostPort(e.Addr)
	if e.implicitTLS() {
		t := tls.Client(conn, e.tlsConfig(host))
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, tlsError(err)
		}
		conn = t
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return nil, answer("the server does not greet; if it expects TLS from the start, set ImplicitTLS", err)
	}
	if e.Trace != nil {
		c.SetLogger(trace{e.Trace, e.secrets()})
		c.SetDebugLog(true)
	}
	if err := c.Hello(helloName()); err != nil {
		return nil, answer("the server refuses EHLO", err)
	}
	if e.implicitTLS() || e.InsecureNoTLS {
		return c, nil
	}
	if ok, _ := c.Extension("STARTTLS"); !ok {
		return nil, permanent{errors.New("the server does not offer STARTTLS, and mail is not sent unencrypted: " +
			"use its port for TLS (587 or, with ImplicitTLS, 465)")}
	}
	if err := c.StartTLS(e.tlsConfig(host)); err != nil {
		return nil, tlsError(err)
	}
	return c, nil
}

// logIn authenticates in the way that the server offers.
func (e Email) logIn(ctx context.Context, c *smtp.Client) error {
	if e.Username == "" {
		return nil
	}
	secret := e.Password
	if e.Token != nil {
		token, err := e.Token(ctx)
		if err != nil {
			return fmt.Errorf("no access token for %s: %w", clean(e.Username, maxText), err)
		}
		secret = token
	}
	auth, err := e.auth(c, secret)
	if err != nil {
		return permanent{err}
	}
	if err := c.Auth(auth); err != nil {
		return answer("login refused, see Username and Password (or Token)", hide(err,
			"\x00"+e.Username+"\x00"+secret, "user="+e.Username+"\x01auth=Bearer "+secret+"\x01\x01", secret))
	}
	return nil
}

// auth returns the way to log in.
func (e Email) auth(c *smtp.Client, secret string) (smtp.Auth, error) {
	_, offer := c.Extension("AUTH")
	offers := func(mechanism string) bool {
		return slices.Contains(strings.Fields(strings.ToUpper(offer)), mechanism)
	}
	offer = clean(offer, maxText)
	host, _, _ := net.SplitHostPort(e.Addr)
	switch {
	case e.Token != nil && !offers("XOAUTH2"):
		return nil, fmt.Errorf("the server does not offer XOAUTH2 but %q: remove Token and set Password", offer)
	case e.Token != nil:
		return smtp.XOAuth2Auth(e.Username, secret), nil
	case offers("PLAIN"):
		return smtp.PlainAuth("", e.Username, secret, host, e.InsecureNoTLS), nil
	case offers("LOGIN"):
		return smtp.LoginAuth(e.Username, secret, host, e.InsecureNoTLS), nil
	}
	return nil, fmt.Errorf("the server offers neither PLAIN nor LOGIN but %q: "+
		"remove Username if it needs no login, or use another port", offer)
}

// envelope names sender and recipients to the server. The first result is about
// recipients that it refuses while it accepts others.
func (e Email) envelope(c *smtp.Client, from *mail.Address, to []*mail.Address) (*partial, error) {
	if err := c.Mail(bare(from)); err != nil {
		return nil, answer("the server refuses the sender, see From, or Username if it wants a login", err)
	}
	var refused partial
	accepted := 0
	for _, r := range to {
		err := c.Rcpt(bare(r))
		if err == nil {
			accepted++
			continue
		}
		err = answer("the server refuses the recipient "+clean(r.Address, maxText)+", see To", err)
		if errors.Is(err, ErrPermanent) {
			refused.never = errors.Join(refused.never, err)
			continue
		}
		refused.later = errors.Join(refused.later, err) // some servers put off whom they do not know yet
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

// helloName returns the name by which to greet: this host's if it is one.
func helloName() string {
	host, err := os.Hostname()
	if err != nil || host == "" || headerWord(host) != host {
		return "localhost"
	}
	return host
}
