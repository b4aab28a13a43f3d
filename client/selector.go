package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// ContentSelectorOptions configure Aprimo's content selector, a page in which a person selects
// assets. All are optional.
type ContentSelectorOptions struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Accept      string `json:"accept,omitempty"` // the label of the button

	// Search is a search expression: only records that match can be selected.
	Search string `json:"limitingSearchExpression,omitempty"`

	// Select is single, multiple, singlefile or singlerendition.
	Select     string   `json:"select,omitempty"`
	DialogMode string   `json:"dialogMode,omitempty"` // default or fullscreen
	Facets     []string `json:"facets,omitempty"`

	// TargetOrigin is the origin of the page that opens the selector, such as
	// https://shop.example. Only that page then receives the selection.
	TargetOrigin string `json:"targetOrigin,omitempty"`
}

// ContentSelector returns the address of the content selector, to be opened in a window of a
// browser. It sends no request. The page posts the selection to its opener as a message; decode
// its data into a [ContentSelection]. Accept messages from the address's origin only.
func (c *Client) ContentSelector(o ContentSelectorOptions) (string, error) {
	if modes := []string{"", "single", "multiple", "singlefile", "singlerendition"}; !slices.Contains(modes, o.Select) {
		return "", fmt.Errorf("aprimo: content selector: Select is %q: use one of %q", o.Select, modes[1:])
	}
	data, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: c.dam.Scheme, Host: c.dam.Host, Path: "/dam/selectcontent"}
	return u.String() + "#options=" + base64.StdEncoding.EncodeToString(inASCII(data)), nil
}

// inASCII escapes what is not ASCII in JSON: browsers decode base64 as Latin-1, not as UTF-8.
func inASCII(data []byte) (ascii []byte) {
	for _, r := range string(data) {
		if r < utf8.RuneSelf {
			ascii = append(ascii, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			ascii = fmt.Appendf(ascii, `\u%04x`, unit)
		}
	}
	return ascii
}

// A ContentSelection is what a person has selected in the content selector.
type ContentSelection struct {
	Result    string         `json:"result"` // accept or cancel
	Selection []SelectedItem `json:"selection"`
}

// A SelectedItem is a selected record, or a rendition or file of it.
type SelectedItem struct {
	ID    string `json:"id"` // of the record
	Title string `json:"title"`

	// Rendition is what was selected in the mode singlerendition.
	Rendition *struct {
		ID        string `json:"id"`
		PublicURI string `json:"publicuri"`
	} `json:"rendition,omitempty"`

	// File is the additional file that was selected in the mode singlefile; nil means
	// the record's main file.
	File *struct {
		ID       string `json:"additionalFileId"`
		FileName string `json:"fileName"`
		Label    string `json:"label"`
		Type     string `json:"type"`
	} `json:"additionaFile,omitempty"` // so misspelt by Aprimo
}
