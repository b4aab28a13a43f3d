package aprimotest

// peopleKinds are users, what they may do, and what they collect and say.
var peopleKinds = []kind{{
	name: "user", plural: "users", source: "JS",
	shape: `id^, name!, email, firstName, lastName, aprimoUserId^ number, expirationDate, imageUri, isActive flag=true, languageForUIId text=` + englishID + `, languageId text=` + englishID + `,
		lastSuccessfulLogOnDate^, secondLastSuccessfulLogOnDate^, storageQuota number, storageUsed^ number, tag` + dated,
	rels: `fields#field memberships#usergroup permissions>permissionvalues image` + byWhom,
}, {
	name: "usergroup", plural: "usergroups", source: "JS",
	shape: `id^, name!, isActive flag=true, organizationId, tag` + dated,
	rels:  `permissions>permissionvalues` + byWhom,
}, {
	name: "permission", plural: "permissions", key: "name", source: "JS; PUT: the guide's index",
	shape: `name!, labels labels`,
}, {
	name: "permissionvalues", source: "JS: a set in requests, items in answers, for each permission that there is",
	shape: `items^ set:permissionvalue, permissions< set:permissionvalue`,
}, {
	name: "permissionvalue", key: "name", source: "JS",
	shape: `name!, value None|Granted|Denied`,
}, {
	name: "calculatedpermission", refuse: "PUT DELETE", key: "name", source: "JS; the value is a guess: there are no rights here",
	shape: `name, value Granted|None|Denied`,
}, {
	name: "accesslist", plural: "accesslists", source: "JS",
	shape: `id^, externalId, permission number, type, users set, userGroups set, tag` + dated,
	rels:  byWhom,
}, {
	name: "collection", plural: "collections", source: "live, guide; records in a change of it: uplink",
	shape: `id^, name!, description, type Static|Dynamic, searchExpression object, searchCriteria object, ownerId, tag~, isReadOnly~^ flag` + dated,
	rels:  `ownedBy@user=ownerId permissions>collectionpermissions records#record comments*comment .commentsStatus/comments/status>commentstatus` + byWhom,
}, {
	name: "collectionpermissions", source: "JS; that an array is refused: 3.x",
	shape: `canRead^ flag=true, canModify^ flag=true, groupsPermissions actions:collectiongrouppermission, permissions actions:collectionuserpermission,
		contentPermission object, publicPermission None|Read`,
}, {
	name: "collectiongrouppermission", one: "-", key: "groupId", source: "JS",
	shape: `groupId!, permission None|Read|Modify`,
}, {
	name: "collectionuserpermission", one: "-", key: "userId", source: "JS",
	shape: `userId!, permission None|Read|Modify`,
}, {
	name: "comment", source: "JS; the paths, and that a change has the message as content: 3.x, live",
	shape: `id^, contextId^ number, message!<content, read^ flag, tag, version^ number=1` + dated,
	rels:  byWhom,
}, {
	name: "commentstatus", refuse: "PUT", source: "3.x, live; that the comments of the user count is a guess",
	shape: `unreadComments^ number`,
}, {
	name: "subscription", plural: "subscriptions", source: "JS has the type; the path is a guess",
	shape: `id^, objectId, subscriptionObjectType Record|Collection, subscriptionType Follow|Expiry, userId, aprimoUserId number, createdBy^, modifiedBy^` + dated,
}, {
	name: "downloadagreement", plural: "downloadagreements", source: "JS has the type, 3.x the path",
	shape: `id^ number, enabled flag` + dated,
	rels:  `contents#downloadagreementcontent userGroups#linkedusergroup classifications#linkedclassification`,
}, {
	name: "downloadagreementcontent", one: "-", source: "JS",
	shape: `id^ number=1, languageId, termsOfUse, title, version number=1`,
}, {
	name: "linkedusergroup", one: "-", source: "JS",
	shape: `id`,
	rels:  `target@usergroup=id`,
}, {
	name: "linkedclassification", one: "-", source: "JS",
	shape: `id`,
	rels:  `target@classification=id`,
}, {
	name: "imageoverlay", plural: "imageoverlays", source: "JS has the type; the path is a guess",
	shape: `id^ number, name!, enabled flag` + dated,
	rels:  `userGroups#linkedusergroup classifications#linkedclassification`,
}}
