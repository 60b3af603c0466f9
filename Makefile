# The one door for people. Every verb works from a clean clone; `make help` lists them.
SHELL := /bin/bash
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/throughline
export CARGO_TARGET_DIR ?= $(CACHE)/target
export PIP_CACHE_DIR ?= $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_cache ?= $(CACHE)/npm
BIN := $(CARGO_TARGET_DIR)/debug/throughline
SPANS ?= 1000000
# Built, then called by itself: `cargo run` sets variables for which build scripts run again, and everything above them is
# compiled anew.
XTASK = cargo build --quiet --locked -p xtask && "$(CARGO_TARGET_DIR)/debug/xtask"

.PHONY: help setup build run demo-check test check conformance bench ui ui-test ui-shots bench-ui soak fuzz release clean

help: ## what each verb does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## installs what is missing, or says what an administrator has to run
	@KAFKA=$(KAFKA) demo/setup.sh

build: setup ## compiles everything once, for run, tests and benches alike
	@# The binary takes the web UI in when it is there; without Node the plain page stands in.
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory ui || echo "the web UI was not built; the plain page stands in" >&2; fi
	@echo "Building; the first time takes 10 to 40 minutes, later ones seconds."
	@# As for tests, so that both share every compiled dependency: Cargo unites the features of all that it builds at once.
	cargo test --workspace --no-run --locked

run: build ## starts the server and two teams' real systems; Ctrl-C stops all (RATE=3 MIX=chat:4,page:1 KAFKA=real MINUTES=5)
	@python3 demo/run.py --binary "$(BIN)" $(if $(RATE),--rate $(RATE)) $(if $(MIX),--mix $(MIX)) $(if $(KAFKA),--kafka $(KAFKA)) \
	  $(if $(MINUTES),--minutes $(MINUTES))

demo-check: build ## compares what is shown with what the demo's driver did, in the running demo or one of its own (DISTURB=1)
	@python3 demo/check.py --binary "$(BIN)" $(if $(KAFKA),--kafka $(KAFKA)) $(if $(DISTURB),--disturb)

test: build ## everything that CI runs; last line: N passed, N failed
	$(XTASK) test

check: ## formats, lints, structure rules; no test
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(XTASK) tidy
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; else echo "cargo-deny is not installed: licences and bans were NOT checked (cargo install cargo-deny)"; fi

conformance: build ## scores on the oracles and goldens that THROUGHLINE_ORACLES and THROUGHLINE_GOLDENS name
	$(XTASK) conformance

bench: build ## measurements as ratios within one run, JSON lines in bench/results; CRATES="promql logql" chooses
	@# SPANS=10000000 is the size that the targets speak of; peers by THROUGHLINE_BENCH_<PEER>=http://HOST:PORT.
	@mkdir -p bench/results
	$(XTASK) bench $(CRATES)
	set -o pipefail; "$(CARGO_TARGET_DIR)/debug/bench" --server "$(BIN)" --folder "$(CARGO_TARGET_DIR)/bench" --spans "$(SPANS)" | tee "bench/results/$$(date -u +%Y%m%dT%H%M%S)-traces.jsonl"

soak: build ## 500 rounds of kill -9 under load; ROUNDS=50 for fewer
	$(XTASK) soak $(ROUNDS)

fuzz: ## every parser, evaluator and decoder against made-up input; SECONDS=60 a target, TARGETS="promql_parse" chooses
	@# The number is an argument: bash has a variable SECONDS of its own.
	$(XTASK) fuzz $(or $(SECONDS),60) $(TARGETS)

NPM = cd ui && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm
ui/node_modules: ui/package-lock.json
	$(NPM) ci && touch node_modules

ui: ui/node_modules ## builds the web UI into ui/dist, precompressed; needs no Rust
	$(NPM) run --silent build
	$(NPM) run --silent bytes

ui-test: ui ## the web UI's checks, unit tests and tests in Chromium; THROUGHLINE_URL names a server to test against
	$(NPM) run --silent check
	$(NPM) run --silent unit
	$(NPM) run --silent e2e

ui-shots: ui ## a picture of every page and state in ui/shots, to be looked at; SHOTS is a pattern of names
	$(NPM) run --silent shots

bench-ui: ui ## times of the web UI as ratios within one run, JSON lines in bench/results
	@mkdir -p bench/results
	$(NPM) run --silent bench


release: setup ## the optimised binary, with link-time optimisation
	cargo build --release --locked -p server

clean: ## forgets what was built here; caches stay
	rm -rf target throughline-data
