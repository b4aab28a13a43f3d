package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/program"
	"github.com/aprimo-go/aprimo/transport"
)

var (
	filesFlag = flag.Int("files", 1000, "files in TestUploadOnceDespiteKills")
	killsFlag = flag.Int("kills", 10, "kills in TestUploadOnceDespiteKills")
)

// The test's executable is also the program that the tests kill.
func TestMain(m *testing.M) {
	if url := os.Getenv("APRIMO_TEST_UPLOAD_TO"); url != "" {
		program.Main("upload", func(ctx context.Context, out io.Writer) error {
			c, err := client.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "none"}), client.WithBaseURLs(url+"/api/core", url),
				client.WithTransportOptions(transport.WithLimiter(transport.NewLimiter(5000, time.Second))))
			if err != nil {
				return err
			}
			return upload(ctx, c, flags{tenant: "acme", keyField: "Description", dir: os.Getenv("APRIMO_TEST_UPLOAD_DIR"), indexDelay: 20 * time.Millisecond}, out)
		})
	}
	os.Exit(m.Run())
}

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/core/records"
}

// Each file becomes one record, though three of ten answers to creates are lost and the
// process is killed again and again.
func TestUploadOnceDespiteKills(t *testing.T) {
	files, kills := *filesFlag, *killsFlag
	if testing.Short() {
		files, kills = files/5, kills/5
	}
	sizes := map[string]int64{}
	for i := range files {
		sizes[fmt.Sprintf("%d/%d.txt", i%100, i)] = int64(i % 50)
	}
	dir := folderOf(t, sizes)
	var requests, lost atomic.Int64
	tenant := &aprimotest.Tenant{Records: -1, Rate: 100_000, Queue: 10_000, IndexDelay: -1, SearchCeiling: 1 << 30,
		Service: func(*http.Request) time.Duration { return 0 },
		Fault: func(r *http.Request) aprimotest.Fault {
			requests.Add(1)
			if !isCreate(r) || rand.IntN(10) >= 3 {
				return aprimotest.Fault{}
			}
			lost.Add(1)
			return []aprimotest.Fault{{Done: true, Drop: true}, {Done: true, Status: http.StatusGatewayTimeout}}[rand.IntN(2)]
		}}
	server := httptest.NewServer(tenant)
	defer server.Close()
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "APRIMO_TEST_UPLOAD_TO="+server.URL, "APRIMO_TEST_UPLOAD_DIR="+dir)
		return cmd
	}
	killed := 0
	for range kills {
		cmd := start()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(400 * time.Millisecond)) // a kill has no event to wait for
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
	}
	if out, err := start().CombinedOutput(); err != nil || !strings.HasSuffix(string(out), fmt.Sprintf("%d of %d files uploaded\n", files, files)) {
		t.Fatalf("got error %v, want all files uploaded: %s", err, out)
	}
	asked := requests.Load()
	wantOneRecordEach(t, tenant, files)
	most := files / 20
	if files < 10_000 {
		most += 50 + 10*kills // chance and a slow machine weigh more
	}
	if extra := asked - int64(2*files); extra > int64(most) {
		t.Errorf("got %d requests more than %d, want at most %d", extra, 2*files, most)
	} else {
		t.Logf("%d files, %d lost answers, %d kills: %d requests more than %d", files, lost.Load(), killed, extra, 2*files)
	}
}

// wantOneRecordEach fails the test unless there is one record for each of the files.
func wantOneRecordEach(t *testing.T, tenant *aprimotest.Tenant, files int) {
	t.Helper()
	tenant.Fault = nil
	seen := map[string]int{}
	c, err := client.New("acme", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "none"}), client.WithHTTPClient(&http.Client{Transport: tenant.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range c.Records.List(t.Context(), client.SelectRecord(client.RecordMasterFileLatestVersion)) {
		if err != nil {
			t.Fatal(err)
		}
		if r.MasterFileLatestVersion == nil {
			t.Fatalf("got the record %+v, want one with a file", r)
		}
		seen[r.MasterFileLatestVersion.FileName]++
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("got %d records of %s, want 1", n, name)
		}
	}
	if len(seen) != files {
		t.Errorf("got records of %d files, want %d", len(seen), files)
	}
}

// A run that ends while records are created does not make the next run create them again.
func TestUploadOnceDespiteInterrupts(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			dir := folderOf(t, map[string]int64{"a.txt": 5, "b.txt": 7, "c.txt": 8})
			ctx, stop := context.WithCancel(t.Context())
			tenant := &aprimotest.Tenant{Records: -1, Fault: func(r *http.Request) aprimotest.Fault {
				if !isCreate(r) || ctx.Err() != nil {
					return aprimotest.Fault{}
				}
				stop()
				return aprimotest.Fault{Done: done, Drop: true}
			}}
			c, f := connectTo(t, tenant), flags{keyField: "Description", dir: dir}
			if err := upload(ctx, c, f, io.Discard); err == nil || !strings.Contains(err.Error(), "to resume") {
				t.Errorf("got error %v, want one that says how to resume", err)
			}
			if err := upload(t.Context(), c, f, io.Discard); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute) // until searches find all
			wantOneRecordEach(t, tenant, 3)
		})
	}
}

// A version is added once, though the answer that says so is lost.
func TestUploadOfOneVersionDespiteALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := folderOf(t, map[string]int64{"a.txt": 5})
		updates := 0
		tenant := &aprimotest.Tenant{Records: -1, Fault: func(r *http.Request) aprimotest.Fault {
			if r.Method == http.MethodPut {
				updates++
				return aprimotest.Fault{Done: updates == 1, Drop: updates < 2}
			}
			return aprimotest.Fault{}
		}}
		c, f := connectTo(t, tenant), flags{keyField: "Description", dir: dir}
		for _, content := range []string{"first", "second"} {
			if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := upload(t.Context(), c, f, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		j := openOf(t, f)
		defer j.close()
		version, err := c.Records.MasterFileLatestVersion(t.Context(), j.of("a.txt").Record)
		if err != nil || version.VersionNumber != 2 || version.FileSize != 6 || updates != 2 {
			t.Errorf("got %+v, %v after %d updates; want the version 2 with 6 bytes after 2", version, err, updates)
		}
	})
}

// An upload that is gone, and was so before it could get into a record, is made again.
func TestUploadAgainWhenItHasExpired(t *testing.T) {
	for age, wantErr := range map[time.Duration]bool{time.Hour: true, 100 * time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			dir := folderOf(t, map[string]int64{"a.txt": 5})
			f := flags{keyField: "Description", dir: dir}
			now, err := stat(filepath.Join(dir, "a.txt"))
			j := openOf(t, f)
			err = errors.Join(err, j.set("a.txt", entry{Sent: &sent{now, "gone/upload==", "KEY", time.Now().Add(-age)}}))
			if err != nil {
				t.Fatal(err)
			}
			j.close()
			tenant := &aprimotest.Tenant{Records: -1}
			if err := upload(t.Context(), connectTo(t, tenant), f, io.Discard); (err != nil) != wantErr {
				t.Errorf("after %v: got error %v, want one: %v", age, err, wantErr)
			}
			if !wantErr {
				wantOneRecordEach(t, tenant, 1)
			}
		})
	}
}
