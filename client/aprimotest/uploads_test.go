package aprimotest_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const moURL = "https://acme.aprimo.com"

// formRequest returns a request with one file in a multipart form.
func formRequest(ctx context.Context, url, part, name string, content io.Reader) *http.Request {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	req, err := http.NewRequestWithContext(ctx, "POST", url, r)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	go func() {
		p, err := form.CreateFormFile(part, name)
		if err == nil {
			_, err = io.Copy(p, content)
		}
		form.Close()
		w.CloseWithError(err)
	}()
	return req
}

type uploaded struct{ Token, URI, SasURL string }

func post(t *testing.T, tenant *aprimotest.Tenant, url, body string, want int) string {
	t.Helper()
	resp, text := do(t, tenant, newRequest(t.Context(), "POST", url, body))
	if resp.StatusCode != want {
		t.Fatalf("POST %s: %s, want %d: %s", url, resp.Status, want, text)
	}
	return text
}

func sendForm(t *testing.T, tenant *aprimotest.Tenant, url, part, content string, want int) string {
	t.Helper()
	resp, text := do(t, tenant, formRequest(t.Context(), url, part, "photo.jpg", strings.NewReader(content)))
	if resp.StatusCode != want {
		t.Fatalf("%s: %s, want %d: %s", url, resp.Status, want, text)
	}
	return text
}

func TestATokenOfAnUploadIsGoodForOneRecord(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, sendForm(t, tenant, moURL+"/uploads", "file1", "hello", 200))
	body := fmt.Sprintf(`{"files":{"master":%q,"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%[1]q,"fileName":"photo.jpg"}]}}]}}`, up.Token)
	id := decode[record](t, post(t, tenant, recordsURL, body, 201)).ID
	if got := tenant.Uploads(); len(got) != 1 || got[0].State != aprimotest.UploadUsed || got[0].Size != 5 {
		t.Errorf("%+v", got)
	}
	text := post(t, tenant, recordsURL, body, 404)
	if got := decode[exception](t, text); !strings.Contains(got.ExceptionMessage, "specified with the token") {
		t.Errorf("%+v", got)
	}
	_, text = do(t, tenant, newRequest(t.Context(), "GET", strings.Replace(recordsURL, "records", "record/", 1)+id+"/masterfilelatestversion", ""))
	if !strings.Contains(text, `"fileSize":5`) || !strings.Contains(text, `"photo.jpg"`) {
		t.Error(text)
	}
}

func TestPurgedUploadsAreNotFound(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, sendForm(t, tenant, moURL+"/uploads", "file1", "hello", 200))
	tenant.PurgeUploads()
	post(t, tenant, recordsURL, fmt.Sprintf(`{"files":{"addOrUpdate":[{"versions":{"addOrUpdate":[{"id":%q}]}}]}}`, up.Token), 404)
}

// Segments come in any order and more than once; the last of each counts.
func TestSegmentsMakeTheFileInTheirOrder(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads/segments", `{"filename":"film.mp4"}`, 200))
	uri := up.URI
	for _, s := range []struct {
		index   int
		content string
	}{{2, "fine"}, {0, "wrong"}, {0, "one "}} {
		sendForm(t, tenant, fmt.Sprintf("%s?index=%d", uri, s.index), fmt.Sprintf("segment%d", s.index), s.content, 202)
	}
	post(t, tenant, uri+"/commit", `{"filename":"film.mp4","segmentcount":2}`, 400) // a gap
	post(t, tenant, uri+"/commit", `{"filename":"film.mp4","segmentcount":3}`, 400)
	sendForm(t, tenant, uri+"?index=1", "segment1", "is ", 202)
	post(t, tenant, uri+"/commit", `{"filename":"film.mp4","segmentcount":"3"}`, 200)
	got := tenant.Uploads()[0]
	if same, err := got.Same(strings.NewReader("one is fine")); !same || err != nil || got.Segments[0].Sent != 2 || got.Segments[1].Sent != 1 {
		t.Errorf("%v, %v: %+v", same, err, got)
	}
	for _, other := range []string{"", "one is fin", "one is fine!", "one is fime"} {
		if same, _ := got.Same(strings.NewReader(other)); same {
			t.Errorf("the same as %q", other)
		}
	}
	sendForm(t, tenant, uri+"?index=3", "segment3", "late", 404)
}

func TestACancelledSessionIsGone(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads/segments", `{"filename":"film.mp4"}`, 200))
	for _, want := range []int{204, 404} {
		if resp, text := do(t, tenant, newRequest(t.Context(), "DELETE", up.URI, "")); resp.StatusCode != want {
			t.Errorf("%s, want %d: %s", resp.Status, want, text)
		}
	}
	if got := tenant.Uploads()[0].State; got != aprimotest.UploadCancelled {
		t.Error(got)
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, Strict: aprimotest.Strict{PartNames: true}}
	for _, name := range `<>:"/\|?*` {
		post(t, tenant, moURL+"/uploads/segments", fmt.Sprintf(`{"filename":%q}`, "a"+string(name)), 400)
	}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads/segments", `{"filename":"film.mp4"}`, 200))
	sendForm(t, tenant, moURL+"/uploads", "file", "x", 400)
	sendForm(t, tenant, up.URI+"?index=0", "segment1", "x", 400)
	sendForm(t, tenant, up.URI+"?index=-1", "segment-1", "x", 400)
	sendForm(t, tenant, up.URI+"?index=0", "segment0", strings.Repeat("x", aprimotest.MaxSegment+1), 400)
	sendForm(t, tenant, moURL+"/uploads", "file1", strings.Repeat("x", aprimotest.MaxSegment), 400)
	post(t, tenant, up.URI+"/commit", `{"filename":"film.mp4","segmentcount":0}`, 400)
	if n := len(tenant.Uploads()); n != 1 || len(tenant.Uploads()[0].Segments) != 0 {
		t.Errorf("%d uploads", n)
	}
}

