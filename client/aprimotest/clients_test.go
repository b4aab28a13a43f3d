package aprimotest_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// The requests of other public clients, with values of our own, work on a tenant
// that asks for tokens and headers. What stands in braces is put in.
func TestTheRequestsOfOtherClientsWork(t *testing.T) {
	const (
		one    = "00000000-0000-0000-0000-000000000001"
		search = "POST /api/core/search/records "
	)
	for _, tt := range []string{
		// an importer of product data
		`200 GET /api/core/records?filter=FieldName('KBObjectID')="361"%20and%20FieldName("Title")%20=%20"Record%201"`,
		`200 GET /api/core/record/{one}`,
		`200 GET /api/core/record/{one}/`,
		`204 PUT /api/core/record//{one} {"status":"draft"}`,
		`404 GET /record/{one}`,
		`200 GET /api/core/fielddefinitions?filter=name=Title`,
		`200 GET /api/core/classifications?filter=name='Assets'`,
		`200 GET /api/core/classifications?filter=ModifiedOn+in+today&sort=createdon&page=1&pagesize=10`, // and in the guide
		`400 GET /api/core/classifications?filter=name+in+today`,
		`200 GET /api/core/classifications?filter=identifier='assets'`,
		`200 GET /api/core/classification/?namepath=/assets`,
		`201 POST /api/core/classifications {"parentNamePath":"/Assets","name":"Switzerland","identifier":"CH","labels":[{"languageId":"c2bd4f9bbb954bcb80c31e924c9c26dc","value":"Schweiz"}]}`,
		`204 PUT /api/core/record/{one} {"tag":"<xml>t</xml>","fields":{"addOrUpdate":[{"fieldName":"Keywords","label":"K","id":"{keywords}","localizedValues":[{"values":["{one}"],"languageId":"00000000000000000000000000000000","readOnly":null}],"inheritable":null}]}}`,
		`200 POST /uploads {"fileName":"a.jpg"}`,
		// the gateway of an agency
		`201 POST /api/core/records {"status":"draft","fields":{"addOrUpdate":[{"Name":"Description","localizedValues":[{"value":"x"}]},{"Name":"Keywords","localizedValues":[{"values":["T"]}]}]}}`,
		`200 POST /uploads/segments {"filename":"a.jpg"}`,
		// content management systems
		`200 ` + search + `{"LogRequest":true,"PageIndex":1,"SearchExpression":{"Expression":"DirectClassification.Id={assets} FileCount > 0"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"Classification.Id={assets}"}}`,
		`200 ` + search + `{"SearchExpression":{"Expression":"ContentStatus = 'Released'"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"summer beach"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"Title CONTAINS @0","parameters":["Record"]}}`,
		`400 ` + search + `{"searchExpression":{"expression":"Title CONTAINS @1","parameters":["Record"]}}`,
		`200 POST /api/core/search/records?skip=0&take=10 {"searchExpression":{"expression":"contentType = ? and File.Version.FileType.Kind = JPG and Contentstatus = 'Released'","parameters":["Asset"]},"logRequest":true}`,
		`200 GET /api/core/classifications?filter=parent.id={assets}`,
		`200 GET /api/core/classifications?filter=parent.id%20=%20'{assets}'%20and%20name%20=%20'x'`,
		`200 GET /api/core/record/{one}/image/Preview/download`,
		`200 GET /api/core/record/{one}/masterFileLatestVersion`,
		`200 GET /api/core/record/{one}/accessLists`,
		// exports
		`200 ` + search + `{"searchExpression":{"expression":"LatestVersionOfMasterFile.HasPublicUri = true"},"logRequest":"true"}`,
		`200 ` + search + `{"searchExpression":{"expression":"id = ? OR id = ?","parameters":["{one}","x"]},"logRequest":false}`,
		`200 ` + search + `{"searchExpression":{"expression":"FieldName(\"Title\") = 'Acme' AND CreatedOn >= 2025-01-01"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"(Title CONTAINS 'a' OR FieldName(\"Description\") CONTAINS 'a') AND Classification = '{assets}'"}}`,
		`200 POST /api/core/search/classifications?page=1&pageSize=50 {"searchExpression":{"expression":"Name CONTAINS 'a' OR Identifier CONTAINS 'a'"}}`,
		`200 POST /api/core/search/classifications {"searchExpression":{"disabledKeywords":null,"supportWildcards":false,"defaultLogicalOperator":"AND","expression":"NamePath = ?","parameters":["/Assets"],"namedParameters":{},"subExpressions":null},"logRequest":true}`,
		`200 GET /api/core/settings?names=.defaultRecordTitleField&names=.defaultLanguageForUI`,
		`200 GET /api/core/rules?page=1&pageSize=50`,
		`200 GET /api/core/record/{one}/trail?filter=change&skip=0&take=10`,
		// tools for administrators
		`204 PUT /api/core/searchindex { 'rebuildScheduled': true }`,
		`200 GET /api/core/watermarks`,
		`200 GET /api/core/setting/.defaultRecordTitleField?scope=usergroup&scopeId={one}`,
		`200 GET /api/core/actiontypes`,
		`200 GET /api/core/statistics`,
		`200 GET /api/core/downloadagreements`,
		`200 GET /api/core/fileversion/{version}/checkresults`,
		`201 POST /api/core/fileversion/{version}/checkresults {"checkId":"{one}","outcome":"Pass","description":"d"}`,
		`200 GET /api/core/fileversion/{version}/publicuris`,
		`200 GET /api/core/fileversion/{version}/renditions`,
		`200 GET /api/core/file/{file}/fileversions`,
		`200 GET /api/core/file/{file}/latestversion`,
		`201 POST /api/core/orders {"type":"download","disableNotification":true,"useCDN":"No","targets":[{"recordId":"{one}","targetTypes":["Document"],"assetType":"LatestVersionOfMasterFile"}]}`,
		`201 POST /api/core/orders {"type":"publicCdn","targets":[{"recordId":"{one}","renditionName":"png","actions":[]}]}`,
		`200 ` + search + `{"searchExpression":{"expression":"CreatedOn < 2015-09-29T12:24:22.287Z"},"facets":[{"name":"when","type":"createdOn",rangeStart:"1999-01-01T00:00:00Z","rangeEnd":"2001-01-01T00:00:00Z","spans":[{"dateTimeUnit":"months","value":6}],}]}`,
	} {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, RequireToken: true, RequireHeaders: true}
		_, token := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "client_id", "c", "client_secret", "s")))
		text := strings.NewReplacer("{one}", one, "{version}", "E0000000-0000-0000-0000-000000000001", "{file}", "f0000000000000000000000000000001",
			"{assets}", "2a0510aba5a9d152b3471c4f7fce6d1a", "{keywords}", "35bed139d366eff8a486ca4c35126f14").Replace(tt)
		parts := strings.SplitN(text, " ", 4)
		req := newRequest(t.Context(), parts[1], "https://acme.dam.aprimo.com"+parts[2], strings.Join(parts[3:], ""))
		for name, value := range map[string]string{"Authorization": "Bearer " + token.AccessToken, "User-Agent": "x/1", "Content-Type": "application/json"} {
			req.Header.Set(name, value)
		}
		if !strings.HasPrefix(parts[2], "/uploads") {
			req.Header.Set("api-version", "1")
			req.Header.Set("Accept", "*/*")
		}
		if resp, answer := do(t, tenant, req); fmt.Sprint(resp.StatusCode) != parts[0] {
			t.Errorf("%s: %s: %.200s", text, resp.Status, answer)
		}
	}
}

