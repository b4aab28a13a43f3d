package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
			t.Error("the child did not get half way")
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
		t.Errorf("%d uploads, %v was done", n, state.Done)
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
				t.Errorf("another source: %v", err)
			}
			last := int64(-1)
			up, err := u.ReaderAt(t.Context(), "film.mp4", large, int64(large), append(opts, client.UploadResume(state),
				client.UploadProgress(func(done, total int64) {
					if done <= last || total != int64(large) || done < 20_000_000 {
						t.Errorf("%d of %d after %d", done, total, last)
					}
					last = done
				}))...)
			if err != nil {
				t.Fatal(err)
			}
			same(t, tenant, up, large)
			if len(tenant.Uploads()) != 1 || last != int64(large) {
				t.Errorf("%d uploads, progress %d", len(tenant.Uploads()), last)
			}
		})
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
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) { t.Error("a state of another source was used") })
		if _, err := c.Uploads.ReaderAt(t.Context(), "a", pattern(10), 10, client.UploadResume(state)); err == nil {
			t.Error("accepted")
		}
	})
}
