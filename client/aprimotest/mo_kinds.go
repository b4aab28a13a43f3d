package aprimotest

// A moKind is one kind of object of marketing operations. What an object looks like
// is from the types of timw255/aprimo-js 2.3.0, which its author runs against a real
// tenant, and from Aprimo's list of routes. Which number a state has is a guess.
type moKind struct {
	path   string     // in the API's paths
	key    string     // of a list in _embedded
	shape  string     // of an answer, as those of the DAM are
	state  string     // the member that a verb sets to the verb's place in the list
	verbs  string     // that change the state; answered 204
	acts   string     // other verbs; answered with the object
	made   int        // the status of a new one, if it is not 201
	manual bool       // made in Aprimo's pages alone, so that one is there at the start
	first  []document // what there is then, if it is not an empty one
	store  string     // the path of the kind that has the objects, if it is another
	found  string     // the key of a search, if it is another

	shown *kind // with the members
}

const (
	moWorkflow = ", workFlowTaskStatus? number, estimatedWork? number, assignees set, taskRoles set" // aprimo-chrome-extension, aprimo-editor-tools
	moExtended = ", extendedAttributes set, multipleValueExtendedAttributes set"
	moVersion  = ", isDefaultVersion? flag, filename?, extension?, thumbnailUri?, downloadUri?, thumbnailStatus? number, modifiedUser? number, modifiedDate?, createdDate?, versionType? number, creatorId? number, fileId?, annotationFileType? number, versionComments?, sendNotification? number, versionUrl?, sitemapStatus? number, webPDFStatus? number, webPDFPublished? number, hasAnnotations? flag, isDamFileAvailable? flag, hasXfdfAnnotations? flag, isEligibleForDamContent? flag"
	moComment  = "id number, creatorId? number, status? number, pageNumber? number, createdDate?, style? number, userFirstName?, userLastName?, numberOfReplies? number"
	moGeneric  = "id number, name, description?, createdBy? number, createdDate?, modifiedBy? number, modifiedDate?, relatedObjectId? number, status?" + moExtended
)

