package client_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A pattern is a source of any size that takes no memory.
type pattern int64

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := int(min(int64(len(b)), max(0, int64(p)-off)))
	for i := range b[:n] {
		at := off + int64(i)
		b[i] = byte(at ^ at>>8 ^ at>>16 ^ at>>24)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (p pattern) reader() io.Reader { return io.NewSectionReader(p, 0, int64(p)) }

const large = pattern(45_000_001) // five segments

func uploader(t *testing.T, tenant *aprimotest.Tenant) *client.Uploads {
	t.Helper()
	tenant.Rate = 1000
	tenant.RequireHeaders = true
	return newClientWith(t, static("a-token"), nil, limited(tenant.Transport())).Uploads
}

func toBlob(tenant *aprimotest.Tenant) client.UploadOption {
	return client.UploadToBlob(&http.Client{Transport: tenant.Transport()})
}

// same fails the test unless the last upload is complete, has exactly the bytes of
// the source, and had each segment sent once, all but the last of the same size.
func same(t *testing.T, tenant *aprimotest.Tenant, up *client.Upload, source pattern) {
	t.Helper()
	all := tenant.Uploads()
	got := all[len(all)-1]
	if ok, err := got.Same(source.reader()); !ok || err != nil || got.State != aprimotest.UploadComplete {
		t.Errorf("got the same bytes %v, %v; %v of %d bytes, want %v of %d", ok, err, got.State, got.Size, aprimotest.UploadComplete, int64(source))
	}
	if up.Token != got.Token || up.Size != int64(source) || up.Name != got.FileName {
		t.Errorf("got the right token %v, size %d, name %q, want true, %d, %q", up.Token == got.Token, up.Size, up.Name, int64(source), got.FileName)
	}
	for _, s := range got.Segments {
		if s.Sent != 1 {
			t.Errorf("segment %d: got it %d times, want once", s.Index, s.Sent)
		}
		first, last := got.Segments[0].Size, s.Index == len(got.Segments)-1
		if s.Size != first && !last || s.Size == 0 && source > 0 {
			t.Errorf("segment %d: got %d bytes, want %d as in the first, or the rest", s.Index, s.Size, first)
		}
	}
}

func TestAFileOfAnySizeArrivesAsItIs(t *testing.T) {
	sizes := []pattern{0, 20_000_000, 19_999_999, large}
	if testing.Short() {
		sizes = sizes[:2]
	}
	synctest.Test(t, func(t *testing.T) { // more segments than there are buffers
		tenant := &aprimotest.Tenant{}
		up, err := uploader(t, tenant).Reader(t.Context(), "a b.mp4", pattern(1000).reader(), client.UploadSegmentSize(100))
		if err != nil {
			t.Fatal(err)
		}
		same(t, tenant, up, 1000)
	})
	for _, size := range sizes {
		for _, how := range []string{"segments", "blob", "reader", "file"} {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{}
				u := uploader(t, tenant)
				var up *client.Upload
				var err error
				switch how {
				case "segments":
					up, err = u.ReaderAt(t.Context(), "a b.mp4", size, int64(size))
				case "blob":
					up, err = u.ReaderAt(t.Context(), "a b.mp4", size, int64(size), toBlob(tenant))
				case "reader":
					up, err = u.Reader(t.Context(), "a b.mp4", size.reader())
				case "file":
					path := filepath.Join(t.TempDir(), "ä b.mp4")
					data, _ := io.ReadAll(size.reader())
					if err := os.WriteFile(path, data, 0o600); err != nil {
						t.Fatal(err)
					}
					up, err = u.File(t.Context(), path)
				}
				if err != nil {
					t.Fatalf("%s of %d: got error %v, want none", how, size, err)
				}
				same(t, tenant, up, size)
			})
		}
	}
}

func TestACancelledUploadLeavesNothingOnTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := uploader(t, tenant).ReaderAt(ctx, "film.mp4", large, int64(large), client.UploadProgress(func(done, _ int64) {
			if done > 0 {
				cancel()
			}
		}))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if got := tenant.Uploads(); len(got) != 1 || got[0].State != aprimotest.UploadCancelled {
			t.Errorf("got %+v, want one upload that is %v", got, aprimotest.UploadCancelled)
		}
	})
}

