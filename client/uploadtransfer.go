package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// A transfer is one upload in segments, or to the blob storage.
type transfer struct {
	uploads  *Uploads
	settings uploadSettings
	parts    iter.Seq2[part, error]
	total    int64 // -1: unknown

	mu    sync.Mutex
	state *UploadState // nil for a stream
	to    target
	done  int64
	count int
}

// A target is where the parts go.
type target interface {
	send(context.Context, part) error
	complete(ctx context.Context, count int) (token string, err error)
	cancel(context.Context)
}

// run uploads what has not arrived. What fails is removed from the server, unless
// the caller keeps the state.
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
	if state == nil {
		state = &UploadState{Name: t.settings.name, SegmentSize: t.settings.segmentSize, Blob: t.settings.direct}
	}
	if state.Session == "" {
		if err := t.uploads.open(ctx, state); err != nil {
			return err
		}
	}
	t.to = t.uploads.target(state, t.settings)
	t.done, t.count = state.arrived(), len(state.Done)
	t.tell()
	return nil
}

// sendAll sends the parts, some at a time. The first that fails stops the others.
func (t *transfer) sendAll(ctx context.Context) (string, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	places := make(chan struct{}, t.settings.parallel)
	for p, err := range t.parts {
		if err != nil {
			stop(err)
			break
		}
		places <- struct{}{}
		if sending.Err() != nil {
			break
		}
		workers.Go(func() {
			if err := t.to.send(sending, p); err != nil {
				stop(err)
			} else {
				t.arrived(p)
			}
			<-places
			if p.free != nil {
				p.free()
			}
		})
	}
	workers.Wait()
	if sending.Err() != nil {
		return "", context.Cause(sending)
	}
	return t.to.complete(ctx, t.count)
}

func (t *transfer) arrived(p part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += p.size
	t.count++
	if t.state != nil {
		t.state.add(p.index)
	}
	t.tell()
}

// tell tells the caller how far it is.
func (t *transfer) tell() {
	if t.settings.states != nil && t.state != nil {
		t.settings.states(*t.state.clone())
	}
	if t.settings.progress != nil {
		t.settings.progress(t.done, t.total)
	}
}

// maxRemoval is how long an upload that was cancelled waits for the server to
// remove it: time for a turn in a full queue.
const maxRemoval = 15 * time.Second

func (t *transfer) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxRemoval)
	defer cancel()
	t.to.cancel(ctx)
}

// expired reports whether a resumed upload failed because the server has forgotten
// it.
func (t *transfer) expired(err error) bool {
	return errors.Is(err, ErrNotFound) || t.state.Blob && errors.Is(err, ErrForbidden)
}
