# The front door. Everything here runs on a bare Debian machine with Go, git and root, and uses Docker where it answers.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# What goes before a call of dagger: the engine's address and its command line.
engine := eval "$$(out/bin/engine env)"; export DAGGER_NO_NAG=1
# A person at a terminal sees the stages as they run; a log gets the report alone.
progress := $(shell [ -t 1 ] && echo auto || echo report)
modules := . infra/engine infra/engine/sdk ci/toolbox ci/bench ci/tests

.PHONY: help demo test lint unit unit-waiting unit-computing stages reproducible engine packages develop bench clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: engine ## build, test and ship both applications, train a model, ask it through the gateway, and show the report
	@$(engine); rm -rf out/demo
	dagger call --progress=$(progress) demo reports export --path out/demo >/dev/null
	go run ./pipelines/cmd/esteira report out/demo/report.json
	echo "The same as a page: out/demo/report.html"
	go run ./pipelines/cmd/esteira check out/demo/report.json

test: lint unit stages ## run all tests
	@echo "All tests passed."

lint: packages develop out/bin/staticcheck out/bin/actionlint ## check format, vet, staticcheck, shell, workflows and module files
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	  [ -z "$$unformatted" ] || { echo "not formatted, run gofmt -w: $$unformatted"; exit 1; }
	out/bin/actionlint
	shellcheck $$(git ls-files -co --exclude-standard '*.sh' .ci/run)
	for module in $(modules); do (cd $$module && go mod tidy -diff); done
	for module in $(modules) ci; do \
	  echo "vet and staticcheck: $$module"; \
	  (cd $$module && go vet ./... && "$(CURDIR)/out/bin/staticcheck" ./...); \
	done

# Why some tests run without the race detector: docs/decisions/0036-what-runs-without-the-race-detector.md
undetected := ^(TestEachValue|TestKilledAtEveryStep)$$
detected := gotestsum --format pkgname -- -race -skip '$(undetected)' -timeout 20m ./...
# The tests of infra/engine wait for engines, the others compute: they run side by side.
unit: packages engine out/bin/gotestsum out/bin/etcd out/bin/kube-apiserver ## run the Go tests of all modules but the stages' own, with the race detector
	@$(engine); export PATH="$(CURDIR)/out/bin:$$PATH"
	$(MAKE) --no-print-directory --output-sync=line --jobs=2 unit-waiting unit-computing

unit-waiting:
	@cd infra/engine && $(detected)

unit-computing:
	@for module in $(filter-out ci/tests infra/engine,$(modules)); do (cd $$module && $(detected)); done
	gotestsum --format pkgname -- -run '$(undetected)' ./pipelines/delivery/budget ./pipelines/release/promotion

# Go would take the results of before for those of now: it does not see what the engine reads. Calls also wait for each other,
# so that there is one more of them at a time than there are processors here.
stage_tests := $(engine); export ESTEIRA_ENGINE_STATE="$${ESTEIRA_ENGINE_HOME:-/var/lib/esteira}/instances/main/state"; \
  [ -d "$$ESTEIRA_ENGINE_STATE" ] || unset ESTEIRA_ENGINE_STATE; \
  tests() { (cd ci/tests && "$(CURDIR)/out/bin/gotestsum" --format testname -- -count=1 -parallel=$$(($$(nproc) + 1)) -timeout 120m "$$@" ./...); }

# What is left out here, and why: docs/decisions/0037-what-is-tested-apart.md
stages: engine out/bin/gotestsum out/bin/etcd out/bin/kube-apiserver ## run the stages' own tests through the engine
	@$(stage_tests)
	once() { tests -skip '^TestTwoEnginesMakeEqualLayers$$'; }
	once || { if out/bin/engine status >/dev/null; then exit 1; fi
	  echo "The engine itself died meanwhile, and its log says why: it is started again, and so are all tests, once."
	  out/bin/engine up; once; }

reproducible: engine out/bin/gotestsum ## prove that an engine with nothing in its cache makes the same layers
	@$(stage_tests); tests -run '^TestTwoEnginesMakeEqualLayers$$'

bench: engine ## measure, side by side, and print ratios
	@$(engine); cd ci/bench && go run .

engine: out/bin/engine ## start the Dagger engine, or find the one that runs
	@out/bin/engine up

develop: engine
	@$(engine); before=$$(sha256sum ci/go.*)
	dagger develop --progress=$(progress) >/dev/null
	[ "$$before" = "$$(sha256sum ci/go.*)" ] || { echo "ci/go.mod or ci/go.sum was stale; dagger develop has written it anew: commit it"; exit 1; }

out/bin/engine: $(wildcard infra/engine/*.go) infra/engine/go.mod infra/engine/go.sum
	@go build -C infra/engine -mod=readonly -o "$(CURDIR)/$@" .

out/bin/staticcheck out/bin/actionlint out/bin/gotestsum: out/bin/%: ci/toolbox/%/go.mod ci/toolbox/%/go.sum
	@go build -C ci/toolbox/$* -mod=readonly -o "$(CURDIR)/$@" tool

# The stages need the same one: it is built once, in the engine.
out/bin/kube-apiserver: ci/toolbox/kube-apiserver/go.mod ci/toolbox/kube-apiserver/go.sum | engine
	@$(engine); dagger call --progress=$(progress) toolbox tool --name=kube-apiserver export --path=$@ >/dev/null

# What an API server keeps things in: Debian's, taken out of its package, because installed it would be a service.
out/bin/etcd:
	@mkdir -p out/bin; cd out/bin; apt-get update -qq; apt-get download -qq etcd-server
	dpkg-deb --fsys-tarfile etcd-server_*.deb | tar -xO ./usr/bin/etcd >etcd.new
	chmod +x etcd.new; mv etcd.new etcd; rm etcd-server_*.deb

# The race detector needs a C compiler, the shell scripts their linter.
packages:
	@command -v gcc >/dev/null && command -v shellcheck >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends gcc libc6-dev shellcheck; }

clean: ## stop what demo and test started, and remove what they made here
	@[ ! -x out/bin/engine ] || out/bin/engine down
	rm -rf out
