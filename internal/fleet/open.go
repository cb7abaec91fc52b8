package fleet

import (
	"exiwatch/internal/config"
	"exiwatch/internal/engine"
)

// OpenEngine opens the engine that a configuration names. It connects later. The caller closes it.
func OpenEngine(f *config.Fleet) (*engine.Client, error) {
	return engine.Open(engine.Options{URLs: f.Engine, Name: f.Name, PasswordFile: f.PasswordFile, CA: f.CA})
}
