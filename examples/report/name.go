package main

import (
	"cmp"
	"strings"
	"unicode"
)

const (
	maxName = 120         // characters of a name
	maxSize = 2 * maxName // bytes of it, so that 100,000 are no more than so many
	unknown = "(unknown)"
)

// clean makes a name printable and short; a log may have been written by anybody.
func clean(s string) string {
	if isClean(s) {
		return cmp.Or(s, unknown)
	}
	long := len(s) > 4*maxName
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxName)], "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	characters := 0
	for i, r := range s {
		if characters++; characters > maxName || i+len(string(r)) > maxSize {
			return shorten(s)
		}
	}
	if long {
		return shorten(s)
	}
	return s
}

// isClean tells whether a name is as most are: short and of ASCII.
func isClean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxName
}

// shorten cuts a name, and shows that.
func shorten(s string) string {
	const mark = "…"
	characters := 0
	for i, r := range s {
		if characters++; characters == maxName || i+len(string(r)) > maxSize-len(mark) {
			return s[:i] + mark
		}
	}
	return s + mark
}

// pair is a user and an operation in one name: neither has a line break.
func pair(user, operation string) string { return user + "\n" + operation }

func userOf(pair string) string {
	user, _, _ := strings.Cut(pair, "\n")
	return user
}

func operationOf(pair string) string {
	_, operation, _ := strings.Cut(pair, "\n")
	return operation
}
