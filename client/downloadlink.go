package client

import "time"

// A DownloadLink is what an order or a maintenance job has made to be fetched.
type DownloadLink struct {
	ID                    string          `json:"id"`
	Type                  string          `json:"type"`
	Title                 string          `json:"title"`
	Description           string          `json:"description"`
	ErrorDescription      string          `json:"errorDescription"`
	Status                OrderStatus     `json:"status"`
	DeliveredFiles        []DeliveredFile `json:"deliveredFiles"`
	SucceededRecordsCount int             `json:"succeededRecordsCount"`
	FailedRecordsCount    int             `json:"failedRecordsCount"`
	FailedTargetsCount    int             `json:"failedTargetsCount"`
	CreatedOn             time.Time       `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the link in either of Aprimo's forms.
func (d *DownloadLink) UnmarshalJSON(data []byte) error { return decodeModel(data, d) }

// MarshalJSON writes what is not zero.
func (d DownloadLink) MarshalJSON() ([]byte, error) { return encodeModel(&d) }
