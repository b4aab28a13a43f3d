package retry

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// forever stands for a wait that does not fit a time.Duration.
const forever = time.Duration(math.MaxInt64)

// After returns how long a response asks the client to wait with its Retry-After header:
// seconds, with or without a fraction, or a date in one of the three forms of RFC 9110 §5.6.7.
// A date is compared with the response's Date header, which comes from the same clock; without
// that, with now.
//
// Of several headers the longest counts. The result is 0 if there is no usable value: no header,
// garbage, a negative number or a date in the past. It is not capped; a number too large for a
// time.Duration becomes the largest Duration.
func After(h http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	var longest time.Duration
	for _, value := range h.Values("Retry-After") {
		longest = max(longest, parseAfter(strings.TrimSpace(value), now))
	}
	return longest
}

func parseAfter(value string, now time.Time) time.Duration {
	if isDecimal(value) {
		seconds, _ := strconv.ParseFloat(value, 64) // out of range: +Inf; two points, or nothing else: 0
		if ns := seconds * float64(time.Second); ns < float64(forever) {
			return time.Duration(ns)
		}
		return forever
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return date.Sub(now) // saturates
}

// isDecimal keeps out what ParseFloat takes beyond digits and a point: signs,
// exponents, hexadecimal, underscores, "Inf" and "NaN".
func isDecimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == ""
}
