package client

import "time"

// A MaintenanceJob changes or exports many records in the background: it is heavy for
// the server. Actions and targets are in Extra.
type MaintenanceJob struct {
	ID                  string      `json:"id"`
	Type                string      `json:"type"`
	Status              OrderStatus `json:"status"`
	Message             string      `json:"message"` // why it failed
	TargetsCount        int         `json:"targetsCount"`
	FailedTargetsCount  int         `json:"failedTargetsCount"`
	CreatorEmail        string      `json:"creatorEmail"`
	Priority            int         `json:"priority"`
	DisableNotification bool        `json:"disableNotification"`

	StartedOn time.Time `json:"startedOn"`
	CreatedOn time.Time `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the job in either of Aprimo's forms.
func (m *MaintenanceJob) UnmarshalJSON(data []byte) error { return decodeModel(data, m) }

// MarshalJSON writes what is not zero.
func (m MaintenanceJob) MarshalJSON() ([]byte, error) { return encodeModel(&m) }
