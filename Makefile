.PHONY: build test lint unit fuzz bench chaos fixtures

build:
	CGO_ENABLED=0 go build -trimpath -o exiwatch ./cmd/exiwatch

test: # everything; as root on Debian it installs what the tests need
	.ci/needs
	$(MAKE) lint
	go test -race -timeout 12m ./...
	go test -run 'TestMillionSenders|TestOffendersInAFlood' ./window # one goroutine each: minutes under the race detector
	go test -run TestHTMLOfALargeLog ./cmd/exiwatch

lint:
	test -z "$$(gofmt -l .)" || { gofmt -d .; false; }
	go vet ./...
	go tool -modfile=internal/tools/go.mod staticcheck ./...

unit: # what needs no other program and no patience
	go test -short ./...

fuzz:
	go test -run '^$$' -fuzz FuzzReader -fuzztime 5m ./parser

chaos: # some ten minutes of kills, cycles and a mail server that fails
	go test -count=1 -timeout 60m -v -run 'TestChaos' ./internal/chaos -chaos.seeds=1 -chaos.lines=1000000 -chaos.kills=230 -chaos.cycles=220 -chaos.seconds=60

bench:
	go test -run '^$$' -bench . ./...

fixtures: # has the real Exim of this machine write them anew
	fixtures/make
	cp fixtures/logs/subject.log cmd/exiwatch/demo.log
