package aprimotest

import "time"

// Members and links that many kinds have.
const (
	dated  = ", createdOn time, modifiedOn time"
	byWhom = " modifiedBy@user createdBy@user"
)

// What a field has in a language, if it has one value or many.
const (
	oneValue   = `value?, aiInfluenced flag`
	manyValues = `values? set, aiInfluenced flag`
)

// timeLayouts are the forms of a time in an expression: those of the guide, and of live clients.
var timeLayouts = []string{
	time.RFC3339, time.TimeOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly,
	"1/2/2006", "1/2/2006 3:04 PM", "1/2/2006 3:04:05 PM", "1/2/2006 15:04", "1/2/2006 15:04:05",
}

// foreignIDs are members of requests whose texts stay as they were sent, in lower case.
var foreignIDs = []string{"externalid", "integrationid", "values", "parameters", "explicitvalues", "filters"}

// facetTypes are the eighteen of the guide, with the property that each is about, or "field".
var facetTypes = map[string]string{
	"classification": "classification.id", "contenttype": "contenttype", "createdby": "createdby.id", "createdon": "createdon",
	"filetype": "latestversionofmasterfile.filetype.id", "modifiedby": "modifiedby.id", "modifiedon": "modifiedon",

	"classificationlistfield": "field", "datefieldrange": "field", "datetimefieldrange": "field", "numericfield": "field", "numericfieldrange": "field",
	"optionlistfield": "field", "textfield": "field", "textlistfield": "field", "timefieldrange": "field", "datefieldrangefilter": "field",
	"numericfieldrangefilter": "field",
}

func contentTypeOf(rec *record) []string { return []string{rec.contentType} }

// recordProperties are those that need nothing but the record.
var recordProperties = map[string]property[*record]{
	"id":             {order: "id", number: func(rec *record) float64 { return float64(rec.number) }},
	"createdon":      {order: "time", number: func(rec *record) float64 { return micros(rec.created) }},
	"modifiedon":     {order: "time", number: func(rec *record) float64 { return micros(rec.modified) }},
	"contenttype":    {texts: contentTypeOf}, // short for its label (CHILI, live)
	"status":         {texts: func(rec *record) []string { return []string{rec.status} }},
	"contentstatus":  {texts: func(rec *record) []string { return []string{rec.status} }},
	"title":          {texts: func(rec *record) []string { return []string{rec.name()} }},
	"tag":            {texts: func(rec *record) []string { return []string{rec.tag} }},
	"aiinfluenced":   {texts: func(*record) []string { return []string{"No"} }},
	"createdby":      {texts: func(rec *record) []string { return []string{nameID(rec.createdBy), rec.createdBy} }},
	"modifiedby":     {texts: func(rec *record) []string { return []string{nameID(rec.modifiedBy), rec.modifiedBy} }},
	"createdby.id":   {texts: func(rec *record) []string { return []string{nameID(rec.createdBy)} }},
	"modifiedby.id":  {texts: func(rec *record) []string { return []string{nameID(rec.modifiedBy)} }},
	"createdby.name": {texts: func(rec *record) []string { return []string{rec.createdBy} }},

	"modifiedby.name":   {texts: func(rec *record) []string { return []string{rec.modifiedBy} }},
	"contenttype.name":  {texts: contentTypeOf},
	"contenttype.label": {texts: contentTypeOf},
}

// notInLists is what the records of a list do not show, whatever is selected.
var notInLists = []string{"record.classifications", "record.files", "record.permissions", "record.locks"}

