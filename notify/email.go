package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Email is a [Notifier] that sends mail by SMTP, over a new connection for each alert. The
// connection must be encrypted, with STARTTLS or from its start, unless InsecureNoTLS is
// set.
//
// Printing an Email, or encoding it as JSON or YAML, does not show its password. (The one
// exception is package fmt, if it prints a struct that has an Email, not a pointer to one,
// in an unexported field.)
type Email struct {
	Addr string   // of the mail server: host:port, usually with port 587 or 465
	From string   // such as alerts@example.com or "Alerts <alerts@example.com>"
	To   []string // one or more such addresses

	// Username and Password log in with PLAIN or LOGIN, as the server offers. With
	// an empty Username there is no login.
	Username string
	Password string `json:"-" yaml:"-"`

	// Token, if not nil, is called for each mail. It returns the access token for a
	// login with XOAUTH2, which Microsoft 365 and Google require. Username is the
	// mailbox; Password is not used.
	Token func(context.Context) (string, error) `json:"-" yaml:"-"`

	// ImplicitTLS is for servers that expect TLS from the start. Port 465 implies it.
	ImplicitTLS bool

	// TLSConfig is for example for a private certificate authority. Nil means the
	// system's authorities and TLS 1.2 or later.
	TLSConfig *tls.Config `json:"-" yaml:"-"`

	// InsecureNoTLS sends mail and password unencrypted. It is for a server on the
	// same machine.
	InsecureNoTLS bool

	// Templates replace the texts of the mail, for example by another language.
	Templates Templates

	// Trace, if not nil, gets the dialogue with the server, line by line, without
	// password and token, to find out why mail does not arrive. If several mails
	// are sent at the same time it must be safe for concurrent use.
	Trace io.Writer `json:"-" yaml:"-"`
}

// Validate returns an error that says what to change if no mail can be sent with these
// settings. It wraps [ErrPermanent]. Validate does not connect; Check does.
func (e Email) Validate() error {
	errs := []error{e.validateServer()}
	if e.From == "" {
		errs = append(errs, errors.New("no From address: set Email.From"))
	} else if _, err := address(e.From); err != nil {
		errs = append(errs, fmt.Errorf("bad From %q: use a mail address such as alerts@example.com: %w", clean(e.From, maxText), err))
	}
	to, err := e.recipients()
	if len(to) == 0 && err == nil {
		err = errors.New("no recipient: set Email.To")
	}
	errs = append(errs, e.Templates.validate())
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("notify: email: %w", permanentError{err})
	}
	return nil
}

func (e Email) validateServer() error {
	host, port, err := net.SplitHostPort(e.Addr)
	if err != nil {
		return fmt.Errorf("bad Addr %q: use host:port, such as smtp.example.com:587", clean(e.Addr, maxText))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return fmt.Errorf("bad Addr %q: use host and port number, such as smtp.example.com:587", clean(e.Addr, maxText))
	}
	switch {
	case e.InsecureNoTLS && e.ImplicitTLS:
		return errors.New("ImplicitTLS and InsecureNoTLS exclude each other: remove one")
	case e.Token != nil && e.Username == "":
		return errors.New("no Username for Token: set it to the mailbox of the token")
	case e.Username != "" && e.Password == "" && e.Token == nil:
		return errors.New("no Password or Token for Username: set one, or remove Username for a server without login")
	case e.Password != "" && e.Username == "":
		return errors.New("no Username for Password: set both or none")
	}
	return nil
}

// recipients returns the valid addresses in To, and an error about the others.
func (e Email) recipients() ([]*mail.Address, error) {
	var good []*mail.Address
	var errs []error
	for _, s := range e.To {
		a, err := address(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("bad To %q: use a mail address such as admin@example.com: %w", clean(s, maxText), err))
			continue
		}
		good = append(good, a)
	}
	return good, errors.Join(errs...)
}

// address parses an address and encodes its domain for DNS: few servers accept another
// form.
func address(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, err
	}
	at := strings.LastIndexByte(a.Address, '@')
	domain, err := idna.Lookup.ToASCII(a.Address[at+1:])
	if err == nil {
		a.Address = a.Address[:at+1] + domain
	}
	return a, nil
}

// Check does all that sending a mail needs, without sending one: it connects, starts TLS,
// logs in, and names the sender and each recipient. The error says what to change.
func (e Email) Check(ctx context.Context) error {
	if err := e.Validate(); err != nil {
		return err
	}
	from, _ := address(e.From)
	to, _ := e.recipients()
	if err := e.send(ctx, from, to, nil); err != nil {
		return fmt.Errorf("notify: email: %w", err)
	}
	return nil
}

// Notify sends a mail about a and returns when the server has accepted it. Token may take a
// minute, and so may the session until the server has the whole mail. Then Notify waits up to
// ten minutes for the server's confirmation, if ctx lasts that long; the ctx of an Alerter does,
// whatever its Rule.Timeout. Without a confirmation the error wraps [ErrUnconfirmed].
//
// If the server accepts the mail only for some recipients, these get it. The error is about the
// others and wraps [ErrPermanent], so that nobody gets the mail twice. An [Alerter] retries for
// recipients that the server defers, as greylisting does.
func (e Email) Notify(ctx context.Context, a Alert) error { return e.notifyRecipients(ctx, a, nil) }

// notifyRecipients implements recipientNotifier. The header names all recipients, but only
// the given addresses get the mail; nil means all.
func (e Email) notifyRecipients(ctx context.Context, a Alert, recipients []string) error {
	to, badTo := e.recipients()
	valid := e
	if len(to) > 0 && badTo != nil { // one bad address must not stop the mail to the others
		valid.To = []string{to[0].String()}
	}
	if err := valid.Validate(); err != nil {
		return err
	}
	m, badTemplate := e.message(a, to)
	envelope := to
	if recipients != nil {
		envelope = slices.DeleteFunc(slices.Clone(to), func(a *mail.Address) bool { return !slices.Contains(recipients, a.Address) })
	}
	if len(envelope) == 0 { // the recipients are none of To any more
		return nil
	}
	if err := e.send(ctx, m.GetFrom()[0], envelope, m); err != nil {
		return fmt.Errorf("notify: email: %w", errors.Join(err, badTo, badTemplate))
	}
	if badTo != nil {
		return fmt.Errorf("notify: email: sent to the other recipients, but %w", permanentError{errors.Join(badTo, badTemplate)})
	}
	if badTemplate != nil {
		return fmt.Errorf("notify: email: sent with the default texts: %w", permanentError{badTemplate})
	}
	return nil
}

// Format implements [fmt.Formatter] so that no verb shows the password.
func (e Email) Format(f fmt.State, _ rune) {
	login := "no login"
	switch {
	case e.Token != nil:
		login = "XOAUTH2 as " + e.Username
	case e.Username != "":
		login = "login as " + e.Username
	}
	fmt.Fprintf(f, "notify.Email(%s, from %s to %s, %s)", e.Addr, e.From, strings.Join(e.To, ", "), login)
}

// implicitTLS reports whether TLS begins with the connection.
func (e Email) implicitTLS() bool {
	_, port, _ := net.SplitHostPort(e.Addr)
	return e.ImplicitTLS || port == "465" && !e.InsecureNoTLS // RFC 8314
}
