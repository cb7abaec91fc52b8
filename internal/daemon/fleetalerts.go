package daemon

import (
	"context"
	"fmt"
	"path/filepath"

	"exiwatch/internal/config"
	"exiwatch/internal/fleet"
)

// FleetAlerts are the open alerts of the fleet that a configuration names, the oldest first. They come from the engine;
// without one, from the state folder.
func FleetAlerts(ctx context.Context, c *config.Config) ([]fleet.OpenAlert, error) {
	if len(c.Fleet.Engine) == 0 {
		memory, err := fleet.OpenMemory(filepath.Join(c.State, fleetMemory))
		if err != nil {
			return nil, err
		}
		return memory.OpenAlerts(), nil
	}
	client, err := fleet.OpenEngine(c.Fleet)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	all, err := fleet.OpenAlerts(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("asking the fleet's engine for open alerts: %w", err)
	}
	return all, nil
}
