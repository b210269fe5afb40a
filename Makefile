SHELL := /bin/bash
.DEFAULT_GOAL := help

GO        ?= go
GODOC_DIR := $(shell $(GO) env GOROOT 2>/dev/null)/doc
# The documents that `make run` answers from: the Go distribution's own, or
# Quarry's where a distribution has split that folder off.
DOCS ?= $(if $(wildcard $(GODOC_DIR)/go_spec.html),$(GODOC_DIR),"$(CURDIR)/README.md" "$(CURDIR)/proto")
ASK  ?= $(if $(wildcard $(GODOC_DIR)/go_spec.html),How does a select statement choose when several communications can proceed?,What does Quarry verify about a citation before sending it?)
ONCE ?=
# Let a run forget more than half of DOCS: ALLOW_MASS_REMOVAL=1.
ALLOW_MASS_REMOVAL ?=
PKG  ?= ./...
PARSE_DATA ?=
RUN  ?=
TOOL := $(GO) tool -modfile=internal/tools/go.mod

# Given on the command line they are taken to the letter, dollar signs too.
ifeq ($(origin ASK),command line)
override ASK := $(value ASK)
endif
ifeq ($(origin DOCS),command line)
override DOCS := $(value DOCS)
endif
export ASK DOCS

.PHONY: help
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: needs
needs: # Python is for the first set-up only
	@missing=0; need() { echo "Missing: $$1. Install it: $$2" >&2; missing=1; }; \
	case "$$($(GO) version 2>/dev/null)" in "go version go1.2"[6-9]*|"go version go1."[3-9][0-9]*|"go version devel"*) ;; \
	*) need "Go 1.26 or newer" "https://go.dev/dl" ;; esac; \
	echo '#include <stdlib.h>' | $${CC:-gcc} -E - >/dev/null 2>&1 || need "a C compiler with its library's headers" "Debian/Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; or name yours: CC=clang"; \
	home="$${QUARRY_HOME:-$$(test "$$(id -u)" = 0 && echo /var/lib || echo "$${XDG_DATA_HOME:-$$HOME/.local/share}")/quarry}"; \
	compgen -G "$$home/runtime/*/model" >/dev/null || { \
	  command -v python3 >/dev/null || need "Python 3" "Debian/Ubuntu: apt-get install python3 python3-pip"; \
	  { python3 -m pip --version || pip3 --version; } >/dev/null 2>&1 || need "pip for Python 3" "Debian/Ubuntu: apt-get install python3-pip"; }; \
	exit $$missing

.PHONY: build
build: needs ## Build bin/quarry
	@test -x bin/quarry || echo "Compiling bin/quarry; the first time takes a minute or two"
	@$(GO) build -o bin/quarry ./cmd/quarry

.PHONY: run
run: build ## Set up, ingest DOCS, answer ASK, and stay up; ONCE=1 exits after the answer, ALLOW_MASS_REMOVAL=1 forgets most of DOCS
	@if test -e "$$DOCS"; then set -- --docs "$$DOCS"; else \
	  words="$$(echo "$$DOCS" | xargs -r printf '%s\n' 2>/dev/null)" || { echo "DOCS: a quotation mark in it is not closed" >&2; exit 2; }; set --; \
	  while read -r d; do test -z "$$d" || set -- "$$@" --docs "$$d"; done <<<"$$words"; fi; \
	exec bin/quarry up "$$@" --ask "$$ASK" $(if $(ONCE),--once) $(if $(ALLOW_MASS_REMOVAL),--allow-mass-removal)

.PHONY: test
test: needs ## Set up and run the tests; PKG=./retrieve RUN=TestName for some
	$(GO) run ./internal/withpg -- $(GO) test -timeout 20m $(if $(RUN),-run '$(RUN)') $(PKG)

.PHONY: torture
torture: build ## Kill workers 200 times and Postgres 20 times during one import; TORTURE="-seed N" repeats a run
	$(GO) run ./internal/withpg -- $(GO) test ./internal/torture -count=1 -v -timeout 31m -args -quarry $(CURDIR)/bin/quarry -workers 2 \
		-documents 2000 -worker-kills 200 -postgres-kills 20 -bound 30m $(TORTURE)

