// Nginx measures on the wall clock how our transport shares a real server with strangers:
// an nginx whose limit_req answers as Aprimo documents it, 15 requests at once, 100 late, and
// the others with 429.
//
//	go run ./nginx
//	go run ./nginx -minutes 5 -strangers 8
//
// Strangers send at random times, whatever happens. First they are alone, then beside a job of
// ours that always has calls waiting: the difference of their times is the harm that we do.
// The first minute of each does not count. It needs nginx, and does not replace the simulated
// tenant: virtual time tries more in a second than this in an hour.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// config lets 15 requests through at once and 15 in each second, and keeps 100 waiting.
const config = `
daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log crit;
events { worker_connections 2048; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	limit_req_zone $server_name zone=tenant:1m rate=15r/s;
	limit_req_status 429;
	server {
		listen %[2]s;
		server_name tenant;
		location / {
			limit_req zone=tenant burst=114 delay=14;
			proxy_pass http://%[3]s;
		}
	}
}
`

const (
	rate    = 15 // requests a second, in config too
	warmup  = time.Minute
	callers = 150 // of ours, who call without a pause
	median  = 120 * time.Millisecond
	sigma   = 0.35 // of the logarithm of what a request takes
)

func main() {
	minutes := flag.Int("minutes", 5, "`minutes` of each run; the first does not count")
	strangers := flag.Float64("strangers", 8, "requests a `second` of the strangers")
	flag.Parse()
	if *minutes < 2 || *strangers < 0 || *strangers >= rate {
		fmt.Fprintf(os.Stderr, "nginx: -minutes %d -strangers %v: choose at least 2 minutes, and strangers below %d a second\n", *minutes, *strangers, rate)
		os.Exit(2)
	}
	if err := run(time.Duration(*minutes)*time.Minute, *strangers); err != nil {
		fmt.Fprintln(os.Stderr, "nginx:", err)
		os.Exit(1)
	}
}

func run(length time.Duration, others float64) error {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(float64(median) * math.Exp(sigma*rand.NormFloat64())))
	}))
	defer server.Close()
	addr, stop, err := start(server.Listener.Addr().String())
	if err != nil {
		return err
	}
	defer stop()
	for _, beside := range []bool{false, true} {
		var theirs, ours load
		ctx, cancel := context.WithTimeout(context.Background(), length)
		var all sync.WaitGroup
		base := &http.Transport{MaxIdleConnsPerHost: 2 * callers}
		all.Go(func() { theirs.arrive(ctx, base, addr, others) })
		var t *transport.Transport
		if beside {
			t = transport.New(transport.WithBase(base.Clone()), transport.WithLogger(zerolog.Nop()))
			for range callers {
				all.Go(func() {
					for ctx.Err() == nil {
						ours.call(ctx, t, addr)
					}
				})
			}
		}
		all.Wait()
		cancel()
		base.CloseIdleConnections()
		counted := (length - warmup).Seconds()
		fmt.Printf("strangers %4.1f/s, %.3f s each, %d 429s", float64(theirs.served)/counted, theirs.mean(), theirs.refused)
		if beside {
			fmt.Printf("; ours %4.1f/s, %d 429s in all; use of what they left %.3f", float64(ours.served)/counted, t.Stats().RateLimited,
				float64(ours.served)/(rate*counted-float64(theirs.served)))
		}
		fmt.Println()
	}
	return nil
}

// A load is what one side sent. What ended in the first minute does not count.
type load struct {
	once    sync.Once
	began   time.Time
	mu      sync.Mutex
	served  int
	refused int
	took    time.Duration
}

// arrive sends requests at random times until ctx ends.
func (l *load) arrive(ctx context.Context, rt http.RoundTripper, addr string, perSecond float64) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(rand.ExpFloat64() / perSecond * float64(time.Second))):
			all.Go(func() { l.call(ctx, rt, addr) })
		}
	}
}

func (l *load) call(ctx context.Context, rt http.RoundTripper, addr string) {
	l.once.Do(func() { l.began = time.Now() })
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/api/core/records", nil)
	if err != nil {
		return
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if time.Since(l.began) < warmup {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch resp.StatusCode {
	case http.StatusOK:
		l.served++
		l.took += time.Since(began)
	case http.StatusTooManyRequests:
		l.refused++
	}
}

func (l *load) mean() float64 { return l.took.Seconds() / math.Max(1, float64(l.served)) }

// start starts nginx in front of a server, and returns its address.
func start(behind string) (addr string, stop func(), err error) {
	binary, err := exec.LookPath("nginx")
	if err != nil {
		if binary, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return "", nil, errors.New("nginx is missing: apt-get install --no-install-recommends nginx-light")
		}
	}
	dir, err := os.MkdirTemp("", "nginx")
	if err != nil {
		return "", nil, err
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr = free.Addr().String()
	free.Close()
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, fmt.Appendf(nil, config, dir, addr, behind), 0o600); err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", path)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
		os.RemoveAll(dir)
	}
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr, stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, fmt.Errorf("it does not listen: %s", &out)
}