var moKinds = []moKind{
	{path: "activities", key: "Activity", shape: "activityId number, name, description?, activityTypeId? number, activityStateId? number, ownerId? number, administratorId? number, beginDate?, endDate?, visualEndDate?, currencyCode? number, scsId? number, timeZoneId? number, modifiedUser? number, modifiedDate?" + moExtended},
	{path: "activity-cells", key: "activity-cell", shape: "activityCellId number, title, activityId number, description?, code?, sourceCode?, estimatedQuantity? number, actualQuantity? number, actualResponse? number, modifiedUser? number, modifiedDate?" + moExtended},
	{path: "activity-cell-treatments", key: "activity-cell-treatment", shape: "activityCellTreatmentId number, activityCellId number, activityTreatmentId number, channelId? number, activityWaveId? number, cellPercentage? number, estResponseRatePercent? number, sequence? number"},
	{path: "activity-milestones", key: "activity-milestone", shape: "activityDateId number, activityId number, title, description?, startDate?, endDate?, scheduleType? number, timeZone? number, milestoneEaId? number"},
	{path: "activity-offers", key: "activity-offers", shape: "activityOfferId number, offerId number, activityId number, revenuePerOffer? number" + moExtended},
	{path: "activity-proposals", key: "activity-proposal", shape: "proposalId number, title, proposalState? number, approvalType? number, activityTypeId? number, ownerId? number, administratorId? number, beginDate?, endDate?, anchorDate?, modifiedDate?, modifiedUser? number, classificationId? number, currencyCode? number, timeZone? number, isTemplate? number, invoiceTotal? number, materialTotal? number, laborTotal? number, totalCost? number, exchangeRateId? number, financialGroupId? number, accessList set" + moExtended},
	{path: "activity-proposal-templates", key: "activity-proposal-template", shape: "proposalId number, title, isTemplate number=1", manual: true},
	{path: "activity-roles", key: "activity-role", shape: "activityRoleId number, userRoleId number, activityId? number, users set, userTokens set"},
	{path: "activity-treatments", key: "activity-treatment", shape: "activityTreatmentId number, treatmentId number, activityId number, currencyCode? number"},
	{path: "annotations", key: "annotation", shape: "annotationId number, type text=rectangle, page number=1, authorId number, associatedNumber? number, createdDate?, modifiedDate?, replyCount? number, geometry object, style object, content object, referenceLink object"},
	{path: "assets", key: "digital-asset", store: "digital-assets"},
	{path: "attachments", key: "Attachment", shape: "attachmentId number, title, objectId? number, objectTypeId? number, attachmentTypeId? number, projectVisibility? flag, attachmentType?, modifiedUser? number, modifiedDate?, creatorId? number, customThumb? number, projects set, activityProjectList? number, sendNotification? number" + moExtended, acts: "checkout cancel-checkout"},
	{path: "attachment-versions", key: "version", shape: "versionId number, attachmentId number" + moVersion, store: "document-versions"},
	{path: "brands", key: "brand", shape: "brandId number, name", manual: true},
	{path: "clients", key: "client", shape: "clientId number, name", manual: true},
	{path: "comments", key: "comment", shape: moComment + ", commentText?", manual: true},
	{path: "commitments", key: "commitment", shape: "committedId number, supplierId number, currencyCode number=1, purchaseOrderNumber?, closed? number, enteredValue? number, ownerId? number, modifiedUser? number, modifiedDate?, creatorId? number, createdDate?, commitmentTypeId? number, reviewedDate?, reviewedBy? number, commitmentStatus? number, financeGroupId? number, totalPendingInvoice? number, baseTotalPendingInvoice? number, totalPaidInvoice? number, baseTotalPaidInvoice? number, totalPendingAndPaidInvoice? number, totalAmount? number, baseTotalAmount? number, totalOutstanding? number, baseTotalOutstanding? number, proposedTotalAmount? number, proposedBaseTotalAmount? number, commitmentItems set, proposedCommitmentItems set" + moExtended, state: "commitmentStatus", verbs: "submit retrieve approve reject cancel"},
	{path: "content-plans", key: "content-plan", shape: "planId number, title, statusId? number, description?, administratorId? number, beginDate?, endDate?, modifiedUserId? number, modifiedDate?, collections set, activities set, accessList set, canRead flag=true, canModify flag=true, canCreateActivity? flag, canModifyActivity? flag" + moExtended, acts: "activities share", manual: true},
	{path: "digital-assets", key: "digital-asset", shape: "assetId number, title, type? number, assetStatus? number, restrictionStatus? number, hasVersions? flag, visibleInPortal? number, createdDate?, modifiedDate?, modifiedUser? number, isReferenceDocument? flag, assetType?, ownerId? number, customThumbnail? number, allowOnDemand? number, promotedFromActivity? flag, activityId? number, packages set, categories set, canDownload? flag" + moExtended},
	{path: "digital-asset-comments", key: "comment", shape: moComment, manual: true},
	{path: "digital-asset-folders", key: "folder", shape: "categoryId number, title, digitalAssetId number", store: "folders"},
	{path: "digital-asset-renditions", key: "digital-asset-rendition", shape: "renditionId number, versionId number, title?, filename?, fileSize? number, renditionUri?, attachmentVersionType? number, modifiedDate?"},
	{path: "digital-asset-versions", key: "versions", shape: "versionId number, digitalAssetId number, digitalAssetTitle?, digitalAssetType? number, versionNumber?, versionDate?, legacyDetailsUri?, legacyAnnotationViewerUri?, legacyAnnotationViewerReadOnlyUri?, legacyOfflineAnnotationViewerUri?, isDefaultVersion? flag, extension?, thumbnailUri?, thumbnailStatus? number, modifiedDate?, createdDate?, hasRendition? flag, annotationFileType? number, isReferenceDocument? flag, isDamVideoPreviewAvailable? flag, isDamPreviewAvailable? flag, isDamFileAvailable? flag, hasXfdfAnnotations? flag, isEligibleForDamContent? flag", store: "document-versions"},
	{path: "digital-asset-version-tags", key: "tag", shape: "tagId number, versionId number, creatorId? number, status? number, hasReplies? flag, createdDate?, style? number, modifiedDate?, modifiedBy? number, numberOfReplies? number, userFirstName?, userLastName?, pageNumber? number, printNumber? number, location?, title?, assetId? number, canAccessViewer? flag, tagVersion? number" + moExtended, manual: true},
	{path: "document-versions", key: "document-version", shape: "versionId number" + moVersion, manual: true},
	{path: "documents", key: "document", shape: "documentId number, title?, taskId? number", manual: true},
	{path: "domain-rights", key: "domain-rights", shape: "functionID number, name, description", manual: true},
	{path: "extended-attributes", key: "extended-attribute", shape: "extendedAttributeId number, name", manual: true},
	{path: "financial-hierarchies", key: "financial-hierarchy", shape: "financialHierarchyId number, rootNodeId? number, unusedNodeId? number, showUnused? number, modifiedDate?, modifiedUser? number, fiscialYearId? number, status? number, encodedTitleId? number, encodedTitle?, accessList set, users set, fundingAccounts set"},
	{path: "financial-hierarchy-nodes", key: "node", shape: "financialHierarchyId number, nodes set, accessList set", store: "financial-hierarchies"},
	{path: "folders", key: "folder", shape: "categoryId number, title", manual: true},
	{path: "funding-accounts", key: "funding-account", shape: "fundingAccountId number, title, fundingAccountPrefix?, fundingAccountType? number, displayTitle?, description?, status? number, source? number, administrator? number, financeGroupClassification? number, fundingAccountContact? number, fiscalYear? number, modifiedDate?, modifiedUser? number, budgetedCurrency? number, creator? number, createdDate?, exchangeRate? number, budgets set, accessList set" + moExtended},
	{path: "generic-object-alpha", key: "generic-object-alpha", shape: moGeneric},
	{path: "generic-object-bravo", key: "generic-object-bravo", shape: moGeneric},
	{path: "generic-object-charlie", key: "generic-object-charlie", shape: moGeneric},
	{path: "generic-object-delta", key: "generic-object-delta", shape: moGeneric},
	{path: "generic-object-echo", key: "generic-object-echo", shape: moGeneric},
	{path: "groups", key: "group", shape: "groupId number, name, status? number, financeGroup? number, description?, adamUserId?, modifiedBy? number, modifiedDate?, createdBy? number, createdDate?, users set, roles set, domainRights set", made: 200}, // DAM Security Importer takes nothing else
	{path: "group-memberships", key: "group-membership", shape: "membershipId number, groupId? number, userId? number", manual: true},
	{path: "invoices", key: "invoices", found: "invoice", shape: "invoiceId number, supplierId number, currencyCode number=1, invoiceNumber, commitmentFundId? number, paidDate?, totalInvoice? number, baseTotalInvoice? number, dateReceived?, dateDue?, modifiedDate?, modifiedUser? number, reviewedBy? number, financeGroupId? number, reviewedDate?, pooled? number, status? number, creator? number, invoiceDate?, fiscalYearId? number, exchangeRateId? number, ownerId? number, invoiceTypeId? number, net? number, invoiceItems set" + moExtended, state: "status", verbs: "submit retrieve approve sent cancel"},
	{path: "journal-vouchers", key: "journal-voucher", shape: "journalVoucherId number, supplierId number, currencyCode number=1, journalVoucherDate?, creatorId? number, fiscalYearId? number, journalVoucherStatus? number, postedDate?, sendToGlIntegration? number, modifiedUser? number, modifiedDate?, exchangeRateId? number, multipleActivities? number, glOverridden? number, jvTotal? number, baseTotalJv? number, financeGroupId? number, journalVoucherItems set" + moExtended, state: "journalVoucherStatus", verbs: "submit reconcile reject sent cancel"},
	{path: "lookup", key: "lookup", shape: "lookupId number, description, count number, items set", manual: true,
		first: []document{moLookup(506, "Users", "Anna", "Ben"),
			moLookup(2974, "Workflow statuses", "Not started", "Pending", "Ready", "Assigned", "In process", "Closed"), // read by aprimo-editor-tools, as the next
			moLookup(2981, "User tokens", "Owner", "Administrator")}},
	{path: "offers", key: "offer", shape: "offerId number, title, offerCode?, statusId? number, description?, ownerId? number, beginDate?, expirationDate?, modifiedUser? number, modifiedDate?, activitySpecific? number, accessList set" + moExtended},
	{path: "programs", key: "program", shape: "programId number, title, ownerId? number, description?, startDate?, endDate?, modifiedUser? number, modifiedDate?, classificationId? number, accessList set" + moExtended, manual: true},
	{path: "program-proposals", key: "program-proposal", shape: "proposalId number, title, classificationId? number, proposalState? number, programTypeId? number, ownerId? number, beginDate?, endDate?, modifiedDate?, modifiedUser? number, currencyCode? number, invoiceTotal? number, materialTotal? number, laborTotal? number, tAndETotal? number, totalCost? number, approvalType? number, proposalType? number, accessList set" + moExtended, manual: true},
	{path: "projects", key: "Project", shape: "projectId number, title, activityId? number, description?, beginDate?, endDate?, workflowId? number, projectStatus? number, projectManager? number, modifiedDate?, modifiedUser? number, enableAlap? number, timeZoneId? number, projectScalingTypeId? number, digitalAssetLocation? number, changeOrder? flag, useDamAssetAccessList? number, useFloat? number, healthIndicatorDate?" + moExtended, state: "projectStatus", verbs: "start pause close cancel"},
	{path: "project-roles", key: "project-role", shape: "projectRoleId number, userRoleId number, projectId? number, users set, userTokens set", manual: true},
	{path: "resources", key: "resources", shape: "id, value", manual: true},
	{path: "review-tasks", key: "ReviewTask", shape: "taskId number, projectId? number, name?, endDate?" + moWorkflow, manual: true, first: moTask},
	{path: "suppliers", key: "supplier", shape: "supplierId number, name, preferred number, activeFlag number=1, supplierTypeId? number, notificationTypeId? number, supplierNumber?, description?, phone?, modifiedUser? number, modifiedDate?, financeGroups set" + moExtended},
	{path: "system-type-items", key: "items", shape: "systemTypeId number, activeFlag number=1, resourceId?, systemType?", manual: true},
	{path: "task-assignees", key: "assignee", shape: "taskAssigneeId number, taskId? number, userId? number", manual: true},
	{path: "task-review-materials", key: "review-material", shape: "reviewMaterialId number, taskId? number, title?", manual: true},
	{path: "task-votes", key: "document-vote", shape: "voteId number, taskId? number, documentId? number, userId? number", manual: true},
	{path: "tasks", key: "Task", shape: "taskId number, projectId? number, name?, description?, status? number, beginDate?, endDate?, duration? number, ownerId? number, assignedTo? number, modifiedDate?, modifiedUser? number" + moWorkflow + moExtended, state: "status", verbs: "accept decline close", acts: "delegate", manual: true, first: moTask},
	{path: "simple-tasks", key: "Task", shape: "taskId number", store: "tasks"},
	{path: "teams", key: "teams", shape: "teamId number, name, description?, teamMembers set", manual: true},
	{path: "treatments", key: "treatment", shape: "treatmentId number, title, description?, treatmentCode?, typeId? number, channelId? number, activeFlag number=1, activitySpecific? number, currencyCode? number, modifiedUser? number, modifiedDate?, assignedActivityIds set" + moExtended, manual: true},
	{path: "user-roles", key: "user-role", shape: "roleId number, name, activeFlag number=1, description?, currencyCode? number, laborRateBase? number, excludeFromChatboards? number, usedInAnnotations? number, color?, modifiedUser? number, modifiedDate?, users set, groups set"},
	{path: "users", key: "user", shape: "userId number, loginId, email, lastName, userType number=1, currencyCode number=1, laborRateCurrencyCode number=1, languageId number=1, localeId number=1033, autoSave number, dateFormat number, timeFormat number, numberFormatId number=1, timezoneId number=1, paperSize number, htmlEmail flag=true, analyzeAllDomains number, isPinReset number, passwordExpires number, adHocUser flag, activeFlag number=1, applicationUser flag=true, portalUser flag, reviewUser flag, isOutOfOffice flag, clientLoggingLevel number, groups set, rights set, investmentReviewUserBackups set, investmentReviewGroupBackups set, activityFinancialUserBackups set, activityFinancialGroupBackups set, conceptReviewUserBackups set, conceptReviewGroupBackups set, workflowUserBackups set, workflowGroupBackups set, firstName?, company?, themeId? number, notificationTypeId? number, passwordSetDate?, outOfOfficeStatus? number, lastLoginDate?, preferredLandingPage? number, spendFocusedView? number, inheritedRights set, adamLoginId?, adamUserId?" + moExtended, acts: "resetpin"},
}