// What other public clients do one after the other works too, and they find in the answers
// what they read: a line with > has a member of the answer before it, and its type. {made}
// is the id of what was made last, {first} of what was made first, {token} that of a new upload.
func TestTheSessionsOfOtherClientsWork(t *testing.T) {
	const group = `"userGroupId":"00000000-0000-0000-0000-00000000000a"`
	for name, requests := range map[string]string{
		"a tool that moves configurations": `
201 POST /api/core/fieldgroups {"name":"G","tag":null}
201 POST /api/core/fielddefinitions {"label":"L","labels":[],"helpText":null,"helpTexts":[],"name":"Link","scope":"RecordContentGlobal","dataType":"recordlink","indexed":true,"isUniqueIdentifier":false,"isInheritable":false,"isReadOnly":false,"isRequired":false,"memberships":{"addOrUpdate":["{first}"],"remove":[]},"defaultValue":null,"resetToDefaultTriggers":[],"resetToDefaultFields":[],"validation":"","validationErrorMessage":"","validationTrigger":"Always","storageMode":"AllValues","languageMode":"single","enabledLanguages":{"addOrUpdate":[],"remove":[]},"tag":null,"sortIndex":0,"inlineStyle":"","metadataPredictionEnabled":false,"hints":null,"linkType":"OneParentManyChildren","parentClassifications":{"addOrUpdate":[],"remove":[]},"parentContentTypes":{"addOrUpdate":["Asset"],"remove":[]},"parentLabel":"P","parentLabels":[],"childClassifications":{"addOrUpdate":null,"remove":[]},"childContentTypes":{"addOrUpdate":["Asset"],"remove":[]},"childLabel":"C","childLabels":null,"linkClassifications":{"addOrUpdate":[],"remove":[]},"linkContentTypes":{"addOrUpdate":[],"remove":[]},"showSummaryImage":true,"summaryFieldId":null}
204 PUT /api/core/fielddefinition/{made} {"label":"L2","dataType":"recordlink","memberships":{"addOrUpdate":[],"remove":["{first}"]},"parentContentTypes":{"addOrUpdate":[],"remove":["Asset"]}}
201 POST /api/core/fielddefinitions {"name":"Options","dataType":"optionlist","acceptMultipleOptions":true,"sortOrder":"sortIndex","filter":"","items":{"addOrUpdate":[{"name":"Red","labels":[{"languageId":"c2bd4f9b-bb95-4bcb-80c3-1e924c9c26dc","value":"Red"}],"image":null,"tag":null,"sortIndex":"1"}],"remove":[]}}
200 GET /api/core/fielddefinition/{made}
201 POST /api/core/contenttypes {"name":"CT","defaultFileExtensions":{"addOrUpdate":["jpg"],"remove":null},"fileMode":"uploadFile","inheritableFields":{"addOrUpdate":["{first}"],"remove":null},"inheritanceConfiguration":"custom","inheritanceFieldId":"{first}","labels":[],"parentId":null,"purpose":"","registeredFields":{"addOrUpdate":["{first}"],"remove":null},"fileConfiguration":null,"titleConfiguration":{"option":"filename","showExtension":true}}
204 PUT /api/core/contenttype/{made} {"registeredFields":{"addOrUpdate":[],"remove":["{first}"]},"inheritableFields":{"addOrUpdate":[],"remove":["{first}"]}}
201 POST /api/core/filetypes {"name":"FT","kind":"Jpg","extension":"jpx","mimeType":"image/jpx","labels":[],"engineFormat":"","previewFormat":"jpg","catalogActions":{"addOrUpdate":[{"name":"ReadExif","isCritical":false}],"remove":[]},"mediaEngines":{"addOrUpdate":["ImageEngine"],"remove":[]},"previewPlayers":{"addOrUpdate":[],"remove":[]},"registeredFields":{"addOrUpdate":[],"remove":[]},"registeredFieldGroups":{"addOrUpdate":["{first}"],"remove":[]}}
204 PUT /api/core/filetype/{made} {"catalogActions":{"addOrUpdate":[],"remove":[{"name":"ReadExif","isCritical":false}]},"mediaEngines":{"addOrUpdate":[],"remove":["ImageEngine"]}}
201 POST /api/core/classifications {"name":"C","isRoot":true,"labels":[],"sortIndex":0,"sortOrder":"label","identifier":"c","registeredFields":{"addOrUpdate":["{first}"],"remove":[]},"registeredFieldGroups":{"addOrUpdate":[],"remove":[]},"slaveclassifications":{"addOrUpdate":[],"remove":[]},"tag":null,"fields":null}
204 PUT /api/core/classification/{made} {"name":"C","registeredFields":{"addOrUpdate":[],"remove":["{first}"]},"fields":{"addOrUpdate":[],"remove":null}}
201 POST /api/core/rules {"name":"R","enabled":true,"includeDraftRecords":false,"tag":null,"target":"record","trigger":"whenSavedOrDeleted","version":1,"conditions":{"addOrUpdate":[{"conditionType":"ClassifiedIn","index":0,"fieldDefinitionId":null,"classificationId":"{first}","directLinkOnly":false}],"remove":null},"actions":{"addOrUpdate":[{"actionType":"Reference","index":0,"executionTime":"Immediate"}],"remove":null}}
204 PUT /api/core/rule/{made} {"conditions":{"addOrUpdate":[],"remove":["0"]},"actions":{"addOrUpdate":[],"remove":["0"]}}
201 POST /api/core/settingcategories {"name":"SC","labels":[]}
201 POST /api/core/settingdefinitions {"name":"SD","labels":[],"categoryId":"{made}","dataType":"boolean","roleRequiredForChange":null,"tag":null,"userGroupSettingMode":"none","helpUrl":"","allowSystemSetting":true,"allowUserSetting":false,"defaultValue":true}
204 PUT /api/core/setting/SD {"name":"SD","value":"false","scope":"system","scopeId":null}
200 GET /api/core/setting/SD
201 POST /api/core/usergroups {"name":"UG"}
204 PUT /api/core/usergroup/{made}/permissions {"permissions":{"addOrUpdate":[{"name":"EditRecords","value":"granted"}]}}`,
		"a tool that moves permissions": `
200 GET /api/core/classification/?namepath=%2fassets
204 PUT /api/core/classification/{assets}/recordpermissions {"breakInheritance":true,"permissions":{"addOrUpdate":[{` + group + `,"accessRight":"fullControl"}],"remove":null}}
204 PUT /api/core/classification/{assets}/classificationtreepermissions {"breakInheritance":false,"permissions":{"addOrUpdate":[],"remove":[{` + group + `}]}}
204 PUT /api/core/classification/{assets}/downloadpermissions {"breakInheritance":false,"permissions":{"addOrUpdate":[{` + group + `,"accessRight":"deny"}]}}`,
		"an importer of documents": `
201 POST /api/core/records {"tag":"<xml/>","contentType":"Document","files":{"master":"{token}","addOrUpdate":[{"versions":{"addOrUpdate":[{"id":"{token}","filename":"a b-05.docx","tag":"<xml/>","versionLabel":"l","comment":"c","additionalFiles":{"addOrUpdate":[{"id":"{token2}","label":"more","tag":"<xml/>","filename":"b.jpg"}]},"previews":{"addOrUpdate":[{"id":"{token3}","label":"p","pageNumber":2,"tag":"<xml/>"}]}}]}}]},"classifications":{"addOrUpdate":[{"id":"{assets}","sortIndex":2}]},"fields":{"addOrUpdate":[{"id":"{keywords}","localizedValues":[{"languageId":"00000000000000000000000000000000","values":["x"]}]}]}}
200 GET /api/core/record/{made}/masterfilelatestversion
200 GET /api/core/record/{made}/classifications
201 POST /api/core/collections {"name":"C"}
204 POST /api/core/collection/{made}/records {"records":{"addOrUpdate":["{first}"]}}
200 GET /api/core/collection/{made}/records
204 PUT /api/core/collection/{made} {"records":{"addOrUpdate":[{"id":"{one}"}]}}
404 PUT /api/core/collection/{made} {"records":{"addOrUpdate":[{"id":"x"}]}}
404 POST /api/core/collection/{made}/records {"records":{"addOrUpdate":["x"]}}`,
		"the later versions of an independent client": `
201 POST /api/core/collections {"name":"C","type":"dynamic","searchExpression":{"defaultLogicalOperator":"OR","subExpressions":[{"expression":"ContentType = 'Asset'"},{"expression":"ContentType = 'Video'"}]}}
204 PUT /api/core/collection/{made} {"name":"C2","status":"Active","searchAllLanguages":false}
200 GET /api/core/collection/{made}/permissions
204 PUT /api/core/collection/{made}/permissions {"groupsPermissions":{"addOrUpdate":[{"groupId":"g","permission":"Read"}]},"publicPermission":"None"}
204 PUT /api/core/collection/{made}/permissions {"groupsPermissions":{"remove":[{"groupId":"g"}]}}
200 GET /api/core/collection/{made}/comments/status
200 PUT /api/core/collection/{made}/comments/status {"id":"x","lastReadCommentDate":"2026-01-02T03:04:05.678Z"}
201 POST /api/core/maintenancejobs {"type":"record","priority":"Medium","disableNotification":true,"targets":[{"recordId":"{one}"}],"actions":[{"action":"ChangeRecordStatus","parameters":{"status":"draft"}}]}
200 GET /api/core/maintenancejob/{made}
200 GET /api/core/searchindex
204 DELETE /api/core/statistics
200 GET /api/core/classification/{assets}/recordpermissions
201 POST /api/core/checks {"name":"c","actionTypeId":"{one}","checkCategoryId":"{one}"}
201 POST /api/core/fileversion/{version}/checkresults {"checkId":"{made}","outcome":"Warning","description":"d"}
201 POST /api/core/fileversion/{version}/checkresult/{made}/findings {"finding":"f","outcome":"Warning","explanation":"e"}
201 POST /api/core/file/{file}/checkouts
204 DELETE /api/core/file/{file}/checkouts`,
		"a migration from another system": `
204 PUT /api/core/record/{one} {"files":{"addOrUpdate":[{"id":"{file}","versions":{"addOrUpdate":[{"id":"{version}","Previews":{"master":"{token}","addOrUpdate":[{"id":"{token}","name":"p.jpg"}]}}]}}]}}
200 GET /api/core/fileversion/{version}
> Previews <nil>
200 GET /api/core/fileversion/{version}/filepreviews
> items.1.name string
204 PUT /api/core/record/{one} {"contentType":"Asset","files":{"addOrUpdate":[{"id":"{file}","versions":{"addOrUpdate":[{"id":"{version}","additionalFiles":{"addOrUpdate":[{"id":"{token}","label":"x","filename":"x.glb","purposes":["Preview3D"],"extension":".glb","metadata":[{"Key":"purpose","Value":"3dpreview"}],"type":"ThreeDimensional"}]}}]}}]}}
200 GET /api/core/fileversion/{version}/additionalfiles
> items.0.uri string
201 POST /api/core/records {"status":"draft","title":"x","contentType":"Image Set","classifications":{"addOrUpdate":[{"id":"{assets}","sortIndex":1}]}}
201 POST /api/core/records {"title":"x","uploadId":"{token}","files":{"master":"{token}","addOrUpdate":[{"versions":{"addOrUpdate":[{"id":"{token}","filename":"x"}]}}]}}
200 GET /api/core/record/{one}
> _embedded.fields <nil>
200 GET /api/core/records?page=1&pageSize=1000
> totalCount float64`,
		"a connector of a publisher": `
200 GET /api/core/classifications?filter=Parent%20%3D%20''&pagesize=1000
> items.0.isRoot bool
> totalCount float64
201 POST /api/core/collections {"name":"C","type":"static"}
200 POST /api/core/search/records {"searchExpression":{"expression":"? AND Classification.Id = ? AND Collection(?)","parameters":["Record","{assets}","{made}"]}}
> totalCount float64
200 GET /api/core/record/{one}/image/thumbnail
> uri string
200 POST /api/core/search/classifications {"searchExpression":{"expression":"Id IN (?, ?)","parameters":["{assets}","{one}"]}}
> items.0.labels []
201 POST /api/core/orders {"type":"download","disableProcessing":"yesifpermissiongranted","targets":[{"recordId":"{one}","fileVersionId":"{version}","targetTypes":[0]}]}
200 GET /api/core/order/{made}
> deliveredFiles.0 string`,
		"an importer in PHP": `
200 POST /api/core/search/records?page=1&pageSize=50 {"searchExpression":{"expression":"id = ? OR id = ?","parameters":["{one}","00000000000000000000000000000002"]}}
> items.1.id string
201 POST /api/core/orders {"type":"download","useCDN":"Automatic","disableNotification":true,"disableProcessing":"YesIfPermissionGranted","singleFileZipMode":"never","targets":[{"recordId":"{one}","targetTypes":["Document"],"assetType":"LatestVersionOfMasterFile"}]}
> status string
> deliveredFiles.0 string`,
		"an extension of a text editor": `
201 POST /api/core/collections {"name":"C"}
200 POST /api/core/search/records {"searchExpression":{"expression":"(Record) AND (File.Version.Extension = 'png' OR File.Version.Extension = 'jpg')"}}
> items.0._links.thumbnail.href string
201 POST /api/core/records {"title":{"value":"x"},"contentType":"Asset","collections":{"addOrUpdate":[{"id":"{first}"}]},"files":{"master":"{token}","addOrUpdate":[{"versions":{"addOrUpdate":[{"id":"{token}","filename":"a.jpg"}]}}]}}
204 PUT /api/core/record/{made} {"collections":{"remove":["{first}"]}}
204 PUT /api/core/record/{one} {"files":{"master":"{token}","addOrUpdate":[{"id":"{file}","versions":{"addOrUpdate":[{"id":"{token}","filename":"b.jpg"}]}}]}}
200 GET /api/core/record/{one}/masterfilelatestversion
> versionNumber float64`,
		"an exporter in Go": `
200 GET /api/core/records?page=1&pagesize=10&sort=createdon&filter=classification={assets}
> totalCount float64
201 POST /api/core/orders {"type":"download","disableNotification":"true","priority":0,"creatorEmail":"a@b.c","siteAffinity":"DEFAULT","satelliteId":null,"targets":[{"recordId":"{one}","targetTypes":["Document"],"assetType":"LatestVersionOfMasterFile"}]}
> id string`,
		"tools of editors": `
200 POST /api/core/search/records {"searchExpression":{"expression":"NOT id = ''"}}
> items.0.id string
200 POST /api/core/search/records {"searchExpression":{"expression":"CreatedOn >= '01/01/2000' AND CreatedOn <= '12/31/2099'"}}
> items.0.id string
200 POST /api/core/search/records {"searchExpression":{"expression":"Classification = '{assets}' OR Classification = '{one}'"}}
> totalCount float64
201 POST /api/core/orders {"type":"publicCdn","targets":[{"recordId":"{one}","targetTypes":["Document"],"renditionName":"r","actions":[{"action":"ResizeImage","parameters":{"width":100,"height":100,"useAlphaTransparency":"true"}}]}]}
> status string
201 POST /api/core/orders {"type":"publicCdn","targets":[{"recordId":"{one}","assetTypes":["LatestVersionOfMasterFile"]}]}
> deliveredFiles.0.deliveredPath string
200 GET /api/core/fileversion/{version}/publicuris
> items.1.renditionName string`,
		"what puts images on slides": `
200 POST /api/core/search/records {"searchExpression":{"expression":"File.Version.FileType.Kind = JPG and LatestVersionOfMasterFile.FileType.MimeType = 'image/jpeg'"}}
> items.0.id string
200 POST /api/core/search/records {"searchExpression":{"expression":"File.Version.FileType.Kind = PNG"}}
> items.0 <nil>`,
		"a generator of workbooks": `
200 GET /api/core/permissions
> items.0.labels.0.value string
200 GET /api/core/permission/EditRecords
> labels.0.languageId string`,
		"a demonstration of checks": `
201 POST /api/core/checks {"name":"c","labels":[{"value":"C","languageId":"c2bd4f9bbb954bcb80c31e924c9c26dc"}]}
200 GET /api/core/checks
> items.0.labels.0.value string
> items.0.createdOn string`,
		"an importer of classifications": `
201 POST /api/core/classifications {"parentNamePath":"/Assets","name":"Switzerland","identifier":"CH","labels":[{"languageid":"c2bd4f9bbb954bcb80c31e924c9c26dc","value":"Schweiz"}]}
> labels.0.languageId string
200 POST /api/core/search/classifications {"searchExpression":{"expression":"Label = 'Schweiz'"}}
> items.0.labels.0.value string
409 POST /api/core/classifications {"parentNamePath":"/Assets","name":"switzerland"}
> exceptionMessage string
201 POST /api/core/classifications {"parentNamePath":"/Assets/Switzerland","name":"Basel/Bern"}
204 PUT /api/core/classification/{made} {"name":"Basel/Bern"}
201 POST /api/core/classifications {"parentNamePath":"/Assets/Switzerland/Basel\\/Bern","name":"Zug"}
> parentId string`,
		"the importer of security": `
200 POST mo:/api/groups {"name":"G","status":1,"financeGroup":0,"description":"d","users":[],"roles":[],"domainRights":[]}
> groupId float64
200 PUT mo:/api/groups/1 {"name":"G2"}
200 GET mo:/api/users/me
200 GET mo:/api/users
> _embedded.user.0.userId float64
> _embedded.user.0.adamUserId string`,
		"what shows the tasks of a user": `
200 POST mo:/api/tasks/search {"or":[{"equals":{"fieldName":"workFlowTaskStatus","fieldValue":4}},{"equals":{"fieldName":"workFlowTaskStatus","fieldValue":5}}]}
> _embedded.Task.0.name string
> _embedded.Task.0.endDate string
200 POST mo:/api/review-tasks/search {"equals":{"fieldName":"workFlowTaskStatus","fieldValue":4}}
> _embedded.ReviewTask.0.taskId float64
> _embedded.ReviewTask.0.name string
> _embedded.ReviewTask.0.endDate string
200 GET mo:/api/lookup/2974
> items.0.key float64
> items.0.value string
200 GET mo:/api/lookup/2981
> items.0.value string`,
	} {
		t.Run(name, func(t *testing.T) {
			tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce}
			made, first, asked, answer := "", "", "", ""
			for line := range strings.SplitSeq(strings.TrimSpace(requests), "\n") {
				token := func(name string) string {
					if !strings.Contains(line, name) {
						return ""
					}
					return uploadText(t, tenant, name)
				}
				line = strings.NewReplacer("{made}", made, "{first}", first, "{token}", token("{token}"), "{token2}", token("{token2}"), "{token3}", token("{token3}"),
					"{one}", oneID(1), "{version}", "e0000000000000000000000000000001", "{file}", "f0000000000000000000000000000001",
					"{assets}", "2a0510aba5a9d152b3471c4f7fce6d1a", "{keywords}", "35bed139d366eff8a486ca4c35126f14").Replace(line)
				parts := strings.SplitN(line, " ", 4)
				if parts[0] == ">" {
					if value := memberAt(t, answer, parts[1]); !strings.HasPrefix(fmt.Sprintf("%T", value), parts[2]) {
						t.Errorf("%s: %s is a %[3]T, want a %[4]s: %.300[5]s", asked, parts[1], value, parts[2], answer)
					}
					continue
				}
				url := "https://acme.dam.aprimo.com" + parts[2]
				if path, isMO := strings.CutPrefix(parts[2], "mo:"); isMO {
					url = moURL + path
				}
				var resp *http.Response
				resp, answer = do(t, tenant, newRequest(t.Context(), parts[1], url, strings.Join(parts[3:], "")))
				asked = strings.Join(parts[1:3], " ")
				if fmt.Sprint(resp.StatusCode) != parts[0] {
					t.Fatalf("%.200s: got %s: %.300s", line, resp.Status, answer)
				}
				if resp.StatusCode == 201 {
					made = decode[struct{ ID string }](t, answer).ID
					first = cmp.Or(first, made)
				}
			}
		})
	}
}

