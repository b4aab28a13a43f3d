package redislimit

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// scriptTime is when the scripts run here, in microseconds. In the cases, @ is before a time
// that counts from then.
const scriptTime int64 = 1_000_000_000_123_456

var (
	relativeTime = regexp.MustCompile(`@(-?\d+)`)
	absoluteTime = regexp.MustCompile(`\b(100\d|99\d)\d{12,13}\b`)
)

func absolute(text string) string {
	return relativeTime.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseInt(s[1:], 10, 64)
		return fmt.Sprint(scriptTime + n)
	})
}

func relative(text string) string {
	return absoluteTime.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseInt(s, 10, 64)
		return fmt.Sprint("@", n-scriptTime)
	})
}

// A scriptServer is a Redis in which single calls of scripts are tried.
type scriptServer struct {
	redis  *miniredis.Miniredis
	client *redis.Client
}

func newScriptServer(t *testing.T) scriptServer {
	m := miniredis.NewMiniRedis()
	m.SetTime(time.UnixMicro(scriptTime))
	client := redis.NewClient(&redis.Options{
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	t.Cleanup(func() { client.Close(); m.Close() })
	return scriptServer{m, client}
}

// call runs a script with what Redis holds: slots, the newest first, and fields of the state.
// It returns what the script does, what Redis holds then, and for how many seconds.
func (s scriptServer) call(script *redis.Script, slots, state, args string) string {
	s.redis.FlushAll()
	for slot := range strings.SplitSeq(absolute(slots), ", ") {
		if slot != "" {
			s.redis.Push("slots", slot)
		}
	}
	s.hold("state", state)
	reply := s.run(script, []string{"slots", "state"}, args)
	left, _ := s.redis.List("slots")
	return relative(fmt.Sprintf("%s; slots %s for %v; %s", reply, counted(left), s.redis.TTL("slots").Seconds(), s.held("state")))
}

// run returns a script's reply. In the arguments / stands for a blank, and nil for none.
func (s scriptServer) run(script *redis.Script, keys []string, args string) string {
	var list []any
	for _, a := range strings.Fields(absolute(args)) {
		list = append(list, strings.ReplaceAll(strings.TrimPrefix(a, "nil"), "/", " "))
	}
	reply, err := script.Run(context.Background(), s.client, keys, list...).Slice()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(reply)
}

// hold puts fields into a hash.
func (s scriptServer) hold(key, fields string) {
	for _, f := range strings.Fields(absolute(fields)) {
		name, value, _ := strings.Cut(f, "=")
		s.redis.HSet(key, name, strings.ReplaceAll(value, "/", " "))
	}
}

// held returns the fields of a hash, and for how many seconds it stays.
func (s scriptServer) held(key string) string {
	fields, _ := s.redis.HKeys(key)
	slices.Sort(fields)
	for i, f := range fields {
		fields[i] = f + "=" + strings.ReplaceAll(s.redis.HGet(key, f), " ", "/")
	}
	return fmt.Sprintf("%s %s for %v", key, strings.Join(fields, " "), s.redis.TTL(key).Seconds())
}

// counted returns a list in which texts that follow one another and are the same are one.
func counted(list []string) string {
	var out []string
	for len(list) > 0 {
		n := slices.IndexFunc(list, func(s string) bool { return s != list[0] })
		if n < 0 {
			n = len(list)
		}
		text := list[0]
		if n > 1 {
			text = fmt.Sprint(n, " of ", text)
		}
		out, list = append(out, text), list[n:]
	}
	return strings.Join(out, ", ")
}

// slotArgs returns the arguments of the slot script: 3 slots in a second, but for some.
func slotArgs(changed string) string {
	args := map[string]string{
		"n": "3", "window": "1000000", "late": "1000", "last": "0", "known": "0", "wanted": "0",
		"ahead": "500000", "far": "5000000", "ours": "3", "alone": "0", "soon": "5000000", "answered": "0",
	}
	for _, f := range strings.Fields(changed) {
		name, value, _ := strings.Cut(f, "=")
		args[name] = value
	}
	var list []string
	for _, name := range []string{"n", "window", "late", "last", "known", "wanted", "ahead", "far", "ours", "alone", "soon", "answered"} {
		list = append(list, args[name])
	}
	return strings.Join(list, " ")
}

var slotCases = []struct{ slots, state, args, want string }{
	{"", "", "", "[0 0 @0 0 0]; slots @0 1000 for 61; state  for 0"},
	{"@0 1000", "", "", "[0 1 @0 0 0]; slots @1 1000, @0 1000 for 0; state  for 0"},
	{"@-10 1000, @-20 1000, @-30 1000", "", "", "[0 1000970 @0 0 0]; slots @1000970 1000, @-10 1000, @-20 1000, @-30 1000 for 0; state  for 0"},
	{"@-10 1000, @-20 1000, @-30 1000", "", "ours=2", "[0 1000980 @0 0 0]; slots @1000980 1000, @-10 1000, @-20 1000, @-30 1000 for 0; state  for 0"},
	{"@300000 1000, @-20 1000, @-30 1000", "", "", "[0 1000970 @0 0 0]; slots @1000970 1000, @300000 1000, @-20 1000, @-30 1000 for 0; state  for 0"},
	{"@-10 1000, @-20 1000, @-30 2000000", "", "", "[0 1999970 @0 0 0]; slots @1999970 1000, @-10 1000, @-20 1000, @-30 2000000 for 0; state  for 0"},
	{"@-10 1000, @-2000000 1000, @-3000000 1000", "", "", "[0 0 @0 0 0]; slots @0 1000, @-10 1000, @-2000000 1000, @-3000000 1000 for 0; state  for 0"},
	{"@7 1000", "", "", "[0 333341 @0 0 0]; slots @333341 1000, @7 1000 for 0; state  for 0"},
	{"@-1 1000", "", "", "[0 0 @0 0 0]; slots @0 1000, @-1 1000 for 0; state  for 0"},
	{"@-10 1000 more, @-20 1000 more, @-30 1000 more", "", "", "[0 1000970 @0 0 0]; slots @1000970 1000, @-10 1000 more, @-20 1000 more, @-30 1000 more for 0; state  for 0"},
	{"@9 1, @8 1, @7 1, @6 1, @5 1, @4 1, @3 1, @2 1, @1 1", "", "", "[0 1000008 @0 0 0]; slots @1000008 1000, @9 1, @8 1, @7 1, @6 1, @5 1 for 0; state  for 0"},
	{"@8 1, @7 1, @6 1, @5 1, @4 1, @3 1, @2 1, @1 1", "", "", "[0 1000007 @0 0 0]; slots @1000007 1000, @8 1, @7 1, @6 1, @5 1, @4 1, @3 1, @2 1, @1 1 for 0; state  for 0"},
	// A pause and the half-open probe after it.
	{"", "pause=@1", "", "[1 1 @0 0 0]; slots  for 0; state pause=@1 for 0"},
	{"", "pause=@2500000", "", "[1 2500000 @0 0 0]; slots  for 0; state pause=@2500000 for 0"},
	{"", "pause=@0", "", "[0 0 @0 0 1]; slots @0 1000 for 61; state pause=@0 trial=@700000 for 61"},
	{"", "pause=@-5", "", "[0 0 @0 0 1]; slots @0 1000 for 61; state pause=@-5 trial=@700000 for 61"},
	{"", "pause=@-10000000", "", "[0 0 @0 0 1]; slots @0 1000 for 61; state pause=@-10000000 trial=@700000 for 61"},
	{"", "pause=@-10000001", "", "[0 0 @0 0 0]; slots @0 1000 for 61; state pause=@-10000001 for 0"},
	{"", "pause=@-10000001 trial=@-5", "", "[0 0 @0 0 1]; slots @0 1000 for 61; state pause=@-10000001 trial=@700000 for 61"},
	{"", "pause=@-5 trial=@40000", "", "[2 40000 @0 0 0]; slots  for 0; state pause=@-5 trial=@40000 for 0"},
	{"", "pause=@-5 trial=@60000", "", "[2 50000 @0 0 0]; slots  for 0; state pause=@-5 trial=@60000 for 0"},
	{"", "pause=@-5 trial=@0", "", "[0 0 @0 0 1]; slots @0 1000 for 61; state pause=@-5 trial=@700000 for 61"},
	{"", "pause=@5 paused=@1", "", "[0 0 @0 0 0]; slots @0 1000 for 61; state pause=@5 paused=@1 for 0"},
	{"", "pause=@5 paused=@0", "", "[1 5 @0 0 0]; slots  for 0; state pause=@5 paused=@0 for 0"},
	{"", "pause=@3600000000", "", "[1 3600000000 @0 0 0]; slots  for 0; state pause=@3600000000 for 0"},
	{"", "pause=@3600000001", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 pause=0 trial=0 for 3660.001"},
	{"", "trial=@5000000", "", "[2 50000 @0 0 0]; slots  for 0; state trial=@5000000 for 0"},
	{"", "trial=@5000001", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 pause=0 trial=0 for 60"},
	{"", "pause=x trial=-1 gap=9000000000000000 filled=nan", "", "[0 0 @0 0 0]; slots @0 1000 for 61; state filled=nan gap=9000000000000000 pause=x trial=-1 for 0"},
	// The rate of all is lower.
	{"@7 1000", "gap=1", "", "[0 8 @0 0 0]; slots @8 1000, @7 1000 for 0; state gap=1 for 0"},
	{"@-10 1000", "gap=400000", "", "[0 399990 @0 0 0]; slots @399990 1000, @-10 1000 for 0; state gap=400000 for 0"},
	{"@-10 1000", "gap=400000000", "", "[0 3333324 @0 0 0]; slots @3333324 1000, @-10 1000 for 0; state gap=400000000 for 0"},
	{"@-1000000 1000", "gap=400000", "", "[0 0 @0 0 0]; slots @0 1000, @-1000000 1000 for 0; state gap=400000 for 0"},
	// Then no slot is reserved too far ahead, but for what was given back, and who was alone.
	{"@-10 1000", "gap=300000", "soon=299990", "[0 299990 @0 0 0]; slots @299990 1000, @-10 1000 for 0; state gap=300000 for 0"},
	{"@-10 1000", "gap=300000", "soon=299983", "[2 7 @0 0 0]; slots @-10 1000 for 0; state gap=300000 for 0"},
	{"", "gap=300000 pause=@-5", "soon=0", "[0 0 @0 0 1]; slots @0 1000 for 61; state gap=300000 pause=@-5 trial=@700000 for 61"},
	{"@-10 1000, @-20 1000, @-30 1000", "", "soon=0", "[0 1000970 @0 0 0]; slots @1000970 1000, @-10 1000, @-20 1000, @-30 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "gap=300000 hole=@500/1000", "soon=0", "[0 500 @0 0 0]; slots @900 1000, @800 1000 for 0; state gap=300000 for 0"},
	{"@-5 1", "gap=1", "soon=0 alone=1 ours=1", "[0 1001000 @0 0 0]; slots @1001000 1000, @0 1000, @-5 1 for 0; state gap=1 for 0"},
	// Slots that make no sense.
	{"x", "", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"x, @-2 1, @-3 1", "", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@5000001 1000", "", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@5000000 1000", "", "", "[0 5333334 @0 0 0]; slots @5333334 1000, @5000000 1000 for 0; state  for 0"},
	{"@-1 1, @-2 1, @5000001 1", "", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-1 1, @-2 1, x", "", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-1 1, x, @-3 1", "pause=@3600000001 filled=@-7 hole=@3/1", "", "[3 0 @0 @0 0]; slots 3 of @500000 1000 for 61.5; state filled=@0 pause=0 trial=0 for 3660.001"},
	// Slots are lost, or the clock was set.
	{"", "", "last=@1", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "last=@700000", "[0 1701000 @0 @0 0]; slots @1701000 1000, 3 of @700000 1000 for 61.7; state filled=@0 for 60"},
	{"", "", "last=@5000001", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "last=@-60999999", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "last=@-61000000", "[0 0 @0 0 0]; slots @0 1000 for 61; state  for 0"},
	{"@5 1000", "", "last=@5", "[0 333339 @0 0 0]; slots @333339 1000, @5 1000 for 0; state  for 0"},
	{"@5 1000", "", "last=@6 ahead=0", "[0 1001006 @0 @0 0]; slots @1001006 1000, 3 of @6 1000 for 61.001; state filled=@0 for 60"},
	{"", "filled=@-9", "last=@1 known=@-9", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "filled=@-8", "last=@1 known=@-9", "[0 0 @0 @-8 0]; slots @0 1000 for 61; state filled=@-8 for 0"},
	{"", "filled=@-9", "last=@1 answered=@-8", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "known=@-8 answered=@-5", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "known=@-8 answered=@-60999999", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "known=@-8 answered=@-61000000", "[0 0 @0 0 0]; slots @0 1000 for 61; state  for 0"},
	{"", "", "known=@-8", "[0 0 @0 0 0]; slots @0 1000 for 61; state  for 0"},
	{"", "filled=@-9", "last=@1 answered=@-9", "[0 0 @0 @-9 0]; slots @0 1000 for 61; state filled=@-9 for 0"},
	{"@-1 1000", "filled=@-9", "wanted=1 answered=@-8", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "last=@1 known=@-8", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "filled=@9", "last=@1 known=@-8", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-1 1000", "", "wanted=1", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-1 1000", "filled=@-9", "wanted=1", "[0 0 @0 @-9 0]; slots @0 1000, @-1 1000 for 0; state filled=@-9 for 0"},
	{"@-1 1000", "pause=@-5000000 filled=@-9 hole=@3/1000", "wanted=1 known=@-9 late=7", "[0 1500007 @0 @0 1]; slots @1500007 7, 3 of @500000 7 for 61.5; state filled=@0 pause=@-5000000 trial=@2200007 for 62.501"},
	{"@-1 1, @-1 1, @-1 1, @-1 1", "", "wanted=1", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "wanted=1 n=2500 ours=2500", "[0 1501000 @0 @0 0]; slots @1501000 1000, 2500 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"", "", "wanted=1 ahead=0 n=1 ours=1", "[0 1001000 @0 @0 0]; slots @1001000 1000, @0 1000 for 61; state filled=@0 for 60"},
	{"", "", "n=1 ours=1", "[0 0 @0 0 0]; slots @0 1000 for 61; state  for 0"},
	// Processes that were alone.
	{"", "", "alone=1", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-1000000 1", "", "alone=2", "[0 1 @0 0 0]; slots @1 1000, 2 of @0 1000, @-1000000 1 for 0; state  for 0"},
	{"@-1000001 1", "", "alone=2", "[0 1501000 @0 @0 0]; slots @1501000 1000, 3 of @500000 1000 for 61.5; state filled=@0 for 60"},
	{"@-5 1", "", "alone=1 ours=1", "[0 1001000 @0 0 0]; slots @1001000 1000, @0 1000, @-5 1 for 0; state  for 0"},
	{"@-5 1", "", "alone=2 ours=1", "[0 1001000 @0 0 0]; slots @1001000 1000, 2 of @0 1000, @-5 1 for 0; state  for 0"},
	{"@600000 1, @5 1, @4 1", "", "alone=2 ours=2", "[0 1601000 @0 0 0]; slots @1601000 1000, 2 of @600000 1000, @600000 1, @5 1, @4 1 for 0; state  for 0"},
	// A slot that was given back.
	{"@900 1000, @800 1000", "hole=@500/1000", "", "[0 500 @0 0 0]; slots @900 1000, @800 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "hole=@500/999", "", "[0 334234 @0 0 0]; slots @334234 1000, @900 1000, @800 1000 for 0; state hole=@500/999 for 0"},
	{"@900 1000, @800 1000", "hole=@0/1000", "", "[0 0 @0 0 0]; slots @900 1000, @800 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "hole=@-1/1000", "", "[0 334234 @0 0 0]; slots @334234 1000, @900 1000, @800 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "hole=@901/1000", "", "[0 901 @0 0 0]; slots @900 1000, @800 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "hole=@900/999", "", "[0 334234 @0 0 0]; slots @334234 1000, @900 1000, @800 1000 for 0; state hole=@900/999 for 0"},
	{"@900 1000, @800 1000", "hole=@334234/1000", "", "[0 334234 @0 0 0]; slots @334234 1000, @900 1000, @800 1000 for 0; state  for 0"},
	{"@900 1000, @800 1000", "hole=@334235/1000", "", "[0 334234 @0 0 0]; slots @334234 1000, @900 1000, @800 1000 for 0; state  for 0"},
	{"@-5 1000", "pause=@-5 hole=@-7/1000", "", "[0 0 @0 0 1]; slots @0 1000, @-5 1000 for 0; state pause=@-5 trial=@700000 for 61"},
}

// Each call of the slot script does exactly this.
func TestSlotScript(t *testing.T) {
	s := newScriptServer(t)
	for _, c := range slotCases {
		if got := s.call(slotScript, c.slots, c.state, slotArgs(c.args)); got != c.want {
			t.Errorf("slots %q, state %q, %s:\n got %s\nwant %s", c.slots, c.state, c.args, got, c.want)
		}
	}
}

// Each call of the return script does exactly this.
func TestReturnScript(t *testing.T) {
	s := newScriptServer(t)
	for _, c := range []struct{ slots, state, args, want string }{
		{"@9 1, @8 1", "pause=0", "@9 1", "[]; slots @8 1 for 0; state pause=0 for 0"},
		{"@9 1, @8 1", "pause=0", "@9 2", "[]; slots @9 1, @8 1 for 0; state hole=@9/2 pause=0 for 0"},
		{"@9 1, @8 1", "pause=0", "@8 1", "[]; slots @9 1, @8 1 for 0; state hole=@8/1 pause=0 for 0"},
		{"@9 1, @8 1", "", "@8 1", "[]; slots @9 1, @8 1 for 0; state  for 0"},
	} {
		if got := s.call(returnScript, c.slots, c.state, c.args); got != c.want {
			t.Errorf("slots %q, state %q, %s:\n got %s\nwant %s", c.slots, c.state, c.args, got, c.want)
		}
	}
}

// Each call of the swap script does exactly this.
func TestSwapScript(t *testing.T) {
	s := newScriptServer(t)
	for _, c := range []struct{ state, args, want string }{
		{"pause=0 law=a", "a b 5", "[1]; state gap=5 law=b pause=0 for 0"},
		{"pause=0", "nil b 5", "[1]; state gap=5 law=b pause=0 for 0"},
		{"pause=0 law=a", "c b 5", "[0]; state law=a pause=0 for 0"},
		{"pause=0 law=a", "nil b 5", "[0]; state law=a pause=0 for 0"},
		{"law=a", "a b 5", "[0]; state law=a for 0"},
	} {
		s.redis.FlushAll()
		s.hold("state", c.state)
		if got := s.run(swapScript, []string{"state"}, c.args) + "; " + s.held("state"); got != c.want {
			t.Errorf("state %q, %s:\n got %s\nwant %s", c.state, c.args, got, c.want)
		}
	}
}

// In beatCases 65*x stands for 65 letters.
var manyLetters = regexp.MustCompile(`(\d+)\*x`)

var beatCases = []struct{ state, members, args, want string }{
	{"", "", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"", "", "a nil nil 0 0 1500001", "[@0 0 0 0 0  a @0 ]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/ for 10; slots for 61.501"},
	{"", "a=@0/m b=@-1/n", "a leave m 3 500000 1000000", "[]; state  for 0; members b=@-1/n for 0; slots for 0"},
	{"answers=5", "", "a nil m 3 0 1000000", "[@0 0 0 8 0  a @0 m]; state answers=8 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"answers=-1", "", "a nil m 3 0 1000000", "[@0 0 0 3 0  a @0 m]; state answers=3 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"answers=x", "", "a nil m 9000000000000000 0 1000000", "[@0 0 0 0 0  a @0 m]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"law=l", "", "a nil m 0 0 1000000", "[@0 0 0 0 0 l a @0 m]; state answers=0 law=l pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"law=4096*x", "", "a nil m 0 0 1000000", "[@0 0 0 0 0 4096*x a @0 m]; state answers=0 law=4096*x pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"law=4097*x", "", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	// A 429, and the half-open probe after the pause.
	{"", "", "a nil m 0 1 1000000", "[@0 @1 @0 0 0  a @0 m]; state answers=0 pause=@1 paused=@0 trial=0 for 60.001; members a=@0/m for 10; slots for 61"},
	{"", "", "a nil m 0 2500001 1000000", "[@0 @2500001 @0 0 0  a @0 m]; state answers=0 pause=@2500001 paused=@0 trial=0 for 62.501; members a=@0/m for 10; slots for 61"},
	{"pause=@900000 paused=@-9 trial=@7", "", "a nil m 0 500000 1000000", "[@0 @900000 @0 0 0  a @0 m]; state answers=0 pause=@900000 paused=@0 trial=0 for 60.9; members a=@0/m for 10; slots for 61"},
	{"pause=@900000 paused=@-9 trial=@7", "", "a nil m 0 950000 1000000", "[@0 @950000 @0 0 0  a @0 m]; state answers=0 pause=@950000 paused=@0 trial=0 for 60.95; members a=@0/m for 10; slots for 61"},
	{"", "", "a nil m 0 3600000000 1000000", "[@0 @3600000000 @0 0 0  a @0 m]; state answers=0 pause=@3600000000 paused=@0 trial=0 for 3660; members a=@0/m for 10; slots for 61"},
	{"", "", "a nil m 0 3600000001 1000000", "[@0 @3600000000 @0 0 0  a @0 m]; state answers=0 pause=@3600000000 paused=@0 trial=0 for 3660; members a=@0/m for 10; slots for 61"},
	{"pause=@1 paused=@-9 trial=@-1", "", "a nil m 0 0 1000000", "[@0 @1 @-9 0 0  a @0 m]; state answers=0 pause=@1 paused=@-9 trial=@-1 for 60.001; members a=@0/m for 10; slots for 61"},
	{"pause=@1 paused=@-9", "", "a nil m 0 -1 1000000", "[@0 @1 @-9 0 0  a @0 m]; state answers=0 pause=@1 paused=@-9 trial=0 for 60.001; members a=@0/m for 10; slots for 61"},
	{"pause=@0 paused=@-9", "", "a nil m 0 -1 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@-5 paused=@-9", "", "a nil m 0 0 1000000", "[@0 @-5 @-9 0 0  a @0 m]; state answers=0 pause=@-5 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@-5 paused=@-9 trial=@1", "", "a nil m 0 -1 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@-5 paused=@-9 trial=@1", "", "a nil m 0 0 1000000", "[@0 @-5 @-9 0 0  a @0 m]; state answers=0 pause=@-5 paused=@-9 trial=@1 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@-5 paused=@-9 trial=@0", "", "a nil m 0 0 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@-5 paused=@-9 trial=1", "", "a nil m 0 0 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=1 paused=@-9", "", "a nil m 0 -1 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"paused=@-9 trial=@-5", "", "a nil m 0 0 1000000", "[@0 0 @-9 0 0  a @0 m]; state answers=0 pause=0 paused=@-9 trial=@-5 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@5 paused=@0 trial=@7", "", "a nil m 0 0 1000000", "[@0 @5 @0 0 0  a @0 m]; state answers=0 pause=@5 paused=@0 trial=@7 for 60.001; members a=@0/m for 10; slots for 61"},
	{"pause=@5 paused=@1 trial=@7", "", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	{"pause=@3600000000 paused=@-9 trial=@7", "", "a nil m 0 0 1000000", "[@0 @3600000000 @-9 0 0  a @0 m]; state answers=0 pause=@3600000000 paused=@-9 trial=@7 for 3660; members a=@0/m for 10; slots for 61"},
	{"pause=@3600000001 paused=@-9 trial=@7", "", "a nil m 0 0 1000000", "[@0 0 @-9 0 1  a @0 m]; state answers=0 pause=0 paused=@-9 trial=0 for 60; members a=@0/m for 10; slots for 61"},
	// Members that are there no longer, or make no sense.
	{"", "b=@-7000000/n c=@-7000001/n d=@7000000/n e=@7000001/n", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m b @-7000000 n d @7000000 n]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m b=@-7000000/n d=@7000000/n for 10; slots for 61"},
	{"", "b=@-5 c=x d=-5/n e=99999999999999999/n f=@-5/n/o/p", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m b @-5  f @-5 n o p]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m b=@-5 f=@-5/n/o/p for 10; slots for 61"},
	{"", "b=@0/256*x c=@0/257*x 64*x=@0/n 65*x=@0/n", "a nil m 0 0 1000000", "[@0 0 0 0 0  a @0 m b @0 256*x 64*x @0 n]; state answers=0 pause=0 paused=0 trial=0 for 60; members a=@0/m b=@0/256*x 64*x=@0/n for 10; slots for 61"},
}

// Each call of the beat script does exactly this.
func TestBeatScript(t *testing.T) {
	s := newScriptServer(t)
	for _, c := range beatCases {
		if got := s.beat(c.state, c.members, c.args); got != c.want {
			t.Errorf("state %q, members %q, %s:\n got %s\nwant %s", c.state, c.members, c.args, got, c.want)
		}
	}
	for i := range 1001 {
		s.redis.HSet("members", fmt.Sprint(i), absolute("@0 m"))
	}
	reply, err := beatScript.Run(context.Background(), s.client, []string{"state", "members", "slots"}, "0", "", "m", 0, 0, 1000000).Slice()
	if left, _ := s.redis.HKeys("members"); err != nil || len(reply) != 6+3*len(left) || len(left) != 999 {
		t.Errorf("of 1001 members %d are left, and %v in %d values of the reply; want 999 and 3003", len(left), err, len(reply))
	}
}

// beat runs the beat script while one slot is there.
func (s scriptServer) beat(state, members, args string) string {
	expand := func(text string) string {
		return manyLetters.ReplaceAllStringFunc(text, func(m string) string {
			n, _ := strconv.Atoi(strings.TrimSuffix(m, "*x"))
			return strings.Repeat("x", n)
		})
	}
	s.redis.FlushAll()
	s.redis.Push("slots", absolute("@0 1"))
	s.hold("state", expand(state))
	s.hold("members", expand(members))
	reply := s.run(beatScript, []string{"state", "members", "slots"}, args)
	text := fmt.Sprintf("%s; %s; %s; slots for %v", reply, s.held("state"), s.held("members"), s.redis.TTL("slots").Seconds())
	return relative(regexp.MustCompile(`x{9,}`).ReplaceAllStringFunc(text, func(m string) string { return fmt.Sprint(len(m), "*x") }))
}
