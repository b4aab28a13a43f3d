package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog/log"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

const (
	headerTimeout = 10 * time.Second // to send the header of a request
	idleTimeout   = time.Minute      // in which a program must send or read a piece of a body
	keepAlive     = 2 * time.Minute  // of a connection without a request
	flushTimeout  = 10 * time.Second // to write what is left of the log and send what is left of alerts

	maxConns  = 12_000   // more than the queue holds
	maxHeader = 32 << 10 // bytes; each waiting request has one
)

// run serves until the context ends or a server fails, and then completes the requests
// that it has. It calls ready, if that is not nil, with its addresses.
func run(ctx context.Context, f flags, ready func(programs, admin net.Addr)) error {
	p, err := newProxy(f)
	if err != nil {
		return err
	}
	defer p.close()
	programs, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	defer programs.Close()
	admin, err := net.Listen("tcp", f.admin)
	if err != nil {
		return err
	}
	defer admin.Close()
	if f.tenant == "" {
		log.Warn().Msg("proxy: simulated tenant: nothing is sent to Aprimo; choose a real tenant with -tenant")
	}
	log.Info().Str("tenant", f.tenant).Str("programs", programs.Addr().String()).Str("admin", admin.Addr().String()).Msg("proxy: listens")
	if ready != nil {
		ready(programs.Addr(), admin.Addr())
	}
	return p.serve(ctx, programs, admin, f)
}

// serve answers programs and admins. It closes the listeners.
func (p *proxy) serve(ctx context.Context, programs, admin net.Listener, f flags) error {
	calls, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	front := &http.Server{
		Handler: p, ReadHeaderTimeout: headerTimeout, IdleTimeout: keepAlive, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return calls }, ErrorLog: errorLog(),
	}
	back := &http.Server{
		Handler: p.admin(), ReadTimeout: headerTimeout, WriteTimeout: idleTimeout, IdleTimeout: keepAlive, ErrorLog: errorLog(),
	}
	servers, running := errgroup.WithContext(ctx)
	servers.Go(func() error { return serve(front, netutil.LimitListener(listener{programs}, maxConns)) })
	servers.Go(func() error { return serve(back, admin) })
	<-running.Done() // a signal, or a server that failed

	log.Info().Msg("proxy: shutting down, completing requests")
	p.draining.Store(true)
	if ctx.Err() != nil { // a signal
		time.Sleep(f.drainDelay)
	}
	end, cancel := context.WithTimeout(calls, f.drain)
	defer cancel()
	err := front.Shutdown(end)
	if err != nil {
		abort()
		front.Close()
		err = fmt.Errorf("requests were still in flight after %v", f.drain)
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	err = errors.Join(err, p.transport.Shutdown(flush))
	if p.alerts != nil {
		err = errors.Join(err, p.alerts.Shutdown(flush))
	}
	return errors.Join(err, back.Close(), servers.Wait())
}

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// errorLog is for what net/http has to say.
func errorLog() *stdlog.Logger { return stdlog.New(log.Logger, "", 0) }

// A listener's connections end when a program does not read what is sent to it.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return conn{c}, err
}

type conn struct{ net.Conn }

func (c conn) Write(b []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(idleTimeout))
	return c.Conn.Write(b)
}
