package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	lua "github.com/yuin/gopher-lua"
)

// redisServer is the Redis that all processes share.
type redisServer struct {
	*miniredis.Miniredis
	ahead atomic.Int64 // nanoseconds that its clock is ahead
	kept  *miniredis.Miniredis
	aged  time.Time // until when its keys have aged
}

// quiet is go-redis's logger, which writes to standard error otherwise.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func (r *redisServer) start() {
	redis.SetLogger(quiet{})
	lua.RegistrySize = 1 << 10 // for each call of a script, which takes a quarter less time than with the default, five times as much
	r.Miniredis = miniredis.NewMiniRedis()
	r.aged = time.Now()
}

// setClock sets its clock to up to half an hour before or after.
func (r *redisServer) setClock(n int) {
	r.ahead.Store(int64(n%2*2-1) * int64(n) * int64(30*time.Second))
	if n == 0 {
		r.ahead.Store(0)
	}
}

// tick sets its clock and lets keys expire, which miniredis does not do by itself.
func (r *redisServer) tick() {
	r.FastForward(time.Since(r.aged))
	r.aged = time.Now()
	r.SetTime(r.aged.Add(time.Duration(r.ahead.Load())))
}

// keep makes a copy, and restore puts it in place, as a replica that has lagged behind.
func (r *redisServer) keep() {
	if r.kept == nil {
		r.kept = miniredis.NewMiniRedis()
		copyKeys(r.kept, r.Miniredis)
	}
}

func (r *redisServer) restore() {
	if r.kept != nil {
		r.FlushAll()
		copyKeys(r.Miniredis, r.kept)
		r.kept = nil
	}
}

func copyKeys(to, from *miniredis.Miniredis) {
	for _, key := range from.Keys() {
		switch from.Type(key) {
		case "string":
			v, _ := from.Get(key)
			to.Set(key, v)
		case "list":
			v, _ := from.List(key)
			to.Push(key, v...)
		case "hash":
			fields, _ := from.HKeys(key)
			for _, f := range fields {
				to.HSet(key, f, from.HGet(key, f))
			}
		}
		to.SetTTL(key, from.TTL(key))
	}
}

// forgetScripts is what a restart of Redis does to them.
func (r *redisServer) forgetScripts() {
	client := redis.NewClient(&redis.Options{Dialer: r.dial, MaintNotificationsConfig: noNotifications})
	defer client.Close()
	client.ScriptFlush(context.Background())
}

func (r *redisServer) dial(context.Context, string, string) (net.Conn, error) { return r.Dial() }

var noNotifications = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// connectRedis returns the Redis client of a process.
func (p *process) connectRedis() *redis.Client {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if p.dead.Load() || p.w.hit("redis cut", p.name, p.name+" dial") {
			return nil, syscall.ECONNREFUSED
		}
		conn, err := p.w.redis.Dial()
		return &redisConn{Conn: conn, p: p}, err
	}
	c := redis.NewClient(&redis.Options{Dialer: dial, MaintNotificationsConfig: noNotifications, Password: ""})
	c.AddHook(line{p})
	return c
}

// A line is where commands of a process go to Redis, one by one.
type line struct{ p *process }

func (l line) DialHook(next redis.DialHook) redis.DialHook { return next }
func (l line) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l line) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := l.run(ctx, cmd, next)
		if err != nil && !errors.Is(err, redis.Nil) {
			cmd.SetErr(err)
		}
		return err
	}
}

func (l line) run(ctx context.Context, cmd redis.Cmder, next redis.ProcessHook) error {
	w, p := l.p.w, l.p
	name := p.name + " redis " + commandName(cmd)
	if w.hit("redis lag", p.name, name) {
		var d time.Duration
		w.draw(name, func(r *rand.Rand) { d = time.Duration(r.Int64N(int64(600 * time.Millisecond))) })
		wait(ctx, d)
	}
	if !w.cross(ctx, p, name) {
		return errNoNetwork
	}
	if f := w.fault("redis silence", p.name); f != nil && w.hit("redis silence", p.name, name) {
		wait(ctx, min(time.Until(f.ended), 3*time.Second)) // go-redis's timeout
		w.cross(ctx, p, name)
		return errSilent
	}
	if w.hit("redis cut", p.name, name) {
		return syscall.ECONNRESET
	}
	for _, arg := range cmd.Args() {
		w.leaves("redis", text(arg))
	}
	err := l.execute(ctx, cmd, next)
	w.happened(event{Kind: "redis", Process: p.name, Text: commandName(cmd), Err: err})
	if !w.cross(ctx, p, name) || w.hit("redis no answer", p.name, name) {
		return errSilent
	}
	return err
}

// text returns an argument of a command as Redis gets it.
func text(arg any) string {
	if b, ok := arg.([]byte); ok {
		return string(b)
	}
	return fmt.Sprint(arg)
}

// execute runs a command at one instant.
func (l line) execute(ctx context.Context, cmd redis.Cmder, next redis.ProcessHook) error {
	r := &l.p.w.redis
	r.tick()
	if l.p.w.fault("redis readonly", "") != nil && commandName(cmd) != "get" {
		return errors.New("READONLY You can't write against a read only replica")
	}
	return next(ctx, cmd)
}

var errSilent = errors.New("sim: i/o timeout")

// commandName returns what a command is; of a script its hash.
func commandName(cmd redis.Cmder) string {
	if args := cmd.Args(); len(args) > 1 && cmd.Name() == "evalsha" {
		return fmt.Sprint(args[1])[:6]
	}
	return cmd.Name()
}

// A redisConn ends in the middle of an answer now and then.
type redisConn struct {
	net.Conn
	p    *process
	once sync.Once
}

func (c *redisConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 1 && c.p.w.hit("redis torn", c.p.name, c.p.name+" torn") {
		n /= 2
		c.once.Do(func() { c.Conn.Close() })
	}
	return n, err
}
