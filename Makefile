# The short front of the build.  `make help` lists the targets.
#
# JOBS  compilers and suites at a time (default: the CPUs)
# SKIP_DEPS=1  trusts that everything is installed
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
DESTDIR ?=

MAKEFLAGS += --no-print-directory --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all

DEPS = $(if $(SKIP_DEPS),:,tools/deps)
BUILD = cmake --build --preset $(1) --parallel $(JOBS)

.PHONY: all help demo test soak lint format bench fuzz system-test docs install dist deps asan tsan dev \
        clean distclean

all: ## the program: build/weir
	@$(DEPS) build
	@cmake --preset release >/dev/null
	@$(call BUILD,release)

help: ## this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' Makefile | expand -t 14

demo: all ## real data, cleaned, checked and loaded, in a minute
	@examples/demo.sh

test: ## everything a contributor needs to see green
	@$(DEPS) build test
	@cmake --preset release >/dev/null
	@$(call BUILD,release) --target all tests
	@JOBS=$(JOBS) tests/run

soak: ## the long forms: 500 kills, 10 million rows, ten minutes of fuzzing each
	@$(DEPS) build test fuzz
	@cmake --preset release >/dev/null
	@$(call BUILD,release) --target all tests
	@JOBS=$(JOBS) tests/run --soak
	@tools/fuzz --seconds 600

lint: ## format, clang-tidy, the second compiler, house rules
	@$(DEPS) build test lint
	@JOBS=$(JOBS) tools/lint

format: ## clang-format over the sources, in place
	@$(DEPS) lint
	@find src include tests bench -name '*.[ch]' -print0 | xargs -0 clang-format-14 -i

bench: ## weir against its peers on this machine; writes docs/benchmarks.md
	@$(DEPS) build bench
	@cmake --preset release >/dev/null
	@$(call BUILD,release)
	@bench/run

fuzz: ## a minute of libFuzzer for each target (FUZZ_SECONDS=60)
	@$(DEPS) build test fuzz
	@tools/fuzz --seconds $(or $(FUZZ_SECONDS),60)

system-test: ## against real servers on loopback
	@$(DEPS) build test system
	@cmake --preset release >/dev/null
	@$(call BUILD,release)
	@JOBS=$(JOBS) tests/run system

asan: ## the suites with AddressSanitizer and UBSan
	@$(DEPS) build test
	@cmake --preset asan >/dev/null
	@$(call BUILD,asan) --target all tests
	@JOBS=$(JOBS) tests/run --build build-asan unit fuzz pipelines conformance faults

tsan: ## the threaded parts with ThreadSanitizer
	@$(DEPS) build test
	@cmake --preset tsan >/dev/null
	@$(call BUILD,tsan) --target all tests
	@JOBS=$(JOBS) tests/run --build build-tsan unit pipelines

dev: ## a debug build: build-dev/weir
	@$(DEPS) build
	@cmake --preset dev >/dev/null
	@$(call BUILD,dev)

docs: all ## the reference pages from the option tables; checks the links
	@tools/docs

install: all ## into $(DESTDIR)$(PREFIX)
	@DESTDIR=$(DESTDIR) cmake --install build --prefix $(PREFIX)

dist: ## dist/weir-VERSION-linux-ARCH.tar.gz, which needs libc6 alone
	@$(DEPS) build dist
	@JOBS=$(JOBS) tools/dist

deps: ## installs what is missing (DEPS_GROUPS="build test lint", default build test)
	@tools/deps $(or $(DEPS_GROUPS),build test)

clean: ## the build folders
	@rm -rf build build-*

distclean: clean ## and what `make dist` made
	@rm -rf dist
