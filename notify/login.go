package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
)

// logIn authenticates with a mechanism that the server offers.
func (s *session) logIn() error {
	if s.Username == "" {
		return nil
	}
	mechanism, words, err := s.mechanism()
	if err != nil {
		return permanentError{err}
	}
	s.show("client: ", "AUTH "+mechanism+" "+hidden)
	line := "AUTH " + mechanism
	if mechanism != "LOGIN" {
		line, words = line+" "+encode(words[0]), words[1:]
	}
	for {
		code, text, err := s.commandUnseen(0, line)
		switch {
		case err == nil && code == 235:
			return nil
		case err == nil && code != 334:
			err = &textproto.Error{Code: code, Msg: text}
		case err == nil && len(words) == 0:
			return errors.New("login refused: the server asks for more than " + mechanism + " provides")
		}
		if err != nil {
			return s.answer("login refused, see Username and Password (or Token)", err)
		}
		line, words = encode(words[0]), words[1:]
		s.show("client: ", hidden)
	}
}

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// mechanism returns the one for the login, and what it tells the server, one after the other.
func (s *session) mechanism() (name string, words []string, err error) {
	offered := s.offers["AUTH"]
	offers := func(mechanism string) bool { return slices.Contains(offered, mechanism) }
	shown := s.words(strings.Join(offered, " "))
	_, tls := s.offers["STARTTLS"]
	switch {
	case s.Token != nil && offers("XOAUTH2"):
		// A refusal is a challenge, and comes after an empty answer to it.
		return "XOAUTH2", []string{"user=" + s.Username + "\x01auth=Bearer " + s.secret + "\x01\x01", ""}, nil
	case s.Token != nil:
		err = fmt.Errorf("the server does not offer XOAUTH2 but %q: remove Token and set Password", shown)
	case offers("PLAIN"):
		return "PLAIN", []string{"\x00" + s.Username + "\x00" + s.secret}, nil
	case offers("LOGIN"):
		return "LOGIN", []string{s.Username, s.secret}, nil
	case offers("XOAUTH2"):
		err = fmt.Errorf("the server takes no password, it offers %q: set Token to get an access token", shown)
	case tls && s.InsecureNoTLS:
		err = fmt.Errorf("the server offers no login without TLS but %q: remove InsecureNoTLS", shown)
	default:
		err = fmt.Errorf("the server offers neither PLAIN nor LOGIN but %q: "+
			"remove Username if it needs no login, or use another port", shown)
	}
	return "", nil, err
}
