package marketing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/aprimo-go/aprimo/client"
)

// Operations has the kinds of objects of marketing operations. It is safe for concurrent use.
// Create it with [New].
//
// A field's tag is the API's name of a kind, the verbs of its objects, and what is below an
// object, where * stands for another id.
type Operations struct {
	Activities                *Kind[Object] `path:"activities" below:"activity-cells activity-offers activity-treatments programs projects roles roles/*/members"`
	ActivityCells             *Kind[Object] `path:"activity-cells" below:"activity-cell-treatments"`
	ActivityCellTreatments    *Kind[Object] `path:"activity-cell-treatments"`
	ActivityMilestones        *Kind[Object] `path:"activities/milestone"` // Add one to an activity, by the activity's id.
	ActivityOffers            *Kind[Object] `path:"activity-offers"`
	ActivityProposals         *Kind[Object] `path:"activity-proposals" below:"forecasts"`
	ActivityProposalTemplates *Kind[Object] `path:"activity-proposal-templates"`
	ActivityTreatments        *Kind[Object] `path:"activity-treatments"`
	AnnotationRoles           *Kind[Object] `path:"user-roles/annotationUserRoles"`
	AnnotationUsers           *Kind[Object] `path:"users/annotationUsers"`
	Assets                    *Kind[Object] `path:"assets" below:"versions versions/*/annotations-data"`
	Attachments               *Kind[Object] `path:"attachments" verbs:"checkout cancel-checkout" below:"activity review-required-documents versions versions/*/comments versions/*/xfdf-annotations"`
	Brands                    *Kind[Object] `path:"brands"`
	Clients                   *Kind[Object] `path:"clients"`
	Commitments               *Kind[Object] `path:"commitments" verbs:"submit retrieve approve reject cancel"`
	ContentPlans              *Kind[Object] `path:"content-plans" verbs:"activities share" below:"manage-activities"`
	DigitalAssets             *Kind[Object] `path:"digital-assets" below:"activity folders versions versions/*/comments versions/*/renditions versions/*/tags"`
	DomainRights              *Kind[Object] `path:"domain-rights"`
	ExtendedAttributes        *Kind[Object] `path:"extended-attributes" below:"pick-list-options pick-list-options/*/allowed-children"`
	FDA2253                   *Kind[Object] `path:"fda2253"`
	FinancialHierarchies      *Kind[Object] `path:"financial-hierarchies"`
	FinancialHierarchyNodes   *Kind[Object] `path:"financial-hierarchy-nodes"`
	FundingAccounts           *Kind[Object] `path:"funding-accounts" below:"summary"`
	GenericAlpha              *Kind[Object] `path:"generic-object-alpha"`
	GenericBravo              *Kind[Object] `path:"generic-object-bravo"`
	GenericCharlie            *Kind[Object] `path:"generic-object-charlie"`
	GenericDelta              *Kind[Object] `path:"generic-object-delta"`
	GenericEcho               *Kind[Object] `path:"generic-object-echo"`
	Groups                    *Kind[Object] `path:"groups" below:"membership"`
	Invoices                  *Kind[Object] `path:"invoices" verbs:"submit retrieve approve sent cancel"`
	JournalVouchers           *Kind[Object] `path:"journal-vouchers" verbs:"submit reconcile reject sent cancel"`
	Lookups                   *Kind[Object] `path:"lookup"`
	Me                        *Kind[Object] `path:"users/me"` // Read it: the user of the token.
	MyRegion                  *Kind[Object] `path:"my-preferences/region"`
	MyTasks                   *Kind[Object] `path:"tasks/mine"`
	Offers                    *Kind[Object] `path:"offers"`
	ProgramProposals          *Kind[Object] `path:"program-proposals"`
	Programs                  *Kind[Object] `path:"programs"`
	Projects                  *Kind[Object] `path:"projects" verbs:"start pause close cancel" below:"attachments digital-assets project-roles project-roles/*/members role-memberships"`
	ResourceQuery             *Kind[Object] `path:"resources/query"` // Create a query; the response has the texts.
	Resources                 *Kind[Object] `path:"resources"`
	SimpleTasks               *Kind[Object] `path:"tasks/simple-tasks"` // Create a task here, and change it through Tasks.
	StaticResources           *Kind[Object] `path:"resources/static"`
	Suppliers                 *Kind[Object] `path:"suppliers"`
	SystemTypes               *Kind[Object] `path:"system-types"`
	TaskBeginDates            *Kind[Object] `path:"tasks/begin-date"` // Update one by the task's id.
	TaskDurations             *Kind[Object] `path:"tasks/duration"`
	TaskEndDates              *Kind[Object] `path:"tasks/end-date"`
	Tasks                     *Kind[Object] `path:"tasks" verbs:"accept decline close delegate" below:"assignees document-uploads document-uploads/*/attachments document-uploads/*/attachments/*/versions document-uploads/*/document-versions document-uploads/*/upload-document document-uploads/*/uploaded-versions document-votes documents documents/assets documents/attachments review-materials working-attachments working-digital-assets"`
	Teams                     *Kind[Object] `path:"teams"`
	Treatments                *Kind[Object] `path:"treatments"`
	UserRoles                 *Kind[Object] `path:"user-roles"`
	Users                     *Kind[Object] `path:"users" verbs:"resetpin"`

	c *client.Client
}

// New returns the marketing operations of a Client's tenant.
func New(c *client.Client) *Operations {
	m := &Operations{c: c}
	v := reflect.ValueOf(m).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		if path := tag.Get("path"); path != "" {
			v.Field(i).Set(reflect.ValueOf(&Kind[Object]{place{
				c: c, path: path, verbs: strings.Fields(tag.Get("verbs")), below: strings.Fields(tag.Get("below")),
			}}))
		}
	}
	return m
}

// Kind returns the kind with a path below /api, for one that has no field, such as
// "system-types/attachment" or "metadata/task". Use [url.PathEscape] for values in the path.
// Do and In accept no names for it.
func (m *Operations) Kind(path string) *Kind[Object] {
	return &Kind[Object]{place{c: m.c, path: strings.Trim(path, "/")}}
}

// An Object is an object of any kind: its members by Aprimo's names. Numbers in
// responses are [json.Number] values, so that none is rounded.
type Object map[string]any

// UnmarshalJSON decodes an object.
func (o *Object) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode((*map[string]any)(o)); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the object is followed by something else")
	}
	return nil
}

// Int returns a member that is a whole number, such as "taskId"; 0 if it is not, or does not fit
// an int.
func (o Object) Int(name string) int {
	text := fmt.Sprint(o[name])
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	const exact = 1 << 53 // up to here a float64 holds every integer
	f, err := strconv.ParseFloat(text, 64)
	if n := int(f); err == nil && float64(n) == f && math.Abs(f) < exact { // such as 1.0 or 1e2
		return n
	}
	return 0
}

// Text returns a member that is a text; "" if it is not.
func (o Object) Text(name string) string {
	s, _ := o[name].(string)
	return s
}