func TestDroppedSegmentsAreSentAgainAndAFailureStopsTheOthers(t *testing.T) {
	for _, fault := range []aprimotest.Fault{{Drop: true}, {Status: 503}, {Status: 400}} {
		synctest.Test(t, func(t *testing.T) {
			var segments atomic.Int32
			tenant := &aprimotest.Tenant{}
			tenant.Fault = func(r *http.Request) aprimotest.Fault {
				if r.URL.Query().Has("index") && segments.Add(1) == 2 {
					return fault
				}
				return aprimotest.Fault{}
			}
			up, err := uploader(t, tenant).ReaderAt(t.Context(), "film.mp4", large, int64(large))
			if fault.Status != 400 {
				if err != nil {
					t.Fatalf("%+v: got error %v, want none", fault, err)
				}
				same(t, tenant, up, large)
				return
			}
			if !errors.Is(err, client.ErrBadRequest) || strings.Contains(err.Error(), tenant.Uploads()[0].Token[:8]) {
				t.Errorf("got %v, want %v without the token", err, client.ErrBadRequest)
			}
			if got := tenant.Uploads(); len(got) != 1 || got[0].State != aprimotest.UploadCancelled || segments.Load() > 4 {
				t.Errorf("got %d segments, %+v, want at most 4, one upload that is %v", segments.Load(), got, aprimotest.UploadCancelled)
			}
		})
	}
}

// brokenAt cannot be read at an offset.
type brokenAt struct {
	io.ReaderAt
	offset int64
}

var errBrokenAt = errors.New("input/output error")

func (b brokenAt) ReadAt(p []byte, off int64) (int, error) {
	if off == b.offset {
		return 0, errBrokenAt
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestASourceOfAnotherSizeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	tenant := &aprimotest.Tenant{}
	u := uploader(t, tenant)
	for size, want := range map[int64]string{9: "more than the given size of 9 bytes", 11: "fewer than the given size of 11 bytes", -1: "-1"} {
		if _, err := u.ReaderAt(t.Context(), "a", pattern(10), size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got error %v, want %q", size, err, want)
		}
	}
	broken := brokenAt{pattern(10), 9}
	if _, err := u.ReaderAt(t.Context(), "a", broken, 10); !errors.Is(err, errBrokenAt) {
		t.Errorf("a source whose last byte cannot be read: got error %v, want %v", err, errBrokenAt)
	}
	for _, name := range append(strings.Split(`a<,a>,a:,a",a/,a\,a|,a?,a*`, ","), "", " ", "a\x00", "a\xff", strings.Repeat("a", 256)) {
		if _, err := u.ReaderAt(t.Context(), name, pattern(1), 1); err == nil || !strings.Contains(err.Error(), "UploadName") {
			t.Errorf("%q: got error %v, want one that names UploadName", name, err)
		}
	}
	if got := tenant.Uploads(); len(got) != 0 {
		t.Errorf("got the uploads %+v, want none", got)
	}
}

// 256 MiB, or with APRIMO_LARGE set 2 GiB, which takes half a minute.
func TestALargeUploadNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("what the race detector needs would be measured too")
	}
	size := pattern(256 << 20)
	if os.Getenv("APRIMO_LARGE") != "" {
		size = 2 << 30
	}
	tenant := &aprimotest.Tenant{Service: func(*http.Request) time.Duration { return 0 }}
	u := uploader(t, tenant)
	used := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	runtime.GC()
	idle, peak := used(), uint64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				peak = max(peak, used())
			}
		}
	}()
	_, err := u.ReaderAt(t.Context(), "film.mp4", size, int64(size))
	close(done)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	over := int64(peak) - int64(idle)
	t.Logf("%d MiB: %.1f MiB over idle", size>>20, float64(over)/(1<<20))
	if over > 64<<20 {
		t.Errorf("got %d MiB over idle, want at most 64", over>>20)
	}
}

