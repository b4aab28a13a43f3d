package aprimotest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

var dashedID = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
var bareHex = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// bareID returns an id as answers have it, in lower case and without dashes, and
// other texts as they are.
func bareID(text string) string {
	if len(text) == 32 && bareHex.MatchString(text) || len(text) == 36 && dashedID.MatchString(text) {
		return strings.ToLower(strings.ReplaceAll(text, "-", ""))
	}
	return text
}

// bareIDs does so with the texts in a value, but for the value of a field, which
// may be text that looks like an id.
func bareIDs(v any) any {
	switch v := v.(type) {
	case string:
		return bareID(v)
	case []any:
		for i := range v {
			v[i] = bareIDs(v[i])
		}
	case document:
		for name, value := range v {
			if _, ok := value.(string); !ok || !strings.EqualFold(name, "value") {
				v[name] = bareIDs(value)
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
	var out bytes.Buffer
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case c == '"' || c == '\'':
			i += quoted(&out, data[i:])
		case c == ',' && closes(data[i+1:]):
			i++
		case isNameByte(c):
			n := i
			for n < len(data) && (isNameByte(data[n]) || '0' <= data[n] && data[n] <= '9') {
				n++
			}
			word := data[i:n]
			if bytes.HasPrefix(bytes.TrimLeft(data[n:], " \t\r\n"), []byte(":")) {
				word = []byte(`"` + string(word) + `"`)
			}
			out.Write(word)
			i = n
		case '0' <= c && c <= '9' || c == '-':
			n := i + 1
			for n < len(data) && strings.IndexByte("0123456789.eE+-", data[n]) >= 0 {
				n++
			}
			out.Write(data[i:n])
			i = n
		default:
			out.WriteByte(c)
			i++
		}
	}
	return out.Bytes()
}

// quoted writes the string at the start of data with double quotes, and returns
// its length.
func quoted(out *bytes.Buffer, data []byte) int {
	quote := data[0]
	out.WriteByte('"')
	for i := 1; i < len(data); i++ {
		switch c := data[i]; {
		case c == quote:
			out.WriteByte('"')
			return i + 1
		case c == '\\' && i+1 < len(data):
			if data[i+1] != '\'' {
				out.WriteByte(c)
			}
			i++
			out.WriteByte(data[i])
		case c == '"':
			out.WriteString(`\"`)
		default:
			out.WriteByte(c)
		}
	}
	return len(data)
}

// closes reports whether an object or an array ends next.
func closes(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '}' || data[0] == ']')
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$'
}
