package auditlog

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// Slog returns a zerolog.Logger that writes to a slog.Logger. The fields have the same
// names. A handler gets the context of the call, with its trace for example. The Logger's
// lines must be written one after the other.
func Slog(l *slog.Logger) zerolog.Logger {
	w := &slogWriter{to: l}
	return zerolog.New(w).Hook(w)
}

// A slogWriter passes zerolog's lines on to a slog.Logger.
type slogWriter struct {
	to  *slog.Logger
	ctx context.Context // of the line being written
}

// Run implements zerolog.Hook. zerolog calls it before each Write.
func (w *slogWriter) Run(line *zerolog.Event, _ zerolog.Level, _ string) { w.ctx = line.GetCtx() }

// Write implements io.Writer.
func (w *slogWriter) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.InfoLevel, line) }

// WriteLevel implements zerolog.LevelWriter.
func (w *slogWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	as := slog.Level(4 * (level - zerolog.InfoLevel)) // slog has 0 for INFO, and steps of 4
	if !w.to.Enabled(w.ctx, as) {
		return len(line), nil
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return 0, err
	}
	message, _ := fields[zerolog.MessageFieldName].(string)
	delete(fields, zerolog.MessageFieldName)
	delete(fields, zerolog.LevelFieldName)
	r := slog.NewRecord(time.Now(), as, message, 0)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.AddAttrs(slog.Any(name, native(fields[name])))
	}
	return len(line), w.to.Handler().Handle(w.ctx, r)
}

// native returns a json.Number as a Go number, and any other value as it is.
func native(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, _ := n.Float64()
	return f
}
