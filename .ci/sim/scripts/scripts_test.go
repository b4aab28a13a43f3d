package scripts

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/.ci/sim/mutation"
)

const folder = "../../../transport/redislimit"

func source(t *testing.T, name string) string {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func sources(t *testing.T) Scripts {
	return Scripts{source(t, "slot.lua"), source(t, "return.lua"), source(t, "beat.lua")}
}

func TestNoOrderOfCallsBreaksTheLimit(t *testing.T) {
	most := 1_100_000
	if testing.Short() {
		most = 100_000
	}
	began := time.Now()
	states, err := Run(sources(t), most)
	t.Logf("%d states in %v", states, time.Since(began))
	if err != nil || states < most {
		t.Errorf("%d states, %v; want %d, none", states, err, most)
	}
}

// The search notices many changes of the slot script within some thousand states. The others are
// for the tests of package redislimit: go run ./mutate -n 0 -only slot.lua transport/redislimit
func TestChangesAreNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	whole := sources(t)
	all, err := mutation.OfLua("slot.lua", whole.Slot)
	if err != nil {
		t.Fatal(err)
	}
	missed := 0
	for _, m := range all {
		broken := whole
		broken.Slot = string(m.Apply())
		if _, err := Run(broken, 4_000); err == nil {
			missed++
			t.Log("not noticed: ", m)
		}
	}
	if noticed := len(all) - missed; noticed < 45 {
		t.Errorf("%d of %d changes noticed; want 45 at least", noticed, len(all))
	}
}
