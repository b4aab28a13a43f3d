package notify

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// message returns the mail, in plain text and HTML; with an error of the Templates, it has the
// default texts, which are better than no mail. From must be valid. Header names must be
// constants: go-mail does not check them.
func (e Email) message(a Alert, to []*mail.Address) (m *gomail.Msg, badTemplate error) {
	m = gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from, _ := address(e.From)
	m.FromMailAddress(from)
	m.ToMailAddress(to...)
	subject, text, html, badTemplate := e.Templates.render(a)
	if badTemplate != nil {
		subject, text, html, _ = Templates{}.render(a)
	}
	a = a.complete()
	m.Subject(subject)
	if a.Time.IsZero() {
		a.Time = time.Now()
	}
	m.SetDateWithValue(a.Time)
	m.SetGenHeader("Auto-Submitted", "auto-generated")                                      // RFC 3834: no holiday replies
	m.SetGenHeader("X-Auto-Response-Suppress", "All")                                       // the same for Exchange
	m.SetGenHeader("List-Id", "Aprimo API alerts <alerts.aprimo-sdk."+messageDomain(m)+">") // to filter by (RFC 2919)
	m.SetGenHeader("X-Aprimo-Alert", fmt.Sprintf("state=%s; condition=%s; incident=%s; number=%d; count=%d",
		headerWord(string(a.Phase)), headerWord(string(a.Condition)), headerWord(a.Incident), a.Number, a.Total))
	if a.Condition == Failing && (a.Phase == Firing || a.Phase == Escalated) {
		m.SetImportance(gomail.ImportanceHigh)
	}
	thread(m, a)
	m.SetBodyString(gomail.TypeTextPlain, text)
	m.AddAlternativeString(gomail.TypeTextHTML, html) // the preferred one last (RFC 2046, 5.1.4)
	return m, badTemplate
}

// thread makes all mails about an incident one conversation, as replies to a mail that does
// not exist. The Message-ID is the same at each attempt, so that mail programs do not show a
// mail twice whose acceptance got lost.
func thread(m *gomail.Msg, a Alert) {
	incident, domain := cmp.Or(headerWord(a.Incident), rand.Text()), messageDomain(m)
	id := func(number int) string { return fmt.Sprintf("aprimo-429.%s.%d@%s", incident, number, domain) }
	root := fmt.Sprintf("<aprimo-429.%s@%s>", incident, domain)
	own, references := id(a.Number), root
	switch {
	case a.Phase == Digest: // digests have numbers of their own
		own = "digest." + own
	case a.Number > 1:
		references += " <" + id(1) + ">"
	}
	m.SetGenHeader(gomail.HeaderReferences, references)
	m.SetGenHeader(gomail.HeaderInReplyTo, root)
	m.SetMessageIDWithValue(own)
}

// messageDomain returns the domain of the sender if it is valid in a Message-ID.
func messageDomain(m *gomail.Msg) string {
	_, domain, _ := strings.Cut(m.GetFrom()[0].Address, "@")
	if domain == "" || headerWord(domain) != domain {
		return "aprimo.invalid"
	}
	return domain
}

// headerWord keeps what is safe in a Message-ID: ASCII letters, digits, dots and hyphens.
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
