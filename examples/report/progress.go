package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// progress shows how much has been read, if somebody looks and it takes long.
func progress(read *atomic.Int64, total int64) (done func()) {
	info, err := os.Stderr.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return func() {}
	}
	stop := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		t := time.NewTicker(200 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-stop:
				fmt.Fprint(os.Stderr, "\r\x1b[K")
				return
			case <-t.C:
				fmt.Fprint(os.Stderr, "\r", bar(read.Load(), total))
			}
		}
	})
	return func() { close(stop); shown.Wait() }
}

func bar(n, total int64) string {
	const width = 40
	if total <= 0 {
		return fmt.Sprintf("%d MiB read", n>>20)
	}
	full := int(min(n, total) * width / total)
	return fmt.Sprintf("[%s%s] %3d %% of %d MiB", strings.Repeat("#", full), strings.Repeat(".", width-full), min(n, total)*100/total, total>>20)
}
