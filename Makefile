# epsilond: `make demo` and `make test` are all a newcomer needs. Both install what is missing (Debian 12) and build in release mode.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo serve build test check bench fuzz format lint setup image clean

SWIFT_BUILD := swift build -c release
# $(CURDIR)/.build/release is a link that SwiftPM keeps on the newest release build.
EPSILOND := .build/release/epsilond
HOST ?= 127.0.0.1
PORT ?= 8080
DATA_DIR ?= data/serve

demo: build
	@EPSILOND=$(EPSILOND) deploy/demo.sh

serve: build
	$(EPSILOND) serve --host $(HOST) --port $(PORT) --data-dir $(DATA_DIR)

build: setup
	$(SWIFT_BUILD) --product epsilond

# The tests run on the release build: numeric code and the server are only ever judged in release mode. Those with sockets run
# by themselves: a long computation on the pool's two threads would keep their handlers waiting past honest deadlines.
SOCKET_TESTS := HTTPServerTests|ServiceTests|epsilondTests
test: setup
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --skip '$(SOCKET_TESTS)'
	swift test -c release --skip-build --filter '$(SOCKET_TESTS)'

# The contract test, which holds the routes and openapi.yaml together, is one of the tests; warnings are errors in Package.swift.
check: setup lint test

bench: build
	$(EPSILOND) bench accounting
	$(EPSILOND) bench train --workload w2_tutorial_cnn --batch 32
	$(EPSILOND) bench train --workload w2_tutorial_cnn --batch 256

FUZZ_SECONDS ?= 60
fuzz: setup
	@mkdir -p .build/fuzz/http-corpus
	swiftc -O -swift-version 6 -parse-as-library -package-name epsilond -sanitize=fuzzer,address -use-ld=lld \
	  Sources/HTTPServer/HTTP{Grammar,Headers,Refusal,RequestHead,RequestParser,RequestParser+Lines}.swift \
	  Tests/Fuzz/HTTPParserFuzz.swift -o .build/fuzz/http-parser
	SWIFT_BACKTRACE=enable=no .build/fuzz/http-parser -dict=Tests/Fuzz/http.dict -max_len=2048 \
	  -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.build/fuzz/ .build/fuzz/http-corpus

format:
	swift format --in-place --recursive Package.swift Sources Tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

# Silent when nothing is missing.
setup:
	@deploy/setup.sh

image:
	docker build --tag epsilond .

clean:
	rm -rf .build
