# The menu; the kitchen is xtask. `make run` and `make test` set up all they need.
.DEFAULT_GOAL := help
.PHONY: help run test test-recorded check fmt lint tidy gen bench soak sim console dist

help:   ## this menu
	@sed -n 's/^\([a-z-]*\): *## /make \1\t/p' Makefile
run:    ## build the pages and the gateway, and start it on examples/quickstart.yaml
	@cargo xtask console --if-possible
	@cargo run --release --package architrave-server -- run --config examples/quickstart.yaml --demo
test:   ## install what tests need and run everything
	@cargo xtask test
test-recorded: ## translate recorded traffic of providers, which lies beside a clone
	@cargo test --package architrave-llm --test recorded
check:  ## does it compile
	@cargo check --workspace --all-targets
fmt:    ## lay the code out
	@cargo fmt --all
lint:   ## clippy, warnings being errors
	@cargo xtask lint
tidy:   ## what no compiler checks: floors, words, files
	@cargo xtask tidy
gen:    ## write generated files anew
	@cargo xtask gen
bench:  ## what a request costs, beside the peers: make bench [name=http1]
	@cargo xtask bench $(or $(name),all)
soak:   ## the tests in their long forms: make soak [name=reload]
	@cargo xtask soak $(name)
sim:    ## balancing algorithms over virtual time
	@cargo xtask sim
console: ## build the pages of the console and the portal
	@cargo xtask console
dist:   ## the stripped binary in a tarball and a Debian package, tested
	@cargo xtask dist
