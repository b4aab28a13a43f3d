package aprimotest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
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

func (j *jsonText) link(name, key, address string) {
	j.name(name, "{")
	j.add("href", address)
	if key != "" {
		j.add("select-key", key)
	}
	j.raw("}")
}

// raw adds what is JSON already, such as a bracket.
func (j *jsonText) raw(text string) { j.data = append(j.data, text...) }

// end returns the object as a whole.
func (j *jsonText) end() json.RawMessage {
	j.raw("}")
	return j.data
}

// appendJSON appends a value of this package, which can always be encoded.
func appendJSON(data []byte, value any) []byte {
	switch value := value.(type) {

	case json.RawMessage:
		return append(data, value...)
	case string:
		return appendText(data, value)
	case time.Time:
		return appendText(data, stamp(value))
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

// readJSON reads the body of a request, which must be one object.
func readJSON(r *http.Request) document {
	data, err := io.ReadAll(r.Body)
	tooLarge.when(err != nil || len(data) > maxBody, "The request is too large.")
	invalid.when(!bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")), "the request body is not a JSON object")
	var all document
	err = json.Unmarshal(relaxed(data), &all)
	invalid.when(err != nil, "the request body could not be read: %v", err)
	if _, isDAM := cutFold(r.URL.Path, apiPath+"/"); isDAM {
		bareIDs(all)
	}
	return all
}

// again reads a value that was read before as one of another type.
func again(value, v any) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	invalid.when(err != nil, "the request body could not be read: %v", err)
}

var anID = regexp.MustCompile(`(?i)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^[0-9a-f]{32}$`)

// normalizeID returns an id as answers have it, in lower case and without dashes, and
// other texts as they are.
func normalizeID(text string) string {
	if (len(text) == 32 || len(text) == 36) && anID.MatchString(text) {
		return strings.ToLower(strings.ReplaceAll(text, "-", ""))
	}
	return text
}

// bareIDs does so with the texts of a list, and with those of an object whose names end with
// Id. Others may look like ids, such as the identifier that another system has for something.
func bareIDs(v any) any {
	switch v := v.(type) {
	case string:
		return normalizeID(v)
	case []any:
		for i := range v {
			v[i] = bareIDs(v[i])
		}
	case document:
		for key, value := range v {
			name := strings.ToLower(key)
			_, isText := value.(string)
			if isText == strings.HasSuffix(name, "id") && !slices.Contains(foreignIDs, name) {
				v[key] = bareIDs(value)
			}
		}
	}
	return v
}

// relaxed returns JSON as RFC 8259 has it for what the parser of Aprimo's servers
// takes as well, and the samples of its guide have: a comma after the last
// element, names without quotes, and single quotes. What it cannot read it leaves.
func relaxed(data []byte) []byte {
	if json.Valid(data) {
		return data
	}
	return laxToken.ReplaceAllFunc(data, func(token []byte) []byte {
		switch token[0] {
		case '"':
			return token
		case '\'':
			inner := laxQuote.ReplaceAllFunc(token[1:len(token)-1], func(c []byte) []byte {
				if c[len(c)-1] == '\'' {
					return c[1:]
				}
				return slices.Concat([]byte(`\`)[:2-len(c)], c)
			})
			return slices.Concat([]byte(`"`), inner, []byte(`"`))
		case ',':
			return token[1:]
		}
		name := bytes.TrimRight(token, ": \t\r\n")
		return slices.Concat([]byte(`"`), name, []byte(`"`), token[len(name):])
	})
}

var (
	laxToken = regexp.MustCompile(`"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|,[ \t\r\n]*[}\]]|[A-Za-z_$][\w$]*[ \t\r\n]*:`)
	laxQuote = regexp.MustCompile(`\\.|"`)
)
