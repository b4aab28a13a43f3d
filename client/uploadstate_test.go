package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const killedServer, killedState = "APRIMO_TEST_SERVER", "APRIMO_TEST_STATE"

func uploaderAt(t *testing.T, server string) *client.Uploads {
	t.Helper()
	c, err := client.New("", static("a-token"), client.WithBaseURLs(server+"/api/core", server))
	if err != nil {
		t.Fatal(err)
	}
	return c.Uploads
}

func TestAnUploadGoesOnAfterItsProcessWasKilled(t *testing.T) {
	if server := os.Getenv(killedServer); server != "" {
		uploadUntilKilled(t, server)
		return
	}
	tenant := &aprimotest.Tenant{Rate: 1000}
	server := httptest.NewServer(tenant)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "state.json")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), killedServer+"="+server.URL, killedState+"="+path)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var state client.UploadState
	for deadline := time.Now().Add(30 * time.Second); state.Session == ""; time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(path)
		json.Unmarshal(data, &state)
		if time.Now().After(deadline) {
			t.Error("got no state from the child within 30 s, want one")
			break
		}
	}
	child.Process.Kill()
	child.Wait()
	up, err := uploaderAt(t, server.URL).ReaderAt(t.Context(), "film.mp4", large, int64(large), client.UploadResume(state))
	if err != nil {
		t.Fatal(err)
	}
	same(t, tenant, up, large)
	if n := len(tenant.Uploads()); n != 1 || len(state.Done) != 2 {
		t.Errorf("got %d uploads, segments %v, want 1, two segments", n, state.Done)
	}
}

// uploadUntilKilled stops half way, with its state written.
func uploadUntilKilled(t *testing.T, server string) {
	uploaderAt(t, server).ReaderAt(t.Context(), "film.mp4", large, int64(large), client.UploadParallel(1), client.UploadStates(func(s client.UploadState) {
		if len(s.Done) < 2 {
			return
		}
		data, _ := json.Marshal(s)
		path := os.Getenv(killedState)
		if os.WriteFile(path+".new", data, 0o600) == nil {
			os.Rename(path+".new", path)
		}
		time.Sleep(time.Minute)
	}))
}

func TestAResumedUploadSendsNoSegmentTwice(t *testing.T) {
	for _, blob := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tenant := &aprimotest.Tenant{}
			u := uploader(t, tenant)
			opts := []client.UploadOption{client.UploadParallel(1)}
			if blob {
				opts = append(opts, toBlob(tenant))
			}
			var kept []byte
			ctx, cancel := context.WithCancel(t.Context())
			_, err := u.ReaderAt(ctx, "film.mp4", large, int64(large), append(opts, client.UploadStates(func(s client.UploadState) {
				kept, _ = json.Marshal(s)
				if len(s.Done) == 2 {
					cancel()
				}
			}))...)
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			var state client.UploadState
			if err := json.Unmarshal(kept, &state); err != nil {
				t.Fatal(err)
			}
			if _, err := u.ReaderAt(t.Context(), "film.mp4", large+1, int64(large)+1, append(opts, client.UploadResume(state))...); err == nil || !strings.Contains(err.Error(), "45000002") {
				t.Errorf("another source: got %v, want an error with its size", err)
			}
			last := int64(-1)
			up, err := u.ReaderAt(t.Context(), "film.mp4", large, int64(large), append(opts, client.UploadResume(state),
				client.UploadProgress(func(done, total int64) {
					if done <= last || total != int64(large) || done < 20_000_000 {
						t.Errorf("got progress %d of %d after %d, want more, of %d, from 20000000", done, total, last, int64(large))
					}
					last = done
				}))...)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tenant, up, large)
			if len(tenant.Uploads()) != 1 || last != int64(large) {
				t.Errorf("got %d uploads, progress %d, want 1, %d", len(tenant.Uploads()), last, int64(large))
			}
		})
	}
}