func TestUploadOptions(t *testing.T) {
	for _, test := range []struct {
		name     string
		opt      client.UploadOption
		file     string
		segments int
		err      string
	}{
		{"default", nil, "film.mp4", 5, "<nil>"},
		{"UploadName", client.UploadName("other.mp4"), "other.mp4", 5, "<nil>"},
		{"UploadSegmentSize", client.UploadSegmentSize(20_000_000), "film.mp4", 3, "<nil>"},
		{"a segment too large", client.UploadSegmentSize(20_000_001), "", 0, "aprimo: upload: UploadSegmentSize(20000001): use 1 to 20000000 bytes"},
		{"no segment", client.UploadSegmentSize(0), "", 0, "aprimo: upload: UploadSegmentSize(0): use 1 to 20000000 bytes"},
		{"none at a time", client.UploadParallel(0), "", 0, "aprimo: upload: UploadParallel(0): use 1 or more"},
	} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{}
			_, err := uploader(t, tenant).ReaderAt(t.Context(), "film.mp4", large, int64(large), test.opt)
			if fmt.Sprint(err) != test.err {
				t.Errorf("%s: got error %v, want %s", test.name, err, test.err)
			}
			var file string
			var segments int
			for _, u := range tenant.Uploads() {
				file, segments = u.FileName, len(u.Segments)
			}
			if file != test.file || segments != test.segments {
				t.Errorf("%s: got %q in %d segments, want %q in %d", test.name, file, segments, test.file, test.segments)
			}
		})
	}
}

// A brokenSource fails in its third segment.
type brokenSource struct{ pattern }

var errBroken = errors.New("the disk is broken")

func (s brokenSource) ReadAt(b []byte, off int64) (int, error) {
	if off >= 20_000_000 && off < 30_000_000 {
		return 0, errBroken
	}
	return s.pattern.ReadAt(b, off)
}

// A stream that breaks off, such as a response whose connection ends, is no complete file.
func TestAStreamThatBreaksOffIsNoFile(t *testing.T) {
	const segment = 64 << 10
	for name, end := range map[string]error{
		"cut off": io.ErrUnexpectedEOF, "an error that wraps the end": fmt.Errorf("a proxy: %w", io.EOF), "nothing again and again": nil,
	} {
		for _, after := range []int{0, 100, segment, segment + 100} {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{}
				r := io.MultiReader(bytes.NewReader(make([]byte, after)), iotest.ErrReader(end))
				up, err := uploader(t, tenant).Reader(t.Context(), "film.mp4", r, client.UploadSegmentSize(segment))
				if want := cmp.Or(end, io.ErrNoProgress); !errors.Is(err, want) {
					t.Errorf("%s after %d bytes: got %+v, %v, want %v", name, after, up, err, want)
				}
				for _, got := range tenant.Uploads() {
					if got.State == aprimotest.UploadComplete {
						t.Errorf("%s after %d bytes: got a complete upload of %d bytes", name, after, got.Size)
					}
				}
			})
		}
	}
}

func TestAnErrorOfTheSourceIsNotRetried(t *testing.T) {
	for _, blob := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{}
			u := uploader(t, tenant)
			opts, state := []client.UploadOption{client.UploadParallel(1)}, aprimotest.UploadCancelled
			if blob {
				opts, state = append(opts, toBlob(tenant)), aprimotest.UploadOpen // Azure removes it later
			}
			begin := time.Now()
			_, err := u.ReaderAt(t.Context(), "film.mp4", brokenSource{large}, int64(large), opts...)
			if !errors.Is(err, errBroken) {
				t.Errorf("blob %v: got error %v, want %v", blob, err, errBroken)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("blob %v: took %v, want no retries", blob, took)
			}
			if got := tenant.Uploads(); len(got) != 1 || got[0].State != state {
				t.Errorf("blob %v: got %+v, want one upload that is %v", blob, got, state)
			}
		})
	}
}
