"""The manual pages say what the programs and their sources say.

What the configuration knows is what "tokend --check" names when it meets a key that nobody knows. Verbs, keys, codes, states, metrics, and the
fields, events, causes and decisions of the journal are compared by the Swift tests, with the enumerations themselves.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import pytest
from lib import manual
from lib.daemon import REPOSITORY, TOKENCTL, TOKEND

STRAY = "zzzzzzzz"

# every table there is, with a stray key in it
DAEMON = "%s = 1\n" % STRAY + "".join("[%s]\n%s = 1\n" % (table, STRAY) for table in ("admin", "limits", "audit", "ready", "store"))
APPLICATION = """
{stray} = 1
issuer = "https://id.example.com"
proxy = {{ {stray} = 1 }}
[endpoints]
{stray} = 1
[client]
{stray} = 1
secret = {{ {stray} = 1 }}
[token.user]
{stray} = 1
grant = "authorization_code"
allow = [ {{ {stray} = 1, user = "root" }} ]
[token.pat]
grant = "reference"
probe = {{ {stray} = 1 }}
""".format(stray=STRAY)

# the place where tokend names the keys of a table, and the headings under which the page does
TABLES = {
    "admin": ["[admin]"], "limits": ["[limits]"], "audit": ["[audit]"], "ready": ["[ready]"], "store": ["[store]"],
    "": ["NAME.toml"], "proxy": ["[proxy]"], "endpoints": ["[endpoints]"], "client": ["[client]"], "client.secret": ["Secrets"],
    "token.user": ["[token.NAME]", '[token.NAME] with grant = "authorization_code"', '[token.NAME] with grant = "reference"'],
    "token.user.allow[0]": ["Entries of allow"], "token.pat.probe": ["Probes"],
}


def known_keys():
    """{(file, table): keys}, as the program tells them."""
    with tempfile.TemporaryDirectory() as folder:
        applications = pathlib.Path(folder, "apps.d")
        applications.mkdir()
        (applications / "portal.toml").write_text(APPLICATION)
        pathlib.Path(folder, "tokend.toml").write_text(DAEMON)
        told = subprocess.run([TOKEND, "--check", "--config", folder], stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.findall(r"(?m)/(\w+)\.toml:\d+: (?:(\S+)\.)?%s: unknown key; here are known: (.*)$" % STRAY, told)
    return {(file, table): set(keys.split(", ")) for file, table, keys in found}


def test_configuration():
    known, page = known_keys(), manual.page("tokend.toml.5")
    tables = {title[1:-1] for title in page.lists if re.fullmatch(r"\[\w+\]", title)} - {"client", "endpoints", "proxy"}
    assert tables == known.get(("tokend", "")), "tokend.toml(5) has the tables of tokend.toml, and no others"
    for table, titles in TABLES.items():
        file = "tokend" if titles[0][1:-1] in known.get(("tokend", ""), ()) else "portal"
        assert sorted(page.terms(*titles)) == sorted(known.get((file, table), ())), (
            "tokend.toml(5) has the keys of %s, and no others" % (table or "an application"))


def test_options():
    offered = subprocess.run([TOKEND, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    offered = {option for row in re.findall(r"(?m)^  (-.*?)(?:  |$)", offered) for option in re.findall(r"(?<![\w-])--?[\w-]+", row)}
    page = manual.page("tokend.8")
    assert sorted(page.terms("OPTIONS")) == sorted(offered), "tokend(8) explains the options of tokend --help, and no others"
    shown = set(re.findall(r"`(--?[\w-]+)`", page.text.partition("# SYNOPSIS")[2].partition("# DESCRIPTION")[0]))
    assert shown == offered, "and shows each of them in its synopsis"


def test_commands():
    known, page = manual.commands(TOKENCTL), manual.page("tokenctl.1")
    headings = {heading.split()[0]: heading for heading in page.lists if heading.split()[0].islower()}
    assert sorted(headings) == sorted(name for name in known if name), "tokenctl(1) has a section for each command, and no others"
    common = {"--socket", "--help", "--version"}
    assert {term for term in page.terms("DESCRIPTION") if term.startswith("--")} == common, "it explains once what all commands take"
    for name, heading in headings.items():
        # what a term takes is no option
        explained = [term for term in page.terms(heading) if term.startswith("--")]
        assert sorted(explained) == sorted(known.get(name, set()) - common), "tokenctl(1) explains the options of %s, and no others" % name


def test_exit_statuses():
    wire, control = manual.sources("TokenWire"), manual.sources("TokenControl")
    codes = {int(number) for number in re.findall(r"(?m)^        case \..*: (\d+)$", wire.partition("var exitStatus: Int32")[2].partition("\n    }\n")[0])}
    failures = {int(number) for number in re.findall(r"(?m)^        case \..*: (\d+)$", control.partition("var status: Int32")[2].partition("\n    }\n")[0])}
    setup = {int(number) for number in re.findall(r"notSetUp\(.*, (\d+)\)", control)}
    assert codes and failures and setup, "the sources tell exit statuses"
    assert manual.page("tokenctl.1").statuses() == {0} | codes | failures | setup, "tokenctl(1) has every exit status, and no others"
    names = set(re.findall(r"\bEX_\w+", manual.sources("tokend", "TokenConfiguration/Check", "TokenDaemon/Check", "TokenDaemon/Supervision")))
    daemon = {getattr(os, name) for name in names} | {0, 64}
    assert manual.page("tokend.8").statuses() == daemon, "tokend(8) has every exit status, and no others"
    for name, program in (("tokend.8", TOKEND), ("tokenctl.1", TOKENCTL)):
        said = subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout.partition("Exit status:")[2].partition("USAGE")[0]
        told = {int(number) for number in re.findall(r"\b\d+\b", said)}
        assert told and told <= manual.page(name).statuses(), "%s --help tells none that its page does not" % name


WORD = r"[a-z]+(?:-[a-z]+)*"


def test_reasons():
    """Each word of ours that a refusal or an entry of the journal has as its reason is explained: to callers by the page, otherwise by the catalog."""
    text = manual.sources("TokenWire", "TokenLedger", "TokenAudit", "TokenConfiguration", "TokenStore", "TokenDaemon")
    refusals = set(re.findall(r'Field\("reason", "(%s)"\)' % WORD, text)) | set(re.findall(r'loginRequired\(\s*\w+,\s*"(%s)"' % WORD, text))
    refusals |= set(re.findall(r'static let \w*Reason = "(%s)"' % WORD, text)) | set(re.findall(r'(?:Verdict|Rejection)\(reason: "(%s)"' % WORD, text))
    page = set(manual.page("tokend-protocol.7").terms("REASONS"))
    assert len(refusals) > 20, f"the sources tell reasons: {sorted(refusals)}"
    assert refusals - page == set(), "tokend-protocol(7) has every reason of a refusal"
    assert {reason for reason in page if not re.search(r'"%s"' % reason, text)} == set(), "and no others"
    catalog = (REPOSITORY / "systemd" / "tokend.catalog").read_text(encoding="utf-8")
    explained = set(re.findall(r"(?m)^(%s): " % WORD, catalog)) | set(re.findall(r"\b(not-root|address|other-unit|gone): ", catalog))
    entries = set(re.findall(r'\breason: "(%s)"' % WORD, text)) - {"user"}
    assert len(entries) > 8, f"entries of the journal have reasons: {sorted(entries)}"
    assert entries - explained - page == set(), "the catalog explains those of the journal"


def test_fields():
    text = manual.sources("TokenWire", "TokenLedger", "TokenAudit", "TokenConfiguration", "TokenStore", "TokenDaemon")
    used = set(re.findall(r'Field\("(%s)"' % WORD, text)) | set(re.findall(r"[\" ](type|expires|id|scope)=", manual.sources("TokenWire")))
    used |= {name for names in re.findall(r'fields\([^()\n]*, ("[\w-]+"), ("[\w-]+")\)', text) for name in (word.strip('"') for word in names)}
    assert sorted(manual.page("tokend-protocol.7").terms("FIELDS OF REPLIES")) == sorted(used), "tokend-protocol(7) has every field of a reply, and no others"


def test_repeats():
    """A fact stands once: no list has a term twice."""
    for source in manual.PAGES:
        page = manual.Page(source)
        twice = ["%s: %s" % (heading, term) for heading, terms in page.lists.items() for term in terms if terms.count(term) > 1]
        assert twice == [], "no list of %s has a term twice" % page.name


@pytest.mark.man_pages
def test_form():
    tools = {"mandoc": ["mandoc", "-T", "lint", "-W", "warning"], "groff": ["groff", "-k", "-t", "-mandoc", "-ww", "-z", "-T", "utf8"]}
    with tempfile.TemporaryDirectory() as folder:
        for source in manual.PAGES:
            made = pathlib.Path(folder, source.stem)
            made.write_bytes(manual.render(source))
            for tool, command in tools.items():
                said = subprocess.run([*command, str(made)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
                # lowdown begins each section with a paragraph of its own
                found = [line for line in said.splitlines() if "paragraph macro" not in line]
                assert found == [], "%s finds nothing in %s" % (tool, source.stem)
            shown = subprocess.run(["man", "-l", str(made)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
                                   env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"}).stdout
            words = set(re.sub(r".\x08", "", shown).split())
            literals = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", source.read_text(encoding="utf-8")))
            whole = " ".join(words)
            lost = [literal for literal in literals if not all(word in whole for word in literal.split())]
            assert lost == [], "no literal of %s is lost or changed" % source.stem


def test_references():
    """The pages that ours and the units send a reader to."""
    ours = {path.stem for path in manual.PAGES}
    for source in sorted([*manual.PAGES, *(REPOSITORY / "systemd").glob("*.service"), *(REPOSITORY / "systemd").glob("*.socket")]):
        text = source.read_text(encoding="utf-8")
        named = {"%s.%s" % pair for pair in re.findall(r"(?<![\w.-])(token[\w.-]*)\((\d)\)", text)}
        assert named - ours == set(), "%s sends nobody to a page of ours that is not there" % source.name
        links = {(target, "%s.%s.md" % (name, section)) for name, section, target in re.findall(r"\[(token[\w.-]*)\((\d)\)\]\(([^)]*)\)", text)}
        assert {pair for pair in links if pair[0] != pair[1]} == set(), "and each link of %s leads to the page that it names" % source.name
    for source in (REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / ".github").glob("*.md"))):
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", source.read_text(encoding="utf-8"))
        assert [target for target in targets if not (source.parent / target).exists()] == [], "every link of %s leads to a file" % source.name


def test_papers():
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200, "the README has at most 200 lines"
    assert {"make demo", "make test"} <= set(lines[:25]), "and says within 25 how to try it and how to develop it"
    targets = set(re.findall(r"(?m)^([a-z]+):.*##", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    sources = [REPOSITORY / "README.md", *sorted((REPOSITORY / ".github").glob("*.md")), *sorted((REPOSITORY / "Sources").glob("*/*.docc/*.md"))]
    named = {word for paper in sources for code in re.findall(r"(?m)^make .*$|`make [^`]*`", paper.read_text(encoding="utf-8"))
             for word in re.findall(r"(?<= )[a-z]+(?![\w=.])", code.partition("#")[0])}
    assert named - targets == set(), "the papers name no target that the Makefile does not have"
    swift = [path for folder in ("Sources", "Tests") for path in sorted((REPOSITORY / folder).rglob("*.swift")) if ".build" not in path.parts]
    known = {path.stem for path in swift} | set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in swift)))
    for paper in sources:
        names = set(re.findall(r"`([A-Z][a-z]+[A-Z+]\w*(?:\+\w+)*)`", paper.read_text(encoding="utf-8")))
        assert {name for name in names if name not in known} == set(), "%s names no type or file of Swift that does not exist" % paper.relative_to(REPOSITORY)
        places = re.findall(r"`((?:Sources|Tests|systemd|Benchmarks)/[\w./+-]+)`", paper.read_text(encoding="utf-8"))
        assert [place for place in places if not (REPOSITORY / place).exists()] == [], "and no path that does not exist"