// moTask is the task that there is at the start, which is assigned (aprimo-chrome-extension).
var moTask = []document{{"taskId": 1.0, "name": "Task 1", "workFlowTaskStatus": 4.0, "endDate": "2026-01-31T00:00:00Z"}}

// moLookup is a list of choices. Which number has which, apart from those that clients ask
// for, is a guess.
func moLookup(id float64, description string, values ...string) document {
	items := []any{}
	for i, value := range values {
		items = append(items, document{"key": i + 1, "value": value, "active": true})
	}
	return document{"lookupId": id, "description": description, "count": len(items), "items": items}
}

// A moList is a list of objects: all of a kind, or those below another object.
type moList struct {
	path string
	kind string // "" for the one in the path
	key  string // in _embedded, if it is not the kind's
	bare bool   // a list is an array, and a deletion is answered true
	only func(moScope, document) bool
}

// moCalls are those of each list, and of an object in it.
var moCalls = map[string]func(moScope) any{
	"GET": moScope.index, "POST": moScope.create,
	"GET /{id}": moScope.one, "PUT /{id}": moScope.put, "DELETE /{id}": moScope.remove, "POST /{id}": moScope.post,
}

// moLists are the lists below an object. A wildcard names the member that has the
// number of what the list is below.
var moLists = []moList{
	{path: "activities/{activityId}/activity-cells", kind: "activity-cells"},
	{path: "activities/{activityId}/activity-offers", kind: "activity-offers"},
	{path: "activities/{activityId}/activity-treatments", kind: "activity-treatments"},
	{path: "activities/{activityId}/milestone", kind: "activity-milestones"},
	{path: "activities/{activityId}/programs", kind: "programs"},
	{path: "activities/{activityId}/projects", kind: "projects"},
	{path: "activities/{activityId}/roles", kind: "activity-roles"},
	{path: "activity-cells/{activityCellId}/activity-cell-treatments", kind: "activity-cell-treatments"},
	{path: "assets/{assetId}/versions/{versionId}/annotations-data", kind: "annotations"},
	{path: "attachments/{attachmentId}/review-required-documents", kind: "documents"},
	{path: "attachments/{attachmentId}/versions", kind: "attachment-versions"},
	{path: "attachments/{attachmentId}/versions/{versionId}/comments", kind: "comments"},
	{path: "digital-assets/{digitalAssetId}/folders", kind: "digital-asset-folders", bare: true},
	{path: "digital-assets/{digitalAssetId}/versions", kind: "digital-asset-versions"},
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/comments", kind: "digital-asset-comments"},
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/renditions", kind: "digital-asset-renditions"},
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/tags", kind: "digital-asset-version-tags"},
	{path: "groups/{groupId}/membership", kind: "group-memberships"},
	{path: "projects/{projectId}/attachments", kind: "attachments"},
	{path: "projects/{projectId}/digital-assets", kind: "digital-assets"},
	{path: "projects/{projectId}/project-roles", kind: "project-roles"},
	{path: "projects/{projectId}/role-memberships", kind: "user-roles", key: "role-membership"},
	{path: "system-types/{systemType}", kind: "system-type-items"},
	{path: "system-types/{systemType}/active", kind: "system-type-items", only: func(_ moScope, doc document) bool { return text(doc["activeFlag"]) != "0" }},
	{path: "tasks/mine", kind: "tasks", only: moScope.isMine},
	{path: "tasks/simple-tasks", kind: "tasks"},
	{path: "tasks/{taskId}/assignees", kind: "task-assignees"},
	{path: "tasks/{taskId}/document-uploads", kind: "documents"},
	{path: "tasks/{taskId}/document-uploads/{documentId}/attachments", kind: "attachments"},
	{path: "tasks/{taskId}/document-uploads/{documentId}/attachments/{attachmentId}/versions", kind: "attachment-versions"},
	{path: "tasks/{taskId}/document-uploads/{documentId}/document-versions", kind: "document-versions"},
	{path: "tasks/{taskId}/document-uploads/{documentId}/uploaded-versions", kind: "document-versions"},
	{path: "tasks/{taskId}/document-votes", kind: "task-votes"},
	{path: "tasks/{taskId}/documents", kind: "documents"},
	{path: "tasks/{taskId}/documents/assets", kind: "digital-assets"},
	{path: "tasks/{taskId}/documents/attachments", kind: "attachments"},
	{path: "tasks/{taskId}/review-materials", kind: "task-review-materials"},
	{path: "tasks/{taskId}/working-attachments", kind: "documents"},
	{path: "tasks/{taskId}/working-digital-assets", kind: "documents"},
	{path: "user-roles/annotationUserRoles", kind: "user-roles", bare: true},
	{path: "users/annotationUsers", kind: "users", bare: true},
}

