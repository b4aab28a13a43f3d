package bench

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// BenchmarkPost1MiB measures a POST that is retried after a 429. B/op shows which stack
// reads the body into memory although it has a GetBody, ns/op mostly the time for that.
func BenchmarkPost1MiB(b *testing.B) {
	payload := make([]byte, 1<<20)
	for _, s := range []stack{byHand, retryableHTTP, failsafeHTTP, ours} {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			server := &refuseFirst{b: b}
			rt := s.over(base(server.answer), limit{})
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://stub/", bytes.NewReader(payload))
				if err != nil {
					b.Fatal(err)
				}
				mustSucceed(b, rt, req)
			}
		})
	}
}

// refuseFirst responds 429 and 200 in turn, and reads each body to its end.
type refuseFirst struct {
	b *testing.B
	n int
}

func (r *refuseFirst) answer(req *http.Request) (*http.Response, error) {
	n, err := io.Copy(io.Discard, req.Body)
	if err != nil || n != 1<<20 {
		r.b.Errorf("body: %d bytes, %v", n, err)
	}
	req.Body.Close()
	r.n++
	if r.n%2 == 1 {
		return answer(req, http.StatusTooManyRequests), nil
	}
	return answerOK(req)
}
