package aprimotest

// anOrder is what orders of all types have.
const (
	anOrder = `id^, type^, orderType^, status^ Pending|Success|Failed|PartiallyFailed|Executing|Cancelled|Scheduled|Queued|AsyncPending|AsyncExecuting, message?^, deliveredFiles^ set, totalFileSize^ number, failedTargetsCount^ number, executionTime^,
	startedOn?^, creatorEmail, disableNotification flag, priority number:Medium|High, earliestStartDate?, createdOn time, `
	ofOrder = `targets#ordertarget|target createdBy@user`
)

// workKinds are what is done for long, by whom it may be, and how the tenant is set up.
var workKinds = []kind{
	{name: "order", plural: "orders", refuse: "PUT DELETE", source: "JS", shape: anOrder, rels: ofOrder},
	{name: "downloadorder", source: "JS; useCDN as text: a PHP importer as well", rels: ofOrder, shape: anOrder +
		`disableProcessing No|Yes|yesIfPermissionGranted, useCDN No|Automatic, downloadAgreementIds? set, notificationThresholdInSeconds number, singleFileZipMode`},
	{name: "emailorder", source: "JS", rels: ofOrder, shape: anOrder + `emailBody, emailRecipients set, emailSubject, useCDN`},
	{name: "ftporder", source: "JS", rels: ofOrder, shape: anOrder + `connectionType Normal|ImplicitEncryption|ExplicitSslEncryption|ExplicitTlsEncryption,
		ftpDirectory, ftpHostname, ftpPort number=21, ftpUsername, passiveTransfer flag, proxyHostname, proxyPort number, proxyUsername`},
	{name: "ftpresortorder", source: "JS", rels: ofOrder, shape: anOrder},
	{name: "publiccdnorder", source: "JS", rels: ofOrder, shape: anOrder},
	{name: "publiccdnadaptivestreamingorder", source: "guide: its index alone", rels: ofOrder, shape: anOrder},
	{name: "akamaicdnorder", source: "JS", rels: ofOrder, shape: anOrder},
	{name: "sharedownloadlinkorder", source: "JS", rels: ofOrder, shape: anOrder + `emailBody, emailRecipients set, sendEmail flag, sharedDownloadLinkId^, shareUri^`},
	{name: "contactsheetorder", source: "JS", rels: ofOrder, shape: anOrder + `useCDN No|Automatic, notificationThresholdInSeconds number`},
	{name: "brandtemplateorder", source: "JS", rels: ofOrder, shape: anOrder + `customizationId, presets set`},
	{name: "brandtemplatepreprocessingorder", source: "JS", rels: ofOrder, shape: anOrder},
	{name: "ordertarget", one: "-", source: "JS", shape: `id^, additionalFileId, actions set, assetType, attempt^ number, errorDetails^, executionTime^, fileName^, forceRetry flag,
		itemId^, message^, recordId, recordIds set, status^ pending|succeeded|failed|partiallyfailed, tag, targetTypes set,
		type^ version|preview|thumbnail|custom|additionalfile`},
	{name: "downloadlink", plural: "downloadlinks", refuse: "POST PUT", source: "JS; that each order leaves one: 3.x", rels: `targets#ordertarget|target createdBy@user`,
		shape: `id^, deliveredFiles^ set, description^, downloadAgreementIds^ set, errorDescription^, failedRecordsCount^ number, failedTargetsCount^ number,
		status^ Pending|Success|Failed|PartiallyFailed|Executing|Cancelled|Scheduled|Queued|AsyncPending|AsyncExecuting, succeededRecordsCount^ number, title^, type^, createdOn time`},
	{name: "maintenancejob", plural: "maintenancejobs", source: "JS; that a new one succeeds at once is a guess", rels: `targets#maintenancetarget createdBy@user`,
		shape: `id^, type, actions set, creatorEmail, disableNotification flag, earliestStartDate?, errors?^ set, executionTime^ text=00:00:00, failedTargetsCount^ number,
		targetsCount^ number, message?^, priority number:Medium|High, startedOn?^, status^ Success|Pending|Failed|PartiallyFailed|Executing|Cancelled|Scheduled|Queued|AsyncPending|AsyncExecuting,
		createdOn time`},
	{name: "maintenancetarget", one: "-", source: "3.x", shape: `id, recordId, classificationId, forceRetry flag, tag`},
	{name: "rulecondition", one: "-", key: "index", source: "JS; by index: DAM-Configuration-Moving-Tools", shape: `index number, conditionType`},
	{name: "ruleaction", one: "-", key: "index", source: "JS; by index: DAM-Configuration-Moving-Tools", shape: `index number, actionType`},
	{name: "rule", plural: "rules", source: "JS", rels: `conditions#rulecondition actions#ruleaction` + byWhom,
		shape: `id^, name!, enabled flag, expression, includeDraftRecords flag, isInternal flag, tag, version^ number=1, trigger WhenSavedOrDeleted|Daily,
		target Record|SettingDefinition|FieldDefinition|IndexerTask|Translation|SettingCategory|UserGroup|Watermark|FieldGroup|Collection|User|Classification|
		Language|FileType|Organization|Site|Publication|Subscription|Filestore|SavedView` + dated},
	{name: "settingcategory", plural: "settingcategories", source: "JS", rels: byWhom, shape: `id^, name!, labels labels, tag` + dated},
	{name: "settingdefinition", plural: "settingdefinitions", source: "JS", rels: byWhom,
		shape: `id^, name!, labels labels, categoryId, dataType Text|None|Boolean|Numeric|DateTime|Xml|Role|Reference|EncryptedText|DefSchema, allowSystemSetting flag,
		allowUserSetting flag, defaultValue, helpUrl, roleRequiredForChange, userGroupSettingMode None|MaximumValue|MinimumValue|Manual|FirstValue, tag` + dated,
		by: "dataType", variants: map[string]string{"Text": "regularExpression"}},
	{name: "setting", key: "name", plural: "settings", refuse: "POST DELETE", bare: true, source: "JS, guide", shape: `name!, value`},
	{name: "check", plural: "checks", one: "checks", source: "JS: the plural for one as well; labels: CheckFramework-Demo", shape: `id^, name, labels labels, actionClass, actionTypeId, checkCategoryId, createdBy^, modifiedBy^` + dated},
	{name: "checkcategory", plural: "checkcategories", one: "checkcategories", source: "JS, live: the plural for one as well", shape: `id^, name!`},
	{name: "actiontype", plural: "actiontypes", source: "3.x has the path; the members are a guess", shape: `id^, name!, actionClass`},
	{name: "searchindex", single: true, refuse: "DELETE", source: "JS, 3.x", shape: `indexedClassifications^ number, indexedRecords^ number, lastChangeDateTime^, lastChangeId^ number,
		lastIndexRebuild^, pendingChanges^ number, rebuildRequired^ flag, rebuildScheduled flag`},
	{name: "statistics", single: true, source: "guide", shape: `enabled flag`},
	{name: "uniquekeyindex", single: true, refuse: "DELETE", source: "JS has the type; the path is a guess", shape: `hasDuplicates^ flag, indexBuildRequired flag, isReindexing^ flag,
		lastTimeIndexed^, totalProcessedClassifications^ number, totalProcessedRecords^ number`},
	{name: "csp", single: true, refuse: "DELETE", source: "JS has the type; the path is a guess", shape: `domains set`},
	{name: "info", single: true, refuse: "PUT DELETE", source: "JS has the type; the path is a guess", shape: `releaseInfo^ object`},
}