// recordKinds are records and what is in them. live: seen in an answer of a real
// tenant; JS: the types of aprimo-js, which its author runs against real tenants;
// guide: Aprimo's DAM REST guide; 3.x: later files of aprimo-js.
var recordKinds = []kind{{
	name: "record", plural: "records", source: "live, but for aiInfluenced's other words (JS)",
	shape: `id^, status Draft|Released|Archived, contentType, title~^, tag~, textContent~^, aiInfluenced^ Unknown|No|Yes,
		hasImageOverlay^ flag` + dated,
	rels: `fields|field files&file% preview! thumbnail! masterFile masterFileLatestVersion
		masterFileLatestPublishedVersion classifications|classification accessLists#recordaccesslist permissions>recordpermissions
		locks#recordlock analytics>recordanalytics:analyticsdata managedContent` + byWhom,
}, {
	name: "recordclassification", one: "-", source: "live",
	shape: `id^, sortIndex number=2147483647, isManual^ flag=true`,
	rels:  `target@classification=id`,
}, {
	name: "recordaccesslist", one: "-", source: "JS",
	shape: `id^`,
	rels:  `target@accesslist=id`,
}, {
	name: "recordpermissions", refuse: "PUT", source: "JS",
	shape: `canDelete flag=true, canDownload flag=true, canModify flag=true, canRead flag=true, hasFullControl flag=true`,
}, {
	name: "recordanalytics", refuse: "PUT", source: "JS",
	shape: `downloads number, views number`,
}, {
	name: "recordlock", one: "-", key: "lockId", source: "JS",
	shape: `integrationId, lockedOn^, lockId^, reason, uri`,
}, {
	name: "field", one: "-", source: "live, for eleven data types",
	shape: `dataType^, fieldName^, label^, id^, localizedValues labels:localizedvalue, inheritanceState~^, inheritable~^`,
	rels:  `definition@fielddefinition=id`,
	by:    "dataType", variants: map[string]string{"RecordLink": "recordLinkConditions^ object"},
}, {
	name: "localizedvalue", one: "-", key: "languageId", source: "live, of two tenants, but for RecordList, UserGroupList and LanguageList (JS)",
	shape: `languageId, readOnly?^ flag, modifiedOn time`,
	by:    "~dataType", variants: map[string]string{
		"None": oneValue, "SingleLineText": oneValue, "MultiLineText": oneValue, "Numeric": oneValue, "DateTime": oneValue, "Time": oneValue,
		"Duration": oneValue, "Html": oneValue, "RichContent": oneValue, "Json": oneValue, "Date": oneValue + `, hasDay? flag, hasMonth? flag`,
		"TextList": manyValues, "OptionList": manyValues, "ClassificationList": manyValues, "RecordList": manyValues, "LanguageList": manyValues,
		"UserList": `values? set`, "UserGroupList": `values? set`, "HyperlinkList": `hyperlinks? set`,
		"RecordLink": `links? set, parents? set, children? set`,
	},
}, {
	name: "file", refuse: "PUT DELETE", source: "JS; latestversion: 3.x",
	shape: `id^, checkedOut^ flag, checkedOutOn?^, createdOn time, watermarkId, watermarkType None|InheritFromFile|UseSetting|UseSpecified`,
	rels: `preview! thumbnail! fileVersions&fileversion=versions% latestFileVersion/latestversion:latestversion fields#field
		checkedOutBy@user watermark@watermark=watermarkId createdBy@user`,
}, {
	name: "fileversion", refuse: "PUT DELETE", source: "JS; usedin, contains: JS alone",
	shape: `id^, versionLabel, versionNumber^ number, fileName, fileSize^ number, fileExtension^, fileCreatedOn^ time, fileModifiedOn^ time, comment,
		crc32^ number, sha256~^, content~^, isLatest^ flag, fileState^ Available|Processing, fileProcessingState^, preventDownload flag, tag~,
		metadata~^ object, annotationInfo~^ object, duplicateInfo~^ object, hasSmartActionFindings?^ flag, publications~ set, publicationItems~ set,
		watermarkId, watermarkType None|InheritFromFile|UseSpecified|UseSetting, aiInfluenced^ Unknown|No|Yes, createdOn time`,
	rels: `fileType filePreviews&filepreview=previews% masterFilePreview preview! thumbnail! additionalFiles&additionalfile renditions publicLinks<publiclink=fileVersionId
		watermark@watermark=watermarkId publicUris<publicuri=fileVersionId permissions>fileversionpermissions usedIn# contains# .checkResults*checkresult createdBy@user`,
}, {
	name: "fileversionpermissions", refuse: "PUT", source: "JS",
	shape: `canDownload flag=true`,
}, {
	name: "additionalfile", refuse: "PUT DELETE", source: "JS",
	shape: `id^, label, fileName, fileSize^ number, extension^, type AdditionalFile|OriginalRendition|Crop|Trim|Still|Spinset|Threedimensional|Subtitle|External|Custom|*,
		crc32^ number, isManual^ flag=true, metadata^ object, purposes set, tag, uri^, usages set`,
	rels: `publicLink mainPreview!preview filePreviews#filepreview`,
}, {
	name: "filepreview", refuse: "PUT DELETE", source: "JS",
	shape: `id^, name, pageNumber number=1, isManual^ flag, isMaster^ flag, metadata^ object, tag~, createdOn time`,
	rels:  `preview! thumbnail!`,
}, {
	name: "image", one: "-", source: "live",
	shape: `uri^, extension^ text=jpg, width^ number, height^ number, size^ number`,
}, {
	name: "recordtrail", one: "-", source: "live",
	shape: `entries^ set:recordtrailentry, entryCount^ number, objectId^`,
}, {
	name: "recordtrailentry", one: "-", source: "live",
	shape: `id^ number, type^, userId^, createdOn time, changeCount^ number`,
}, {
	name: "recordtrailchanges", one: "-", source: "live: one entry alone",
	shape: `id^ number, objectId^, userId^, externalUserName?^, createdOn time, changeCount^ number, changes^ set`,
}, {
	name: "rendition", refuse: "PUT DELETE", source: "JS; the path: 3.x",
	shape: `id^, name^, extension^, type^ Original|Preset|Crop|Trim|Custom, uri^, preview^, publishedUri^`,
	rels:  `publicLinks<publiclink=fileVersionId`,
}, {
	name: "publicuri", plural: "publicuris", refuse: "POST PUT", source: "JS; the path: 3.x",
	shape: `id^, canDelete^ flag=true, fileName^, fileVersionId^, origin^ Order|Api, provider^, recordId^, renditionId^, renditionName^,
		renditionType^ Original|Preset|Crop|Trim|Custom, status^ Published|Pending|Failed|Overwritten|Tobedeleted, targetId^,
		targetType^ version|preview|thumbnail|custom|additionalfile, uri^` + dated,
	rels: byWhom,
}, {
	name: "publiclink", plural: "publiclinks", source: "JS",
	shape: `id^, additionalFileId, canDelete^ flag=true, fileSize number, fileVersionId, origin^ Api|Order, provider, recordId, renditionName,
		status^ Published|Pending|Failed|Overwritten|Tobedeleted, uri` + dated,
	rels: byWhom,
}, {
	name: "checkresult", key: "id", bare: true, source: "JS; singular for one, and the set that has no pages: 3.x",
	shape: `id^, checkId, createdBy^, description, fileVersionId^, outcome pass|fail|warning|info, createdOn time`,
	rels:  `findings*finding`,
}, {
	name: "finding", one: "findings", key: "occurrence", bare: true, source: "JS; the plural for one, by occurrence",
	shape: `id^, occurrence number, finding, outcome pass|fail|warning|info, additionalData, explanation, recommendation, fileVersionCheckId^`,
}}
