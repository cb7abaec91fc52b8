package parser

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var keepDeliveries = flag.String("deliveries.keep", "", "the folder in which TestDeliveriesOfRealExim keeps its logs")

// An expectedDelivery is one row of deliveries.jsonl, which was written by hand from what the messages, the servers and
// the configuration are. message counts the messages of the log from 1.
type expectedDelivery struct {
	Kind, Address, Original, Router, Transport, Host, Reply, Error, Event string

	Message    int
	Sender     *string
	ReturnPath *string `json:"return_path"`
	TLS        bool
	Code       int
	Suspicious bool
	Local      bool // Host has no address
}

const deliverySets = "default all"

// TestDeliveriesOfKeptLogs compares what a real Exim wrote with what was to come out of it.
func TestDeliveriesOfKeptLogs(t *testing.T) {
	for set := range strings.FieldsSeq(deliverySets) {
		name := "../fixtures/deliveries/" + set + ".log"
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkDeliveries(t, name, log, set == "all")
	}
}

// TestDeliveriesOfRealExim has the Exim of this machine deliver the same messages anew.
func TestDeliveriesOfRealExim(t *testing.T) {
	exim, err := exec.LookPath("exim4")
	switch {
	case err == nil && os.Getuid() == 0 && !testing.Short():
	case os.Getenv("CI") == "true" && !testing.Short():
		t.Fatal("needs exim4, and root")
	default:
		t.Skip("needs exim4, root, and some seconds")
	}
	var logs [][]byte
	for set := range strings.FieldsSeq(deliverySets) {
		lab := newDeliveryLab(t, exim, map[string]string{"default": "", "all": "+all"}[set])
		lab.deliverAll()
		log, err := os.ReadFile(lab.dir + "/log/mainlog")
		if err != nil {
			t.Fatal(err)
		}
		if *keepDeliveries != "" {
			if err := os.WriteFile(filepath.Join(*keepDeliveries, set+".log"), log, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		checkDeliveries(t, set, log, set == "all")
		logs = append(logs, log)
	}
	for i, log := range logs {
		checkEximstats(t, strings.Fields(deliverySets)[i], log)
	}
}

// checkDeliveries compares the delivery lines of a log with the expected ones. all: with the items of +all.
func checkDeliveries(t *testing.T, name string, log []byte, all bool) {
	t.Helper()
	var want []expectedDelivery
	for row := range lines(t, "../fixtures/deliveries/deliveries.jsonl") {
		var e expectedDelivery
		d := json.NewDecoder(strings.NewReader(row))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%s: %v", row, err)
		}
		want = append(want, e)
	}
	r := newDeliveryReader()
	var ids []string
	i := 0
	for line := range bytes.SplitSeq(log, []byte("\n")) {
		if h, ok := scanPrefix(line); ok && h.id != nil && !slices.Contains(ids, string(h.id)) {
			ids = append(ids, string(h.id))
		}
		d := r.Line(line)
		if d == nil {
			continue
		}
		if i == len(want) {
			t.Errorf("%s: one delivery line too many: %s", name, line)
			continue
		}
		message := slices.Index(ids, string(d.MessageID)) + 1
		if got, want := deliveryText(d), want[i].text(d, all); got != want {
			t.Errorf("%s: %s\n got %s\nwant %s", name, line, got, want)
		}
		if e := want[i]; e.Message != message {
			t.Errorf("%s: %s\nis of message %d, want %d", name, line, message, e.Message)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%s: %d delivery lines, want %d", name, i, len(want))
	}
}

// text gives what deliveryText is to say of d. Ports and ciphers differ each time.
func (e expectedDelivery) text(d *Delivery, all bool) string {
	item := func(text string) []byte {
		if text == "" {
			return nil
		}
		return []byte(text)
	}
	for flag, name := range deliveryFlags {
		if name == e.Kind {
			want := Delivery{
				Kind: flag, Address: item(e.Address), Original: item(e.Original), Router: item(e.Router),
				Transport: item(e.Transport), Host: item(e.Host), Reply: item(e.Reply), Error: item(e.Error),
				Event: item(e.Event), Code: e.Code, Suspicious: e.Suspicious,
			}
			if e.Host != "" && !e.Local {
				want.HostAddress = item(e.Host) // the hosts are named by their addresses
			}
			if all {
				want.setAll(e, d)
			}
			if e.TLS {
				want.TLS = d.TLS
			}
			return deliveryText(&want)
		}
	}
	return "no kind " + e.Kind
}

// setAll sets what +all adds.
func (d *Delivery) setAll(e expectedDelivery, got *Delivery) {
	if e.Sender != nil {
		d.Sender = []byte(*e.Sender)
	}
	if e.ReturnPath != nil {
		d.ReturnPath = []byte(*e.ReturnPath)
	}
	if d.HostAddress != nil && d.Kind != Suppressed {
		d.HostPort = max(got.HostPort, 1)
	}
}
