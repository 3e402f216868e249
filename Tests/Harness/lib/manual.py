"""The manual pages as they stand in systemd/man: their definition lists by heading. And what the program says of itself."""
import json
import pathlib
import re
import subprocess

from .daemon import REPOSITORY

FOLDER = REPOSITORY / "systemd" / "man"
PAGES = sorted(FOLDER.glob("*.md"))


class Page:
    def __init__(self, path):
        self.name, self.text = pathlib.Path(path).stem, pathlib.Path(path).read_text(encoding="utf-8")
        self.lists = {}
        heading = ""
        lines = re.sub(r"(?ms)^```.*?^```$", "", self.text).splitlines()
        for line, following in zip(lines, lines[1:]):
            if line.startswith("#"):
                heading = line.lstrip("# ")
                self.lists[heading] = []
            if following.startswith(": "):
                self.lists.setdefault(heading, []).append(line)

    def terms(self, *headings):
        """What stands in backticks in the terms under these headings, in its order."""
        return [literal for heading in headings for term in self.lists.get(heading, []) for literal in re.findall(r"`([^`]*)`", term)]

    def statuses(self):
        return {int(term) for term in self.lists.get("EXIT STATUS", [])}


def page(name):
    return Page(FOLDER / (name + ".md"))


def render(path):
    """The page as "make install" makes it."""
    return subprocess.run([str(FOLDER / "render"), str(path)], stdout=subprocess.PIPE, check=True).stdout


def commands(program):
    """{subcommand: its long options}, the hidden ones left out; "" is the program itself."""
    dump = subprocess.run([program, "--experimental-dump-help"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {name: options for name, options in _commands(json.loads(dump)["command"], "") if name != "help"}


def _commands(tree, name):
    options = set()
    for argument in tree.get("arguments", []):
        if argument.get("shouldDisplay", True):
            options |= {"--" + item["name"] for item in argument.get("names") or [] if item["kind"] == "long"}
    yield name, options
    for below in tree.get("subcommands", []):
        if below.get("shouldDisplay", True):
            yield from _commands(below, below["commandName"])


def sources(*folders):
    """All Swift sources under these folders of Sources, as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in sorted((REPOSITORY / "Sources" / folder).rglob("*.swift")))
