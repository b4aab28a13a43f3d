package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A base that breaks the contract, and does not close the body of a request, does not hold an
// upload.
func TestAnUploadDoesNotWaitForABodyToBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{}
		inner := tenant.Transport()
		careless := transportFunc(func(r *http.Request) (*http.Response, error) {
			if r.Body == nil {
				return inner.RoundTrip(r)
			}
			data, _ := io.ReadAll(r.Body)
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(bytes.NewReader(data))
			return inner.RoundTrip(r)
		})
		c := newClient(t, nil, limited(careless))
		start := time.Now()
		sizes := []pattern{5, large}
		if testing.Short() {
			sizes = sizes[:1]
		}
		for _, size := range sizes {
			for _, opts := range [][]client.UploadOption{nil, {client.UploadToBlob(&http.Client{Transport: careless})}} {
				if _, err := c.Uploads.ReaderAt(t.Context(), "a.mov", size, int64(size), opts...); err != nil {
					t.Errorf("%d bytes: %v", size, err)
				}
			}
			if _, err := c.Uploads.Reader(t.Context(), "a.mov", size.reader()); err != nil {
				t.Errorf("%d bytes of a stream: %v", size, err)
			}
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("got it after %v, want at most a minute", took)
		}
	})
}

// While the server that has the whole file has no token for it yet, it may be away for longer
// than a call is retried.
func TestAnUploadOutlastsFailuresThatPass(t *testing.T) {
	for outage, want := range map[time.Duration]string{2 * time.Minute: "the-token", time.Hour: ""} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			c := newClient(t, nil, limited(base(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				switch {
				case r.Method == http.MethodPost:
					w.WriteHeader(http.StatusAccepted)
					io.WriteString(w, `{"uri":"/uploads/pending"}`)
				case time.Since(start) < outage:
					w.WriteHeader(http.StatusServiceUnavailable)
				default:
					io.WriteString(w, `{"token":"the-token"}`)
				}
			})))
			up, err := c.Uploads.Reader(t.Context(), "a.mov", strings.NewReader("content"))
			var e *client.Error
			if up != nil && up.Token != want || up == nil && (want != "" || !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable) {
				t.Errorf("503 for %v: got %+v, %v; want the token %q, or the 503", outage, up, err, want)
			}
		})
	}
}

// net/http opens the body of a request that is redirected with 307 or 308, and forgets it.
func TestARedirectedUploadFails(t *testing.T) {
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		c, err := client.New("", static("a-token"), client.WithBaseURLs(moved.URL+"/api/core", moved.URL), client.WithHTTPClient(moved.Client()))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []pattern{5, 20_000_000} {
			if _, err := c.Uploads.ReaderAt(t.Context(), "a.mov", size, int64(size)); err == nil || !strings.Contains(err.Error(), "redirect, not followed") {
				t.Errorf("%d, %d bytes: got %v, want an error about the redirect", status, size, err)
			}
		}
		moved.CloseClientConnections()
		moved.Close()
	}
}

type readerAtFunc func([]byte, int64) (int, error)

func (f readerAtFunc) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

