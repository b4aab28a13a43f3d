package redislimit

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed slot.lua
	slotSource string
	//go:embed return.lua
	returnSource string
	//go:embed beat.lua
	beatSource string
	//go:embed swap.lua
	swapSource string

	// Each is sent whole when the server does not know it (any more).
	slotScript   = redis.NewScript(slotSource)
	returnScript = redis.NewScript(returnSource)
	beatScript   = redis.NewScript(beatSource)
	swapScript   = redis.NewScript(swapSource)
)

// keys are those of one tenant. The hash tag keeps them on one node of a Cluster.
type keys struct{ prefix, slots, state, members string }

func keysOf(tenant string) keys {
	// A brace would end the tag, or begin another.
	prefix := "aprimo:{" + strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(tenant) + "}:"
	return keys{prefix, prefix + "slots", prefix + "state", prefix + "members"}
}

// A server runs the scripts. A command of go-redis does not end with its context, so each runs
// in its own goroutine, and the caller stops waiting when its context ends.
type server struct {
	client   redis.UniversalClient
	redactor redactor
	running  chan struct{} // as many at once
}

const maxRunning = 4

func newServer(client redis.UniversalClient) server {
	return server{client, redactorOf(client), make(chan struct{}, maxRunning)}
}

// run returns what the script returns, and when it was sent and answered. If that
// takes longer than replyTimeout, or than the context lasts, late gets the answer when it
// comes, if it does.
func (s server) run(ctx context.Context, script *redis.Script, late func(answer), keys []string, args ...any) (answer, error) {
	select {
	case s.running <- struct{}{}:
	default:
		return answer{}, errSilent
	}
	ctx, cancel := context.WithCancel(ctx) // which ends the client's retries
	defer cancel()
	done := make(chan answer)
	go func() {
		defer func() { <-s.running }()
		a := answer{sent: time.Now(), err: errEnded}
		defer func() { // also if the client ends this goroutine
			a.err = s.redactor.clean(a.err)
			select {
			case done <- a:
			case <-ctx.Done():
				if late != nil && a.err == nil {
					late(a)
				}
			}
		}()
		a.values, a.err = guarded(func() ([]any, error) { return script.Run(ctx, s.client, keys, args...).Slice() })
		a.came = time.Now()
	}()
	timer := time.NewTimer(replyTimeout)
	defer timer.Stop()
	select {
	case a := <-done:
		return a, a.err
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-timer.C:
		return answer{}, errSilent
	}
}

// An answer of a script.
type answer struct {
	values     []any
	sent, came time.Time
	err        error
}

// ints returns the values, if they are n numbers.
func (a answer) ints(n int) ([]int64, error) {
	list := make([]int64, 0, n)
	for _, v := range a.values {
		switch v := v.(type) {
		case int64:
			list = append(list, v)
		case string: // of what may need more than 32 bits
			i, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return nil, errAnswer
			}
			list = append(list, i)
		}
	}
	if len(list) != n || len(a.values) != n {
		return nil, errAnswer
	}
	return list, nil
}

// replyTimeout is how long Redis may take before a process continues alone.
const replyTimeout = 250 * time.Millisecond

var errSilent = fmt.Errorf("redislimit: no answer from Redis within %v", replyTimeout)
