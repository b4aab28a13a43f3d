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
// they hold. APRIMO_TEST_SECONDS makes it last longer than the usual 9 s.
func TestRealProcesses(t *testing.T) {
	if setting := os.Getenv(childOf); setting != "" {
		child(strings.Fields(setting))
		return
	}
	if testing.Short() {
		t.Skip("takes 9 s")
	}
	seconds := 9
	if n, err := strconv.Atoi(os.Getenv("APRIMO_TEST_SECONDS")); err == nil {
		seconds = n
	}
	for _, binary := range binaries(t) {
		t.Run(filepath.Base(binary), func(t *testing.T) {
			server := startServer(t, binary, "")
			tenant := &aprimotest.Tenant{}
			site := httptest.NewServer(tenant)
			defer site.Close()
			start := time.Now()
			var children []*exec.Cmd
			for i := range 8 {
				cmd := exec.Command(os.Args[0], "-test.run=^TestRealProcesses$")
				cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s process-%d 20", childOf, server.addr, site.URL, i))
				cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				children = append(children, cmd)
			}
			defer func() {
				for _, c := range children {
					c.Process.Kill()
					c.Wait()
				}
			}()
			eventually(t, "all have begun", 20*time.Second, func() bool { return len(tenant.Report().Agents) == 8 })
			before := tenant.Report()
			time.Sleep(time.Duration(seconds) * time.Second * 2 / 3)
			middle := tenant.Report()
			for _, c := range children[:2] {
				c.Process.Kill()
			}
			time.Sleep(time.Duration(seconds) * time.Second / 3)
			after := tenant.Report()

			t.Logf("in %v:\n%v", time.Since(start).Round(time.Second), after)
			// The tests of other packages keep the machine busy, and then requests
			// that were sent apart arrive together.
			most, least := 16, 0.8
			if seconds > 9 {
				most, least = 15, 0.98
			}
			if after.Total.MaxPerSecond > most || after.Total.Rejected > 0 {
				t.Errorf("%d in a second, %d rejected; want %d and none", after.Total.MaxPerSecond, after.Total.Rejected, most)
			}
			use := func(a, b aprimotest.Report) float64 {
				return float64(b.Total.Arrived-a.Total.Arrived) / (15 * (b.Elapsed - a.Elapsed).Seconds())
			}
			if u := use(before, middle); u < least {
				t.Errorf("used %.3f of the limit; want %v", u, least)
			}
			if u := use(middle, after); u < least-0.05 {
				t.Errorf("used %.3f of the limit when two had been killed", u)
			}
			var shares []float64
			for name, a := range middle.Agents {
				shares = append(shares, float64(a.Served-before.Agents[name].Served))
			}
			t.Logf("use %.3f, then %.3f; Jain %.4f", use(before, middle), use(middle, after), jain(shares))
			if j := jain(shares); j < 0.95 {
				t.Errorf("shares %v: Jain %.4f; want 0.95", shares, j)
			}
		})
	}
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

// The rights that the package's documentation names are enough, over TLS.
func TestRealRightsAndTLS(t *testing.T) {
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
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			defer cancel()
			rt, end := user(t, client, ctx, &aprimotest.Tenant{}, 5)
			end()
			if s := rt.Stats(); s.Sharing != transport.SharingAll || s.Sent < 30 {
				t.Errorf("%q, sent %d; want shared and some 40", s.Sharing, s.Sent)
			}
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

// All keys of a tenant lie on one node of a Cluster.
func TestRealCluster(t *testing.T) {
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
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			rt, end := user(t, client, ctx, &aprimotest.Tenant{}, 5)
			end()
			if s := rt.Stats(); s.Sharing != transport.SharingAll || s.Sent < 22 {
				t.Errorf("%q, sent %d; want shared and some 30", s.Sharing, s.Sent)
			}
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
	binary := binaries(t)[0]
	master := startServer(t, binary, "")
	startServer(t, binary, "", "--replicaof", strings.Replace(master.addr, ":", " ", 1), "--repl-diskless-sync-delay", "0")
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
	time.Sleep(3 * time.Second)
	after := tenant.Report()
	cancel()
	end()
	if use := float64(after.Total.Arrived-before.Total.Arrived) / (15 * (after.Elapsed - before.Elapsed).Seconds()); use < 0.6 {
		t.Errorf("used %.2f of the limit in the 3 s after", use)
	}
	if after.Total.MaxPerSecond > 16 {
		t.Errorf("%d in a second", after.Total.MaxPerSecond)
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
