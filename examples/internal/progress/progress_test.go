package progress

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/schollz/progressbar/v3"
)

func TestBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := "done at " + time.Now().Add(10*time.Minute).Format("15:04 MST") // 100 a minute, of 1000
		var out bytes.Buffer
		b := New(-1, "photos\x1b", progressbar.OptionSetWriter(&out), progressbar.OptionSetVisibility(true), progressbar.OptionShowCount(), progressbar.OptionSetSpinnerChangeInterval(0))
		want := func(text string) {
			t.Helper()
			if got := out.String(); !strings.Contains(got, text) {
				t.Errorf("got %q, want %q in it", got, text)
			}
			out.Reset()
		}
		step := func() { time.Sleep(time.Minute) }
		step()
		b.Set(100, -1)
		if strings.Contains(out.String(), "done at") {
			t.Errorf("got %q without a total, want no time", &out)
		}
		want("photos\uFFFD (100/-")
		step()
		b.Set(200, 1000)
		want(at + "  20%")
		step()
		b.Add(100)
		want(at + "  30%")
		step()
		b.Extend(1000)
		want("  15%")
		step()
		b.Set(301, 100_000)
		want(" on ") // another day
	})
}