// memberAt returns a member of an answer, as items.0.name; nil if it is not there.
func memberAt(t *testing.T, answer, path string) any {
	t.Helper()
	value := decode[any](t, answer)
	for step := range strings.SplitSeq(path, ".") {
		switch of := value.(type) {
		case map[string]any:
			value = of[step]
		case []any:
			i, _ := strconv.Atoi(step)
			value = nil
			if i < len(of) {
				value = of[i]
			}
		default:
			return nil
		}
	}
	return value
}

// A token of the time before OAuth is good for both hosts.
func TestANativeTokenIsGoodForBothHosts(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, RequireToken: true}
	ask := func() *http.Request {
		return newRequest(t.Context(), "POST", moURL+"/api/oauth/create-native-token", "{}")
	}
	if resp, _ := do(t, tenant, ask()); resp.StatusCode != 401 {
		t.Errorf("without a user: %s, want 401", resp.Status)
	}
	req := ask()
	req.SetBasicAuth("jane", "user-token")
	req.Header.Set("client-id", "c")
	_, text := do(t, tenant, req)
	token := decode[struct{ AccessToken string }](t, text).AccessToken
	for _, url := range []string{recordsURL, moURL + "/api/users/me"} {
		req := newRequest(t.Context(), "GET", url, "")
		req.Header.Set("X-Access-Token", token)
		if resp, text := do(t, tenant, req); resp.StatusCode != 200 {
			t.Errorf("%s: %s: %s", url, resp.Status, text)
		}
	}
	for body, want := range map[string]int{`{"refreshToken":"refresh-c"}`: 200, `{"refreshToken":"x"}`: 401, `{`: 401} {
		req := newRequest(t.Context(), "POST", moURL+"/api/token", body)
		req.SetBasicAuth("jane", "user-token")
		req.Header.Set("client-id", "c")
		if resp, text := do(t, tenant, req); resp.StatusCode != want || want == 200 && strings.Count(decode[string](t, text), ".") != 2 {
			t.Errorf("a new token for %s: %s: %s", body, resp.Status, text)
		}
	}
}
