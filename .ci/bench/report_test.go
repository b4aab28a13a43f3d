package bench

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// BenchmarkReport measures examples/report and, for comparison, jq with a log of 429s. Its
// size is APRIMO_LOG_MIB MiB, 8 by default.
func BenchmarkReport(b *testing.B) {
	mib, _ := strconv.Atoi(os.Getenv("APRIMO_LOG_MIB"))
	log := logOf(b, max(mib, 8)<<20)
	report := filepath.Join(b.TempDir(), "report")
	build := exec.Command("go", "build", "-o", report, "./examples/report")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.Run("ours", func(b *testing.B) { read(b, log, report, log) })
	b.Run("jq", func(b *testing.B) {
		jq, err := exec.LookPath("jq")
		if err != nil {
			b.Skip("no jq")
		}
		read(b, log, jq, "-c", ".", log)
	})
}

// read measures a program that reads a log.
func read(b *testing.B, log, program string, args ...string) {
	info, err := os.Stat(log)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	peak := int64(0)
	for b.Loop() {
		cmd := exec.Command(program, args...)
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	b.ReportMetric(float64(peak)/1024, "MiB-peak")
}

func logOf(b *testing.B, size int) string {
	file := filepath.Join(b.TempDir(), "app.log")
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for i, n := 0, 0; n < size; i++ {
		k, err := fmt.Fprintf(w, `{"level":"warn","user.name":"user %d","http.request.method":"GET","url.full":"https://acme.dam.aprimo.com/api/core/record/%032x?select=REDACTED","http.request.resend_count":%d,"aprimo.rate_limit.queue_wait_ms":%d,"aprimo.rate_limit.next_retry_ms":1059,"aprimo.rate_limit.queued":119,"http.response.status_code":429,"error.type":"429","aprimo.operation":"GET /api/core/record/{id}","aprimo.rate_limit.will_retry":%v,"aprimo.rate_limit.pause_ms":1059,"aprimo.rate_limit.in_flight":7,"aprimo.rate_limit.rate":8,"time":%q,"message":"Aprimo answered 429 Too Many Requests; will retry"}`+"\n",
			i%997, i, i%3, i%5000, i%50 > 0, at.Add(time.Duration(i)*time.Second).Format(time.RFC3339))
		if err != nil {
			b.Fatal(err)
		}
		n += k
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return file
}
