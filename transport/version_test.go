package transport_test

import (
	"testing"

	"github.com/aprimo-go/aprimo/transport"
)

// In its own tests the module is the main one, which has no released version.
func TestVersion(t *testing.T) {
	if v := transport.Version(); v != "(devel)" && v[0] != 'v' {
		t.Errorf("version %q; want one, or (devel)", v)
	}
}
