package transport

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

// WithSlog is WithLogger for a program that logs with log/slog. The fields have the
// same names, and a handler gets the context of the call, with its trace for example.
func WithSlog(l *slog.Logger) Option {
	return func(s *settings) {
		if l != nil {
			w := &slogWriter{to: l}
			WithLogger(zerolog.New(w).Hook(w))(s)
		}
	}
}

// A slogWriter hands zerolog's lines to a slog.Logger, one after the other.
type slogWriter struct {
	to  *slog.Logger
	ctx context.Context // of the line that is written
}

// Run implements zerolog.Hook, and comes before each Write.
func (w *slogWriter) Run(line *zerolog.Event, _ zerolog.Level, _ string) { w.ctx = line.GetCtx() }

// Write implements io.Writer.
func (w *slogWriter) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel implements zerolog.LevelWriter.
func (w *slogWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	as := slogLevel(level)
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
		r.AddAttrs(slog.Any(name, plain(fields[name])))
	}
	return len(line), w.to.Handler().Handle(w.ctx, r)
}

// plain turns a number back into one.
func plain(v any) any {
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

func slogLevel(l zerolog.Level) slog.Level {
	switch l {
	case zerolog.TraceLevel, zerolog.DebugLevel:
		return slog.LevelDebug
	case zerolog.WarnLevel:
		return slog.LevelWarn
	case zerolog.ErrorLevel, zerolog.FatalLevel, zerolog.PanicLevel:
		return slog.LevelError
	}
	return slog.LevelInfo
}