func TestABlobIsSentStraightToTheStorage(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Service: atOnce}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads", `{"fileName":"film.mp4"}`, 200))
	put := func(query, body string, header ...string) int {
		req := newRequest(t.Context(), "PUT", up.SasURL+query, body)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, _ := do(t, tenant, req)
		return resp.StatusCode
	}
	block := func(n int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%04d", n)) }
	for _, tt := range []struct{ got, want int }{
		{put("&comp=block&blockid="+block(1), "two"), 201},
		{put("&comp=block&blockid="+block(0), "one"), 201},
		{put("&comp=block&blockid="+block(0), "one", "Authorization", "Bearer x"), 403},
		{put("&comp=blocklist", "<BlockList><Latest>"+block(7)+"</Latest></BlockList>"), 400},
		{put("&comp=blocklist", "<BlockList><Latest>"+block(0)+"</Latest><Latest>"+block(1)+"</Latest></BlockList>"), 201},
	} {
		if tt.got != tt.want {
			t.Errorf("%d, want %d", tt.got, tt.want)
		}
	}
	forged := strings.Replace(up.SasURL, "sig=", "sig=x", 1)
	if resp, _ := do(t, tenant, newRequest(t.Context(), "PUT", forged+"&comp=block&blockid="+block(0), "one")); resp.StatusCode != 403 {
		t.Errorf("forged: %s", resp.Status)
	}
	if same, err := tenant.Uploads()[0].Same(strings.NewReader("onetwo")); !same || err != nil {
		t.Error(same, err)
	}
	if code := put("", "all", "x-ms-blob-type", "BlockBlob"); code != 201 {
		t.Error(code)
	}
	if a := tenant.Report().Total; a.Arrived != 1 {
		t.Errorf("%d requests under the limit, want 1", a.Arrived)
	}
}

// Half a segment is none: it does not count as sent.
func TestASegmentThatBreaksOffIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
		up := decode[uploaded](t, post(t, tenant, moURL+"/uploads/segments", `{"filename":"film.mp4"}`, 200))
		broken := io.MultiReader(strings.NewReader("half"), errReader{io.ErrUnexpectedEOF})
		if _, err := tenant.Transport().RoundTrip(formRequest(t.Context(), up.URI+"?index=0", "segment0", "film.mp4", broken)); err == nil {
			t.Error("no error")
		}
		if got := tenant.Uploads()[0].Segments; len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// No form brings the tenant down, and what it takes is what was sent.
func FuzzSegment(f *testing.F) {
	f.Add("0", "--b\r\nContent-Disposition: form-data; name=\"segment0\"; filename=\"x\"\r\n\r\nabc\r\n--b--\r\n")
	f.Add("1", "--b\r\n\r\n--b--")
	f.Add("-1", "")
	f.Fuzz(func(t *testing.T, index, body string) {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
		up := decode[uploaded](t, post(t, tenant, moURL+"/uploads/segments", `{"filename":"film.mp4"}`, 200))
		req := newRequest(t.Context(), "POST", up.URI, body)
		query := req.URL.Query()
		query.Set("index", index)
		req.URL.RawQuery = query.Encode()
		req.Header.Set("Content-Type", "Multipart/Form-Data; boundary=b")
		resp, text := do(t, tenant, req)
		segments := tenant.Uploads()[0].Segments
		switch resp.StatusCode {
		case 202:
			if len(segments) != 1 || segments[0].Size > int64(len(body)) {
				t.Errorf("%+v of %q", segments, body)
			}
		case 400:
			if decode[exception](t, text); len(segments) != 0 {
				t.Errorf("%s, and %+v", resp.Status, segments)
			}
		default:
			t.Errorf("%q %q: %s", index, body, resp.Status)
		}
	})
}

// The tenant keeps nothing of a large file but its size and its hash.
func TestALargeUploadIsNotKept(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
	up := decode[uploaded](t, post(t, tenant, moURL+"/uploads", `{"fileName":"film.mp4"}`, 200))
	req, _ := http.NewRequestWithContext(t.Context(), "PUT", up.SasURL, io.LimitReader(zeros{}, 100<<20))
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	if resp, text := do(t, tenant, req); resp.StatusCode != 201 {
		t.Fatal(resp.Status, text)
	}
	got := tenant.Uploads()[0]
	if same, err := got.Same(io.LimitReader(zeros{}, 100<<20)); !same || err != nil || got.Size != 100<<20 {
		t.Error(same, err, got.Size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
