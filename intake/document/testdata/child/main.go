// The tests' child: the reader alone, so that it starts fast and is never
// built with the race detector.
package main

import (
	"os"

	"github.com/essex-dsr/dsr/intake/document"
)

func main() { os.Exit(document.ChildMain(os.Stdin, os.Stdout)) }
