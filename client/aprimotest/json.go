package aprimotest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A jsonText is JSON that is being written: in order, and many times faster than a map can
// be encoded, since a search may answer with a thousand objects.
type jsonText struct{ data []byte }

func newJSON() *jsonText { return &jsonText{[]byte{'{'}} }

// next separates what comes from what is before it.
func (j *jsonText) next() {
	if last := j.data[len(j.data)-1]; last != '{' && last != '[' && last != ':' {
		j.data = append(j.data, ',')
	}
}

// name begins a member, with what its value begins with.
func (j *jsonText) name(name, begin string) {
	j.next()
	j.data = append(append(appendText(j.data, name), ':'), begin...)
}

func (j *jsonText) add(name string, value any) {
	j.name(name, "")
	j.data = appendJSON(j.data, value)
}

// link adds a link, to an address in parts.
func (j *jsonText) link(name, key string, address ...string) {
	j.name(name, `{"href":"`)
	for _, part := range address {
		end := len(j.data)
		j.data = appendText(j.data, part)
		j.data = append(j.data[:end], j.data[end+1:len(j.data)-1]...) // without its quotes
	}
	j.close(`"`)
	if key != "" {
		j.name("select-key", "")
		j.data = appendText(j.data, key)
	}
	j.close("}")
}

func (j *jsonText) close(end string) { j.data = append(j.data, end...) }

// end returns the object as a whole.
func (j *jsonText) end() json.RawMessage {
	j.close("}")
	return j.data
}

// appendJSON appends a value of this package, which can always be encoded.
func appendJSON(data []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(data, "null"...)
	case json.RawMessage:
		return append(data, value...)
	case string:
		return appendText(data, value)
	case bool:
		return strconv.AppendBool(data, value)
	case int:
		return strconv.AppendInt(data, int64(value), 10)
	case []any:
		j := jsonText{append(data, '[')}
		for _, item := range value {
			j.next()
			j.data = appendJSON(j.data, item)
		}
		return append(j.data, ']')
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return append(data, encoded...)
}

func appendText(data []byte, text string) []byte {
	for i := range len(text) {
		if !plain[text[i]] {
			encoded, _ := json.Marshal(text) // never fails
			return append(data, encoded...)
		}
	}
	return append(append(append(data, '"'), text...), '"')
}

// plain has the bytes that stand for themselves in a text.
var plain = func() (all [256]bool) {
	for c := byte(' '); c <= '~'; c++ {
		all[c] = !strings.ContainsRune(`"\\<>&`, rune(c))
	}
	return all
}()
