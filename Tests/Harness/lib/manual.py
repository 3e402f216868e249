"""A manual page, and the program it speaks of."""
import json
import pathlib
import re
import shutil
import subprocess


def _commands(tree, path=()):
    """Each command with the long options and the names of its arguments, the hidden ones left out."""
    options = set()
    for argument in tree.get("arguments", []):
        if argument.get("shouldDisplay", True):
            options |= {"--" + name["name"] for name in argument.get("names") or [] if name["kind"] == "long"}
    yield path, options
    for below in tree.get("subcommands", []):
        if below.get("shouldDisplay", True):
            yield from _commands(below, (*path, below["commandName"]))


def differences(page, program):
    """Subcommands and options that only one of the two knows. The page has an `.SS` for each subcommand; what all of them take is
    said once, before the first."""
    if not page.exists():
        return ["there is no %s" % page.name]
    dump = subprocess.run([program, "--experimental-dump-help"], stdout=subprocess.PIPE, check=True, text=True).stdout
    known = {path[-1] if path else "": options for path, options in _commands(json.loads(dump)["command"]) if path != ("help",)}
    text = re.sub(r'(?m)^\.\\".*\n', "", page.read_text(encoding="utf-8")).replace("\\-", "-")
    general, *sections = re.split(r"(?m)^\.SS +", text)
    told = {section.split()[0].strip('"'): section for section in sections}
    common = {"--socket", "--help", "--version"}
    of_get = {"--min-valid", "--wait", "--scope", "--audience"}
    faults = ["the page has no section for %s" % name for name in known if name and name not in told]
    faults += ["the page has a section for %s, which does not exist" % name for name in told if name not in known]
    faults += ["the page does not say %s" % option for option in common if option not in general]
    for name, options in known.items():
        if not name or name not in told:
            continue
        # only what heads a paragraph is documented there
        documented = set(re.findall(r"(?m)^\.T[PQ]\n\.(?:B|BR|BI) +(--[a-z-]+)", told[name]))
        documented |= of_get if re.search(r"(?i)takes the options of get", told[name]) else set()
        faults += ["%s: %s is not documented" % (name, option) for option in sorted(options - documented - common)]
        faults += ["%s: there is no %s" % (name, option) for option in sorted(documented - options)]
    return faults


def complaints(page):
    """What groff says of it, with all its warnings."""
    if not shutil.which("groff"):
        return ["groff is not installed"]
    made = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rF0", "-z", str(pathlib.Path(page))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return made.stdout.splitlines()
