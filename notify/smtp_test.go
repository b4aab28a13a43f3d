package notify_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/aprimo-go/aprimo/notify"
)

// hungServer answers with script, one line for each it gets, then never again.
func hungServer(t *testing.T, script []string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		for _, line := range script {
			io.WriteString(c, line+"\r\n")
			c.Read(buf)
		}
		io.Copy(io.Discard, c)
	}()
	return l.Addr().String()
}

func TestNoMailServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	e := notify.Email{Addr: l.Addr().String(), From: "a@example.com", To: []string{"b@example.com"}}
	err = e.Notify(t.Context(), sampleAlert())
	wantError(t, err, nil, "no connection", "Addr")
	if errors.Is(err, notify.ErrPermanent) {
		t.Errorf("error: got %v, want one that is not permanent", err)
	}
}

// loginAt returns the settings for a server without TLS.
func loginAt(addr string) notify.Email {
	return notify.Email{
		Addr: addr, From: "a@example.com", To: []string{"b@example.com"}, InsecureNoTLS: true,
		Username: mailUser, Password: mailPassword,
	}
}
