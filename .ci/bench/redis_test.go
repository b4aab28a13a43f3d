package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/transport/redislimit"
)

// high is a limit that is never reached.
const high = 1_000_000

// BenchmarkSharedSlot compares one slot over a real Redis with one Allow of
// redis_rate, which neither waits nor reserves.
func BenchmarkSharedSlot(b *testing.B) {
	addr := startRedis(b)
	b.Run("ours", func(b *testing.B) {
		l := redislimit.New(connect(b, addr), "bench", redislimit.WithLimit(high, time.Second))
		defer l.Close()
		take(b, l)
		b.ResetTimer()
		for b.Loop() {
			take(b, l)
		}
	})
	b.Run("redis_rate", func(b *testing.B) {
		l := redis_rate.NewLimiter(connect(b, addr))
		limit := redis_rate.Limit{Rate: high, Burst: high, Period: time.Second}
		for b.Loop() {
			if r, err := l.Allow(b.Context(), "bench", limit); err != nil || r.Allowed != 1 {
				b.Fatal(r, err)
			}
		}
	})
}

// BenchmarkSharedProcesses measures a slot while other processes share the limit. Each
// sends ten heartbeats a second.
func BenchmarkSharedProcesses(b *testing.B) {
	addr := startRedis(b)
	for _, processes := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(processes), func(b *testing.B) {
			tenant := redislimit.WithLimit(high, time.Second)
			ctx, cancel := context.WithCancel(b.Context())
			for range processes - 1 {
				l := redislimit.New(connect(b, addr), "bench", tenant)
				go func() {
					for ctx.Err() == nil {
						l.Wait(ctx)
						time.Sleep(time.Second / 2)
					}
				}()
				defer l.Close()
			}
			defer cancel()
			l := redislimit.New(connect(b, addr), "bench", tenant)
			defer l.Close()
			take(b, l)
			b.ResetTimer()
			for b.Loop() {
				take(b, l)
			}
		})
	}
}

// BenchmarkSharedCapacity measures how many slots a second one Redis grants, to many
// tenants.
func BenchmarkSharedCapacity(b *testing.B) {
	addr := startRedis(b)
	client := connect(b, addr)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		l := redislimit.New(client, fmt.Sprintf("tenant %p", pb), redislimit.WithLimit(high, time.Second))
		defer l.Close()
		for pb.Next() {
			if err := l.Wait(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "slots/s")
}

func take(b *testing.B, l *redislimit.Limiter) {
	if _, err := l.Slot(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func connect(b *testing.B, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr})
	b.Cleanup(func() { c.Close() })
	return c
}

// startRedis starts a redis-server that runs until the benchmark ends.
func startRedis(b *testing.B) (addr string) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
			b.Fatal(err)
		}
		b.Skip("no redis-server in PATH")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", b.TempDir())
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 500 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatal("redis-server does not listen")
	return ""
}
