package templates

import "embed"

// Letters is the folder letters: one text file for each kind and variant of
// letter, and in blocks/ the parts that several share. Package letters reads
// all of it at start and refuses what does not parse.
//
//go:embed letters
var Letters embed.FS

// Forms is the folder forms: the blank referral forms of the team, as Word files
// and PDF. Letters send them once a named person has approved them.
//
//go:embed forms
var Forms embed.FS
