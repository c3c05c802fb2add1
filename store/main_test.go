package store

import (
	"os"
	"testing"

	"github.com/essex-dsr/dsr/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
