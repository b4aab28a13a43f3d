package client

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"path"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// maxName is in bytes. File systems allow 255, and an ending such as .part.json is appended.
const maxName = 200

// fileName returns the name for a downloaded file, from the Content-Disposition header, the
// link, or a default. Whatever the storage sends, it is a single safe path element.
func fileName(disposition string, link *url.URL) string {
	for _, name := range []string{dispositionName(disposition), path.Base(link.Path)} {
		if name = safeName(name); name != "" {
			return name
		}
	}
	return "download"
}

// maxDisposition is the number of bytes of a Content-Disposition header that are read.
const maxDisposition = 8 << 10

// dispositionName returns the file name in a Content-Disposition header, or "". Where storages
// do not follow RFC 6266 it reads what browsers read.
func dispositionName(header string) string {
	header = header[:min(len(header), maxDisposition)]
	if _, params, err := mime.ParseMediaType(header); err == nil && params["filename"] != "" {
		return decodedName(params["filename"])
	}
	var plain string
	for header != "" {
		var name, value string
		name, value, header = nextParameter(header)
		switch {
		case name == "filename*":
			if text, ok := extendedValue(value); ok {
				return text
			}
		case name == "filename" && plain == "":
			plain = decodedName(value)
		}
	}
	return plain
}

// nextParameter splits the first parameter off a header. Its value may be in quotes; else it
// may contain anything but a semicolon.
func nextParameter(header string) (name, value, rest string) {
	end := strings.IndexAny(header, ";=")
	if end < 0 || header[end] == ';' {
		return "", "", header[max(0, end)+1:]
	}
	name = strings.ToLower(strings.TrimSpace(header[:end]))
	value = strings.TrimLeft(header[end+1:], " \t")
	if !strings.HasPrefix(value, `"`) {
		value, rest, _ = strings.Cut(value, ";")
		return name, strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			_, rest, _ = strings.Cut(value[i:], ";")
			return name, b.String(), rest
		case c == '\\' && i+1 < len(value) && (value[i+1] == '"' || value[i+1] == '\\'):
			i++
			fallthrough
		default:
			b.WriteByte(value[i])
		}
	}
	return name, b.String(), ""
}

// extendedValue decodes a value with a character set (RFC 8187).
func extendedValue(value string) (string, bool) {
	charset, rest, found := strings.Cut(value, "'")
	_, encoded, found2 := strings.Cut(rest, "'")
	text, err := url.PathUnescape(encoded)
	switch {
	case !found || !found2 || err != nil:
		return "", false
	case strings.EqualFold(charset, "utf-8"):
		return text, utf8.ValidString(text)
	case strings.EqualFold(charset, "iso-8859-1"):
		return latin1(text), true
	}
	return "", false
}

// decodedName decodes a name in one of the ways in which storages encode those that are not
// ASCII: RFC 2047, percent-encoding, or bytes of ISO 8859-1.
func decodedName(name string) string {
	if decoded, err := new(mime.WordDecoder).DecodeHeader(name); err == nil && strings.Contains(name, "=?") {
		return decoded
	}
	if decoded, err := url.PathUnescape(name); err == nil && utf8.ValidString(decoded) && len([]rune(decoded)) < len(decoded) {
		return decoded
	}
	if utf8.ValidString(name) {
		return name
	}
	return latin1(name)
}

func latin1(text string) string {
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// names holds the file names that an order's downloads use in a directory, in lower case, and the
// number that the next file with the same name may get.
type names struct {
	mu   sync.Mutex
	used map[string]int
}

// distinct gives each download a different name.
func distinct(n *names) DownloadOption {
	return func(d *download) { d.name = n.claim }
}

// claim returns an unused name. It ignores case, as some file systems do.
func (n *names) claim(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = map[string]int{}
	}
	ext := path.Ext(name)
	stem, first := strings.TrimSuffix(name, ext), strings.ToLower(name)
	for i := max(2, n.used[first]); n.used[strings.ToLower(name)] > 0; i++ {
		name = fmt.Sprintf("%s (%d)%s", stem, i, ext)
		n.used[first] = i + 1
	}
	n.used[strings.ToLower(name)] = 2
	return name
}

// safeName makes a name safe for all file systems: it is no path, no hidden file and no
// Windows device. It returns "" if nothing remains.
func safeName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if reserved(name) {
		name += "_"
	}
	for len(name) > maxName { // shortens the stem and keeps the extension
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		stem := strings.TrimSuffix(name, ext)
		_, size := utf8.DecodeLastRuneInString(stem)
		name = stem[:len(stem)-size] + ext
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch strings.TrimSpace(stem) {
	case "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
		"LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9":
		name = "_" + name
	}
	return name
}

const (
	forbiddenInNames = `<>:"/\|?*` // by the REST guide
	maxFileName      = 255         // bytes, in common file systems
)

func checkFileName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the file name is empty: set it with UploadName")
	case len(name) > maxFileName:
		return fmt.Errorf("the file name has %d bytes, the maximum is %d: set a shorter one with UploadName", len(name), maxFileName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the file name %q is not UTF-8: set another with UploadName", name)
	}
	for _, r := range name {
		if forbidden(r) {
			return fmt.Errorf("the file name %q contains %q, which Aprimo forbids: set another with UploadName, for example %q", name, r, allowedName(name))
		}
	}
	return nil
}

func forbidden(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(forbiddenInNames, r) }

func allowedName(name string) string {
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return '_'
		}
		return r
	}, name)
}
