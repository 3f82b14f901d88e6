CONFIG ?= config.yaml
ARGS ?=
FUZZ_SECONDS ?= 60
IMAGE ?= threads-exporter
SBOM ?= build/threads-exporter.cdx.json

BIN := .venv/bin
READY := .venv/.ready
DEMO_RULES := --for-scale 0.02 --output deploy/prometheus/demo.rules.yaml
SOURCES := alerts benchmarks dashboards exporter fuzz soak supply_chain tests

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this help
	@echo "Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml uv.lock scripts/setup scripts/uv.txt
	@scripts/setup
	@touch $@

.PHONY: setup
setup: $(READY) ## Install what all else here needs, into .tools and .venv

.PHONY: demo
demo: $(READY) ## Run the exporter on a simulated Threads API, with Prometheus where it is installed
	@$(BIN)/python scripts/demo $(ARGS)

.PHONY: run
run: $(READY) ## Run the exporter with CONFIG=config.yaml
	@$(BIN)/threads-exporter --config.file=$(CONFIG) $(ARGS)

.PHONY: test
test: $(READY) ## Run all tests under the coverage gate, or ARGS="tests/web -k healthy"
	@scripts/test $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## Fuzz what takes input from outside for FUZZ_SECONDS=60 each, or ARGS="answer"
	@$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS) $(ARGS)

.PHONY: servers
servers: ## Get the real Prometheus, PostgreSQL and the like, and the kubectl that some tests need
	@scripts/fetch-prometheus
	@scripts/fetch-prometheus-3
	@scripts/fetch-postgresql
	@scripts/fetch-faketime
	@scripts/fetch-kubectl

.PHONY: lint
lint: $(READY) ## Check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy scripts/demo
	$(BIN)/zizmor --offline --no-progress --quiet .github

.PHONY: format
format: $(READY) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: audit
audit: $(READY) ## Look for known vulnerabilities and licences that are not allowed
	@scripts/audit $(ARGS)

.PHONY: sbom
sbom: $(READY) ## Write what the exporter is made of into SBOM=build/threads-exporter.cdx.json
	@scripts/sbom $(SBOM)

.PHONY: docs
docs: $(READY) ## Write all that is generated anew: pages, rules and dashboards
	$(BIN)/python -m exporter.metrics.docs
	$(BIN)/python -m exporter.threads_api.docs
	$(BIN)/python -m alerts
	$(BIN)/python -m alerts $(DEMO_RULES)
	$(BIN)/python -m dashboards --configmaps
	$(BIN)/python -m benchmarks page
	$(BIN)/python -m benchmarks scaling

.PHONY: check-docs
check-docs: $(READY) ## Fail where a generated page, rule or dashboard differs from the code
	$(BIN)/python -m exporter.metrics.docs --check
	$(BIN)/python -m exporter.threads_api.docs --check
	$(BIN)/python -m alerts --check
	$(BIN)/python -m alerts --check $(DEMO_RULES)
	$(BIN)/python -m dashboards --check --configmaps
	$(BIN)/python -m benchmarks page --check
	$(BIN)/python -m benchmarks scaling --check

.PHONY: bench
bench: $(READY) ## Measure speed against yardsticks into bench.json, or ARGS="--quick --only scrape"
	$(BIN)/python -m benchmarks run --output bench.json $(ARGS)

.PHONY: soak
soak: $(READY) ## Run 10 000 accounts through all kinds of trouble for ten minutes, or ARGS="--minutes 60"
	$(BIN)/python -m soak run --accounts 10000 --minutes 10 --output soak.json $(ARGS)

.PHONY: dashboards-preview
dashboards-preview: $(READY) ## Draw the dashboards with Grafana's libraries; needs node, npm, chromium
	@scripts/fetch-prometheus
	@$(BIN)/python -m dashboards.preview $(ARGS)

.PHONY: picture
picture: $(READY) ## Take the README's picture of the demo anew; needs chromium
	@scripts/picture

.PHONY: check-config
check-config: $(READY) ## Check the example configuration
	$(BIN)/threads-exporter --config.check --config.file=config.example.yaml

.PHONY: package
package: $(READY) ## Build the wheel and the source distribution into dist
	.tools/uv/bin/uv build

.PHONY: image
image: ## Build the container image IMAGE=threads-exporter
	@command -v docker >/dev/null || { echo "make image needs docker: sudo apt install docker.io" >&2; exit 1; }
	docker build --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag $(IMAGE) .

.PHONY: clean
clean: ## Remove all that was made here
	rm -rf .venv .tools dist build .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
