package redislimit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// childOf says to the test binary that it is a process that shares: the address of
// Redis, the URL of the tenant, its name, and how many callers it has.
const childOf = "APRIMO_TEST_REDIS_CHILD"

// Eight processes send what they can; two of them are killed in the middle, whatever
// they hold. APRIMO_TEST_SECONDS makes it last longer than the usual 6 s.
//
// What arrives is judged by how far the machine kept up: requests that were sent in time
// may arrive as much later as a goroutine runs too late.
func TestRealProcesses(t *testing.T) {
	if setting := os.Getenv(childOf); setting != "" {
		child(strings.Fields(setting))
		return
	}
	if testing.Short() {
		t.Skip("takes 8 s")
	}
	t.Parallel()
	seconds := 6
	if n, err := strconv.Atoi(os.Getenv("APRIMO_TEST_SECONDS")); err == nil {
		seconds = n
	}
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			t.Parallel()
			server := startServer(t, binary, "")
			arrived := &arrivals{tenant: &aprimotest.Tenant{}}
			site := httptest.NewServer(arrived)
			defer site.Close()
			delayed := measureDelay(t.Context())
			children := startChildren(t, server.addr, site.URL, 8)
			eventually(t, "all have begun", 30*time.Second, func() bool { return len(arrived.tenant.Report().Agents) == 8 })
			before := arrived.tenant.Report()
			time.Sleep(time.Duration(seconds) * time.Second * 2 / 3)
			middle := arrived.tenant.Report()
			for _, c := range children[:2] {
				c.Process.Kill()
			}
			time.Sleep(time.Duration(seconds) * time.Second / 3)
			after := arrived.tenant.Report()
			late := delayed()
			if n := arrived.most(time.Second - late); n > 15 {
				t.Errorf("%d within a second less %v; want 15", n, late)
			}
			use := func(a, b aprimotest.Report) float64 {
				return float64(b.Total.Arrived-a.Total.Arrived) / (15 * (b.Elapsed - a.Elapsed).Seconds())
			}
			var shares []float64
			for name, a := range middle.Agents {
				shares = append(shares, float64(a.Served-before.Agents[name].Served))
			}
			t.Logf("use %.3f, then %.3f; Jain %.4f; late by %v", use(before, middle), use(middle, after), jain(shares), late)
			if late > 5*time.Millisecond {
				t.Logf("the machine was too busy to judge what was used")
				return
			}
			if u := use(before, middle); u < 0.8 {
				t.Errorf("used %.3f of the limit; want 0.8", u)
			}
			if u := use(middle, after); u < 0.7 {
				t.Errorf("used %.3f of the limit when two had been killed; want 0.7", u)
			}
			if j := jain(shares); j < 0.95 {
				t.Errorf("shares %v: Jain %.4f; want 0.95", shares, j)
			}
		})
	}
}

// arrivals notes when requests arrive at a tenant.
type arrivals struct {
	tenant *aprimotest.Tenant
	mu     sync.Mutex
	times  []time.Time
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.times = append(a.times, time.Now())
	a.mu.Unlock()
	a.tenant.ServeHTTP(w, r)
}

// most returns how many arrived within a time, at most.
func (a *arrivals) most(within time.Duration) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := 0
	for i, at := range a.times {
		for at.Sub(a.times[first]) >= within {
			first++
		}
		n = max(n, i-first+1)
	}
	return n
}

// measureDelay measures how much too late goroutines run, at most, until the function that
// it returns is called.
func measureDelay(ctx context.Context) func() time.Duration {
	ctx, cancel := context.WithCancel(ctx)
	worst := make(chan time.Duration)
	go func() {
		var most time.Duration
		for ctx.Err() == nil {
			due := time.Now().Add(time.Millisecond)
			time.Sleep(time.Millisecond)
			most = max(most, time.Since(due))
		}
		worst <- most
	}()
	return func() time.Duration {
		cancel()
		return <-worst
	}
}

// startChildren starts processes that send what they can until the test ends.
func startChildren(t *testing.T, addr, url string, n int) (children []*exec.Cmd) {
	t.Helper()
	for i := range n {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRealProcesses$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s process-%d 20", childOf, addr, url, i))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		children = append(children, cmd)
	}
	return children
}

