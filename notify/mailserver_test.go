package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	mailUser     = "alerts"
	mailPassword = "correct horse"
	mailToken    = "ya29.token"
)

// A setup says what a mail server offers.
type setup struct {
	implicit bool
	noTLS    bool
	auth     string // mechanisms; empty means PLAIN LOGIN
}

// A mailServer is what the tests need to know of one, real or not. It refuses
// the recipient nobody@example.com for good, later@example.com for now, and those of
// grey.example.com the first time.
type mailServer struct {
	addr  string
	roots *x509.CertPool
	mails func() []received // all so far
}

type received struct {
	user string   // who was logged in
	to   []string // who gets it
	raw  []byte
}

// wait returns the mails once there are n.
func (s mailServer) wait(t *testing.T, n int) []received {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if got := s.mails(); len(got) >= n {
			return got
		}
	}
	t.Fatalf("%d mails, want %d", len(s.mails()), n)
	return nil
}

// A localServer is the mail server in this process.
type localServer struct {
	mu    sync.Mutex
	mails []received
	known map[string]bool
}

// startMailServer starts a mail server that ends with the test.
func startMailServer(t *testing.T, o setup) mailServer {
	t.Helper()
	cert, roots := newCertificate(t)
	p := new(localServer)
	mechanisms := strings.Fields(o.auth)
	if o.auth == "" {
		mechanisms = []string{"PLAIN", "LOGIN"}
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{server: p, mechanisms: mechanisms}, nil
	}))
	s.Domain, s.ErrorLog, s.AllowInsecureAuth = "mail.example.com", log.New(io.Discard, "", 0), o.noTLS
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	if !o.noTLS && !o.implicit {
		s.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if o.implicit {
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
	return mailServer{addr, roots, func() []received {
		p.mu.Lock()
		defer p.mu.Unlock()
		return append([]received(nil), p.mails...)
	}}
}

// A session is one connection to a localServer.
type session struct {
	server     *localServer
	mechanisms []string
	user       string
	to         []string
}

func (s *session) AuthMechanisms() []string { return s.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != mailUser || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &login{check: check}, nil
	}
	return xoauth2(func(s string) error {
		if s != "user="+mailUser+"\x01auth=Bearer "+mailToken+"\x01\x01" {
			return smtp.ErrAuthFailed
		}
		return check(mailUser, mailPassword)
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	switch {
	case from == "stranger@example.com":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not your address"}
	case s.user == "" && len(s.mechanisms) > 0 && s.mechanisms[0] != "NONE":
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "authentication required"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch to {
	case "nobody@example.com":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	case "later@example.com":
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "greylisted"}
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if strings.HasSuffix(to, "@grey.example.com") && !s.server.known[to] {
		if s.server.known == nil {
			s.server.known = map[string]bool{}
		}
		s.server.known[to] = true
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come again"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, received{s.user, s.to, raw})
	return err
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

// login is the server's side of LOGIN.
type login struct {
	check func(user, password string) error
	user  *string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

// xoauth2 is the server's side of XOAUTH2.
type xoauth2 func(response string) error

func (x xoauth2) Next(response []byte) (challenge []byte, done bool, err error) {
	return nil, true, x(string(response))
}

// newCertificate returns a certificate for 127.0.0.1 and the authority that
// signed it.
func newCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	certPEM, keyPEM, roots := newPEM(t)
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return cert, roots
}

func newPEM(t *testing.T) (certPEM, keyPEM []byte, roots *x509.CertPool) {
	t.Helper()
	var errs []error
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		errs = append(errs, err)
		return k
	}
	caKey, leafKey := key(), key()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mail server"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	errs = append(errs, err)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	errs = append(errs, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	errs = append(errs, err)
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), roots
}
