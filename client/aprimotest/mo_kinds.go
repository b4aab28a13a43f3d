package aprimotest

import "net/http"

// A moKind is one kind of object of marketing operations. What an object looks like
// is from the types of timw255/aprimo-js 2.3.0, which its author runs against a real
// tenant, and from Aprimo's list of routes. Which number a state has is a guess.
type moKind struct {
	path    string // in the API's paths
	key     string // of a list in _embedded
	members string // of an answer; see moShape
	state   string // the member that a verb sets to the verb's place in the list
	verbs   string // that change the state; answered 204
	acts    string // other verbs; answered with the object
	manual  bool   // made in Aprimo's pages alone, so that one is there at the start
	first   string // what that one is, if it is not an empty one
	store   string // the path of the kind that has the objects, if it is another
	found   string // the key of a search, if it is another

	shown *kind // with the members
}

const (
	moExtended = " extendedAttributes[] multipleValueExtendedAttributes[]"
	moVersion  = " isDefaultVersion? filename extension thumbnailUri downloadUri thumbnailStatus# modifiedUser# modifiedDate createdDate versionType# creatorId# fileId annotationFileType# versionComments sendNotification# versionUrl sitemapStatus# webPDFStatus# webPDFPublished# hasAnnotations? isDamFileAvailable? hasXfdfAnnotations? isEligibleForDamContent?"
	moComment  = "id# | commentText creatorId# status# pageNumber# createdDate style# userFirstName userLastName numberOfReplies#"
	moGeneric  = "id# name | description createdBy# createdDate modifiedBy# modifiedDate relatedObjectId# status" + moExtended
)