// moSpecials are the calls that no table describes.
var moSpecials = []struct {
	pattern, kind string
	do            func(moScope) any
}{
	{"POST {resource}/search", "", moScope.search},
	{"POST {resource}/{id}/{verb}", "", moScope.do},
	{"GET activities/{activityId}/roles/{id}/members", "activity-roles", moScope.members},
	{"POST activities/{activityId}/roles/{id}/members", "activity-roles", moScope.members},
	{"DELETE activities/{activityId}/roles/{id}/members/{member}", "activity-roles", moScope.members},
	{"GET projects/{projectId}/project-roles/{id}/members", "project-roles", moScope.members},
	{"POST projects/{projectId}/project-roles/{id}/members", "project-roles", moScope.members},
	{"DELETE projects/{projectId}/project-roles/{id}/members/{member}", "project-roles", moScope.members},
	{"GET attachments/{id}/activity", "attachments", moScope.activity},
	{"GET digital-assets/{id}/activity", "digital-assets", moScope.activity},
	{"GET attachments/{attachmentId}/versions/{id}/xfdf-annotations", "attachment-versions", moScope.annotations},
	{"PUT digital-assets/{digitalAssetId}/versions/{versionId}/tags", "digital-asset-version-tags", moScope.tags},
	{"PUT tasks/{taskId}/document-uploads/{id}/upload-document", "documents", moScope.put},
	{"PUT tasks/{id}/begin-date", "tasks", moScope.put},
	{"PUT tasks/begin-date/{id}", "tasks", moScope.put},
	{"PUT tasks/{id}/end-date", "tasks", moScope.put},
	{"PUT tasks/end-date/{id}", "tasks", moScope.put},
	{"PUT tasks/{id}/duration", "tasks", moScope.put},
	{"PUT tasks/duration/{id}", "tasks", moScope.put},
	{"GET activities/milestone/{activityId}", "activity-milestones", moScope.index},
	{"POST activities/milestone/{activityId}", "activity-milestones", moScope.create},
	{"GET lookup/{id}", "lookup", moScope.lookup},
	{"GET resources/static", "resources", moScope.texts},
	{"POST resources/query", "resources", moScope.texts},
	{"GET system-types", "system-type-items", moScope.types},
	{"GET users/me", "users", moScope.me},
}

