package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// nginxConfig lets 200 requests in a second through, and 100 more wait, as Aprimo does with
// 15 and 100. It ends each connection after 20 requests.
const nginxConfig = `
daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log notice;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	limit_req_zone $server_name zone=tenant:1m rate=50r/s;
	limit_req_status 429;
	limit_req_log_level info;
	keepalive_requests 20;
	server {
		listen %[2]s ssl http2;
		server_name .aprimo.com;
		ssl_certificate %[1]s/cert.pem;
		ssl_certificate_key %[1]s/key.pem;
		location / {
			limit_req zone=tenant burst=60;
			proxy_pass http://%[3]s;
			proxy_set_header Host $host;
		}
	}
}
`

// startNginx starts one in front of a server, and returns what connects to it.
func startNginx(t *testing.T, behind string) *http.Transport {
	t.Helper()
	binary, err := nginxPath()
	if err != nil {
		if os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
			t.Fatal("nginx is missing: apt-get install --no-install-recommends nginx-light")
		}
		t.Skip("no real nginx: it is neither in PATH nor in /usr/sbin")
	}
	dir, addr := t.TempDir(), freeAddr(t)
	roots := writeCertificate(t, dir)
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, addr, behind), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", config)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("nginx: %s\n%s", &out, log)
		}
	})
	await(t, addr)
	base := newBase()
	base.TLSClientConfig = &tls.Config{RootCAs: roots}
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return base
}

func nginxPath() (string, error) {
	if path, err := exec.LookPath("nginx"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/nginx")
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await returns when somebody listens there.
func await(t *testing.T, addr string) {
	t.Helper()
	for range 500 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", addr)
}

// writeCertificate makes one of the hosts of acme, which is its own authority.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{hostsOf("acme").dam, hostsOf("acme").core},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return roots
}

// An echo answers with what it was asked, and counts how often.
type echo struct {
	mu    sync.Mutex
	times map[string]int
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	e.mu.Lock()
	e.times[r.RequestURI]++
	e.mu.Unlock()
	fmt.Fprintf(w, "%s %s%s %s", r.Method, r.Host, r.RequestURI, body)
}

// No call is lost or done twice behind a real nginx, which answers 429 and ends connections
// under the requests on them.
func TestNginx(t *testing.T) {
	server := &echo{times: map[string]int{}}
	behind := httptest.NewServer(server)
	defer behind.Close()
	base := startNginx(t, behind.Listener.Addr().String())
	tr := transport.New(transport.WithBase(base), transport.WithLimiter(transport.NewLimiter(200, time.Second)), transport.WithLogger(zerolog.Nop()))
	p := &proxy{hosts: hostsOf("acme"), transport: tr}
	p.reverse = p.newReverse()
	front := httptest.NewServer(p)
	defer func() { front.Close(); p.close(); http.DefaultClient.CloseIdleConnections() }()

	direct, proxied := 900, 300
	if testing.Short() {
		direct, proxied = 300, 100
	}
	var calls, strangers sync.WaitGroup
	busy, rest := context.WithTimeout(t.Context(), time.Minute)
	defer rest()
	strange := base.Clone()
	strange.TLSClientConfig.NextProtos = []string{"http/1.1"}
	strange.ForceAttemptHTTP2 = false
	defer strange.CloseIdleConnections()
	for range 120 { // of a stranger, who keeps nginx's queue full until one of ours is answered 429
		strangers.Go(func() {
			for tr.Stats().RateLimited == 0 && busy.Err() == nil {
				if resp, err := (&http.Client{Transport: strange}).Get("https://" + p.hosts.core + "/stranger"); err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	for i := range direct {
		calls.Go(func() {
			method, body := "GET", ""
			if i%3 == 0 {
				method, body = "POST", strings.Repeat("x", i)
			}
			path := fmt.Sprintf("/api/core/records?direct=%d;%%", i)
			req, _ := http.NewRequest(method, "https://"+p.hosts.dam+path, strings.NewReader(body))
			ask(t, &http.Client{Transport: tr}, req, method+" "+p.hosts.dam+path+" "+body)
		})
	}
	for i := range proxied {
		calls.Go(func() {
			path, body := fmt.Sprintf("/api/core/records?proxied=%d;%%", i), strings.Repeat("y", i)
			req, _ := http.NewRequest("POST", front.URL+path, io.MultiReader(strings.NewReader(body))) // in chunks
			ask(t, http.DefaultClient, req, "POST "+p.hosts.dam+path+" "+body)
		})
	}
	calls.Wait()
	more := 0
	for ; tr.Stats().RateLimited == 0 && busy.Err() == nil; more++ { // on a slow machine nginx's queue is not full yet
		path := fmt.Sprintf("/api/core/records?more=%d", more)
		req, _ := http.NewRequest("GET", "https://"+p.hosts.dam+path, nil)
		ask(t, &http.Client{Transport: tr}, req, "GET "+p.hosts.dam+path+" ")
	}
	strangers.Wait()
	delete(server.times, "/stranger")
	if want := direct + proxied + more; len(server.times) != want {
		t.Errorf("the server had %d requests, want %d", len(server.times), want)
	}
	for target, n := range server.times {
		if n != 1 {
			t.Errorf("%s was done %d times, want once", target, n)
		}
	}
	if s := tr.Stats(); s.RateLimited == 0 {
		t.Errorf("nginx answered no request with 429, so nothing was tested: %+v", s)
	}
}

// ask makes a call, which must be answered with exactly want.
func ask(t *testing.T, client *http.Client, req *http.Request, want string) {
	resp, err := client.Do(req)
	if err != nil {
		t.Errorf("%s: %v, want an answer", req.URL, err)
		return
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(got) != want {
		t.Errorf("%s: got status %d, %q, %v; want 200, %q", req.URL, resp.StatusCode, got, err, want)
	}
}
