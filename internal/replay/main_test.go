package replay

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines left behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
