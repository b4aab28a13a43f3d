package notify

import "testing"

func TestImplicitTLS(t *testing.T) {
	for _, tt := range []struct {
		email Email
		want  bool
	}{
		{Email{Addr: "smtp.example.com:587"}, false},
		{Email{Addr: "smtp.example.com:465"}, true},
		{Email{Addr: "smtp.example.com:465", InsecureNoTLS: true}, false},
		{Email{Addr: "smtp.example.com:2465", ImplicitTLS: true}, true},
	} {
		if got := tt.email.implicitTLS(); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.email, got, tt.want)
		}
	}
}
