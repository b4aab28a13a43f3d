package aprimotest

// definition is what the definitions of all fields have.
const definition = `label, labels labels, dataType None|SingleLineText|MultiLineText|Numeric|DateTime|Date|Time|OptionList|Duration|UserList|UserGroupList|Html|
	RichContent|Json|ClassificationList|RecordList|RecordLink|LanguageList|TextList|HyperlinkList,
	scope RecordContentGlobal|RecordContentClassDependent|RecordContentFloating|ClassificationProfileClassDependent|UserGlobal|FileFileTypeDependent|
	FileFloating|IndexerTaskGlobal|FileGlobal|ClassificationProfileFloating|RecordContentContentTypeDependent,
	scopeCategory Record|File|Classification|User|IndexerTask|MetadataTemplate, indexed flag=true, languageMode Single|Multiple, memberships set,
	searchIndexRebuildRequired^ flag, enabledLanguages set, id^, name!, isRequired flag, isReadOnly flag, isUniqueIdentifier flag, inlineStyle,
	sortIndex number, tag~, defaultValue, resetToDefaultTriggers set, validation, validationErrorMessage, validationTrigger Always|None|WhenNeeded,
	storageMode NonEmptyValues|None|AllValues|LogChanges, resetToDefaultFields set, helpText, helpTexts labels, hints?, metadataPredictionEnabled flag, aiEnabled flag`