// child sends what it can until it is killed.
func child(setting []string) {
	addr, url, name := setting[0], setting[1], setting[2]
	callers, err := strconv.Atoi(setting[3])
	if err != nil {
		panic(err)
	}
	client := redis.NewClient(&redis.Options{Addr: addr})
	rt := transport.New(transport.WithLimiter(New(client, "acme")), transport.WithLogger(zerolog.Nop()),
		transport.WithBase(&http.Transport{MaxIdleConnsPerHost: callers}))
	for range callers - 1 {
		go send(context.Background(), rt, url, name)
	}
	send(context.Background(), rt, url, name)
}

func send(ctx context.Context, rt http.RoundTripper, url, name string) {
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/core/records", nil)
		if err != nil {
			panic(err)
		}
		req.Header.Set("User-Agent", name)
		if resp, err := rt.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
	}
}

// user is one process within this one, over a real Redis.
func user(t *testing.T, client redis.UniversalClient, ctx context.Context, tenant *aprimotest.Tenant, callers int) (*transport.Transport, func()) {
	t.Helper()
	limiter := New(client, "acme")
	rt := transport.New(transport.WithLimiter(limiter), transport.WithLogger(zerolog.Nop()), transport.WithBase(tenant.Transport()))
	var calls sync.WaitGroup
	for range callers {
		calls.Go(func() { send(ctx, rt, "https://acme.dam.aprimo.com", "ours") })
	}
	return rt, func() {
		calls.Wait()
		limiter.Close()
		client.Close()
	}
}

// sharesThirty sends thirty requests, the limit of two seconds, with a shared limit. How long
// that takes depends on the machine.
func sharesThirty(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	rt, end := user(t, client, ctx, &aprimotest.Tenant{}, 5)
	defer end()
	defer cancel()
	eventually(t, "30 requests are sent, the limit is shared", 20*time.Second, func() bool {
		s := rt.Stats()
		return s.Sharing == transport.SharingAll && s.Sent >= 30
	})
}

// The rights that the package's documentation names are enough, over TLS.
func TestRealRightsAndTLS(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rights := regexp.MustCompile(`(?m)^//\t(~aprimo:.*)$`).FindSubmatch(doc)
	if rights == nil {
		t.Fatal("the documentation names no rights")
	}
	pair := httptest.NewUnstartedServer(nil) // for its certificate
	pair.StartTLS()
	defer pair.Close()
	cert, key := certificate(t, pair)
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			t.Parallel()
			secure := freeAddr(t)
			server := startServer(t, binary, "", "--tls-port", secure[strings.LastIndex(secure, ":")+1:],
				"--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no")
			admin := redis.NewClient(&redis.Options{Addr: server.addr})
			defer admin.Close()
			args := []any{"ACL", "SETUSER", "aprimo", "on", ">secret", "resetkeys", "-@all"}
			for _, right := range strings.Fields(string(rights[1])) {
				args = append(args, right)
			}
			command(t, admin, args...)
			roots := x509.NewCertPool()
			roots.AddCert(pair.Certificate())
			client := redis.NewClient(&redis.Options{Addr: secure, Username: "aprimo", Password: "secret",
				TLSConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}})
			if err := client.Get(t.Context(), "other").Err(); err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
				t.Errorf("reading another key: %v; want NOPERM", err)
			}
			sharesThirty(t, client)
			keys, err := admin.Keys(t.Context(), "*").Result()
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				ttl := admin.PTTL(t.Context(), k).Val()
				memory := admin.MemoryUsage(t.Context(), k).Val()
				t.Logf("%s: %d bytes, expires in %v", k, memory, ttl)
				if ttl <= 0 || ttl > 2*time.Minute || memory > 2048 {
					t.Errorf("%s: %d bytes, expires in %v; want 2 KiB at most, some minute", k, memory, ttl)
				}
			}
		})
	}
}

// A user who lacks one right is alone all the time, and the calls go.
func TestRealRightMissing(t *testing.T) {
	t.Parallel()
	server := startServer(t, binaries(t)[0], "")
	admin := redis.NewClient(&redis.Options{Addr: server.addr})
	defer admin.Close()
	var users sync.WaitGroup
	for _, right := range []string{"lpush", "lindex", "hgetall", "pexpire"} {
		command(t, admin, "ACL", "SETUSER", right, "on", ">secret", "~*", "+@all", "-"+right)
		users.Go(func() {
			client := redis.NewClient(&redis.Options{Addr: server.addr, Username: right, Password: "secret"})
			limiter := New(client, right)
			defer client.Close()
			defer limiter.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			sent := 0
			for begin := time.Now(); (sent < 15 || time.Since(begin) < 1500*time.Millisecond) && limiter.Wait(ctx) == nil; {
				sent++
			}
			s := limiter.Share()
			if sent < 15 || s.Sharing != transport.SharingAlone || s.Losses != 1 || s.Err == nil || !strings.Contains(s.Err.Error(), "can't run this command") {
				t.Errorf("without %s: sent %d, %q, lost the others %d times, %v; want 15, alone, once, and that a command is refused",
					right, sent, s.Sharing, s.Losses, s.Err)
			}
		})
	}
	users.Wait()
}