// moOperators are those of a search, each with the sign that it has in an expression.
var moOperators = map[string]string{
	"equals": "=", "contains": "contains", "isnull": "null", "isnotnull": "not null",
	"greaterthan": ">", "lessthan": "<", "greaterthanorequalto": ">=", "lessthanorequalto": "<=",
}

// moSingles are documents of which there is one, by path, with their members.
var moSingles = map[string]string{
	"activity-proposals/{activityProposalId}/forecasts":                              "activityProposalId number, forecasts set",
	"content-plans/{planId}/manage-activities":                                       "_total number, activities set",
	"extended-attributes/{eaId}/pick-list-options":                                   "items set, listName?, description?",
	"extended-attributes/{eaId}/pick-list-options/{picklistItemId}/allowed-children": "items set, listName?, description?",
	"funding-accounts/{fundingAccountId}/summary":                                    "budget number, inBound number, outBound number, adjustedBudget number, pending number, paid number, availableBudget number, outstanding number, uncommittedBudget number, forecastAmount number, totalCommit number, closedCommit number, outstandingCommit number",
	"metadata/{objectName}":                                                          "objectName, fields set",
	"my-preferences/region":                                                          "localeId number=1033, languageId number=1, dateFormat number, timeFormat number, numberFormatId number=1, timezoneId number=1, currencyCode number=1, paperSize number, autoSave number, themeId number",
}
