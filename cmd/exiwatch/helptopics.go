package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

//go:embed help-keys.txt
var helpKeys string

//go:embed help-config.txt
var helpConfig string

//go:embed help-readsocket.txt
var helpReadsocket string

// knownTopic fails for a topic that is not a command. By default cobra prints the usage and succeeds.
func knownTopic(cmd *cobra.Command, topic []string) error {
	found, rest, err := cmd.Root().Find(topic)
	if err == nil && len(rest) > 0 && found.HasSubCommands() {
		return noCommand(found, rest[0])
	}
	return err
}

// helpTopics are the pages of `exiwatch help TOPIC`.
func helpTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "keys", Short: "the keys that rules and top count by", Long: helpKeys},
		{Use: "readsocket", Short: "what Exim can ask the daemon", Long: helpReadsocket},
	}
}
