package redislimit

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	goleak.VerifyTestMain(m)
}

// quiet does without the lines that go-redis writes to the standard error.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}
