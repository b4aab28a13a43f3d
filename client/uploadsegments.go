package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// open begins an upload on the server.
func (u *Uploads) open(ctx context.Context, state *UploadState) error {
	path, in := []string{"uploads", "segments"}, map[string]string{"filename": state.Name}
	if state.Blob {
		path, in = []string{"uploads"}, map[string]string{"fileName": state.Name}
	}
	var answer uploadAnswer
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
		return fmt.Errorf("aprimo: upload of %q: the server began it, but did not say where to send it", state.Name)
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
	return &blobTarget{client, state.Session, state.Token}
}

// A segmentTarget takes the parts as segments, through the API.
type segmentTarget struct {
	uploads *Uploads
	session string // a link
	name    string
}

func (t *segmentTarget) send(ctx context.Context, p part) error {
	body, done := p.form(fmt.Sprintf("segment%d", p.index), fmt.Sprintf("%s.segment%d", t.name, p.index))
	defer done()
	k := t.call(http.MethodPost, "")
	k.header, k.body = repeatable(), body
	k.query = url.Values{"index": {strconv.Itoa(p.index)}}
	_, err := t.uploads.c.do(ctx, k.with(nil))
	return err
}

// complete is not repeated: the answer to a second one would be that there is no
// such upload.
func (t *segmentTarget) complete(ctx context.Context, count int) (string, error) {
	var answer uploadAnswer
	k := t.call(http.MethodPost, "/commit")
	k.in, k.out = map[string]any{"filename": t.name, "segmentcount": count}, &answer
	if _, err := t.uploads.c.do(ctx, k.with(nil)); err != nil {
		return "", err
	}
	return t.uploads.settle(ctx, answer)
}

// cancel is best effort: what it leaves, Aprimo removes after a few days.
func (t *segmentTarget) cancel(ctx context.Context) {
	t.uploads.c.do(ctx, t.call(http.MethodDelete, "").with(nil))
}

func (t *segmentTarget) call(method, below string) call {
	return call{method: method, base: t.uploads.c.core, link: t.session + below}
}
