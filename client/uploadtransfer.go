package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// A transfer is one upload in segments, or to the blob storage.
type transfer struct {
	uploads  *Uploads
	settings uploadSettings
	parts    iter.Seq2[part, error]
	source   source // of a stream only unchanged
	total    int64  // -1: unknown

	mu    sync.Mutex
	state *UploadState // nil for a stream
	to    target
	done  int64
	count int
}

// A target receives the parts of an upload.
type target interface {
	send(context.Context, part) error
	complete(ctx context.Context, count int) (token string, err error)
	cancel(context.Context)
}

// run uploads the parts. A failed upload is removed from the server unless the caller
// keeps its state.
func (t *transfer) run(ctx context.Context) (*Upload, error) {
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	token, err := t.sendAll(ctx)
	if err != nil {
		if t.settings.states == nil {
			t.remove(ctx)
		}
		return nil, fmt.Errorf("aprimo: upload of %q: %w", t.settings.name, err)
	}
	return &Upload{Token: token, Name: t.settings.name, Size: t.done}, nil
}

func (t *transfer) begin(ctx context.Context) error {
	state := t.state
	if state == nil { // a stream
		state = &UploadState{Name: t.settings.name, SegmentSize: t.settings.segmentSize, Blob: t.settings.direct}
	}
	if state.Session == "" {
		if err := t.uploads.open(ctx, state); err != nil {
			return err
		}
	}
	t.to = t.uploads.target(state, t.settings)
	t.done, t.count = state.arrived(), len(state.Done)
	t.report()
	return nil
}

// sendAll sends the parts, several at a time. The first failure stops the others.
func (t *transfer) sendAll(ctx context.Context) (string, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	slots := make(chan struct{}, t.settings.parallel)
	for p, err := range t.parts {
		if err != nil {
			stop(err)
			break
		}
		slots <- struct{}{}
		if sending.Err() != nil {
			break
		}
		workers.Go(func() {
			defer func() { <-slots }()
			t.sendPart(sending, p, stop)
		})
	}
	workers.Wait()
	if sending.Err() != nil {
		return "", context.Cause(sending)
	}
	if t.source.unchanged != nil {
		if err := t.source.unchanged(); err != nil {
			return "", err
		}
	}
	return t.to.complete(ctx, t.count)
}

// sendPart sends a part and reports its arrival. A function of the program's may end the
// goroutine: an observer of the transport's, or a base, too.
func (t *transfer) sendPart(ctx context.Context, p part, stop context.CancelCauseFunc) {
	var err error
	defer func() {
		if err != nil {
			stop(err)
		}
		if p.free != nil {
			p.free()
		}
	}()
	if guard("the HTTP client", &err, func() error { return t.to.send(ctx, p) }); err == nil {
		guard("UploadProgress or UploadStates", &err, func() error { t.arrived(p); return nil })
	}
}

func (t *transfer) arrived(p part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += p.size
	t.count++
	if t.state != nil {
		t.state.add(p.index)
	}
	t.report()
}

// report passes the state and the progress to the caller's functions.
func (t *transfer) report() {
	if t.settings.states != nil && t.state != nil {
		t.settings.states(*t.state.clone())
	}
	if t.settings.progress != nil {
		t.settings.progress(t.done, t.total)
	}
}

// removalTimeout limits the removal of a cancelled upload. It is long enough to wait in a
// full queue.
const removalTimeout = 15 * time.Second

func (t *transfer) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTimeout)
	defer cancel()
	t.to.cancel(ctx)
}

// expired reports whether a resumed upload failed because the server has removed it. If nothing was
// left to send but its end, and that is refused, the server has ended the upload already or has lost
// a part: it would refuse it each time.
func (t *transfer) expired(err error) bool {
	ended := len(t.settings.resume.Done) == t.state.segments()
	return errors.Is(err, ErrNotFound) || t.state.Blob && errors.Is(err, ErrForbidden) ||
		ended && (errors.Is(err, ErrBadRequest) || errors.Is(err, ErrConflict))
}

// open starts an upload on the server.
func (u *Uploads) open(ctx context.Context, state *UploadState) error {
	path, in := []string{"uploads", "segments"}, map[string]string{"filename": state.Name}
	if state.Blob {
		path, in = []string{"uploads"}, map[string]string{"fileName": state.Name}
	}
	var answer uploadResponse
	_, err := u.c.do(ctx, call{
		method: http.MethodPost, base: u.c.core, path: path, header: repeatable(), in: in, out: &answer,
	}.with(nil))
	if err != nil {
		return err
	}
	if state.Session = answer.URI; state.Blob {
		state.Session, state.Token = answer.SasURL, answer.Token
	}
	if state.Session == "" || state.Blob && state.Token == "" {
		return fmt.Errorf("aprimo: upload of %q: the server accepted it, but returned no address to send it to", state.Name)
	}
	return nil
}