.PHONY: test-llama
test-llama: needs ## Test the model clients on a real llama.cpp server; downloads 270 MB once
	$(GO) vet -tags llama ./internal/llama
	QUARRY_TEST_LLAMA="$(CURDIR)/.tools/llama" $(GO) test -tags llama -count 1 -timeout 15m $(if $(RUN),-run '$(RUN)') ./internal/llama

.PHONY: bench-langchaingo
bench-langchaingo: needs ## Print what langchaingo alone makes of each fault of a model API, beside Quarry
	$(GO) test -count 1 -v -run TestLangchaingoAlone ./generate/provider

.PHONY: bench
bench: build ## Measure speed, each line beside its limit; BENCH_DATA=corpus.jsonl.gz adds a corpus
	$(GO) run ./internal/withpg -- $(GO) run ./internal/bench $(BENCH_ARGS)
	$(if $(BENCH_ARGS),,$(GO) run ./internal/withpg -- $(GO) run ./internal/bench answers)

.PHONY: bench-load
bench-load: build .tools/peers/installed ## Load documents with given vectors, beside a bare COPY and two other stores; BENCH_ARGS="-load 100000"
	BENCH_PEERS_PYTHON=$(CURDIR)/.tools/peers/bin/python $(GO) run ./internal/withpg -- $(GO) run ./internal/bench -load 20000 $(BENCH_ARGS)

.PHONY: bench-resync
bench-resync: needs ## Sync 100,000 files that have not changed, by time and size and by content, beside hashing them
	$(GO) run ./internal/withpg -- $(GO) test ./ingest -run '^$$' -bench Resync -benchtime 1x -timeout 20m $(if $(N),-args -resync-files $(N))

.PHONY: bench-scale
bench-scale: build ## Search 1,000, 10,000 and 100,000 chunks beside bare Postgres; N=1000000 for more
	$(GO) run ./internal/withpg -- $(GO) run ./internal/bench scale $(if $(N),-n $(N)) $(BENCH_ARGS)

.PHONY: bench-peers
bench-peers: build .tools/peers/installed ## Search beside three other stores on the same Postgres; N=100000 for more than 10,000 chunks
	BENCH_PEERS_PYTHON=$(CURDIR)/.tools/peers/bin/python $(GO) run ./internal/withpg -- $(GO) run ./internal/bench peers $(if $(N),-n $(N)) $(BENCH_ARGS)

.tools/peers/installed: internal/bench/peers.txt
	python3 -m venv .tools/peers
	.tools/peers/bin/pip install --quiet --disable-pip-version-check -r internal/bench/peers.txt
	@touch $@

.PHONY: bench-parse
bench-parse: ## Compare the parsers with expected texts, by format; PARSE_DATA="folder…"
	@test -n "$(PARSE_DATA)" || { echo 'Give folders of documents beside their expected texts: make bench-parse PARSE_DATA="folder…"' >&2; exit 2; }
	$(GO) run ./internal/benchparse $(PARSE_DATA)

.PHONY: bench-cold
bench-cold: ## Time `make run` in a fresh clone with every cache empty, step by step
	$(GO) run ./internal/benchcold

.PHONY: clean
clean: ## Remove what was built here; QUARRY_HOME, with the runtime and your data, stays
	rm -rf bin .tools

.PHONY: lint
lint: ## Vet, staticcheck, gofumpt
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -v '\.pb\.go$$')); test -z "$$out" || { echo "not gofumpt'd:"; echo "$$out"; exit 1; }

.PHONY: generate
generate: needs ## Write the generated files: protobuf code, migrations/schema.sql
	$(GO) build -modfile=internal/tools/go.mod -o .tools/buf github.com/bufbuild/buf/cmd/buf
	cd proto && ../.tools/buf lint && ../.tools/buf generate
	$(GO) run ./internal/withpg -- $(GO) test ./migrations -run TestSchemaFile -update

.PHONY: verify
verify: generate ## Prove that the generated files are fresh
	git diff --exit-code -- proto migrations