// schemaKinds are what describes records: fields, classifications, and the like.
var schemaKinds = []kind{{
	name: "fielddefinition", plural: "fielddefinitions", source: "live (eleven data types); those of dataTypes not seen: JS",
	shape: definition + dated,
	rels:  byWhom,
	by:    "dataType", variants: map[string]string{
		"SingleLineText":     `minimumLength number, maximumLength number=3800, regularExpression`,
		"MultiLineText":      `minimumLength number, maximumLength number=3800, regularExpression`,
		"Numeric":            `accuracy number=1, range`,
		"Date":               `yearMonthPattern, datePattern text=MM/dd/yyyy`,
		"DateTime":           `dateTimePattern, datePattern text=MM/dd/yyyy, useUtc flag`,
		"OptionList":         `items set:optionlistitem, acceptMultipleOptions flag, sortOrder SortIndex|Label|Name, filter`,
		"ClassificationList": `acceptMultipleOptions flag, linkRecordToSelectedClassifications flag, restrictValuesToLeafNodes flag, rootId, defaultSelectionDisplayMode Browse|Search|Dropdown, filter`,
		"UserList":           `filter`,
		"UserGroupList":      `filter`,
		"RecordList":         `summaryFieldId`,
		"RecordLink": `linkType OneParentOneChild|OneParentManyChildren|OneParentOrderedChildren|ManyParentsOneChild|ManyParentsManyChildren|ManyParentsOrderedChildren|NoParentChildRelationship,
			childClassifications set, childContentTypes set, childHelpText, childHelpTexts labels, childLabel, childLabels labels, linkClassifications set,
			linkContentTypes set, parentClassifications set, parentContentTypes set, parentHelpText, parentHelpTexts labels, parentLabel, parentLabels labels,
			showSummaryImage flag, summaryFieldId`,
	},
}, {
	name: "optionlistitem", one: "-", source: "live",
	shape: `id, name, label, labels labels, sortIndex number, image object, tag, disabledInDAMUI flag`,
}, {
	name: "label", one: "-", key: "languageId", source: "live; that languageid is read as well: Classification-Importer-Tool",
	shape: `languageId, value`,
}, {
	name: "registeredfield", one: "-", key: "fieldId", source: "JS, live",
	shape: `fieldId!`,
}, {
	name: "registeredfieldgroup", one: "-", key: "fieldGroupId", source: "JS, live",
	shape: `fieldGroupId!`,
}, {
	name: "fieldgroup", plural: "fieldgroups", source: "JS",
	shape: `id^, name!, tag` + dated,
	rels:  `members#fielddefinition` + byWhom,
}, {
	name: "contenttype", plural: "contenttypes", source: "JS",
	shape: `id^, name!, labels labels, purpose, parentId?, isManual flag=true, isNoFile flag, fileMode UploadFile|NoFile|CreateFromUrl|CreateFromSmartAgent,
		fileConfiguration object, defaultFileExtensions set, titleConfiguration object, inheritanceConfiguration None|Custom, inheritanceFieldId,
		inheritableFields items:registeredfield, registeredFields set:registeredfield, registeredFieldGroups set:registeredfieldgroup` + dated,
	rels: `parent@contenttype=parentId` + byWhom,
}, {
	name: "filetype", plural: "filetypes", source: "JS",
	shape: `id^, name!, extension, mimeType, kind, engineFormat, labels labels, icon, thumbnail, isCatalogable flag, catalogActions set:filetypeaction, mediaEngines set, allowOrderResizeSource flag,
		keepDocumentDimensions flag, preferredExtension flag, previewFormat Jpg|Png, previewKeepDimensions flag, previewPlayers set, previewRequired flag,
		registeredFields set:registeredfield, registeredFieldGroups set:registeredfieldgroup, supportAssetResize flag, supportAssetWatermark flag, tag` + dated,
	rels: `icon thumbnail` + byWhom,
}, {
	name: "filetypeaction", one: "-", key: "name", source: "JS, live",
	shape: `name!, isCritical flag`,
}, {
	name: "language", plural: "languages", source: "JS; the fields that clients read: live",
	shape: `id^, name!, culture, isEnabledForFields flag, isEnabledForUI flag, tag` + dated,
	rels:  `image` + byWhom,
}, {
	name: "translation", plural: "translations", source: "JS",
	shape: `id^, studio, module, name!, localizedValues labels, tag` + dated,
	rels:  byWhom,
}, {
	name: "classification", plural: "classifications", source: "JS; parentNamePath: a PHP and a JavaScript importer, live; that a parent is needed: 3.x",
	shape: `id^, identifier, name!, namePath~^, labelPath~^, labels labels, parentId?, isRoot flag, hasChildren~^ flag, registeredFieldGroups set:registeredfieldgroup, registeredFields set:registeredfield,
		sortIndex number, sortOrder Label|Name|SortIndex, disabledInDAMUI flag, tag~` + dated,
	rels: `parent@classification=parentId ancestors children<classification=parentId image fields#field recordPermissions>classificationpermissions
		downloadPermissions>classificationdownloadpermissions classificationTreePermissions>classificationpermissions slaveClassifications#classification
		followerClassifications#classification classificationTreePermission>classificationuserpermissions` + byWhom,
}, {
	name: "classificationpermissions", source: "JS; that Inherit removes an entry: 3.x",
	shape: `breakInheritance flag, permissions set:classificationpermission`,
}, {
	name: "classificationpermission", one: "-", key: "userGroupId", source: "JS",
	shape: `userGroupId!, accessRight Noaccess|Read|Classify|Modify|Delete|Fullcontrol|Deletedenyfullcontrol|Modifydenydelete|Classifydenymodify|Readdenyclassify|Denyread|Inherit`,
}, {
	name: "classificationdownloadpermissions", source: "JS",
	shape: `breakInheritance flag, permissions set:classificationdownloadpermission`,
}, {
	name: "classificationdownloadpermission", one: "-", key: "userGroupId", source: "JS",
	shape: `userGroupId!, accessRight Noaccess|Allow|Deny|Inherit`,
}, {
	name: "classificationuserpermissions", refuse: "PUT", source: "JS",
	shape: `canClassify flag=true, canDelete flag=true, canModify flag=true, canRead flag=true`,
}, {
	name: "watermark", plural: "watermarks", source: "JS",
	shape: `id^, name!, position topleft|topcenter|topright|middleleft|middlecenter|middleright|bottomleft|bottomcenter|bottomright, tag` + dated,
	rels:  `image` + byWhom,
}}
