package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// An uploadAnswer is what the server says of an upload: that it is complete, or
// where to ask again.
type uploadAnswer struct {
	Token  string `json:"token"`
	URI    string `json:"uri"`
	SasURL string `json:"sasUrl"`
}

const (
	firstPoll = 500 * time.Millisecond
	maxPoll   = 10 * time.Second
	maxPolls  = 60 // some ten minutes
)

// settle asks until the server has a token for the upload.
func (u *Uploads) settle(ctx context.Context, answer uploadAnswer) (string, error) {
	uri, delay := answer.URI, firstPoll
	for range maxPolls {
		if answer.Token != "" {
			return answer.Token, nil
		}
		if answer.URI != "" {
			uri = answer.URI
		}
		if uri == "" {
			return "", errors.New("aprimo: upload: the server gave neither a token nor a link to one")
		}
		if err := sleep(ctx, delay); err != nil {
			return "", err
		}
		delay = min(2*delay, maxPoll)
		answer = uploadAnswer{}
		if _, err := u.c.do(ctx, call{method: http.MethodGet, base: u.c.core, link: uri, out: &answer}.with(nil)); err != nil {
			return "", err
		}
	}
	return "", errors.New("aprimo: upload: the server has all of the file, but after ten minutes no token for it")
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
