package main

import (
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/aprimo-go/aprimo/examples/internal/progress"
)

// newBar shows how much has been read, and when all will be, if somebody looks.
func newBar(sources []source) *progressbar.ProgressBar {
	total := int64(0)
	for _, s := range sources {
		if s.size < 0 {
			total = -1
			break
		}
		total += s.size
	}
	return progress.New(total, "reading",
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionClearOnFinish(),
	)
}

// A counter moves the bar.
type counter struct {
	io.Reader
	bar *progressbar.ProgressBar
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	_ = c.bar.Add(n)
	return n, err
}
