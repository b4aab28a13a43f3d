// Package scripts tries the scripts of package redislimit in all orders that a few
// processes can call them in: the real Lua, in process, on a Redis that is a plain value.
package scripts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// A store is what Redis holds, but for the members. Nothing expires in the few seconds of a
// search. A text that is empty is not there.
type store struct {
	slots []string // newest first
	state [len(fields)]string
}

var fields = [...]string{"pause", "paused", "trial", "gap", "filled", "hole", "answers", "law"}

func (s *store) get(field string) string { return s.state[slices.Index(fields[:], field)] }

// A script is one of the scripts, compiled.
type script struct {
	vm  *lua.LState
	f   *lua.LFunction
	now int64 // microseconds, by the clock of Redis
	s   *store
}

func compile(source string) (*script, error) {
	chunk, err := parse.Parse(strings.NewReader(source), "script")
	if err != nil {
		return nil, err
	}
	proto, err := lua.Compile(chunk, "script")
	if err != nil {
		return nil, err
	}
	x := &script{vm: lua.NewState()}
	x.f = x.vm.NewFunctionFromProto(proto)
	redis := x.vm.NewTable()
	redis.RawSetString("call", x.vm.NewFunction(x.call))
	x.vm.SetGlobal("redis", redis)
	return x, nil
}

// run returns what the script returns, as texts.
func (x *script) run(s *store, now int64, keys []string, args ...any) ([]string, error) {
	x.s, x.now = s, now
	x.vm.SetGlobal("KEYS", x.texts(keys))
	var texts []string
	for _, a := range args {
		texts = append(texts, fmt.Sprint(a))
	}
	x.vm.SetGlobal("ARGV", x.texts(texts))
	x.vm.Push(x.f)
	if err := x.vm.PCall(0, 1, nil); err != nil {
		return nil, err
	}
	defer x.vm.Pop(1)
	var out []string
	if t, ok := x.vm.Get(-1).(*lua.LTable); ok {
		for i := 1; i <= t.Len(); i++ {
			v := t.RawGetInt(i)
			if n, ok := v.(lua.LNumber); ok {
				v = lua.LString(fmt.Sprint(math.Trunc(float64(n)))) // as Redis does
			}
			out = append(out, v.String())
		}
	}
	return out, nil
}

func (x *script) texts(list []string) *lua.LTable {
	t := x.vm.CreateTable(len(list), 0)
	for _, s := range list {
		t.Append(lua.LString(s))
	}
	return t
}

// call is redis.call.
func (x *script) call(vm *lua.LState) int {
	var args []string
	for i := 3; i <= vm.GetTop(); i++ {
		args = append(args, vm.CheckString(i))
	}
	key := ""
	if vm.GetTop() > 1 {
		key = vm.CheckString(2)
	}
	switch name := vm.CheckString(1); name {
	case "TIME":
		vm.Push(x.texts([]string{fmt.Sprint(x.now / 1e6), fmt.Sprint(x.now % 1e6)}))
	case "PEXPIRE":
		vm.Push(lua.LNumber(1))
	case "LINDEX", "LPUSH", "LTRIM", "LPOP":
		vm.Push(x.list(vm, name, args))
	default:
		vm.Push(x.hash(vm, name, key, args))
	}
	return 1
}

func (x *script) list(vm *lua.LState, name string, args []string) lua.LValue {
	s := x.s
	switch name {
	case "LINDEX":
		if i := vm.CheckInt(3); i >= 0 && i < len(s.slots) {
			return lua.LString(s.slots[i])
		}
		return lua.LFalse
	case "LPUSH":
		newest := slices.Clone(args)
		slices.Reverse(newest)
		s.slots = append(newest, s.slots...) // another state may have the old ones
	case "LTRIM":
		if vm.CheckInt(3) != 0 {
			vm.RaiseError("not from the beginning")
		}
		s.slots = s.slots[:max(0, min(len(s.slots), vm.CheckInt(4)+1))]
	case "LPOP":
		s.slots = s.slots[min(1, len(s.slots)):]
	}
	return lua.LNumber(len(s.slots))
}

// hash does the commands of hashes. The members are always the caller alone.
func (x *script) hash(vm *lua.LState, name, key string, args []string) lua.LValue {
	if key == "members" {
		return vm.NewTable()
	}
	set := func(field, value string) {
		i := slices.Index(fields[:], field)
		if i < 0 {
			vm.RaiseError("unknown field %s", field)
		}
		x.s.state[i] = value
	}
	switch name {
	case "HMGET":
		t := vm.CreateTable(len(args), 0)
		for i, f := range args {
			t.RawSetInt(i+1, lua.LFalse)
			if v := x.s.get(f); v != "" {
				t.RawSetInt(i+1, lua.LString(v))
			}
		}
		return t
	case "HSET":
		for i := 0; i+1 < len(args); i += 2 {
			set(args[i], args[i+1])
		}
	case "HDEL":
		for _, f := range args {
			set(f, "")
		}
	default:
		vm.RaiseError("unknown command %s", name)
	}
	return lua.LNumber(0)
}
