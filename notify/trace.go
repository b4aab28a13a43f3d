package notify

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	gomaillog "github.com/wneessen/go-mail/log"
)

// A trace writes the dialogue with a mail server. What is said while logging in is
// left out by go-mail; some servers repeat it, so the secrets are left out as well.
type trace struct {
	to      io.Writer
	secrets []string
}

func (t trace) line(l gomaillog.Log) {
	who := "server: "
	if l.Direction == gomaillog.DirClientToServer {
		who = "client: "
	}
	text := fmt.Sprintf(l.Format, l.Messages...)
	for _, s := range t.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(t.to, "%s%s\n", who, clean(strings.TrimRight(line, "\r\n"), 300))
	}
}

func (t trace) Debugf(l gomaillog.Log) { t.line(l) }
func (t trace) Infof(l gomaillog.Log)  { t.line(l) }
func (t trace) Warnf(l gomaillog.Log)  { t.line(l) }
func (t trace) Errorf(l gomaillog.Log) { t.line(l) }

// secrets returns what may not be shown.
func (e Email) secrets() (all []string) {
	if e.Password == "" {
		return nil
	}
	for _, s := range []string{"\x00" + e.Username + "\x00" + e.Password, e.Password} {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(s)), s)
	}
	return all
}
