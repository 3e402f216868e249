"""Enough of Swift's surface to look for words in code: comments and strings taken out, imports read."""
import re

_NOISE = re.compile(
    r'/\*.*?\*/'                       # block comments, not nested ones
    r'|//[^\n]*'
    r'|(?P<fence>#*)"""(?:\\.|.)*?"""(?P=fence)'
    r'|(?P<mark>#+)".*?"(?P=mark)'
    r'|"(?:\\.|[^"\\\n])*"',
    re.DOTALL)

_IMPORT = re.compile(
    r'^[ \t]*(?P<attributes>(?:@\w+(?:\([^)]*\))?[ \t]+)*)'
    r'(?:(?P<access>public|package|internal|fileprivate|private)[ \t]+)?'
    r'import[ \t]+(?:(?:struct|class|enum|protocol|typealias|func|let|var)[ \t]+)?(?P<module>[A-Za-z_]\w*)',
    re.MULTILINE)


def code_only(text):
    """The source with every comment and string blanked out, line numbers kept."""
    return _NOISE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def imports(text):
    """(line, access level or None, module) of each import."""
    code = code_only(text)
    return [(code.count("\n", 0, found.start("module")) + 1, found["access"], found["module"]) for found in _IMPORT.finditer(code)]


def lines_with(text, pattern):
    """(line number, matched text) of each place in the code that a pattern matches."""
    code = code_only(text)
    return [(code.count("\n", 0, found.start()) + 1, found.group().strip()) for found in pattern.finditer(code)]
