package refusal

import (
	"net/netip"
	"strings"
)

// providers are the names under which people know who runs the mail servers of a domain.
var providers = map[string]string{
	"google.com": "Gmail", "googlemail.com": "Gmail", "gmail.com": "Gmail",
	"outlook.com": "Outlook", "hotmail.com": "Outlook", "live.com": "Outlook", "outlook.cn": "Outlook",
	"mx.microsoft": "Outlook", // with DNSSEC: https://learn.microsoft.com/en-us/purview/how-smtp-dane-works
	"yahoodns.net": "Yahoo", "yahoo.com": "Yahoo",
	"gmx.net": "GMX", "gmx.com": "GMX", "gmx.de": "GMX", "web.de": "web.de",
	"kundenserver.de": "IONOS", "ionos.de": "IONOS", "ionos.com": "IONOS", "rzone.de": "STRATO",
	"t-online.de": "T-Online", "icloud.com": "iCloud", "me.com": "iCloud",
	"yandex.ru": "Yandex", "yandex.net": "Yandex", "yandex.com": "Yandex", "mail.ru": "Mail.ru",
	"qq.com": "QQ", "163.com": "NetEase", "126.com": "NetEase", "netease.com": "NetEase",
	"protonmail.ch": "Proton", "zoho.com": "Zoho", "zoho.eu": "Zoho", "messagingengine.com": "Fastmail",
	"pphosted.com": "Proofpoint", "ppe-hosted.com": "Proofpoint", "mimecast.com": "Mimecast",
	"barracudanetworks.com": "Barracuda", "iphmx.com": "Cisco", "messagelabs.com": "Symantec",
	"emailsrvr.com": "Rackspace", "secureserver.net": "GoDaddy", "ovh.net": "OVH",
}

// secondLevel are labels below which countries register domains, as in co.uk: with one of them before a label of two
// letters, a domain has three labels. It is a short list; publicsuffix.org has the whole one.
var secondLevel = map[string]bool{
	"ac": true, "co": true, "com": true, "edu": true, "go": true, "gob": true, "gov": true, "govt": true, "gv": true,
	"ltd": true, "mil": true, "ne": true, "net": true, "nom": true, "or": true, "org": true, "plc": true, "sch": true,
}

// Provider returns who runs a mail server, from its host name: a name such as Gmail, or the registered domain in lower
// case. An IP address, and a name without dots, is returned as it is. The owner of the recipient's domain chooses the
// name, in an MX record.
func Provider(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	domain := registered(strings.ToLower(strings.TrimSuffix(host, ".")))
	if domain == "" {
		return host
	}
	if name, known := providers[domain]; known {
		return name
	}
	return domain
}

// registered returns the last two labels of a name, or three as for lab.co.uk; "" if it has only one.
func registered(name string) string {
	last := strings.LastIndexByte(name, '.')
	if last <= 0 {
		return ""
	}
	second := strings.LastIndexByte(name[:last], '.')
	if second > 0 && len(name)-last == len(".uk") && secondLevel[name[second+1:last]] {
		second = strings.LastIndexByte(name[:second], '.')
	}
	return name[second+1:]
}
