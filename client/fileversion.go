package client

import (
	"context"
	"iter"
	"time"
)

// FileVersions reads versions of files, and what was made of them. To create or change a
// version, change its record; see [NewVersion].
type FileVersions struct{ c *Client }

// Get returns a version. Request its renditions, previews and links with
// [SelectFileVersion].
func (r *FileVersions) Get(ctx context.Context, id string, opts ...CallOption) (*FileVersion, error) {
	return get[FileVersion](ctx, r.c, opts, "fileversion", id)
}

// AdditionalFile returns an additional file of a version, by the id of that file.
func (r *FileVersions) AdditionalFile(ctx context.Context, id string, opts ...CallOption) (*AdditionalFile, error) {
	return get[AdditionalFile](ctx, r.c, opts, "additionalfile", id)
}

// Rendition returns a rendition, by its id.
func (r *FileVersions) Rendition(ctx context.Context, id string, opts ...CallOption) (*Rendition, error) {
	return get[Rendition](ctx, r.c, opts, "rendition", id)
}

// PublicURI returns a public URI, by its id.
func (r *FileVersions) PublicURI(ctx context.Context, id string, opts ...CallOption) (*PublicURI, error) {
	return get[PublicURI](ctx, r.c, opts, "publicuri", id)
}

// AdditionalFiles lists the additional files of a version.
func (r *FileVersions) AdditionalFiles(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*AdditionalFile, error] {
	return listAt[AdditionalFile](ctx, r.c, opts, "fileversion", id, "additionalfiles")
}

// Previews lists the previews of a version.
func (r *FileVersions) Previews(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*FilePreview, error] {
	return listAt[FilePreview](ctx, r.c, opts, "fileversion", id, "filepreviews")
}

// Renditions lists the renditions of a version.
func (r *FileVersions) Renditions(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Rendition, error] {
	return listAt[Rendition](ctx, r.c, opts, "fileversion", id, "renditions")
}

// PublicURIs lists the public URIs of a version and its renditions.
func (r *FileVersions) PublicURIs(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*PublicURI, error] {
	return listAt[PublicURI](ctx, r.c, opts, "fileversion", id, "publicuris")
}

// PublicLinks lists the public links of a version.
func (r *FileVersions) PublicLinks(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*PublicLink, error] {
	return listAt[PublicLink](ctx, r.c, opts, "fileversion", id, "publiclinks")
}

