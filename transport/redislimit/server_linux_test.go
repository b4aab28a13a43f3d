package redislimit

import (
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A realServer is a redis-server, or a valkey-server, that is a child of this
// process and ends with it.
type realServer struct {
	addr string
	cmd  *exec.Cmd
}

// binaries returns the servers that are there. Where APRIMO_REQUIRE_REAL is 1, one
// must be.
func binaries(t *testing.T) (list []string) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			list = append(list, path)
		}
	}
	if len(list) == 0 && os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
		t.Fatal("neither redis-server nor valkey-server is in PATH")
	}
	if len(list) == 0 {
		t.Skip("no real Redis: neither redis-server nor valkey-server is in PATH")
	}
	return list
}

func startServer(t *testing.T, binary, addr string, args ...string) *realServer {
	t.Helper()
	if addr == "" {
		addr = freeAddr(t)
	}
	host, port, _ := net.SplitHostPort(addr)
	var cmd *exec.Cmd
	if strings.HasSuffix(binary, "-sentinel") {
		cmd = exec.Command(binary, args...)
	} else {
		cmd = exec.Command(binary, append([]string{"--port", port, "--bind", host, "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, args...)...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &realServer{addr, cmd}
	t.Cleanup(s.kill)
	if port != "0" {
		await(t, addr)
	}
	return s
}

func (s *realServer) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// await returns when somebody listens there.
func await(t *testing.T, addr string) {
	t.Helper()
	for range 500 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nobody listens on %s", addr)
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

func command(t *testing.T, c redis.UniversalClient, args ...any) {
	t.Helper()
	if err := c.Do(context.Background(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

// eventually waits for something to become true.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// sentinelConfig makes a Sentinel watch a server and replace it in a second.
func sentinelConfig(t *testing.T, addr, watched string) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(addr)
	host, watchedPort, _ := net.SplitHostPort(watched)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	config := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor budget %s %s 1\n"+
		"sentinel down-after-milliseconds budget 500\nsentinel failover-timeout budget 2000\n", port, filepath.Dir(file), host, watchedPort)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
