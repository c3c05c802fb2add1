// Package templates holds the files that pages are made of, embedded in the
// program. pages/layout.html is the frame of every page, pages/parts the
// components (each a {{define}} fed by one struct of package web), every other
// file of pages one page, called by its name without the ending. It holds no
// logic; package web parses all of it at start and refuses what does not parse.
package templates

import "embed"

// Pages is the folder pages.
//
//go:embed pages
var Pages embed.FS
