package notify

import (
	"net"
	"os"
	"strings"
	"testing"
)

// A server that is strict takes a full name or an address, in brackets.
func TestHelloName(t *testing.T) {
	if host, _ := os.Hostname(); strings.Contains(host, ".") {
		t.Skip("this host has a full name: " + host)
	}
	for text, want := range map[string]string{"127.0.0.1": "localhost", "172.17.0.2": "[172.17.0.2]", "2001:db8::7": "[IPv6:2001:db8::7]"} {
		if got := helloName(&net.TCPAddr{IP: net.ParseIP(text)}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