func (u *Uploads) target(state *UploadState, s uploadSettings) target {
	if !state.Blob {
		return &segmentTarget{u, state.Session, state.Name}
	}
	client := s.blob
	if client == nil {
		client = u.blob
	}
	return &blobTarget{client, originOf(u.c.core), state.Session, state.Token}
}

// A segmentTarget sends the parts as segments through the API.
type segmentTarget struct {
	uploads *Uploads
	session string // a link
	name    string
}

func (t *segmentTarget) send(ctx context.Context, p part) error {
	body, end := p.form(fmt.Sprintf("segment%d", p.index), fmt.Sprintf("%s.segment%d", t.name, p.index))
	k := t.call(http.MethodPost, "")
	k.header, k.body = repeatable(), body
	k.query = url.Values{"index": {strconv.Itoa(p.index)}}
	_, err := t.uploads.c.do(ctx, k.with(nil))
	return cmp.Or(end(ctx), err)
}

// complete repeats a request whose answer was lost. If the first one was carried out, the server
// refuses the second, and nobody knows the token.
func (t *segmentTarget) complete(ctx context.Context, count int) (string, error) {
	var answer uploadResponse
	k := t.call(http.MethodPost, "/commit")
	k.header, k.in, k.out = repeatable(), map[string]any{"filename": t.name, "segmentcount": count}, &answer
	if _, err := t.uploads.c.do(ctx, k.with(nil)); err != nil {
		var e *Error
		if errors.As(err, &e) && (e.Attempt > 1 || e.Attempt == 1 && passes(context.WithoutCancel(ctx), e)) {
			return "", &UnknownOutcomeError{Err: err, advice: "the upload may be complete, but its token is lost: upload the file again; the server removes what is not used"}
		}
		return "", err
	}
	return t.uploads.awaitUpload(ctx, answer)
}

// cancel removes the upload if it can. Otherwise Aprimo does so after a few days.
func (t *segmentTarget) cancel(ctx context.Context) {
	t.uploads.c.do(ctx, t.call(http.MethodDelete, "").with(nil))
}

func (t *segmentTarget) call(method, below string) call {
	return call{method: method, base: t.uploads.c.core, link: t.session + below, upload: true}
}

// newBlobClient returns an http.Client for the blob storage, to which Aprimo's limit does
// not apply and which must not receive a token.
func newBlobClient(base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &retry.Transport{Base: base}, CheckRedirect: noRedirects}
}

// A blobTarget sends the parts as blocks of an Azure block blob
// (https://learn.microsoft.com/rest/api/storageservices/put-block).
type blobTarget struct {
	http   *http.Client
	origin origin
	sas    string // a signed URL
	token  string
}

func (t *blobTarget) send(ctx context.Context, p part) error {
	body, end := p.payload("application/octet-stream", nil, nil)
	err := t.put(ctx, url.Values{"comp": {"block"}, "blockid": {blockID(p.index)}}, body)
	return cmp.Or(end(ctx), err)
}

// blockID returns the id of a block. All ids of a blob must have the same length.
func blockID(index int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%09d", index))
}

func (t *blobTarget) complete(ctx context.Context, count int) (string, error) {
	var list struct {
		XMLName xml.Name `xml:"BlockList"`
		Latest  []string
	}
	for i := range count {
		list.Latest = append(list.Latest, blockID(i))
	}
	data, err := xml.Marshal(list)
	if err != nil {
		return "", err
	}
	p := part{size: int64(len(data)), open: func() io.Reader { return bytes.NewReader(data) }}
	body, end := p.payload("application/xml", nil, nil)
	err = t.put(ctx, url.Values{"comp": {"blocklist"}}, body)
	return t.token, cmp.Or(end(ctx), err)
}

// cancel does nothing: Azure removes blocks that are in no block list.
func (t *blobTarget) cancel(context.Context) {}

func (t *blobTarget) put(ctx context.Context, query url.Values, body *payload) error {
	u, err := t.origin.judgeLink(t.sas)
	if err != nil {
		return fmt.Errorf("the blob storage of the server: %w", err)
	}
	signed := *u
	u.RawQuery += "&" + query.Encode() // appended, because the existing query is signed
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.String(), nil)
	if err != nil {
		return errors.New("the server returned an invalid blob storage URL")
	}
	if err := (call{body: body}).attach(req); err != nil {
		return err
	}
	resp, err := t.http.Do(req)
	e := &Error{Method: req.Method, Path: u.EscapedPath(), Attempt: 1}
	if err != nil {
		var urlErr *url.Error
		if errors.As(err, &urlErr) {
			err = urlErr.Err // net/http's text contains the signature
		}
		e.Message, e.cause = clean(hideQuery(err.Error(), &signed)), err
		return e
	}
	defer discard(resp.Body)
	if resp.StatusCode != http.StatusCreated {
		e.describe(resp)
		e.Message, e.Type = clean(hideQuery(e.Message, &signed)), clean(e.Type)
		return e
	}
	return nil
}
