package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/aprimo-go/aprimo/client"
)

// Ids of the tenant of these examples.
const (
	harbour     = "00001111000040008000000000000001" // a record
	harbourFile = "00002222000040008000000000000002" // its main file
	harbourJPG  = "00003333000040008000000000000003" // the latest version of that file
	faceCheck   = "000ffff00000400080000000000000f0" // the result of a check for that version
	seasons     = "00015554000040008000000000000014" // a classification
	springIssue = "0002aaa8000040008000000000000028" // a collection
	editors     = "0001fffe00004000800000000000001e" // a user group
)

// While a file is checked out, only its user can add versions to it.
func ExampleFiles_CheckOut() {
	c, ctx := recorded(), context.Background()
	if err := c.Files.CheckOut(ctx, harbourFile); err != nil {
		log.Fatal(err)
	}
	for version, err := range c.Files.Versions(ctx, harbourFile) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(version.VersionNumber, version.FileName)
	}
	fmt.Println(c.Files.CheckIn(ctx, harbourFile))
	// Output:
	// 1 harbour.jpg
	// 2 harbour.jpg
	// <nil>
}

func ExampleChangedVersion() {
	c, ctx := recorded(), context.Background()
	subtitles := client.NewAdditionalFile{Token: "token-of-an-upload", Label: "English", FileName: "en.srt", Type: "Subtitle"}
	change := client.RecordChange{Files: client.ChangedVersion(harbourFile, harbourJPG, client.NewVersion{
		VersionLabel:    "final",
		AdditionalFiles: client.Changes[client.NewAdditionalFile]{AddOrUpdate: []client.NewAdditionalFile{subtitles}},
	})}
	fmt.Println(c.Records.Update(ctx, harbour, change))
	// Output: <nil>
}

func ExampleFileVersions_Renditions() {
	c, ctx := recorded(), context.Background()
	for rendition, err := range c.FileVersions.Renditions(ctx, harbourJPG) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(rendition.Type, rendition.Name)
	}
	for uri, err := range c.FileVersions.PublicURIs(ctx, harbourJPG) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(uri.URI)
	}
	// Output:
	// Crop Web
	// Trim Teaser
	// https://acme.aprimocdn.net/acme/71/harbour.jpg
}

func ExampleFileVersions_Findings() {
	c, ctx := recorded(), context.Background()
	for finding, err := range c.FileVersions.Findings(ctx, harbourJPG, faceCheck) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s: %s\n", finding.Outcome, finding.Finding, finding.Recommendation)
	}
	// Output: warning: a face: ask for a release
}

func ExampleRecords_TrailEntry() {
	c, ctx := recorded(), context.Background()
	for entry, err := range c.Records.Trail(ctx, harbour, client.TrailAll) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.ID, entry.Type)
	}
	entry, err := c.Records.TrailEntry(ctx, harbour, 93001)
	if err != nil {
		log.Fatal(err)
	}
	for _, change := range entry.Changes {
		fmt.Println(change.FieldID, string(change.Value), len(change.Items.Added), len(change.Items.Removed))
	}
	// Output:
	// 93001 recordModified
	// 92004 recordDownloaded
	// 90017 recordCreated
	// 0006aaa4000040008000000000000064 "Harbour at dawn" 0 0
	// 0007554e00004000800000000000006e  1 1
}

func ExampleSetLinks() {
	c, ctx := recorded(), context.Background()
	source, err := c.Records.Fields(ctx, harbour)
	if err != nil {
		log.Fatal(err)
	}
	links := source.Get("Source").Links()
	fmt.Println(len(links.Parents), "parent,", len(links.Children), "children")

	links.Children = append(links.Children, "00011110000040008000000000000010")
	change := client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{client.SetLinks(source.Get("Source").ID, links)}}
	fmt.Println(c.Records.Update(ctx, harbour, client.RecordChange{Fields: change}))
	// Output:
	// 1 parent, 2 children
	// <nil>
}

