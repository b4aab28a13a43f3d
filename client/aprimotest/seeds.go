package aprimotest

// seeds are the few documents that every tenant has.
var seeds = []struct {
	list, name string
	doc        document
}{
	{"languages", "English", document{"culture": "en-US", "isEnabledForFields": true, "isEnabledForUI": true}},
	{"contenttypes", "Asset", document{"isManual": false}},
	{"fielddefinitions", titleField, document{"label": titleField, "dataType": "SingleLineText"}},
	{"fielddefinitions", "Description", document{"label": "Description", "dataType": "MultiLineText"}},
	{"fielddefinitions", "Keywords", document{"label": "Keywords", "dataType": "TextList"}},
	{"filetypes", "Jpg", document{"extension": "jpg", "kind": "Jpg", "mimeType": "image/jpeg", "isCatalogable": true}},
	{"users", seedUser, document{"email": seedUser + "@example.com", "firstName": "Adam", "lastName": "Administrator"}},
	{"classifications", "Assets", document{"identifier": "assets", "isRoot": true}},
	{"checkcategories", "General", document{}},
	{"actiontypes", "Manual", document{}},
	{"settingdefinitions", ".defaultRecordTitleField", document{"defaultValue": titleField}},
	{"settingdefinitions", ".defaultLanguageForUI", document{"defaultValue": englishID}},
	{"settingdefinitions", ".defaultLanguageForFields", document{"defaultValue": englishID}},
	{"settingdefinitions", ".rest_SettingsWhitelist", document{}},
	{"settingdefinitions", ".minimumAvailableTimeForOrders", document{"defaultValue": "30:00:00"}},
	{"settingdefinitions", ".minimumAvailableTimeForPreviews", document{"defaultValue": "30:00:00"}},
	{"permissions", ".RoleExecuteMaintenanceJobs", nil},
	{"permissions", ".RoleViewMaintenanceJobs", nil},
	{"permissions", "EditRecords", nil},
	{"permissions", "ViewMaintenanceJobs", nil},
}
