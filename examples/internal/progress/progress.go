// Package progress draws the progress bars of the example programs.
package progress

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/aprimo-go/aprimo/examples/internal/program"
)

// Visible reports whether bars are drawn: they are if the standard error is a terminal.
func Visible() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

// New returns a bar on the standard error. A negative total is an unknown one.
func New(total int64, description string, opts ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(Visible()),
		progressbar.OptionSetDescription(program.Clean(description)),
	}, opts...)...)
}
