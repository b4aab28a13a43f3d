package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/transport"
)

// burst makes calls of a process at once, trickle one after the other.
func (w *world) burst(f *fault)   { w.callers(f, f.N, 1) }
func (w *world) trickle(f *fault) { w.callers(f, 1+f.N%3, 1+f.N/2) }

func (w *world) callers(f *fault, callers, calls int) {
	p := w.process(f.Process)
	if p.dead.Load() {
		return
	}
	begun := p.calls.Add(int64(callers * calls))
	for i := range callers {
		p.do(func() {
			for j := range calls {
				n := begun - int64(i*calls+j)
				if p.ctx.Err() != nil || !w.cross(p.ctx, p, fmt.Sprintf("%s caller %d", p.name, i)) {
					return
				}
				p.call(n)
			}
		})
	}
}

// do runs work of a process in a goroutine of its own. A careless callback ends only what
// called it.
func (p *process) do(f func()) {
	p.work.Go(func() {
		defer func() {
			if v := recover(); v != nil && v != careless {
				panic(v)
			}
		}()
		f()
	})
}

const careless = "sim: careless"

// call makes one call: most read something, some give up early, some go through the proxy.
func (p *process) call(n int64) {
	w := p.w
	id := fmt.Sprintf("%s.%d.%d", p.name, time.Since(w.start)/time.Second, n)
	a := actor{name: id, process: p.name, call: id}
	ctx := withActor(p.ctx, a)
	var kind, user, class int
	patience := 5 * time.Minute
	w.draw(id, func(r *rand.Rand) {
		kind, user, class = r.IntN(10), r.IntN(3), r.IntN(3)-1
		if r.IntN(8) == 0 {
			patience = time.Duration(r.Int64N(int64(4 * time.Second)))
		}
	})
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ctx = transport.ContextWithUser(transport.ContextWithPriority(ctx, transport.Priority(class)), fmt.Sprint("user", user))
	w.happened(event{Kind: "begin", Process: p.name, Call: id, Text: fmt.Sprintf("user%d class %d", user, class)})
	status, err := 0, errPanicked
	defer func() {
		if !p.dead.Load() {
			w.happened(event{Kind: "end", Process: p.name, Call: id, Status: status, Err: err})
		}
	}()
	status, err = p.ask(ctx, kind)
}

// ask sends the request of a call, and reads the answer.
func (p *process) ask(ctx context.Context, kind int) (status int, err error) {
	switch {
	case kind < 3:
		_, err = p.client.Records.Get(ctx, fmt.Sprintf("%032x", 1+kind))
		var failed *client.Error
		if errors.As(err, &failed) && failed.Status > 0 {
			return failed.Status, nil
		}
		if err == nil {
			status = http.StatusOK
		}
		return status, err
	case p.w.plan.Proxy && p.name == name(0):
		return p.throughProxy(ctx)
	}
	req, err := p.request(ctx, "https://acme.dam.aprimo.com")
	if err != nil {
		return 0, err
	}
	a := actorOf(ctx)
	if !p.w.cross(ctx, p, a.name) { // those that waited for one token would have no order
		return 0, cause(ctx)
	}
	p.w.happened(event{Kind: "queues", Process: p.name, Call: a.call, Text: p.name + transport.UserFromContext(ctx) + transport.PriorityFromContext(ctx).String()})
	resp, err := p.rt.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errBody, err)
	}
	return resp.StatusCode, nil
}

var (
	errBody     = errors.New("sim: reading the body")
	errPanicked = errors.New("sim: a callback panicked")
)

// request is one of a program that has its own way to make them.
func (p *process) request(ctx context.Context, host string) (*http.Request, error) {
	token, err := p.tokens.Token()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"/api/core/languages", nil)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{"User-Agent": {p.name}, "Accept": {"application/json"}, "Api-Version": {"1"}}
	token.SetAuthHeader(req)
	return req, nil
}