// One call returns the record, its main file, all versions and their renditions.
func ExampleExpand() {
	c, ctx := recorded(), context.Background()
	rec, err := c.Records.Get(ctx, "0000aaaa00004000800000000000000a", client.Expand("record", "masterfile", "fileversions", "renditions"))
	if err != nil {
		log.Fatal(err)
	}
	for _, version := range rec.MasterFile.Versions {
		for _, rendition := range version.Renditions {
			fmt.Println(version.VersionNumber, rendition.Name)
		}
	}
	// Output:
	// 2 Web
	// 2 Teaser
}

func ExampleEmbedded() {
	var rec client.Record
	response := `{"id":"1","_embedded":{"managedcontent":{"_embedded":{"publishedby":{"name":"d.keller"}}}}}`
	if err := json.Unmarshal([]byte(response), &rec); err != nil {
		log.Fatal(err)
	}
	by, err := client.Embedded[client.User](rec.Extra, "managedcontent", "publishedby")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(by.Name)
	// Output: d.keller
}

func ExampleClassifications_SetPermissions() {
	c, ctx := recorded(), context.Background()
	permissions, err := c.Classifications.Permissions(ctx, seasons, client.OnRecords)
	if err != nil {
		log.Fatal(err)
	}
	for _, group := range permissions.Groups {
		fmt.Println(group.UserGroupID, group.Right)
	}
	permissions.Groups[0].Right = "Read"
	fmt.Println(c.Classifications.SetPermissions(ctx, seasons, client.OnRecords, *permissions))
	// Output:
	// 0001fffe00004000800000000000001e Modify
	// <nil>
}

func ExampleMembers() {
	c, ctx := recorded(), context.Background()
	season, err := c.Classifications.Get(ctx, seasons)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(season.RegisteredFields)
	fmt.Println(c.Classifications.Update(ctx, seasons, nil, client.Set("registeredFields", map[string]any{"remove": season.RegisteredFields[:1]})))
	// Output:
	// [0006aaa4000040008000000000000064 0006fff9000040008000000000000069]
	// <nil>
}

func ExampleUserGroups_SetPermissions() {
	c, ctx := recorded(), context.Background()
	permissions, err := c.UserGroups.Permissions(ctx, editors)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(permissions["ViewUsers"], permissions["DeleteRecords"])
	fmt.Println(c.UserGroups.SetPermissions(ctx, editors, map[string]client.PermissionValue{"DeleteRecords": client.PermissionGranted}))
	// Output:
	// Granted Denied
	// <nil>
}

func ExampleCollections_Comments() {
	c, ctx := recorded(), context.Background()
	unread, err := c.Collections.UnreadComments(ctx, springIssue)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(unread, "unread")
	for comment, err := range c.Collections.Comments(ctx, springIssue) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(comment.Message)
	}
	// Output:
	// 2 unread
	// Fine for the spring issue
}

// Who may see and download what.
func ExampleClient_access() {
	c, ctx := recorded(), context.Background()
	for list, err := range c.AccessLists.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("access list:", list.ExternalID)
	}
	agreement, err := c.DownloadAgreements.Get(ctx, "7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("agreement:", agreement.Contents[0].Title)
	// Output:
	// access list: crm-7
	// agreement: Press pictures
}

// What administrators look at.
func ExampleIndex_Status() {
	c, ctx := recorded(), context.Background()
	index, err := c.Index.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(index.IndexedRecords, "records,", index.PendingChanges, "changes not found yet")
	statistics, err := c.Statistics.Get(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(statistics["get record/{recordId}"].Average)
	for action, err := range c.ActionTypes.List(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("checks can be of the type", action.Name)
	}
	// Output:
	// 120442 records, 17 changes not found yet
	// 40
	// checks can be of the type AI check
}

func ExampleClient_ContentSelector() {
	c := recorded()
	address, err := c.ContentSelector(client.ContentSelectorOptions{Title: "Pick a picture", Select: "single"})
	fmt.Println(address, err)
	// Output: https://acme.dam.aprimo.com/dam/selectcontent#options=eyJ0aXRsZSI6IlBpY2sgYSBwaWN0dXJlIiwic2VsZWN0Ijoic2luZ2xlIn0= <nil>
}
