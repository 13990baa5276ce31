# The verbs of this repository. Everything needs only Go; the scripts say what else.

# The developer tools are pinned in tools.mod, apart from the program's own modules.
TOOL  = go tool -modfile=tools.mod
FUZZ ?= 10s

.PHONY: build test check scenarios simulation score corpus definitions fuzz bench stores outage image demo

build: ## the program, as it is shipped: bin/ucare
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/ucare ./cmd/ucare

test: ## all tests
	go test ./...

check: ## what a change must pass: form, vet, staticcheck, all tests with the race detector
	@test -z "$$($(TOOL) gofumpt -l . | tee /dev/stderr)" || { echo 'make check: run gofumpt -w on these'; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	@test -z "$$(go fix -diff ./... | tee /dev/stderr)" || { echo 'make check: run go fix ./...'; exit 1; }
	go mod tidy -diff
	go test -race -shuffle=on -count=1 ./...

scenarios: ## the specification of the rules, read aloud
	go test -count=1 -v -run Scenario ./rules/...

RECORDINGS ?= ../shared
score: build ## the rules on recordings of real homes, falls and fires; takes some minutes
	python3 $(RECORDINGS)/tools/score.py --ucare bin/ucare $(RECORDINGS)/recordings

HOME_YEARS ?= 1000
SEED ?= 1
simulation: ## a thousand years in homes that do not exist, with everything that goes wrong in them
	GOGC=400 UCARE_HOME_YEARS=$(HOME_YEARS) UCARE_SEED=$(SEED) go test ./gateway -count=1 -timeout 60m -v -run '^TestHomeYears$$' | grep -v -E '^ *(=== |--- PASS)'

CORPUS ?= ../shared/mqtt/payloads.jsonl
corpus: ## decode a file of labelled messages: precision and recall by kind
	@go run ./acceptance/corpus $(CORPUS)

DEFINITIONS ?= ../shared/mqtt/z2m_devices.json
definitions: ## what becomes of each safety property of a file of Zigbee2MQTT device definitions
	@go run ./acceptance/definitions $(DEFINITIONS)

fuzz: ## each fuzz target for FUZZ (10s)
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$$file"); do \
	    echo "== $$target in $$(dirname "$$file")"; \
	    go test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) -fuzzminimizetime 20x || exit 1; \
	  done; done

bench: stores ## the way of an alarm from publish to centre, beside a bare subscriber; both stores of the history; then the benchmarks
	go run ./acceptance/bench
	go test -run '^$$' -bench . -benchmem ./...

stores: ## both stores of the history beside plain SQLite and plain InfluxDB, 3 million readings; some minutes
	go run ./acceptance/stores

outage: ## alarms and readings while InfluxDB is killed, held, slow or refusing, and the gateway is killed; some minutes
	go run ./acceptance/outage

image: ## the container image
	docker build -t ucare .

demo: ## the whole chain on this machine, with a simulated home
	go run ./cmd/ucare demo
