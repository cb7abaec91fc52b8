package words

// A KeyName has the names of a key of rules or reports: in the configuration, in a sentence, and above a list of its
// values.
type KeyName struct{ Key, Noun, Heading string }

// KeyNames are all keys, in the order of their rankings in a report.
var KeyNames = []KeyName{
	{"account", "account", "Accounts"},
	{"sender", "envelope sender", "Envelope senders"},
	{"host", "host", "Hosts"},
	{"topic", "topic", "Topics"},
	{"subject", "subject", "Subjects"},
	{"network", "network", "Networks"},
	{"auth", "authenticated id", "Authenticated ids"},
	{"user", "local user", "Local users"},
	{"sender_domain", "sender domain", "Sender domains"},
	{"account_domain", "account domain", "Account domains"},
	{"log", "main log", "Main log"},
	{"script", "script directory", "Script directories"},
	{"cpuser", "cPanel user", "cPanel users"},
	{"helo", "HELO name", "HELO names"},
	{"protocol", "protocol", "Protocols"},
	{"recipient_domain", "recipient domain", "Recipient domains"},
	{"anomaly", "anomaly", "Anomalies"},
	{"entry", "log entry", "Log entries"},
	{"log_host", "log host", "Hosts that logged them"},
}

// Key is the noun for one value of a key, or the key itself if it is unknown.
func Key(key string) string { return find(key).Noun }

// Heading is the heading of a list of a key's values.
func Heading(key string) string { return find(key).Heading }

func find(key string) KeyName {
	for _, k := range KeyNames {
		if k.Key == key {
			return k
		}
	}
	return KeyName{key, key, key}
}
