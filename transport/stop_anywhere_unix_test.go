//go:build unix

package transport_test

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"
)

// stoppedAnywhere says to the test binary that it is the process to be stopped.
const stoppedAnywhere = "APRIMO_TEST_STOPPED_ANYWHERE"

// Here the process is stopped in the middle of bursts, too. Then it can happen
// between the last look at the clock and the sending, so that one request is late;
// in a window with a stop in it there may be one more. The child has one thread to
// run on, or it could be one for each.
func TestStrictWhereverTheProcessWasStopped(t *testing.T) {
	if os.Getenv(stoppedAnywhere) != "" {
		sendWhileStopped()
		return
	}
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestStrictWhereverTheProcessWasStopped$")
	child.Env = append(os.Environ(), stoppedAnywhere+"=1", "GOMAXPROCS=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	stopAt := map[int]bool{1 + rand.IntN(15): true, 16 + rand.IntN(14): true, 31 + rand.IntN(14): true}
	var begun []int64 // by the child's clock
	for lines := bufio.NewScanner(out); lines.Scan(); {
		ns, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			continue // the test framework's own lines
		}
		begun = append(begun, ns)
		if len(begun) < 60 && stopAt[len(begun)] {
			<-time.After(time.Duration(rand.IntN(2)*rand.IntN(1200)) * time.Millisecond)
			stopFor(child.Process, time.Duration(100+rand.IntN(900))*time.Millisecond)
		}
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(begun) != 60 {
		t.Fatalf("%d requests began, want 60", len(begun))
	}
	slices.Sort(begun)
	for i := 16; i < len(begun); i++ {
		if d := time.Duration(begun[i] - begun[i-16]); d < time.Second {
			t.Errorf("17 began within %v, want a second or more", d)
		}
	}
}
