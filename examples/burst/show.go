package main

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"text/tabwriter"
	"time"

	"mime/quotedprintable"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A column is one burst in the table.
type column struct {
	title string
	result
	ours, theirs aprimotest.Agent
}

// show prints the results, and returns an error if a call was lost.
func show(out io.Writer, f flags, columns []column, log string, mails []string) error {
	fmt.Fprintf(out, "\n%d requests at once to a tenant that serves %d/s, queues %d, and answers 429 beyond:\n\n", f.calls, f.rate, f.queue)
	table(out, columns)
	showLog(out, log)
	for _, text := range mails {
		if err := showMail(out, text); err != nil {
			return fmt.Errorf("the mail as received: %w", err)
		}
	}
	return verdict(out, columns, len(mails))
}

func table(out io.Writer, columns []column) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	defer w.Flush()
	row := func(label string, cell func(column) string) {
		fmt.Fprintf(w, "  %s\t", label)
		for _, c := range columns {
			fmt.Fprintf(w, "%s\t", cell(c))
		}
		fmt.Fprintln(w)
	}
	count := func(n func(column) int) func(column) string {
		return func(c column) string { return fmt.Sprint(n(c)) }
	}
	row("", func(c column) string { return c.title })
	row("answered 200", count(func(c column) int { return c.ok }))
	row("lost to a 429", count(func(c column) int { return c.rejected }))
	row("processed at once", count(func(c column) int { return c.ours.Served - c.ours.Delayed }))
	row("queued by Aprimo", count(func(c column) int { return c.ours.Delayed }))
	row("429s on the way", count(func(c column) int { return c.ours.Rejected }))
	row("most in any 1 s", count(func(c column) int { return c.ours.MaxPerSecond }))
	row("all done after", func(c column) string { return seconds(c.took) })
	row("the others' 429s", count(func(c column) int { return c.theirs.Rejected }))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

const shownLines = 3 // of the log

func showLog(out io.Writer, log string) {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if log == "" {
		return
	}
	fmt.Fprintf(out, "\nThe log has %d lines. The first:\n\n", len(lines))
	for _, line := range lines[:min(shownLines, len(lines))] {
		fmt.Fprintln(out, line)
	}
}

// showMail prints the header fields that a mail program shows, and the plain text.
func showMail(out io.Writer, text string) error {
	msg, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return err
	}
	fmt.Fprint(out, "\nThe administrator's mail, as the mail server received it:\n\n")
	var words mime.WordDecoder
	for _, name := range []string{"From", "To", "Date", "Subject"} {
		value, err := words.DecodeHeader(msg.Header.Get(name))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s: %s\n", name, value)
	}
	body, err := plainPart(msg)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	for line := range strings.Lines(body) {
		fmt.Fprint(out, "  ", line)
	}
	return nil
}

func plainPart(msg *mail.Message) (string, error) {
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			text, err := io.ReadAll(quotedprintable.NewReader(part))
			return strings.ReplaceAll(string(text), "\r\n", "\n"), err
		}
	}
}

// verdict checks the results against what this module promises.
func verdict(out io.Writer, columns []column, mails int) error {
	lost := 0
	for _, c := range columns[1:] {
		lost += c.rejected
	}
	if lost > 0 {
		return fmt.Errorf("%d calls were lost through our transport", lost)
	}
	if shared := columns[len(columns)-1]; shared.ours.Rejected >= 10 && mails != 1 {
		return fmt.Errorf("%d 429s made %d mails, not one", shared.ours.Rejected, mails)
	}
	if columns[1].ours.Rejected > 0 {
		return errors.New("429s although we were alone")
	}
	fmt.Fprintf(out, "\nWith a plain http.Client %d calls were lost. Through transport.New() none were.\n", columns[0].rejected)
	return nil
}
