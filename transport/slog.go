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
// same names.
func WithSlog(l *slog.Logger) Option {
	return func(s *settings) {
		if l != nil {
			WithLogger(zerolog.New(slogWriter{l}))(s)
		}
	}
}

// A slogWriter hands zerolog's lines to a slog.Logger.
type slogWriter struct{ to *slog.Logger }

// Write implements io.Writer.
func (w slogWriter) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel implements zerolog.LevelWriter.
func (w slogWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	ctx, as := context.Background(), slogLevel(level)
	if !w.to.Enabled(ctx, as) {
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
	return len(line), w.to.Handler().Handle(ctx, r)
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