// A FileVersion is one uploaded version of a file. Parts that a call does not select are zero;
// see [SelectFileVersion].
type FileVersion struct {
	ID              string `json:"id"`
	FileName        string `json:"fileName"`
	FileExtension   string `json:"fileExtension"`
	FileSize        int64  `json:"fileSize"` // bytes
	CRC32           int64  `json:"crc32"`
	SHA256          string `json:"sha256"`
	VersionNumber   int    `json:"versionNumber"`
	VersionLabel    string `json:"versionLabel"`
	IsLatest        bool   `json:"isLatest"`
	FileState       string `json:"fileState"` // Available or Processing
	ProcessingState string `json:"fileProcessingState"`
	Comment         string `json:"comment"`
	Tag             string `json:"tag"`
	Content         string `json:"content"`      // the text in the file
	AIInfluenced    string `json:"aiInfluenced"` // Unknown, No or Yes
	PreventDownload bool   `json:"preventDownload"`
	WatermarkType   string `json:"watermarkType"` // as in File
	WatermarkID     string `json:"watermarkId"`

	PublicationItems []PublicationItem       `json:"publicationItems"`
	Metadata         map[string]FileMetadata `json:"metadata"`
	Duplicates       *DuplicateInfo          `json:"duplicateInfo"`

	// CreatedOn is when the version was added; the others are from the file itself.
	CreatedOn      time.Time `json:"createdOn"`
	FileCreatedOn  time.Time `json:"fileCreatedOn"`
	FileModifiedOn time.Time `json:"fileModifiedOn"`

	FileType        *FileType             `json:"fileType"`
	AdditionalFiles Items[AdditionalFile] `json:"additionalFiles"`
	Previews        Items[FilePreview]    `json:"filePreviews"`
	MasterPreview   *FilePreview          `json:"masterFilePreview"`
	Preview         *Image                `json:"preview"`
	Thumbnail       *Image                `json:"thumbnail"`
	Renditions      Items[Rendition]      `json:"renditions"`
	PublicURIs      Items[PublicURI]      `json:"publicUris"`
	PublicLinks     Items[PublicLink]     `json:"publicLinks"`
	Watermark       *Watermark            `json:"watermark"`
	Permissions     *Access               `json:"permissions"`
	UsedIn          Items[VersionLink]    `json:"usedIn"`   // versions that contain it
	Contains        Items[VersionLink]    `json:"contains"` // versions that it contains
	CreatedBy       *User                 `json:"createdBy"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (v *FileVersion) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON encodes the fields that are not zero.
func (v FileVersion) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

// A FileMetadata is a property that was read from a file.
type FileMetadata struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Category    string `json:"category"`
	ContentType string `json:"contentType"`
}

// A DuplicateInfo says which other file versions have the same content or name.
type DuplicateInfo struct {
	Status                  string   `json:"status"`        // undetermined, noduplicate or duplicate
	DetectionMode           string   `json:"detectionMode"` // filename, filecontent or filenameandcontent
	HasDuplicates           bool     `json:"hasDuplicates"`
	TotalCount              int      `json:"totalCount"`
	DuplicateFileVersionIDs []string `json:"duplicateFileVersionIds"`
}

// A VersionLink says that one file version contains another.
type VersionLink struct {
	RecordID            string `json:"recordId"`
	FileID              string `json:"fileId"`
	FileVersionID       string `json:"fileVersionId"`
	LinkSourceVersionID string `json:"linkSourceVersionId"`
	LinkType            string `json:"linkType"` // Contains or Usedin
}

// An AdditionalFile is a file that belongs to a version, such as a subtitle, a crop or a still.
// Properties of a single type are in Extra.
type AdditionalFile struct {
	ID string `json:"id"`

	// Type is AdditionalFile, OriginalRendition, Crop, Trim, Still, Spinset,
	// Threedimensional, Subtitle, External or Custom.
	Type      string `json:"type"`
	Label     string `json:"label"`
	FileName  string `json:"fileName"`
	Extension string `json:"extension"`
	FileSize  int64  `json:"fileSize"` // bytes
	CRC32     int64  `json:"crc32"`
	IsManual  bool   `json:"isManual"`

	// URI, a signed link, and Tag are empty unless selected:
	// Select("additionalfile", "Uri", "Tag").
	URI string `json:"uri"`
	Tag string `json:"tag"`

	Purposes []string `json:"purposes"`
	Usages   []string `json:"usages"`

	PublicLink  *PublicLink                  `json:"publicLink"`
	MainPreview *Image                       `json:"mainPreview"`
	Previews    Items[AdditionalFilePreview] `json:"filePreviews"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (a *AdditionalFile) UnmarshalJSON(data []byte) error { return decodeModel(data, a) }

// MarshalJSON encodes the fields that are not zero.
func (a AdditionalFile) MarshalJSON() ([]byte, error) { return encodeModel(&a) }

// An AdditionalFilePreview is a preview of an additional file.
type AdditionalFilePreview struct {
	ID  int    `json:"id"`
	URI string `json:"uri"` // as in Image

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (p *AdditionalFilePreview) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON encodes the fields that are not zero.
func (p AdditionalFilePreview) MarshalJSON() ([]byte, error) { return encodeModel(&p) }

// A FilePreview is a preview of a version, or of one of its pages.
type FilePreview struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	PageNumber int       `json:"pageNumber"` // from 1
	IsManual   bool      `json:"isManual"`
	IsMaster   bool      `json:"isMaster"`
	Tag        string    `json:"tag"`
	CreatedOn  time.Time `json:"createdOn"`

	Preview   *Image `json:"preview"`
	Thumbnail *Image `json:"thumbnail"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (p *FilePreview) UnmarshalJSON(data []byte) error { return decodeModel(data, p) }

// MarshalJSON encodes the fields that are not zero.
func (p FilePreview) MarshalJSON() ([]byte, error) { return encodeModel(&p) }

// A Rendition is a variant of a version. Other properties of a single type are in Extra.
type Rendition struct {
	ID        string `json:"id"`
	Type      string `json:"type"` // Original, Preset, Crop, Trim or Custom
	Name      string `json:"name"`
	Extension string `json:"extension"`

	Width        int `json:"width"`  // pixels
	Height       int `json:"height"` // pixels
	X            int `json:"x"`      // of a crop
	Y            int `json:"y"`
	ResizeWidth  int `json:"resizeWidth"`
	ResizeHeight int `json:"resizeHeight"`

	StartTime string `json:"startTime"` // of a trim, as hours:minutes:seconds
	Duration  string `json:"duration"`

	// URI, Preview and PublishedURI are empty unless selected:
	// Select("rendition", "Uri", "Preview", "PublishedUri").
	URI          string `json:"uri"`
	Preview      string `json:"preview"`
	PublishedURI string `json:"publishedUri"`

	PublicLinks Items[PublicLink] `json:"publicLinks"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (r *Rendition) UnmarshalJSON(data []byte) error { return decodeModel(data, r) }

// MarshalJSON encodes the fields that are not zero.
func (r Rendition) MarshalJSON() ([]byte, error) { return encodeModel(&r) }

// A PublicURI is the address of a version or rendition on Aprimo's CDN. A query of width,
// height, fit, format and quality transforms images.
type PublicURI struct {
	ID       string `json:"id"`
	URI      string `json:"uri"`
	Provider string `json:"provider"`
	Status   string `json:"status"` // as in PublicLink
	Origin   string `json:"origin"` // Order or Api
	FileName string `json:"fileName"`

	RecordID      string `json:"recordId"`
	FileVersionID string `json:"fileVersionId"`
	RenditionID   string `json:"renditionId"`
	RenditionName string `json:"renditionName"`
	RenditionType string `json:"renditionType"` // as in Rendition
	TargetID      string `json:"targetId"`
	TargetType    string `json:"targetType"` // version, preview, thumbnail, custom or additionalfile
	CanDelete     bool   `json:"canDelete"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (u *PublicURI) UnmarshalJSON(data []byte) error { return decodeModel(data, u) }

// MarshalJSON encodes the fields that are not zero.
func (u PublicURI) MarshalJSON() ([]byte, error) { return encodeModel(&u) }

// A PublicLink is a public URL of a record's file on a CDN of your own.
type PublicLink struct {
	ID       string `json:"id"`
	URI      string `json:"uri"`
	Provider string `json:"provider"`
	Status   string `json:"status"` // Pending, Published, Failed, Overwritten, Tobedeleted
	Origin   string `json:"origin"` // Order or Api

	RecordID         string `json:"recordId"`
	FileVersionID    string `json:"fileVersionId"`
	AdditionalFileID string `json:"additionalFileId"`
	RenditionName    string `json:"renditionName"`
	FileSize         int64  `json:"fileSize"` // bytes
	CanDelete        bool   `json:"canDelete"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *PublicLink) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l PublicLink) MarshalJSON() ([]byte, error) { return encodeModel(&l) }