// Functions of the program's that fail in an unusual way end the upload with an error.
func TestAnUploadOutlivesTheProgramsFunctions(t *testing.T) {
	for name, fail := range map[string]func(){"exits": runtime.Goexit, "panics": func() { panic("no disk") }} {
		t.Run("progress "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{}
				_, err := uploader(t, tenant).ReaderAt(t.Context(), "a.mov", large, int64(large), client.UploadProgress(func(done, _ int64) {
					if done > 0 {
						fail()
					}
				}))
				if err == nil || !strings.Contains(err.Error(), "UploadProgress") || tenant.Uploads()[0].State != aprimotest.UploadCancelled {
					t.Errorf("got %v, want an error that names UploadProgress, and the upload removed", err)
				}
			})
		})
		t.Run("base "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := new(aprimotest.Tenant).Transport()
				c := newClient(t, nil, limited(transportFunc(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.RawQuery, "index=2") {
						fail()
					}
					return inner.RoundTrip(r)
				})))
				if _, err := c.Uploads.ReaderAt(t.Context(), "a.mov", large, int64(large)); err == nil || !strings.Contains(err.Error(), "HTTP client") {
					t.Errorf("got %v, want an error that names the HTTP client", err)
				}
			})
		})
	}
	t.Run("source panics", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := readerAtFunc(func(p []byte, off int64) (int, error) {
				if off > 10_000_000 && off < 30_000_000 {
					panic("no disk")
				}
				return large.ReadAt(p, off)
			})
			if _, err := uploader(t, &aprimotest.Tenant{}).ReaderAt(t.Context(), "a.mov", source, int64(large)); err == nil || !strings.Contains(err.Error(), "no disk") {
				t.Errorf("got %v, want an error with the reason", err)
			}
		})
	})
	t.Run("source hangs", func(t *testing.T) {
		end := make(chan struct{})
		source := readerAtFunc(func(p []byte, off int64) (int, error) {
			if off > 10_000_000 && off < 30_000_000 {
				<-end
			}
			return large.ReadAt(p, off)
		})
		c := newClient(t, nil, client.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			defer r.Body.Close()
			if strings.Contains(r.URL.RawQuery, "index=") {
				go io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"uri":"/uploads/segments/1"}`))}, nil
		})}))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := c.Uploads.ReaderAt(ctx, "a.mov", source, int64(large), client.UploadStates(func(client.UploadState) {})); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		close(end)
	})
}

// What arrives is a file as it was at one time, or the upload fails.
func TestAFileThatChangesWhileItIsUploaded(t *testing.T) {
	for name, change := range map[string]func(*os.File){
		"rewritten":           func(f *os.File) { f.WriteAt(bytes.Repeat([]byte("n"), 1<<20), 30_000_000) },
		"longer":              func(f *os.File) { f.Seek(0, io.SeekEnd); f.Write(make([]byte, 1000)) },
		"truncated":           func(f *os.File) { f.Truncate(15_000_000) },
		"longer, with a time": func(f *os.File) { f.Seek(0, io.SeekEnd); f.Write(make([]byte, 1)); os.Chtimes(f.Name(), old, old) },
	} {
		ways := []string{"File", "File to a blob", "ReaderAt", "Reader"}
		if testing.Short() {
			ways = ways[:1]
		}
		for _, how := range ways {
			t.Run(name+", "+how, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "film.mov")
				f, err := os.Create(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if err := errors.Join(f.Truncate(40_000_000), os.Chtimes(path, old, old)); err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					tenant := &aprimotest.Tenant{}
					opts := []client.UploadOption{client.UploadParallel(1), client.UploadProgress(func(done, _ int64) {
						if done == 10_000_000 {
							change(f)
						}
					})}
					uploads := uploader(t, tenant)
					switch how {
					case "File to a blob":
						opts = append(opts, toBlob(tenant))
						fallthrough
					case "File":
						_, err = uploads.File(t.Context(), path, opts...)
					case "ReaderAt":
						_, err = uploads.ReaderAt(t.Context(), "film.mov", f, 40_000_000, opts...)
					case "Reader":
						var stream *os.File // with an offset of its own
						if stream, err = os.Open(path); err == nil {
							_, err = uploads.Reader(t.Context(), "film.mov", stream, opts...)
							stream.Close()
						}
					}
					if all := tenant.Uploads(); err == nil || all[0].State == aprimotest.UploadComplete || !strings.Contains(err.Error(), "the file changed") && name != "truncated" {
						t.Errorf("got %v and an upload that is %v, want an error that says so and an incomplete upload", err, all[0].State)
					}
				})
			})
		}
	}
}

var old = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// If the answer to the last request of an upload is lost, the upload is complete after all, or
// its outcome is said to be unknown.
func TestAnUploadWhoseLastAnswerIsLost(t *testing.T) {
	for name, done := range map[string]bool{"not carried out": false, "carried out": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lost := false
				tenant := &aprimotest.Tenant{Fault: func(r *http.Request) aprimotest.Fault {
					if !strings.HasSuffix(r.URL.Path, "/commit") || lost {
						return aprimotest.Fault{}
					}
					lost = true
					return aprimotest.Fault{Drop: true, Done: done}
				}}
				var state client.UploadState
				u := uploader(t, tenant)
				up, err := u.ReaderAt(t.Context(), "a.mov", large, int64(large), client.UploadStates(func(s client.UploadState) { state = s }))
				if !done {
					if err != nil {
						t.Fatal(err)
					}
					same(t, tenant, up, large)
					return
				}
				if !errors.As(err, new(*client.UnknownOutcomeError)) || !strings.Contains(err.Error(), "upload the file again") {
					t.Errorf("got %v, want an UnknownOutcomeError that says what to do", err)
				}
				if up, err = u.ReaderAt(t.Context(), "a.mov", large, int64(large), client.UploadResume(state)); err != nil {
					t.Fatal(err)
				}
				same(t, tenant, up, large)
			})
		})
	}
}

// The server chooses the address of the blob storage, but not any.
func TestABlobStorageThatIsRefused(t *testing.T) {
	for _, address := range []string{"http://acme.blob.core.windows.net/a?sig=1", "https://127.0.0.1/a?sig=1", "https://u:p@a.example/?sig=1", "https://169.254.169.254/?sig=1", "file:///etc/passwd", ":"} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"token":"t","sasUrl":"`+address+`"}`)
		})
		blob := client.UploadToBlob(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			r.Body.Close()
			t.Errorf("got a request to %s, want none", r.URL.Host)
			return nil, errors.New("refused")
		})})
		if _, err := c.Uploads.ReaderAt(t.Context(), "a.mov", pattern(5), 5, blob); err == nil || strings.Contains(err.Error(), "sig=") {
			t.Errorf("%s: got %v, want an error without the signature", address, err)
		}
	}
}

func TestAnEmptyUploadStateIsRefused(t *testing.T) {
	if _, err := newClient(t, nil).Uploads.ReaderAt(t.Context(), "a.mov", pattern(5), 5, client.UploadResume(client.UploadState{})); err == nil || !strings.Contains(err.Error(), "the state has no session") {
		t.Errorf("got %v, want an error about the state", err)
	}
}
