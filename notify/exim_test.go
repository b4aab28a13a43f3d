//go:build unix

package notify_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The same as TestEmail with a real mail server: Debian's exim4-daemon-light.
func TestEmailWithExim(t *testing.T) {
	if _, err := eximPath(); err != nil {
		if os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
			t.Fatal("exim4 is missing: apt-get install --no-install-recommends exim4-daemon-light")
		}
		t.Skip("no real mail server: exim4 is neither in PATH nor in /usr/sbin")
	}
	testEmail(t, startExim)
}

func eximPath() (string, error) {
	if path, err := exec.LookPath("exim4"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/exim4")
}

// startExim starts an exim that ends with the test and keeps all mail.
func startExim(t *testing.T, o setup) mailServer {
	t.Helper()
	path, err := eximPath()
	if err != nil {
		t.Fatal(err)
	}
	dir, addr := t.TempDir(), freeAddr(t)
	cert, key, roots := newPEM(t)
	write(t, filepath.Join(dir, "cert.pem"), cert)
	write(t, filepath.Join(dir, "key.pem"), key)
	for _, d := range []string{"spool", "log", "mail"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
		openToAll(t, filepath.Join(dir, d))
	}
	openToAll(t, filepath.Dir(dir)) // Exim changes to a user of its own if root starts it.
	conf := filepath.Join(dir, "exim.conf")
	write(t, conf, []byte(eximConfig(dir, addr, o)))

	var out bytes.Buffer
	cmd := exec.Command(path, "-C", conf, "-bdf")
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with the processes that it started
		cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log", "mainlog"))
			t.Logf("exim: %s\n%s", &out, log)
		}
	})
	awaitPort(t, addr)
	return mailServer{addr, roots, func() []received { return readMaildir(t, filepath.Join(dir, "mail", "new")) }}
}

func eximConfig(dir, addr string, o setup) string {
	_, port, _ := net.SplitHostPort(addr)
	auth := o.auth
	if auth == "" {
		auth = "PLAIN LOGIN"
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	owner := ""
	if uid := os.Getuid(); uid != 0 {
		owner = fmt.Sprintf("exim_user = %d\nexim_group = %d\n", uid, os.Getgid())
	}
	if !o.noTLS {
		line("tls_advertise_hosts = *\ntls_certificate = %[1]s/cert.pem\ntls_privatekey = %[1]s/key.pem", dir)
	} else {
		line("tls_advertise_hosts =")
	}
	if o.implicit {
		line("tls_on_connect_ports = %s", port)
	}
	line(eximMain, owner, dir, port)
	if strings.Contains(auth, "PLAIN") {
		line(eximPlain, mailUser, mailPassword)
	}
	if strings.Contains(auth, "LOGIN") {
		line(eximLogin, mailUser, mailPassword)
	}
	return b.String()
}

const eximMain = `%[1]sprimary_hostname = mail.example.com
spool_directory = %[2]s/spool
log_file_path = %[2]s/log/%%slog
pid_file_path = %[2]s/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[3]s
deliver_drop_privilege = true
host_lookup =
rfc1413_hosts =
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
begin acl
mail:
  deny senders = stranger@example.com
       message = not your address
  deny !authenticated = *
       message = authentication required
  accept
rcpt:
  deny local_parts = nobody
       message = no such user
  defer local_parts = later
       message = greylisted
  accept
begin routers
all:
  driver = accept
  transport = sink
begin transports
sink:
  driver = appendfile
  maildir_format
  directory = %[2]s/mail
  batch_max = 100
  headers_add = X-Auth-User: $authenticated_id
begin authenticators`

const eximPlain = `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{%[1]s}}{eq{$auth3}{%[2]s}}}}
  server_set_id = $auth2`

const eximLogin = `login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{%[1]s}}{eq{$auth2}{%[2]s}}}}
  server_set_id = $auth1`

// readMaildir returns the mails in a directory, with the ends of lines as they
// are on the wire.
func readMaildir(t *testing.T, dir string) []received {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	var all []received
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, user, _ := strings.Cut(string(raw), "X-Auth-User: ")
		user, _, _ = strings.Cut(user, "\n")
		all = append(all, received{user: user, raw: bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))})
	}
	return all
}

// write writes a file that only its owner may change: exim insists on it.
func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func openToAll(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
}

// freeAddr returns an address on which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaitPort waits until a server listens at addr.
func awaitPort(t *testing.T, addr string) {
	t.Helper()
	for range 500 {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("no server at %s", addr)
}
