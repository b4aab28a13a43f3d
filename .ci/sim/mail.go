package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/aprimo-go/aprimo/notify"
)

const (
	mailUser   = "alerts"
	mailSecret = "s3cret-of-the-mailbox"
)

var recipients = []string{"anna@example.com", "ben@example.com"}

// A mailServer is a real one (go-smtp), outside of the bubble: time stands still there
// while a mail is sent. What it does to a mail is decided before, in Token.
type mailServer struct {
	addr string
	end  func()

	mu     sync.Mutex
	refuse bool
	grey   map[string]bool // recipients that it turns away once; nil: none
	mute   bool            // closes the connection instead of an answer to the mail
	got    []received      // since they were fetched
}

type received struct {
	to  []string
	raw string
}

func startMailServer() (*mailServer, error) {
	m := new(mailServer)
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{m: m, conn: c.Conn()}, nil }))
	s.Domain, s.ErrorLog, s.AllowInsecureAuth = "mail.example.com", log.New(io.Discard, "", 0), true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(l) }()
	m.addr, m.end = l.Addr().String(), func() { s.Close(); <-done }
	return m, nil
}

// email returns how a process sends mail.
func (p *process) email() notify.Email {
	return notify.Email{
		Addr: p.w.mail.addr, From: "alerts@example.com", To: recipients,
		Username: mailUser, InsecureNoTLS: true, Token: p.mailToken,
	}
}

// mailToken is called once for each mail: here it crosses, and meets its faults.
func (p *process) mailToken(ctx context.Context) (string, error) {
	w, m, actor := p.w, p.w.mail, p.name+" mail"
	if w.fault("mail slow", p.name) != nil && !wait(ctx, 20*time.Second) {
		return "", ctx.Err()
	}
	if !w.cross(ctx, p, actor) {
		return "", errKilled
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = w.hit("mail refused", p.name, actor)
	m.mute = w.hit("mail no reply", p.name, actor)
	if w.fault("mail grey", p.name) == nil {
		m.grey = nil
	} else if m.grey == nil {
		m.grey = map[string]bool{recipients[1]: true}
	}
	return mailSecret, nil
}

// fetchMail logs the mails that have come.
func (w *world) fetchMail() {
	w.mail.mu.Lock()
	got := w.mail.got
	w.mail.got = nil
	w.mail.mu.Unlock()
	for _, m := range got {
		w.leaves("mail", m.raw)
		name := alertName(m.raw)
		for _, to := range m.to {
			w.happened(event{Kind: "mail", Call: to, Text: name})
		}
	}
}

// A session is one connection to a mailServer.
type session struct {
	m    *mailServer
	conn net.Conn
	to   []string
}

func (s *session) AuthMechanisms() []string { return []string{"XOAUTH2"} }

func (s *session) Auth(string) (sasl.Server, error) {
	return xoauth2(func(answer string) error {
		if !strings.Contains(answer, "Bearer "+mailSecret) {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

type xoauth2 func(string) error

func (x xoauth2) Next(response []byte) ([]byte, bool, error) { return nil, true, x(string(response)) }

func (s *session) Mail(string, *smtp.MailOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.refuse {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come again"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.grey[to] {
		s.m.grey[to] = false
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if err != nil {
		return err
	}
	s.m.got = append(s.m.got, received{s.to, string(raw)})
	if s.m.mute {
		s.conn.Close()
		return errors.New("sim: closed")
	}
	return nil
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

var inJSON = regexp.MustCompile(`"phase":"(\w+)",\s*"incident":"([\w-]+)",\s*"number":(\d+)`)
var inHeader = regexp.MustCompile(`X-Aprimo-Alert: state=(\w+); condition=\w+;\s+incident=([\w-]+);\s+number=(\d+)`)

// alertName returns what tells an alert from all others: incident, number, phase.
func alertName(data string) string {
	for _, r := range []*regexp.Regexp{inJSON, inHeader} {
		if m := r.FindStringSubmatch(data); m != nil {
			return m[2] + " " + m[3] + " " + m[1]
		}
	}
	return "?"
}
