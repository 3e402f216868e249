# The one door: everything a person or CI runs here. "make help" lists it.

PREFIX ?= /usr
DESTDIR ?=
$(if $(word 2,$(DESTDIR)),$(error DESTDIR has a blank in it: name another folder))
BUILT = .build/install
HARNESS = Tests/Harness
PYTEST = /usr/bin/python3 -m pytest
KILLS = 10000
SECONDS = 60
USR = $(DESTDIR)$(PREFIX)
DOCS = $(USR)/share/doc/tokend
PUT = install -D -m 644

.DEFAULT_GOAL := help
.PHONY: help deps build install uninstall deb demo test torture behaviours bench hostile fuzz sanitize lint format clean

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

install: ## programs, units, manual and examples to DESTDIR and PREFIX; after "make build"
	@test -x $(BUILT)/tokend -a -x $(BUILT)/tokenctl || { echo 'nothing to install yet; "make build" comes first' >&2; exit 1; }
	@command -v lowdown > /dev/null || { echo 'there is no lowdown, which makes the manual pages; install it (make deps)' >&2; exit 1; }
	install -D -m 755 -t $(USR)/bin $(BUILT)/tokend $(BUILT)/tokenctl
	@for unit in systemd/*.service systemd/*.socket; do \
	    $(PUT) $$unit $(USR)/lib/systemd/system/$${unit##*/} && \
	    sed -i 's|/usr/bin/token|$(PREFIX)/bin/token|g' $(USR)/lib/systemd/system/$${unit##*/} || exit 1; \
	done
	$(PUT) systemd/tokend.sysusers $(USR)/lib/sysusers.d/tokend.conf
	$(PUT) systemd/tokend.tmpfiles $(USR)/lib/tmpfiles.d/tokend.conf
	$(PUT) -t $(USR)/lib/systemd/catalog systemd/*.catalog
	@made=$$(mktemp) && trap 'rm -f "$$made"' EXIT && for source in systemd/man/*.md; do \
	    page=$${source##*/} && page=$${page%.md} && systemd/man/render $$source > "$$made" && \
	    $(PUT) "$$made" $(USR)/share/man/man$${page##*.}/$$page || exit 1; \
	done
	@$(BUILT)/tokenctl --generate-completion-script bash | sed "1{/^#!/d}" | $(PUT) /dev/stdin $(USR)/share/bash-completion/completions/tokenctl
	@$(BUILT)/tokenctl --generate-completion-script zsh | $(PUT) /dev/stdin $(USR)/share/zsh/site-functions/_tokenctl
	@$(BUILT)/tokenctl --generate-completion-script fish | $(PUT) /dev/stdin $(USR)/share/fish/vendor_completions.d/tokenctl.fish
	$(PUT) -t $(DOCS) README.md LICENSE
	@cd systemd/example && find . -type f -exec $(PUT) {} $(abspath $(DOCS))/examples/{} \;
	@sed -i 's|/usr/bin/token|$(PREFIX)/bin/token|g' $(DOCS)/examples/units/*.service

uninstall: ## takes away what "make install" put there, with the same DESTDIR and PREFIX; /etc/tokend and /var/lib/tokend stay
	@staged=$$(mktemp -d) && trap 'rm -rf "$$staged"' EXIT && root='$(abspath $(DESTDIR))' && \
	$(MAKE) --no-print-directory install DESTDIR=$$staged > /dev/null && cd $$staged && \
	find . ! -type d -printf "$$root/%P\0" | xargs -0 rm -fv && \
	{ find . -depth -type d -path '*/tokend*' -printf "$$root/%P\0" | xargs -0 rmdir --ignore-fail-on-non-empty 2> /dev/null || true; }
	@test -n '$(DESTDIR)' || ! systemctl --quiet is-active tokend.socket tokend.service 2> /dev/null || \
	echo "what runs goes on without its program; end it: systemctl disable --now tokend.service tokend.socket tokend-credentials.socket 'tokend-*@*'"

deb: ## a Debian package in .build, after "make build"
	@systemd/debian/build

demo: ## a token from a simulated ERP.net to a local program, shown as a session
	@$(HARNESS)/demo

test: ## every test; as root also those that need a whole systemd. PARTS="swift lint" for some
	@$(HARNESS)/test $(PARTS)

torture: ## kills tokend 10,000 times and more, and accounts for every grant (root). KILLS=300 for fewer
	swift build --product tokend
	@$(PYTEST) Tests/EndToEnd/torture -s --kills $(KILLS) --seconds 14400

behaviours: ## what an OAuth client must do, and the tests that show it; their results are those of the last "make test"
	@$(HARNESS)/behaviours

bench: ## speed and memory, as ratios to a minimal C server
	@Benchmarks/run

hostile: ## what 40 kinds of hostile clients can do to another user, as ratios of the p99 (root; after "make build")
	@Benchmarks/hostile

fuzz: ## inputs that coverage chooses, at every door for bytes from outside. SECONDS=3600 in all, DOORS="json jwt" for some
	@Tests/Fuzz/run --seconds $(SECONDS) $(DOORS)

sanitize: ## the Swift tests under the thread and the address sanitizer; takes long
	@$(HARNESS)/sanitize

lint: ## what can be checked without building
	@$(HARNESS)/lint

format: ## lays the sources out as the lint wants them
	@find Package.swift Sources Tests Benchmarks -name .build -prune -o -name '*.swift' -print0 | xargs -0 swift format format --in-place --parallel

clean: ## removes what was built
	rm -rf .build Tests/IdentitySimulator/.build Tests/Fuzz/.build
