package notify

import (
	"crypto/rand"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// The names of header fields must be constants: go-mail writes them as they
// are.
const (
	headerAlert         gomail.Header = "X-Aprimo-Alert"
	headerAutoSubmitted gomail.Header = "Auto-Submitted"
	headerSuppress      gomail.Header = "X-Auto-Response-Suppress"
)

// message returns the mail, in plain text and HTML.
func (e Email) message(a Alert, to []*mail.Address) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(e.From); err != nil {
		return nil, err
	}
	m.ToMailAddress(to...)
	m.Subject(a.Subject())
	if a.Time.IsZero() {
		a.Time = time.Now()
	}
	m.SetDateWithValue(a.Time)
	m.SetGenHeader(headerAutoSubmitted, "auto-generated") // RFC 3834: no holiday replies
	m.SetGenHeader(headerSuppress, "All")                 // the same for Exchange
	m.SetGenHeader(headerAlert, fmt.Sprintf("state=firing; number=%d; count=%d", a.Number, a.Count))
	e.thread(m, a)
	m.SetBodyString(gomail.TypeTextPlain, a.Text())
	m.AddAlternativeString(gomail.TypeTextHTML, a.HTML()) // the best one last (RFC 2046, 5.1.4)
	return m, nil
}

// thread makes all mails of an incident one conversation: they all answer a
// mail that never was. The Message-ID is the same at each try, so that a mail
// that was accepted, unknown to us, is not shown twice.
func (e Email) thread(m *gomail.Msg, a Alert) {
	incident := headerWord(a.Incident)
	if incident == "" {
		incident = rand.Text()
	}
	domain := messageDomain(m)
	root := fmt.Sprintf("<aprimo-429.%s@%s>", incident, domain)
	m.SetGenHeader(gomail.HeaderReferences, root)
	m.SetGenHeader(gomail.HeaderInReplyTo, root)
	m.SetMessageIDWithValue(fmt.Sprintf("aprimo-429.%s.%d@%s", incident, a.Number, domain))
}

// messageDomain returns the domain of the sender if it may stand in a
// Message-ID as it is.
func messageDomain(m *gomail.Msg) string {
	_, domain, _ := strings.Cut(m.GetFrom()[0].Address, "@")
	if domain == "" || headerWord(domain) != domain {
		return "aprimo.invalid"
	}
	return domain
}

// headerWord drops what has no place in a Message-ID: everything but ASCII
// letters, digits, dots and hyphens.
func headerWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 64)]
}
