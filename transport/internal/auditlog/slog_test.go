package auditlog

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// A handler keeps the records that it gets, and their contexts.
type handler struct {
	least    slog.Level
	records  []slog.Record
	contexts []context.Context
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.least }
func (h *handler) WithAttrs([]slog.Attr) slog.Handler               { return h }
func (h *handler) WithGroup(string) slog.Handler                    { return h }
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	h.records, h.contexts = append(h.records, r), append(h.contexts, ctx)
	return nil
}

// A record has the line's level, message and fields, as Go's numbers and sorted by name, the
// context, and no place in the program's code.
func TestSlogRecords(t *testing.T) {
	h := &handler{least: slog.LevelDebug}
	l := Slog(slog.New(h))
	ctx := context.WithValue(t.Context(), h, "this one")
	began := time.Now()
	l.Error().Ctx(ctx).Str("s", "a").Int64("i", 1<<60).Float64("f", 1.5).Bool("b", true).Strs("a", []string{"x"}).Msg("it failed")
	l.Warn().Msg("a warning")
	if len(h.records) != 2 {
		t.Fatalf("got %d records, want 2", len(h.records))
	}
	r := h.records[0]
	var got []any
	r.Attrs(func(a slog.Attr) bool {
		got = append(got, a.Key, a.Value.Any())
		return true
	})
	if diff := cmp.Diff([]any{"a", []any{"x"}, "b", true, "f", 1.5, "i", int64(1 << 60), "s", "a"}, got); diff != "" {
		t.Errorf("got other fields than wanted (-want +got):\n%s", diff)
	}
	if r.Level != slog.LevelError || r.Message != "it failed" || r.PC != 0 || r.Time.Before(began) || time.Since(r.Time) < 0 {
		t.Errorf("got %v, want %q at ERROR, now, without a place", r, "it failed")
	}
	if h.contexts[0] != ctx || h.contexts[1] == ctx {
		t.Errorf("got the contexts %v, want that of each line", h.contexts)
	}
}

// zerolog's levels are those of slog, and a handler that is not enabled for one gets none of it.
func TestSlogLevels(t *testing.T) {
	for level, want := range map[zerolog.Level]slog.Level{
		zerolog.TraceLevel: slog.LevelDebug - 4, zerolog.DebugLevel: slog.LevelDebug, zerolog.InfoLevel: slog.LevelInfo,
		zerolog.WarnLevel: slog.LevelWarn, zerolog.ErrorLevel: slog.LevelError,
	} {
		for _, least := range []slog.Level{want, want + 1} {
			h := &handler{least: least}
			l := Slog(slog.New(h))
			l.WithLevel(level).Msg("")
			if enabled := least == want; len(h.records) == 1 != enabled || enabled && h.records[0].Level != want {
				t.Errorf("a line at %v for a handler from %v on: got %v, want one at %v: %v", level, least, h.records, want, enabled)
			}
		}
	}
}

// The writer takes a line whole, also one that the handler does not want, and refuses what is none.
func TestSlogTakesLines(t *testing.T) {
	for _, c := range []struct {
		line  string
		least slog.Level
		fails bool
	}{{`{"message":"a line"}`, slog.LevelInfo, false}, {`{"message":"a line"}`, slog.LevelWarn, false}, {"no line", slog.LevelInfo, true}} {
		h := &handler{least: c.least}
		w := &slogWriter{to: slog.New(h), ctx: t.Context()}
		want := len(c.line)
		if c.fails {
			want = 0
		}
		if n, err := w.Write([]byte(c.line)); n != want || err != nil != c.fails {
			t.Errorf("%+v: got %d, %v; want %d bytes taken", c, n, err, want)
		}
		if wanted := !c.fails && c.least == slog.LevelInfo; len(h.records) == 1 != wanted {
			t.Errorf("%+v: got %v, want a record: %v", c, h.records, wanted)
		}
	}
}
