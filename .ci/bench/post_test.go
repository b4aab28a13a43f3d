package bench

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// BenchmarkPost1MiB is a POST that is answered 429 and sent again. B/op tells who
// reads the body into memory though it has a GetBody; ns/op mostly how long that
// takes.
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

// refuseFirst answers 429 and 200 by turns, and reads each body to its end.
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
