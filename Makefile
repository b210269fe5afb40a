SHELL := /bin/bash
.DEFAULT_GOAL := help

GO        ?= go
GODOC_DIR := $(shell $(GO) env GOROOT 2>/dev/null)/doc
# The documents that `make run` answers from: the Go distribution's own, or
# Quarry's where a distribution has split that folder off.
DOCS ?= $(if $(wildcard $(GODOC_DIR)/go_spec.html),$(GODOC_DIR),$(CURDIR)/README.md $(CURDIR)/proto)
ASK  ?= $(if $(wildcard $(GODOC_DIR)/go_spec.html),How does a select statement choose when several communications can proceed?,What does Quarry verify about a citation before sending it?)
ONCE ?=
PKG  ?= ./...
RUN  ?=
TOOL := $(GO) tool -modfile=internal/tools/go.mod

.PHONY: help
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: needs
needs:
	@missing=0; need() { echo "Missing: $$1. Install it: $$2" >&2; missing=1; }; \
	command -v $(GO) >/dev/null || need "Go 1.26 or newer" "https://go.dev/dl, or your package manager's golang"; \
	command -v $${CC:-gcc} >/dev/null || command -v cc >/dev/null || need "a C compiler" "Debian/Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install"; \
	command -v python3 >/dev/null || need "Python 3" "Debian/Ubuntu: apt-get install python3 python3-pip"; \
	{ python3 -m pip --version || pip3 --version; } >/dev/null 2>&1 || need "pip for Python 3" "Debian/Ubuntu: apt-get install python3-pip"; \
	exit $$missing

.PHONY: build
build: needs ## Build bin/quarry
	@test -x bin/quarry || echo "Compiling bin/quarry; the first time takes a minute or two"
	@$(GO) build -o bin/quarry ./cmd/quarry

.PHONY: run
run: build ## Set up, ingest DOCS, answer ASK, and stay up; ONCE=1 exits after the answer
	@bin/quarry up $(foreach d,$(DOCS),--docs "$(d)") --ask "$(ASK)" $(if $(ONCE),--once)

.PHONY: test
test: needs ## Set up and run the tests; PKG=./retrieve RUN=TestName for some
	$(GO) run ./internal/withpg -- $(GO) test -timeout 20m $(if $(RUN),-run '$(RUN)') $(PKG)

.PHONY: bench
bench: build ## Measure speed, each line beside its limit; BENCH_DATA=corpus.jsonl.gz adds a corpus
	$(GO) run ./internal/withpg -- $(GO) run ./internal/bench $(BENCH_ARGS)

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
