package notify

import (
	"fmt"
	"io"
	"strings"

	gomaillog "github.com/wneessen/go-mail/log"
)

// A trace writes the dialogue with a mail server, but nothing of the login. It is
// go-mail's logger.
type trace struct {
	to   io.Writer // may be nil
	hide *redactor
}

func (t trace) client(text string) { t.print("client: ", text) }
func (t trace) server(text string) { t.print("server: ", t.hide.text(text)) }

func (t trace) print(who, text string) {
	if t.to == nil {
		return
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(t.to, "%s%s\n", who, clean(strings.TrimRight(line, "\r\n"), 300))
	}
}

func (t trace) Debugf(l gomaillog.Log) {
	say := t.server
	if l.Direction == gomaillog.DirClientToServer {
		say = t.client
	}
	say(fmt.Sprintf(l.Format, l.Messages...))
}

func (t trace) Infof(l gomaillog.Log)  { t.Debugf(l) }
func (t trace) Warnf(l gomaillog.Log)  { t.Debugf(l) }
func (t trace) Errorf(l gomaillog.Log) { t.Debugf(l) }
