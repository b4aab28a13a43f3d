package client

import "time"

// A File is one of the files of a record, with all its versions.
type File struct {
	ID       string             `json:"id"`
	Versions Items[FileVersion] `json:"versions"`

	Extra Extra
}

// UnmarshalJSON reads the file in either of Aprimo's forms.
func (f *File) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON writes what is not zero.
func (f File) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// A FileVersion is a file as it was uploaded.
type FileVersion struct {
	ID              string    `json:"id"`
	FileName        string    `json:"fileName"`
	FileExtension   string    `json:"fileExtension"`
	FileSize        int64     `json:"fileSize"` // in bytes
	VersionNumber   int       `json:"versionNumber"`
	VersionLabel    string    `json:"versionLabel"`
	IsLatest        bool      `json:"isLatest"`
	FileState       string    `json:"fileState"`
	ProcessingState string    `json:"fileProcessingState"`
	Comment         string    `json:"comment"`
	Tag             string    `json:"tag"`
	CreatedOn       time.Time `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the version in either of Aprimo's forms.
func (v *FileVersion) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON writes what is not zero.
func (v FileVersion) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

// An Image is where a preview or thumbnail can be fetched.
type Image struct {
	// URI is signed, for some 30 hours. It is to be fetched by a client that
	// sends no token: with one, the answer is 403. It is not under the limit.
	URI       string `json:"uri"`
	Extension string `json:"extension"`
	Width     int    `json:"width"`  // in pixels
	Height    int    `json:"height"` // in pixels
	Size      int64  `json:"size"`   // in bytes

	Extra Extra
}

// UnmarshalJSON reads the image in either of Aprimo's forms.
func (i *Image) UnmarshalJSON(data []byte) error { return decodeModel(data, i) }

// MarshalJSON writes what is not zero.
func (i Image) MarshalJSON() ([]byte, error) { return encodeModel(&i) }
