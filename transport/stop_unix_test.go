//go:build unix

package transport_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// stoppedChild says to the test binary that it is the process to be stopped.
const stoppedChild = "APRIMO_TEST_STOPPED_CHILD"

// A limiter that hands out dates in advance lets everything go at once that has
// become due while its process was stopped: 29 to 38 in a second instead of 15.
func TestStrictAfterTheProcessWasStopped(t *testing.T) {
	if os.Getenv(stoppedChild) != "" {
		sendWhileStopped()
		return
	}
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestStrictAfterTheProcessWasStopped$")
	child.Env = append(os.Environ(), stoppedChild+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var begun []int64
	for lines := bufio.NewScanner(out); lines.Scan(); {
		ns, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			continue // the test framework's own lines
		}
		begun = append(begun, ns)
		if len(begun) == 30 {
			// Not within the burst: a process can always be stopped between its
			// last look at the clock and the sending.
			<-time.After(500 * time.Millisecond)
			stopFor(child.Process, 1500*time.Millisecond)
		}
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(begun) != 60 {
		t.Fatalf("%d requests began, want 60", len(begun))
	}
	slices.Sort(begun)
	for i := 15; i < len(begun); i++ {
		if d := time.Duration(begun[i] - begun[i-15]); d < time.Second {
			t.Errorf("16 began within %v, want a second or more", d)
		}
	}
	if pause := time.Duration(begun[len(begun)-1] - begun[0]); pause < 3*time.Second {
		t.Errorf("all began within %v; was the process stopped?, want 3 s at least", pause)
	}
}

func stopFor(p *os.Process, d time.Duration) {
	p.Signal(syscall.SIGSTOP)
	<-time.After(d)
	p.Signal(syscall.SIGCONT)
}

// sendWhileStopped makes 60 calls at once and prints when each began.
func sendWhileStopped() {
	zero := time.Now()
	var mu sync.Mutex
	tr := transport.New(quiet, transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
		began := time.Since(zero)
		mu.Lock()
		fmt.Println(began.Nanoseconds())
		mu.Unlock()
		return answer(req, 200)
	})))
	atOnce(60, &http.Client{Transport: tr})
}
