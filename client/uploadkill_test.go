package client_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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