var moKinds = []moKind{
	{path: "activities", key: "Activity", members: "activityId# name | description activityTypeId# activityStateId# ownerId# administratorId# beginDate endDate visualEndDate currencyCode# scsId# timeZoneId# modifiedUser# modifiedDate" + moExtended},
	{path: "activity-cells", key: "activity-cell", members: "activityCellId# title activityId# | description code sourceCode estimatedQuantity# actualQuantity# actualResponse# modifiedUser# modifiedDate" + moExtended},
	{path: "activity-cell-treatments", key: "activity-cell-treatment", members: "activityCellTreatmentId# activityCellId# activityTreatmentId# | channelId# activityWaveId# cellPercentage# estResponseRatePercent# sequence#"},
	{path: "activity-milestones", key: "activity-milestone", members: "activityDateId# activityId# title | description startDate endDate scheduleType# timeZone# milestoneEaId#"},
	{path: "activity-offers", key: "activity-offers", members: "activityOfferId# offerId# activityId# | revenuePerOffer#" + moExtended},
	{path: "activity-proposals", key: "activity-proposal", members: "proposalId# title | proposalState# approvalType# activityTypeId# ownerId# administratorId# beginDate endDate anchorDate modifiedDate modifiedUser# classificationId# currencyCode# timeZone# isTemplate# invoiceTotal# materialTotal# laborTotal# totalCost# exchangeRateId# financialGroupId# accessList[]" + moExtended},
	{path: "activity-proposal-templates", key: "activity-proposal-template", members: "proposalId# title isTemplate#=1", manual: true},
	{path: "activity-roles", key: "activity-role", members: "activityRoleId# userRoleId# | activityId# users[] userTokens[]"},
	{path: "activity-treatments", key: "activity-treatment", members: "activityTreatmentId# treatmentId# activityId# | currencyCode#"},
	{path: "annotations", key: "annotation", members: "annotationId# type=rectangle page#=1 authorId# | associatedNumber# createdDate modifiedDate replyCount# geometry{} style{} content{} referenceLink{}"},
	{path: "assets", key: "digital-asset", store: "digital-assets"},
	{path: "attachments", key: "Attachment", members: "attachmentId# title | objectId# objectTypeId# attachmentTypeId# projectVisibility? attachmentType modifiedUser# modifiedDate creatorId# customThumb# projects[] activityProjectList# sendNotification#" + moExtended, acts: "checkout cancel-checkout"},
	{path: "attachment-versions", key: "version", members: "versionId# attachmentId# |" + moVersion, store: "document-versions"},
	{path: "brands", key: "brand", members: "brandId# name", manual: true},
	{path: "clients", key: "client", members: "clientId# name", manual: true},
	{path: "comments", key: "comment", members: moComment, manual: true},
	{path: "commitments", key: "commitment", members: "committedId# supplierId# currencyCode#=1 | purchaseOrderNumber closed# enteredValue# ownerId# modifiedUser# modifiedDate creatorId# createdDate commitmentTypeId# reviewedDate reviewedBy# commitmentStatus# financeGroupId# totalPendingInvoice# baseTotalPendingInvoice# totalPaidInvoice# baseTotalPaidInvoice# totalPendingAndPaidInvoice# totalAmount# baseTotalAmount# totalOutstanding# baseTotalOutstanding# proposedTotalAmount# proposedBaseTotalAmount# commitmentItems[] proposedCommitmentItems[]" + moExtended, state: "commitmentStatus", verbs: "submit retrieve approve reject cancel"},
	{path: "content-plans", key: "content-plan", members: "planId# title | statusId# description administratorId# beginDate endDate modifiedUserId# modifiedDate collections[] activities[] accessList[] canRead?=true canModify?=true canCreateActivity? canModifyActivity?" + moExtended, acts: "activities share", manual: true},
	{path: "digital-assets", key: "digital-asset", members: "assetId# title | type# assetStatus# restrictionStatus# hasVersions? visibleInPortal# createdDate modifiedDate modifiedUser# isReferenceDocument? assetType ownerId# customThumbnail# allowOnDemand# promotedFromActivity? activityId# packages[] categories[] canDownload?" + moExtended},
	{path: "digital-asset-folders", key: "folder", members: "categoryId# title digitalAssetId#", store: "folders"},
	{path: "digital-asset-renditions", key: "digital-asset-rendition", members: "renditionId# versionId# | title filename fileSize# renditionUri attachmentVersionType# modifiedDate"},
	{path: "digital-asset-versions", key: "versions", members: "versionId# digitalAssetId# | digitalAssetTitle digitalAssetType# versionNumber versionDate legacyDetailsUri legacyAnnotationViewerUri legacyAnnotationViewerReadOnlyUri legacyOfflineAnnotationViewerUri isDefaultVersion? extension thumbnailUri thumbnailStatus# modifiedDate createdDate hasRendition? annotationFileType# isReferenceDocument? isDamVideoPreviewAvailable? isDamPreviewAvailable? isDamFileAvailable? hasXfdfAnnotations? isEligibleForDamContent?", store: "document-versions"},
	{path: "digital-asset-version-tags", key: "tag", members: "tagId# versionId# | creatorId# status# hasReplies? createdDate style# modifiedDate modifiedBy# numberOfReplies# userFirstName userLastName pageNumber# printNumber# location title assetId# canAccessViewer? tagVersion#" + moExtended, manual: true},
	{path: "document-versions", key: "document-version", members: "versionId# |" + moVersion, manual: true},
	{path: "documents", key: "document", members: "documentId# | title taskId#", manual: true},
	{path: "domain-rights", key: "domain-rights", members: "functionID# name description", manual: true},
	{path: "extended-attributes", key: "extended-attribute", members: "extendedAttributeId# name", manual: true},
	{path: "financial-hierarchies", key: "financial-hierarchy", members: "financialHierarchyId# | rootNodeId# unusedNodeId# showUnused# modifiedDate modifiedUser# fiscialYearId# status# encodedTitleId# encodedTitle accessList[] users[] fundingAccounts[]"},
	{path: "financial-hierarchy-nodes", key: "node", members: "financialHierarchyId# nodes[] accessList[]", store: "financial-hierarchies"},
	{path: "folders", key: "folder", members: "categoryId# title", manual: true},
	{path: "funding-accounts", key: "funding-account", members: "fundingAccountId# title | fundingAccountPrefix fundingAccountType# displayTitle description status# source# administrator# financeGroupClassification# fundingAccountContact# fiscalYear# modifiedDate modifiedUser# budgetedCurrency# creator# createdDate exchangeRate# budgets[] accessList[]" + moExtended},
	{path: "generic-object-alpha", key: "generic-object-alpha", members: moGeneric},
	{path: "generic-object-bravo", key: "generic-object-bravo", members: moGeneric},
	{path: "generic-object-charlie", key: "generic-object-charlie", members: moGeneric},
	{path: "generic-object-delta", key: "generic-object-delta", members: moGeneric},
	{path: "generic-object-echo", key: "generic-object-echo", members: moGeneric},
	{path: "groups", key: "group", members: "groupId# name | status# financeGroup# description adamUserId modifiedBy# modifiedDate createdBy# createdDate users[] roles[] domainRights[]"},
	{path: "group-memberships", key: "group-membership", members: "membershipId# | groupId# userId#", manual: true},
	{path: "invoices", key: "invoices", found: "invoice", members: "invoiceId# supplierId# currencyCode#=1 invoiceNumber | commitmentFundId# paidDate totalInvoice# baseTotalInvoice# dateReceived dateDue modifiedDate modifiedUser# reviewedBy# financeGroupId# reviewedDate pooled# status# creator# invoiceDate fiscalYearId# exchangeRateId# ownerId# invoiceTypeId# net# invoiceItems[]" + moExtended, state: "status", verbs: "submit retrieve approve sent cancel"},
	{path: "journal-vouchers", key: "journal-voucher", members: "journalVoucherId# supplierId# currencyCode#=1 | journalVoucherDate creatorId# fiscalYearId# journalVoucherStatus# postedDate sendToGlIntegration# modifiedUser# modifiedDate exchangeRateId# multipleActivities# glOverridden# jvTotal# baseTotalJv# financeGroupId# journalVoucherItems[]" + moExtended, state: "journalVoucherStatus", verbs: "submit reconcile reject sent cancel"},
	{path: "lookup", key: "lookup", members: "lookupId# description count# items[]", manual: true,
		first: `{"lookupId":506,"description":"Users","count":2,"items":[{"key":1,"value":"Anna","active":true},{"key":2,"value":"Ben","active":true}]}`},
	{path: "offers", key: "offer", members: "offerId# title | offerCode statusId# description ownerId# beginDate expirationDate modifiedUser# modifiedDate activitySpecific# accessList[]" + moExtended},
	{path: "programs", key: "program", members: "programId# title | ownerId# description startDate endDate modifiedUser# modifiedDate classificationId# accessList[]" + moExtended, manual: true},
	{path: "program-proposals", key: "program-proposal", members: "proposalId# title | classificationId# proposalState# programTypeId# ownerId# beginDate endDate modifiedDate modifiedUser# currencyCode# invoiceTotal# materialTotal# laborTotal# tAndETotal# totalCost# approvalType# proposalType# accessList[]" + moExtended, manual: true},
	{path: "projects", key: "Project", members: "projectId# title | activityId# description beginDate endDate workflowId# projectStatus# projectManager# modifiedDate modifiedUser# enableAlap# timeZoneId# projectScalingTypeId# digitalAssetLocation# changeOrder? useDamAssetAccessList# useFloat# healthIndicatorDate" + moExtended, state: "projectStatus", verbs: "start pause close cancel"},
	{path: "project-roles", key: "project-role", members: "projectRoleId# userRoleId# | projectId# users[] userTokens[]", manual: true},
	{path: "resources", key: "resources", members: "id value", manual: true},
	{path: "suppliers", key: "supplier", members: "supplierId# name preferred# activeFlag#=1 | supplierTypeId# notificationTypeId# supplierNumber description phone modifiedUser# modifiedDate financeGroups[]" + moExtended},
	{path: "system-type-items", key: "items", members: "systemTypeId# activeFlag#=1 | resourceId systemType", manual: true},
	{path: "task-assignees", key: "assignee", members: "taskAssigneeId# | taskId# userId#", manual: true},
	{path: "task-review-materials", key: "review-material", members: "reviewMaterialId# | taskId# title", manual: true},
	{path: "task-votes", key: "document-vote", members: "voteId# | taskId# documentId# userId#", manual: true},
	{path: "tasks", key: "Task", members: "taskId# | projectId# name description status# beginDate endDate duration# ownerId# assignedTo# modifiedDate modifiedUser#" + moExtended, state: "status", verbs: "accept decline close", acts: "delegate", manual: true},
	{path: "simple-tasks", key: "Task", members: "taskId#", store: "tasks"},
	{path: "teams", key: "teams", members: "teamId# name | description teamMembers[]", manual: true},
	{path: "treatments", key: "treatment", members: "treatmentId# title | description treatmentCode typeId# channelId# activeFlag#=1 activitySpecific# currencyCode# modifiedUser# modifiedDate assignedActivityIds[]" + moExtended, manual: true},
	{path: "user-roles", key: "user-role", members: "roleId# name activeFlag#=1 | description currencyCode# laborRateBase# excludeFromChatboards# usedInAnnotations# color modifiedUser# modifiedDate users[] groups[]"},
	{path: "users", key: "user", members: "userId# loginId email lastName userType#=1 currencyCode#=1 laborRateCurrencyCode#=1 languageId#=1 localeId#=1033 autoSave# dateFormat# timeFormat# numberFormatId#=1 timezoneId#=1 paperSize# htmlEmail?=true analyzeAllDomains# isPinReset# passwordExpires# adHocUser? activeFlag#=1 applicationUser?=true portalUser? reviewUser? isOutOfOffice? clientLoggingLevel# groups[] rights[] investmentReviewUserBackups[] investmentReviewGroupBackups[] activityFinancialUserBackups[] activityFinancialGroupBackups[] conceptReviewUserBackups[] conceptReviewGroupBackups[] workflowUserBackups[] workflowGroupBackups[] | firstName company themeId# notificationTypeId# passwordSetDate outOfOfficeStatus# lastLoginDate preferredLandingPage# spendFocusedView# inheritedRights[] adamLoginId adamUserId" + moExtended, acts: "resetpin"},
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
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/comments", kind: "comments"},
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/renditions", kind: "digital-asset-renditions"},
	{path: "digital-assets/{digitalAssetId}/versions/{versionId}/tags", kind: "digital-asset-version-tags"},
	{path: "groups/{groupId}/membership", kind: "group-memberships"},
	{path: "projects/{projectId}/attachments", kind: "attachments"},
	{path: "projects/{projectId}/digital-assets", kind: "digital-assets"},
	{path: "projects/{projectId}/project-roles", kind: "project-roles"},
	{path: "projects/{projectId}/role-memberships", kind: "user-roles", key: "role-membership"},
	{path: "system-types/{systemType}", kind: "system-type-items"},
	{path: "system-types/{systemType}/active", kind: "system-type-items", only: func(_ *store, _ *http.Request, doc document) bool { return text(doc["activeFlag"]) != "0" }},
	{path: "tasks/mine", kind: "tasks", only: (*store).moMine},
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
	do            moHandler
}{
	{"POST {resource}/{id}/{verb}", "", moOne(moScope.do)},
	{"GET activities/{activityId}/roles/{id}/members", "activity-roles", moScope.members},
	{"POST activities/{activityId}/roles/{id}/members", "activity-roles", moScope.members},
	{"DELETE activities/{activityId}/roles/{id}/members/{member}", "activity-roles", moScope.members},
	{"GET projects/{projectId}/project-roles/{id}/members", "project-roles", moScope.members},
	{"POST projects/{projectId}/project-roles/{id}/members", "project-roles", moScope.members},
	{"DELETE projects/{projectId}/project-roles/{id}/members/{member}", "project-roles", moScope.members},
	{"GET attachments/{id}/activity", "attachments", moOne(moScope.activity)},
	{"GET digital-assets/{id}/activity", "digital-assets", moOne(moScope.activity)},
	{"GET attachments/{attachmentId}/versions/{id}/xfdf-annotations", "attachment-versions", moOne(moScope.annotations)},
	{"PUT digital-assets/{digitalAssetId}/versions/{versionId}/tags", "digital-asset-version-tags", moScope.tags},
	{"PUT tasks/{taskId}/document-uploads/{id}/upload-document", "documents", moOne(moScope.put)},
	{"PUT tasks/{id}/begin-date", "tasks", moOne(moScope.put)},
	{"PUT tasks/{id}/end-date", "tasks", moOne(moScope.put)},
	{"PUT tasks/{id}/duration", "tasks", moOne(moScope.put)},
	{"GET lookup/{id}", "lookup", moOne(moScope.lookup)},
	{"GET resources/static", "resources", moScope.texts},
	{"POST resources/query", "resources", moScope.texts},
	{"GET system-types", "system-type-items", moScope.types},
	{"GET users/me", "users", moScope.me},
}

// moSingles are documents of which there is one, by path, with their members.
var moSingles = map[string]string{
	"activity-proposals/{activityProposalId}/forecasts":                              "activityProposalId# forecasts[]",
	"content-plans/{planId}/manage-activities":                                       "_total# activities[]",
	"extended-attributes/{eaId}/pick-list-options":                                   "items[] | listName description",
	"extended-attributes/{eaId}/pick-list-options/{picklistItemId}/allowed-children": "items[] | listName description",
	"funding-accounts/{fundingAccountId}/summary":                                    "budget# inBound# outBound# adjustedBudget# pending# paid# availableBudget# outstanding# uncommittedBudget# forecastAmount# totalCommit# closedCommit# outstandingCommit#",
	"metadata/{objectName}":                                                          "objectName fields[]",
	"my-preferences/region":                                                          "localeId#=1033 languageId#=1 dateFormat# timeFormat# numberFormatId#=1 timezoneId#=1 currencyCode#=1 paperSize# autoSave# themeId#",
}

// moSwapped have the number of the object at the end of the path, not the name.
var moSwapped = []string{"activities/milestone/", "tasks/begin-date/", "tasks/end-date/", "tasks/duration/"}
