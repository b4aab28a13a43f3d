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

// logIn authenticates with a mechanism that the server offers.
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

// authenticate replaces go-mail's Auth, which after a refusal waits for the answer to a
// "*", which not every server sends.
func (s *session) authenticate(auth smtp.Auth) error {
	host, _, _ := net.SplitHostPort(s.Addr)
	mechanism, response, err := auth.Start(&smtp.ServerInfo{Name: host, TLS: !s.InsecureNoTLS})
	if err != nil {
		return err
	}
	line := strings.TrimSpace("AUTH " + mechanism + " " + base64.StdEncoding.EncodeToString(response))
	s.trace.client("AUTH " + mechanism + " " + hidden)
	for range 5 { // more than any mechanism here needs
		code, text, err := s.command(line)
		if err != nil || code == 235 {
			return err
		}
		if code != 334 {
			return &textproto.Error{Code: code, Msg: text}
		}
		challenge, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("the server's challenge is not base64")
		}
		if response, err = auth.Next(challenge, true); err != nil {
			return err
		}
		line = base64.StdEncoding.EncodeToString(response)
		s.trace.client(hidden)
	}
	return smtp.ErrUnexpectedServerChallange
}

// command sends a line, which the trace does not show, and returns the answer.
func (s *session) command(line string) (code int, text string, err error) {
	c := s.smtp.Text
	if err = c.PrintfLine("%s", line); err != nil {
		return 0, "", err
	}
	if code, text, err = c.ReadResponse(0); err == nil {
		s.trace.server(fmt.Sprintf("%d %s", code, text))
	}
	return code, text, err
}

// auth returns the mechanism for the login.
func (s *session) auth() (smtp.Auth, error) {
	offered := s.trace.offers["AUTH"]
	offers := func(mechanism string) bool { return slices.Contains(offered, mechanism) }
	host, _, _ := net.SplitHostPort(s.Addr)
	shown := s.words(strings.Join(offered, " "))
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
		return nil, fmt.Errorf("the server takes no password, it offers %q: set Token to get an access token", shown)
	}
	if _, ok := s.trace.offers["STARTTLS"]; ok && s.InsecureNoTLS {
		return nil, fmt.Errorf("the server offers no login without TLS but %q: remove InsecureNoTLS", shown)
	}
	return nil, fmt.Errorf("the server offers neither PLAIN nor LOGIN but %q: "+
		"remove Username if it needs no login, or use another port", shown)
}