// A large limit is shared also after Redis has lost everything.
func TestRealLargeLimit(t *testing.T) {
	t.Parallel()
	server := startServer(t, binaries(t)[0], "")
	client := redis.NewClient(&redis.Options{Addr: server.addr})
	defer client.Close()
	limiter := New(client, "acme", WithLimit(9000, 3*time.Second))
	defer limiter.Close()
	for range 3 {
		if err := limiter.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	command(t, client, "FLUSHALL")
	start := time.Now()
	if err := limiter.Wait(t.Context()); err != nil || time.Since(start) < 2900*time.Millisecond {
		t.Errorf("a slot after %v, %v; want 3 s", time.Since(start), err)
	}
	if s := limiter.Share(); s.Losses > 0 {
		t.Errorf("lost the others %d times: %v; want never", s.Losses, s.Err)
	}
}

// All keys of a tenant lie on one node of a Cluster.
func TestRealCluster(t *testing.T) {
	t.Parallel()
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			server := startServer(t, binary, "", "--cluster-enabled", "yes")
			client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.addr}})
			admin := redis.NewClient(&redis.Options{Addr: server.addr})
			defer admin.Close()
			command(t, admin, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
			eventually(t, "the cluster is ready", 10*time.Second, func() bool {
				return strings.Contains(admin.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
			})
			sharesThirty(t, client)
		})
	}
}

// The master dies, a Sentinel makes the replica the new one: the process goes on
// alone meanwhile, comes back, and has never sent more than the limit.
func TestRealSentinel(t *testing.T) {
	sentinel, err := exec.LookPath("redis-sentinel")
	if err != nil {
		if os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
			t.Fatal("redis-sentinel is not in PATH")
		}
		t.Skip("no redis-sentinel in PATH")
	}
	if testing.Short() {
		t.Skip("takes 8 s")
	}
	t.Parallel()
	binary := binaries(t)[0]
	master := startServer(t, binary, "", "--repl-diskless-sync-delay", "0")
	replica := startServer(t, binary, "", "--replicaof", strings.Replace(master.addr, ":", " ", 1))
	copied := redis.NewClient(&redis.Options{Addr: replica.addr})
	defer copied.Close()
	eventually(t, "the replica is one", 10*time.Second, func() bool { // a Sentinel looks only every ten seconds
		return strings.Contains(copied.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	watch := freeAddr(t)
	startServer(t, sentinel, watch, sentinelConfig(t, watch, master.addr))
	look := redis.NewSentinelClient(&redis.Options{Addr: watch})
	defer look.Close()
	eventually(t, "the Sentinel sees the replica", 20*time.Second, func() bool {
		list, err := look.Replicas(t.Context(), "budget").Result()
		return err == nil && len(list) == 1 && list[0]["master-link-status"] == "ok"
	})
	tenant := &aprimotest.Tenant{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "budget", SentinelAddrs: []string{watch}})
	rt, end := user(t, client, ctx, tenant, 5)
	time.Sleep(2 * time.Second)
	master.kill()
	eventually(t, "it goes on alone", 5*time.Second, func() bool { return rt.Stats().Sharing == transport.SharingAlone })
	eventually(t, "it shares again", 20*time.Second, func() bool { return rt.Stats().Sharing == transport.SharingAll })
	before := tenant.Report()
	eventually(t, "it uses 0.6 of the limit in 3 s or more", 20*time.Second, func() bool {
		after := tenant.Report()
		took := (after.Elapsed - before.Elapsed).Seconds()
		return took > 3 && float64(after.Total.Arrived-before.Total.Arrived) > 0.6*15*took
	})
	cancel()
	end()
	if n := tenant.Report().Total.MaxPerSecond; n > 16 {
		t.Errorf("got %d in a second, want 16 at most", n)
	}
}

// certificate writes that of a test server to files.
func certificate(t *testing.T, s *httptest.Server) (cert, key string) {
	t.Helper()
	pair := s.TLS.Certificates[0]
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, cert, "CERTIFICATE", pair.Certificate[0])
	writePEM(t, key, "PRIVATE KEY", der)
	return cert, key
}
