package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/examples/internal/progress"
	"github.com/aprimo-go/aprimo/transport"
)

// A result counts the outcomes of requests that were sent at once.
type result struct {
	ok, rejected, failed int
	took                 time.Duration
	err                  error // of one that failed
}

// burst sends n requests at once and waits for all of them.
func burst(ctx context.Context, title string, client *http.Client, url string, n int) result {
	bar := newBar(title, n)
	defer bar.Finish()
	var r result
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range n {
		wg.Go(func() {
			user := fmt.Sprintf("user-%d@example.com", i%7)
			status, err := get(transport.ContextWithUser(ctx, user), client, url)
			mu.Lock()
			defer mu.Unlock()
			bar.Add(1)
			switch {
			case err != nil:
				r.failed, r.err = r.failed+1, err
			case status == http.StatusTooManyRequests:
				r.rejected++
			case status == http.StatusOK:
				r.ok++
			default:
				r.failed, r.err = r.failed+1, fmt.Errorf("GET %s: %d %s", url, status, http.StatusText(status))
			}
		})
	}
	wg.Wait()
	r.took = time.Since(begin)
	return r
}

func get(ctx context.Context, client *http.Client, url string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"Accept": "application/hal+json", "API-VERSION": "1", "User-Agent": userAgent} {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// newBar returns the progress bar of a burst. Where bars are not drawn it prints a line.
func newBar(title string, n int) *progress.Bar {
	if !progress.Visible() {
		fmt.Fprintf(os.Stderr, "%s: %d requests\n", title, n)
	}
	return progress.New(int64(n), title, progressbar.OptionShowCount())
}
