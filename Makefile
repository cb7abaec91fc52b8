.PHONY: build packages test lint unit fuzz totals web-load bench chaos fleet socket metrics fixtures

# The race detector finds nothing where there is one goroutine, and makes minutes of seconds. There is one in these
# packages, or what they test are programs of their own.
pure = ./fixtures/... ./packaging ./parser ./window/... ./internal/pipeline ./internal/fold ./internal/htmlreport ./internal/report ./internal/suggest
# The same holds for these tests of other packages.
single = TestAttacksRealExim|TestHTMLOfALargeLog$\
|TestScrapeOfAMillionKeys|FuzzCheckpoint|TestImpossibleCheckpoint|TestHostileCheckpoint$\
|TestValuesStayInTheirFields|TestOtherReadersFindNoDefect|TestBothPartsSayTheSame|TestJSONInOnePiece$\
|TestCommandsReachTheProgramsWhole|TestFiguresAreThoseOfJSON|TestEachAlertIsTested
# These tell often, or at length, what other tests tell the race detector: TestFollowedWhateverHappens, for one, and
# TestDaemonSaysWhatReplaySays.
long = TestCompressedWhileDown|TestBegunAgainWhateverHappened|TestCopytruncatedByLogrotate|TestCopyHoldsUnreadRest$\
|TestHalfIsRead|TestManyFiles|TestReadsFailNowAndThen|TestUnreadableCompressed|TestRestartsSayWhatReplaySays$\
|TestRestartsWithSeveralHosts|TestKilledBetweenAnyTwoWrites|TestOlderProgramGoesOn|TestMillionLines$\
|TestSuggestedRulesDoWhatTheySay|TestSubjectByVolume|TestStoppedWithManyAlerts|TestLogBreaksOff$\
|TestManyCompressedLogs|TestEvasions

build:
	CGO_ENABLED=0 go build -trimpath -o exiwatch ./cmd/exiwatch

packages: # for Debian, Red Hat, Alpine and Arch, in dist; the same bytes from the same commit
	packaging/build

# Much of the time tests wait: for a mail server, for a second to pass. So more packages are tested at a time (-p) than
# there are processors.
test: # everything; as root on Debian it installs what the tests need
	.ci/needs
	$(MAKE) lint
	go test -race -p 3 -timeout 20m -skip '^($(single)|$(long))$$' $$(go list ./... | grep -vxF "$$(go list $(pure))")
	go test -p 3 -timeout 20m $(pure)
	go test -p 3 -timeout 20m -run '^($(single)|$(long))$$' ./cmd/exiwatch ./mailer/... ./tailer \
		./internal/daemon ./internal/escape ./internal/replay ./internal/follow ./internal/metrics

tool = go tool -modfile=internal/tools/go.mod

lint: # and TestHouse, TestFloors: lengths of lines and functions, names, who imports whom
	test -z "$$(gofmt -l .)" || { gofmt -d .; false; }
	go vet ./...
	$(tool) staticcheck ./...
	$(tool) gocyclo -over 15 -ignore '_test\.go$$|pipelinetest|parser/address\.go$$' .
	go test -count=1 ./internal

unit: # what needs no other program and no patience
	go test -short ./...

fuzz:
	go test -run '^$$' -fuzz FuzzReader -fuzztime 5m ./parser
	go test -run '^$$' -fuzz FuzzLogin -fuzztime 10m ./parser
	go test -run '^$$' -fuzz FuzzDelivery -fuzztime 5m ./parser
	go test -run '^$$' -fuzz FuzzParse -fuzztime 1m ./internal/readsocket
	go test -run '^$$' -fuzz FuzzCheckpoint -fuzztime 2m -fuzzminimizetime 1x ./internal/daemon
	go test -run '^$$' -fuzz FuzzRecords -fuzztime 2m ./internal/merge

totals: # of a million lines, as eximstats counts them
	go test -count=1 -v -run TestTotalsOfManyLines ./parser -eximstats.lines=1000000

chaos: # twenty minutes of kills, cycles, storms, calls that fail, and a mail server that does
	go test -count=1 -timeout 60m -v -run 'TestChaos' ./internal/chaos -chaos.seeds=1 -chaos.lines=1000000 \
		-chaos.kills=230 -chaos.cycles=220 -chaos.faults=200 -chaos.loops=6 -chaos.storms=3 -chaos.seconds=60

fleet: # half an hour: fleets of ten hosts whose daemons, engines and network fail, against replay --fleet; then figures
	go test -count=1 -timeout 60m -v -run 'TestFleet|TestIsland|TestFigures' ./internal/fleetchaos -fleetchaos.hosts=10 \
		-fleetchaos.length=3m -fleetchaos.rate=120 -fleetchaos.seeds=2 -fleetchaos.outage=30s \
		-fleetchaos.parallel=6 -fleetchaos.network -fleetchaos.figures

socket: # a million random requests; questions while the log grows; what asking costs Exim
	go test -count=1 -v -run TestFlood ./internal/readsocket -readsocket.requests=1000000
	go test -count=1 -v -run TestQuestionsUnderLoad ./internal/daemon -daemon.questions=10000 -daemon.lines=20000
	go test -count=1 -v -run TestTransactionsASecond ./cmd/exiwatch -exim.transactions=2000

metrics: # a scrape of a million keys; a scrape a second while the log grows by 20,000 lines a second
	go test -count=1 -v -run 'TestScrapeOfAMillionKeys|TestScrapesUnderLoad' ./internal/daemon -daemon.lines=20000 -daemon.scrapes=30

web-load: # a hundred look at the page while the log grows by 20,000 lines a second; the page with a million accounts held
	go test -count=1 -v -run TestHundredWatchers ./internal/browser -judged -watchers=100 -lines=20000 -seconds=15
	go test -count=1 -v -run TestPageOfAMillionAccounts ./internal/daemon -web.million

bench: # against rg, eximstats, zcat and others, into docs/performance.md: half an hour, 15 GB, and a machine that does nothing else
	go test -run '^$$' -bench . ./...
	go run ./fixtures/bench

fixtures: # has the real Exim of this machine write them anew
	fixtures/make
	cp fixtures/logs/subject.log cmd/exiwatch/demo.log
