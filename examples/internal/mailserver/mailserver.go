// Package mailserver has a mail server that runs in the process of an example program.
package mailserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/aprimo-go/aprimo/notify"
)

const (
	mailUser     = "alerts"
	mailPassword = "a password for a server in this process"
)

// A Server keeps the mails that it receives. It requires TLS and a login, as a real one
// does.
type Server struct {
	server *smtp.Server
	addr   string
	roots  *x509.CertPool

	mu    sync.Mutex
	mails []string
}

// Start starts a server on the loopback device.
func Start() (*Server, error) {
	cert, roots, err := selfSigned("127.0.0.1")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &Server{addr: listener.Addr().String(), roots: roots}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{mails: m}, nil }))
	m.server.Domain = "mail.example.com"
	m.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	go m.server.Serve(listener)
	return m, nil
}

// Close stops the server.
func (m *Server) Close() error { return m.server.Close() }

// Email returns the Notifier for this server.
func (m *Server) Email() notify.Email {
	return notify.Email{
		Addr: m.addr, From: "Aprimo alerts <alerts@example.com>", To: []string{"admin@example.com"},
		Username: mailUser, Password: mailPassword,
		TLSConfig: &tls.Config{RootCAs: m.roots, ServerName: "127.0.0.1"},
	}
}

// Received returns the mails as they arrived.
func (m *Server) Received() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails
}

// A session is one conversation with a client.
type session struct {
	mails  *Server
	authed bool
}

var errLogin = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong user or password"}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.authed = user == mailUser && password == mailPassword
		if !s.authed {
			return errLogin
		}
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.authed {
		return errors.New("log in first")
	}
	return nil
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mails.mu.Lock()
	defer s.mails.mu.Unlock()
	s.mails.mails = append(s.mails.mails, string(text))
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// selfSigned returns a certificate that is valid for an hour.
func selfSigned(ip string) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(ip)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots, nil
}
