# Every task of a user or CI: `make demo`, `make test`, `make install PREFIX=...`, `make bench`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
SWIFT ?= swift
BUILD := .build
TEST_BUILD := .build-test
VENV := .build-python
PYTHON := $(VENV)/bin/python

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## Install what is missing, build, and convert the trained sample to units and back
	@bash samples/fashion/demo.sh $(BUILD)/release/tessera

build: deps ## Build the command
	@$(SWIFT) build -c release --product tessera --scratch-path $(BUILD)

test: peers python ## Build once and run every test, with the peer tools
	@$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	$(SWIFT) build -c release -Xswiftc -enable-testing --build-tests --scratch-path $(TEST_BUILD)
	@bash tools/dist/link.sh $(SWIFT) $(TEST_BUILD) $(TEST_BUILD)/static/tessera
	TESSERA_PYTHON=$(CURDIR)/$(PYTHON) TESSERA_COMMAND=$(CURDIR)/$(TEST_BUILD)/static/tessera \
	  $(SWIFT) test -c release -Xswiftc -enable-testing --skip-build --scratch-path $(TEST_BUILD)
	@bash samples/swift/check.sh $(SWIFT) $(TEST_BUILD)
	@bash tools/dist/check.sh $(TEST_BUILD)/static/tessera $(TEST_BUILD)/release/tessera $(SWIFT)
	TESSERA=$(CURDIR)/$(TEST_BUILD)/static/tessera $(PYTHON) -B -m pytest -q python

STATIC := $(BUILD)/static/tessera
static: build
	@bash tools/dist/link.sh $(SWIFT) $(BUILD) $(STATIC)

install: static ## Install the command, man pages and completions under PREFIX
	@bash tools/dist/stage.sh $(STATIC) "$(DESTDIR)" "$(PREFIX)" $(SWIFT)

DIST := $(BUILD)-dist
tarball: static ## Pack the command, man pages and completions into .build-dist
	@bash tools/dist/tarball.sh $(STATIC) $(DIST) $(SWIFT)

deb: static ## Make the Debian package in .build-dist
	@bash tools/dist/deb.sh $(STATIC) $(DIST) $(SWIFT)

wheel: static python ## Make the Python wheel, with the command in it, in .build-dist
	@bash tools/dist/licences.sh $(SWIFT) $(BUILD)/static/licences
	@$(PYTHON) -B python/build_wheel.py --portable --binary $(STATIC) --licences $(BUILD)/static/licences --out $(DIST)

program: static
	@install -D -m 755 $(STATIC) $(DIST)/tessera-linux-$$(uname -m)
	@cd $(DIST) && sha256sum tessera-linux-$$(uname -m) >tessera-linux-$$(uname -m).sha256

dist: program tarball deb wheel ## Make all three, and the command alone; none needs Swift where it is installed

SECONDS ?= 60
PARSERS ?=
fuzz: deps ## Fuzz the parsers: SECONDS=600 for each, PARSERS="npy zip" for some
	@SWIFT=$(SWIFT) bash Tests/FuzzTests/fuzz.sh $(SECONDS) $(PARSERS)

paper: build ## Count the paper's networks, next to the published numbers
	@python3 samples/paper/compare.py $(BUILD)/release/tessera

bench: build peers python ## Compare with peers, on this machine (ROWS="compress validate" measures only some)
	$(PYTHON) bench/bench.py --tessera $(BUILD)/release/tessera $(if $(ROWS),--rows $(ROWS))

deps:
	@bash tools/install-dependencies.sh $(SWIFT)

peers:
	@bash tools/install-dependencies.sh $(SWIFT) --peers

python: $(VENV)/ready

$(VENV)/ready: | peers
$(VENV)/ready: tools/requirements.txt tools/requirements-files.txt
	@bash tools/make-python.sh $(VENV)

docs: deps ## Write the reference of the library, as pages for a browser, to .build-docs/reference
	TESSERA_DOCS=1 $(SWIFT) package --scratch-path $(BUILD)-docs \
	  --allow-writing-to-directory $(BUILD)-docs generate-documentation --target Tessera \
	  --output-path $(BUILD)-docs/reference

reference: build ## Write the reference of the commands, from their own help, to docs/commands
	@python3 tools/command-reference.py $(BUILD)/release/tessera docs/commands

clean: ## Remove what was built
	rm -rf $(BUILD) $(DIST) $(BUILD)-docs $(TEST_BUILD) .build-fuzz $(VENV)

.PHONY: help demo build test static install program tarball deb wheel dist fuzz paper bench docs reference deps peers python clean
