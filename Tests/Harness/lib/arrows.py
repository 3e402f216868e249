"""The arrow table of Architecture.md, and what the sources import.

SwiftPM lets a transitive import pass; this does not. The table has the columns "room", "imports" and "outside packages";
"(one file)" behind a package holds the room to it.
"""
import pathlib
import re

from . import swiftsource

PAGE = pathlib.Path("Sources", "TokenDaemon", "Documentation.docc", "Architecture.md")
HEADER = ["room", "imports", "outside packages"]
EDGE_MODULES = {"Glibc", "Synchronization"}
PRODUCTS = {"swift-argument-parser": "ArgumentParser"}


class Room:
    def __init__(self, imports, outside):
        self.imports = set(re.findall(r"\w+", imports))
        self.outside = {}  # module: whether one file only
        for item in outside.split(","):
            name = re.match(r"\s*([A-Za-z][\w-]*)", item)
            if name and name[1][0].islower() and name[1] not in PRODUCTS:
                continue  # prose, as in "for JSON"
            if name:
                self.outside[PRODUCTS.get(name[1], name[1])] = "(one file)" in item


def table(markdown):
    """The rows of the arrow table by room; empty when there is none."""
    rows, inside = {}, False
    for line in markdown.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if [cell.lower() for cell in cells] == HEADER:
            inside = True
        elif inside and (not line.strip().startswith("|") or len(cells) != 3):
            inside = False
        elif inside and not set(cells[0]) <= set("-: "):
            rows[cells[0]] = Room(cells[1], cells[2])
    return rows


def findings(repository):
    """Everything wrong with the imports of `repository`, as sentences with a place in front."""
    repository = pathlib.Path(repository)
    page = repository / PAGE
    rows = table(page.read_text(encoding="utf-8")) if page.exists() else {}
    if not rows:
        return ["Architecture.md: no arrow table (| %s |)" % " | ".join(HEADER)]
    rooms = {folder.name: sorted(folder.rglob("*.swift")) for folder in sorted((repository / "Sources").iterdir()) if folder.is_dir()}
    rooms = {name: files for name, files in rooms.items() if files}
    faults = ['Architecture.md: no row for the room "%s"' % name for name in rooms if name not in rows]
    faults += ['Architecture.md: a row for "%s", but no such room in Sources' % name for name in rows if name not in rooms]
    faults += _circles(rows)
    for name in rooms:
        if name in rows:
            faults += _stray(name, rooms[name], rows, repository)
    return faults


def _circles(rows):
    found = []
    for start in rows:
        seen, ahead = set(), set(rows[start].imports)
        while ahead:
            seen |= ahead
            ahead = {further for room in ahead if room in rows for further in rows[room].imports} - seen
        if start in seen:
            found.append('Architecture.md: the arrows lead from "%s" back to it' % start)
    return found


def _is_pure(name, rows, above=()):
    """A room that rests on Secrets and on rooms like itself alone."""
    return name not in above and all(
        lower == "Secrets" or (lower in rows and _is_pure(lower, rows, (*above, name))) for lower in rows[name].imports)


def _stray(name, files, rows, repository):
    row, faults, users = rows[name], [], {}
    allowed = row.imports | set(row.outside) | (set() if _is_pure(name, rows) else EDGE_MODULES)
    for file in files:
        for line, access, module in swiftsource.imports(file.read_text(encoding="utf-8")):
            place = "%s:%d" % (file.relative_to(repository), line)
            users.setdefault(module, set()).add(place.partition(":")[0])
            if module not in allowed:
                faults.append('%s: "%s" may not import %s' % (place, name, module))
            elif access in ("public", "package") and (module in row.outside or re.fullmatch(r"C[A-Z]\w*", module)):
                faults.append("%s: %s must stay inside the room: import it as internal" % (place, module))
    for module, alone in row.outside.items():
        if alone and len(users.get(module, ())) > 1:
            faults.append('Sources/%s: %s belongs in one file, not in %s' % (name, module, ", ".join(sorted(users[module]))))
    return faults
