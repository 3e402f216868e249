# The one door: everything a person or CI runs here. "make help" lists it.

PREFIX ?= /usr
DESTDIR ?=
BUILT = .build/install
HARNESS = Tests/Harness
KILLS = 10000
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
DOCS = $(DESTDIR)$(PREFIX)/share/doc/tokend

.DEFAULT_GOAL := help
.PHONY: help deps build install demo test torture behaviours bench lint format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

deps: ## installs from Debian what building and testing need (root; starts no service)
	@$(HARNESS)/deps test

build: ## release programs, stripped, in .build/install
	swift build -c release --static-swift-stdlib --product tokend
	swift build -c release --static-swift-stdlib --product tokenctl
	@mkdir -p $(BUILT)
	@for program in tokend tokenctl; do \
	    strip -o $(BUILT)/$$program.new .build/release/$$program && mv $(BUILT)/$$program.new $(BUILT)/$$program || exit 1; \
	done
	@ls -l $(BUILT)

install: ## programs, units and examples to DESTDIR and PREFIX; after "make build"
	@test -x $(BUILT)/tokend -a -x $(BUILT)/tokenctl || { echo 'nothing to install yet; "make build" comes first' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(UNITS) $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d $(DOCS)/example/apps.d $(DOCS)/example/units
	install -m 755 $(BUILT)/tokend $(BUILT)/tokenctl $(DESTDIR)$(PREFIX)/bin
	for unit in systemd/*.service systemd/*.socket; do \
	    sed 's|/usr/bin/token|$(PREFIX)/bin/token|g; s|/usr/share/doc|$(PREFIX)/share/doc|g' $$unit > $(UNITS)/$${unit##*/} && \
	    chmod 644 $(UNITS)/$${unit##*/} || exit 1; \
	done
	install -m 644 systemd/tokend.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tokend.conf
	install -m 644 systemd/tokend.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/tokend.conf
	for catalog in systemd/*.catalog; do \
	    test ! -e $$catalog || install -D -m 644 $$catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/$${catalog##*/} || exit 1; \
	done
	install -m 644 $(wildcard README.md) LICENSE $(DOCS)
	install -m 644 systemd/example/tokend.toml $(DOCS)/example
	install -m 644 systemd/example/apps.d/portal.toml.example $(DOCS)/example/apps.d
	install -m 644 systemd/example/units/* $(DOCS)/example/units

demo: ## a token from a simulated ERP.net to a local program, shown as a session
	@$(HARNESS)/demo

test: ## every test; as root also those that need a whole systemd. PARTS="rooms lint" for some
	@$(HARNESS)/test $(PARTS)

torture: ## kills tokend 10,000 times and more, and accounts for every grant (root). KILLS=300 for fewer
	swift build --product tokend
	@$(HARNESS)/torture-suite --kills $(KILLS) $(PARTS)

behaviours: ## what an OAuth client must do, and the tests that show it; their results are those of the last "make test"
	@$(HARNESS)/behaviours

bench: ## speed and memory, as ratios to a minimal C server
	@Benchmarks/run

lint: ## what can be checked without building
	@$(HARNESS)/lint

format: ## lays the sources out as the lint wants them
	@find Package.swift Sources Tests Benchmarks -name .build -prune -o -name '*.swift' -print0 | xargs -0 swift format format --in-place --parallel

clean: ## removes what was built
	rm -rf .build Tests/IdentitySimulator/.build
