package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The same over a real Redis, in real time: so with fewer programs, and with a load balancer
// that looks more often.
func TestRollingRestartOverRealRedis(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	binary, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
		t.Fatal("redis-server is missing: apt-get install --no-install-recommends redis-server")
	}
	if err != nil {
		t.Skip("no real Redis: redis-server is not in PATH")
	}
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	server := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	await(t, addr)
	newRollout(t, 200*time.Millisecond, func() *redis.Client { return redis.NewClient(&redis.Options{Addr: addr}) }).run(t, 15, 1)
}