// If all segments have arrived and the server refuses the end of the upload, perhaps since an answer to
// it was lost, it would do so each time: the file is uploaded anew.
func TestAnUploadWhoseEndIsRefusedBeginsAnew(t *testing.T) {
	for status, want := range map[int]int{400: 2, 409: 2, 403: 1} {
		synctest.Test(t, func(t *testing.T) {
			begun := 0
			tenant := &aprimotest.Tenant{Fault: func(r *http.Request) aprimotest.Fault {
				switch {
				case r.URL.Path == "/uploads/segments":
					begun++
				case begun == 1 && strings.HasSuffix(r.URL.Path, "/commit"):
					return aprimotest.Fault{Status: status}
				}
				return aprimotest.Fault{}
			}}
			var state client.UploadState
			u := uploader(t, tenant)
			const size = pattern(20_000_000)
			if _, err := u.ReaderAt(t.Context(), "film.mp4", size, int64(size), client.UploadStates(func(s client.UploadState) { state = s })); err == nil {
				t.Fatalf("%d: got no error, want one", status)
			}
			if _, err := u.ReaderAt(t.Context(), "film.mp4", size, int64(size), client.UploadResume(state)); begun != want || (err == nil) != (want == 2) {
				t.Errorf("%d: got %v after %d uploads began, want %d", status, err, begun, want)
			}
		})
	}
}

