package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// logIn authenticates in the way that the server offers.
func (s *session) logIn() error {
	if s.Username == "" {
		return nil
	}
	auth, err := s.auth()
	if err != nil {
		return permanentError{err}
	}
	if err := s.authenticate(auth); err != nil {
		return s.answer("login refused, see Username and Password (or Token)", err)
	}
	return nil
}

// authenticate does what go-mail's Auth does, which after a refusal waits for what
// not every server sends, the answer to a "*", and so never tells of it.
func (s *session) authenticate(auth smtp.Auth) error {
	host, _, _ := net.SplitHostPort(s.Addr)
	mechanism, response, err := auth.Start(&smtp.ServerInfo{Name: host, TLS: !s.InsecureNoTLS})
	if err != nil {
		return err
	}
	line := strings.TrimSpace("AUTH " + mechanism + " " + base64.StdEncoding.EncodeToString(response))
	s.trace.client("AUTH " + mechanism + " " + hidden)
	for range 5 { // more than any mechanism here takes
		code, text, err := s.command(line)
		if err != nil || code == 235 {
			return err
		}
		if code != 334 {
			return &textproto.Error{Code: code, Msg: text}
		}
		challenge, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("the server asks in no base64")
		}
		if response, err = auth.Next(challenge, true); err != nil {
			return err
		}
		line = base64.StdEncoding.EncodeToString(response)
		s.trace.client(hidden)
	}
	return smtp.ErrUnexpectedServerChallange
}

// command says line, which is not shown, and returns the answer.
func (s *session) command(line string) (code int, text string, err error) {
	c := s.smtp.Text
	id, err := c.Cmd("%s", line)
	if err != nil {
		return 0, "", err
	}
	c.StartResponse(id)
	defer c.EndResponse(id)
	if code, text, err = c.ReadResponse(0); err == nil {
		s.trace.server(fmt.Sprintf("%d %s", code, text))
	}
	return code, text, err
}

// auth returns the way to log in.
func (s *session) auth() (smtp.Auth, error) {
	_, offer := s.smtp.Extension("AUTH")
	offers := func(mechanism string) bool {
		return slices.Contains(strings.Fields(strings.ToUpper(offer)), mechanism)
	}
	host, _, _ := net.SplitHostPort(s.Addr)
	shown := s.words(offer)
	switch {
	case s.Token != nil && !offers("XOAUTH2"):
		return nil, fmt.Errorf("the server does not offer XOAUTH2 but %q: remove Token and set Password", shown)
	case s.Token != nil:
		return smtp.XOAuth2Auth(s.Username, s.secret), nil
	case offers("PLAIN"):
		return smtp.PlainAuth("", s.Username, s.secret, host, s.InsecureNoTLS), nil
	case offers("LOGIN"):
		return smtp.LoginAuth(s.Username, s.secret, host, s.InsecureNoTLS), nil
	case offers("XOAUTH2"):
		return nil, fmt.Errorf("the server takes no password, it offers %q: set Token, which returns an access token", shown)
	}
	if ok, _ := s.smtp.Extension("STARTTLS"); ok && s.InsecureNoTLS {
		return nil, fmt.Errorf("the server offers no login without TLS but %q: remove InsecureNoTLS", shown)
	}
	return nil, fmt.Errorf("the server offers neither PLAIN nor LOGIN but %q: "+
		"remove Username if it needs no login, or use another port", shown)
}