// throughProxy is a program that knows only the proxy, which is this process.
func (p *process) throughProxy(ctx context.Context) (status int, err error) {
	proxy := &httputil.ReverseProxy{
		Transport: p.rt,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "https", "acme.dam.aprimo.com"
			r.Out = r.Out.WithContext(transport.ContextWithFlow(r.Out.Context(), r.In.RemoteAddr))
		},
		ErrorLog:     log.New(io.Discard, "", 0),
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, failed error) { err = failed },
	}
	defer func() {
		if recover() != nil { // of a body that ended early, as in a server
			err = errBody
		}
	}()
	answer := httptest.NewRecorder()
	req, err := p.request(ctx, "http://proxy")
	if err != nil {
		return 0, err
	}
	req = req.WithContext(context.WithValue(ctx, http.ServerContextKey, nil)) // as a server does
	req.RemoteAddr = "192.0.2.1:1234"
	proxy.ServeHTTP(answer, req)
	if err != nil {
		return 0, err
	}
	return answer.Code, nil
}

// export writes all records to the disk, and goes on there if the process was killed.
func (w *world) export(f *fault) {
	p := w.process(f.Process)
	const bit = 1
	if p.dead.Load() || p.busy.Or(bit)&bit != 0 {
		return
	}
	p.do(func() {
		defer p.busy.And(^bit)
		ctx, cancel := context.WithTimeout(withActor(p.ctx, actor{name: p.name + " export", process: p.name}), 3*time.Minute)
		defer cancel()
		var from client.Checkpoint
		if state := p.read("export"); state != nil {
			if err := json.Unmarshal(state, &from); err != nil {
				w.t.Error(err)
			}
		} else {
			w.happened(event{Kind: "export", Process: p.name, Text: "begins"})
		}
		if err := p.exportFrom(ctx, from); err != nil {
			w.happened(event{Kind: "export", Process: p.name, Text: "pauses", Err: err})
			return
		}
		w.happened(event{Kind: "export", Process: p.name, Text: "ends"})
		p.disk.mu.Lock()
		delete(p.disk.files, "export")
		p.disk.mu.Unlock()
	})
}

// exportFrom counts a batch of records as written when the checkpoint is: a program
// does the same with a file and its length.
func (p *process) exportFrom(ctx context.Context, from client.Checkpoint) error {
	x := p.client.Records.Export(client.Expression{}, from, client.PageSize(100))
	var batch []string
	save := func() error {
		data, err := json.Marshal(x.Checkpoint())
		if err == nil {
			err = p.write("export", data)
		}
		for _, id := range batch {
			if err == nil {
				p.w.happened(event{Kind: "record", Process: p.name, Text: id})
			}
		}
		batch = nil
		return err
	}
	for rec, err := range x.All(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, rec.ID); len(batch) == 70 {
			if err := save(); err != nil {
				return err
			}
		}
	}
	return save()
}

// upload sends a file in segments, and goes on if the process was killed.
func (w *world) upload(f *fault) {
	p := w.process(f.Process)
	const bit = 2
	if p.dead.Load() || p.busy.Or(bit)&bit != 0 {
		return
	}
	p.do(func() {
		defer p.busy.And(^bit)
		ctx, cancel := context.WithTimeout(withActor(p.ctx, actor{name: p.name + " upload", process: p.name}), 3*time.Minute)
		defer cancel()
		opts := []client.UploadOption{
			client.UploadSegmentSize(7 << 20), client.UploadParallel(1),
			client.UploadStates(func(s client.UploadState) {
				data, _ := json.Marshal(s)
				p.write("upload", data)
			}),
		}
		if data := p.read("upload"); data != nil {
			var state client.UploadState
			if err := json.Unmarshal(data, &state); err != nil {
				w.t.Error(err)
			}
			opts = append(opts, client.UploadResume(state))
		}
		up, err := p.client.Uploads.ReaderAt(ctx, "film.mp4", bytes.NewReader(film), int64(len(film)), opts...)
		if err != nil {
			w.happened(event{Kind: "upload", Process: p.name, Text: "pauses", Err: err})
			return
		}
		w.uploaded(p, up.Token)
		p.disk.mu.Lock()
		delete(p.disk.files, "upload")
		p.disk.mu.Unlock()
	})
}

// film is a file of three segments.
var film = bytes.Repeat([]byte("A film that nobody has seen.\n"), 21<<20/29)

// uploaded looks whether the tenant has the file as it is.
func (w *world) uploaded(p *process, token string) {
	for _, u := range w.tenant.Uploads() {
		if u.Token != token {
			continue
		}
		same, err := u.Same(bytes.NewReader(film))
		w.happened(event{Kind: "upload", Process: p.name, Text: fmt.Sprint("ends, the same: ", same), Err: err})
	}
}