// A file that was rewritten before its upload is resumed would arrive torn.
func TestAnUploadOfAFileThatWasRewrittenIsNotResumed(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "film.mov"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(f.Truncate(20_000_000), os.Chtimes(f.Name(), old, old)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var state client.UploadState
	tenant := &aprimotest.Tenant{}
	_, err = uploader(t, tenant).ReaderAt(ctx, "film.mov", f, 20_000_000, client.UploadParallel(1), client.UploadStates(func(s client.UploadState) {
		if state = s; len(s.Done) == 1 {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("new"), 15_000_000); err != nil {
		t.Fatal(err)
	}
	if _, err := uploader(t, tenant).ReaderAt(t.Context(), "film.mov", f, 20_000_000, client.UploadResume(state)); err == nil || !strings.Contains(err.Error(), "the file was modified at") {
		t.Errorf("got %v, want an error that says when the file was modified", err)
	}
}

func TestAResumedUploadThatHasExpiredBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{}
		u := uploader(t, tenant)
		var state client.UploadState
		ctx, cancel := context.WithCancel(t.Context())
		u.ReaderAt(ctx, "film.mp4", large, int64(large), client.UploadStates(func(s client.UploadState) {
			if state = s; len(s.Done) == 2 {
				cancel()
			}
		}))
		tenant.PurgeUploads()
		up, err := u.ReaderAt(t.Context(), "film.mp4", large, int64(large), client.UploadResume(state))
		if err != nil {
			t.Fatal(err)
		}
		same(t, tenant, up, large)
	})
}

func FuzzUploadState(f *testing.F) {
	f.Add([]byte(`{"name":"a","size":10,"segmentSize":3,"session":"/uploads/segments/x","done":[0,1]}`))
	f.Add([]byte(`{"name":"a","size":10,"segmentSize":-1,"session":"x","done":[9,-1]}`))
	f.Add([]byte(`{"name":"a","size":10,"segmentSize":1,"blob":true,"token":"t","session":"://"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var state client.UploadState
		if json.Unmarshal(data, &state) != nil {
			return
		}
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			t.Error("got a request, want none for a state of another source")
		})
		if _, err := c.Uploads.ReaderAt(t.Context(), "a", pattern(10), 10, client.UploadResume(state)); err == nil {
			t.Error("got no error, want one")
		}
	})
}

// readJSON decodes a file in testdata.
func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// filmFile writes the file to which the upload states in testdata belong.
func filmFile(t *testing.T, size pattern) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	data, _ := io.ReadAll(size.reader())
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	return path
}

// The states in testdata were written before states had a version.
func TestAnUnversionedUploadStateIsResumed(t *testing.T) {
	const size = pattern(20_000_001)
	path := filmFile(t, size)
	const session = "/uploads/segments/00000000000000000001000000000001%2Fupload%3D%3D"
	for _, test := range []struct {
		state string
		want  []string // requests, without the signed part of the query
	}{
		{"upload-unversioned.json", []string{
			"POST acme.aprimo.com" + session + "?index=1", "POST acme.aprimo.com" + session + "?index=2", "POST acme.aprimo.com" + session + "/commit",
		}},
		{"upload-blob-unversioned.json", []string{
			"PUT acme.blob.core.windows.net block MDAwMDAwMDAx", "PUT acme.blob.core.windows.net block MDAwMDAwMDAy", "PUT acme.blob.core.windows.net blocklist ",
		}},
	} {
		t.Run(test.state, func(t *testing.T) {
			var state client.UploadState
			readJSON(t, test.state, &state)
			var got []string
			api := base(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				got = append(got, r.Method+" "+r.URL.Host+r.URL.RequestURI())
				io.WriteString(w, `{"token":"a-token"}`)
			})
			blob := base(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				got = append(got, r.Method+" "+r.URL.Host+" "+r.URL.Query().Get("comp")+" "+r.URL.Query().Get("blockid"))
				w.WriteHeader(http.StatusCreated)
			})
			opts := []client.UploadOption{client.UploadParallel(1), client.UploadResume(state)}
			if state.Blob {
				opts = append(opts, client.UploadToBlob(&http.Client{Transport: blob}))
			}
			var last client.UploadState
			up, err := newClient(t, api).Uploads.File(t.Context(), path, append(opts, client.UploadStates(func(s client.UploadState) { last = s }))...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if up.Size != int64(size) || up.Token == "" || !slices.Equal(last.Done, []int{0, 1, 2}) {
				t.Errorf("got %d bytes, token %q, segments %v, want %d, a token, [0 1 2]", up.Size, up.Token, last.Done, size)
			}
		})
	}
}

func TestAStateOfAnotherUploadIsRefused(t *testing.T) {
	var state client.UploadState
	keep := client.UploadStates(func(s client.UploadState) { state = s })
	failing := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("index") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		io.WriteString(w, `{"uri":"/uploads/segments/x"}`)
	}
	if _, err := newClient(t, failing).Uploads.ReaderAt(t.Context(), "film.mp4", large, int64(large), keep); !errors.Is(err, client.ErrBadRequest) {
		t.Fatalf("got error %v, want %v", err, client.ErrBadRequest)
	}
	if state.Version != 1 || state.Tenant != "acme" {
		t.Errorf("got version %d of the tenant %q, want 1 of acme", state.Version, state.Tenant)
	}
	for _, test := range []struct {
		name   string
		change func(*client.UploadState)
		want   string
	}{
		{"newer version", func(s *client.UploadState) { s.Version = 2 }, "the state has version 2, this release reads up to 1: update the module, or upload the file without UploadResume"},
		{"tenant", func(s *client.UploadState) { s.Tenant = "other" }, `the state belongs to the tenant "other", not "acme"`},
		{"session", func(s *client.UploadState) { s.Session = "" }, "the state has no session"},
		{"name", func(s *client.UploadState) { s.Name = "other" }, `the state belongs to the file name "other"`},
		{"size", func(s *client.UploadState) { s.Size++ }, "the source has 45000001 bytes, but had 45000002"},
		{"time", func(s *client.UploadState) { s.Modified = time.Unix(0, 0).UTC() }, "the state belongs to that of 1970-01-01 00:00:00 +0000 UTC"},
		{"content", func(s *client.UploadState) { s.Fingerprint = "0" }, "the content of the source has changed"},
		{"segments", func(s *client.UploadState) { s.Done = []int{0, 7} }, "segment 7 follows 0, of 5 segments"},
	} {
		changed := state
		test.change(&changed)
		_, err := newClient(t, func(http.ResponseWriter, *http.Request) { t.Errorf("%s: got a request, want none", test.name) }).
			Uploads.ReaderAt(t.Context(), "film.mp4", large, int64(large), client.UploadResume(changed))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", test.name, err, test.want)
		}
	}
}
