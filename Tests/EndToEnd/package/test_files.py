"""What "make deb" and "make install" make, before anything of it is on a machine."""
import os
import pathlib
import re
import subprocess
import tempfile

import pytest
from lib.daemon import REPOSITORY, TOKEND

from .conftest import packed


@pytest.mark.packaging
def test_package(package):
    release = subprocess.run([TOKEND, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    assert re.search(r"^%s[~+-]" % re.escape(release), package.version), "its version is the program's"
    needed = {entry.split()[0] for entry in package.field("Depends").split(", ")}
    assert {"libc6", "libcurl4", "libssl3", "libsystemd0", "systemd"} - needed == set(), (
        "it depends on the libraries that tokend is linked with, and on systemd")
    dynamic = subprocess.run(["readelf", "--dynamic", TOKEND], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert re.search(r"Flags: NOW PIE", dynamic), "its tables of addresses are read-only before it begins"
    with tempfile.TemporaryDirectory() as elsewhere:
        again = packed(elsewhere, package.version + "+later", umask=0o077, DEB_COMPRESSION="none", TZ="Pacific/Auckland", LC_ALL="bg_BG.UTF-8")
        assert again.read_bytes() == package.later.read_bytes(), "made again elsewhere it is the same, byte for byte"
    said = subprocess.run(["lintian", "--no-cfg", "--allow-root", str(package.first)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert said.returncode == 0 and not re.search(r"(?m)^E:", said.stdout), f"lintian finds no errors: {said.stdout}"
    print(said.stdout, end="")


def test_make_install_and_uninstall():
    """What "make install" puts down for another prefix, and "make uninstall" takes away."""
    with tempfile.TemporaryDirectory() as folder:
        def make(target):
            # a relative path is one from here
            return subprocess.run(["make", target, "DESTDIR=" + os.path.relpath(folder, REPOSITORY), "PREFIX=/opt/tokend"], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)

        def files():
            return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if path.is_file())
        pathlib.Path(folder, "etc/tokend").mkdir(parents=True)
        pathlib.Path(folder, "etc/tokend/tokend.toml").touch()
        make("install")
        put = files()
        units = "".join(path.read_text() for path in pathlib.Path(folder).rglob("systemd/system/*"))
        assert set(re.findall(r"[\w/]*/bin/token\w+", units)) == {"/opt/tokend/bin/tokend", "/opt/tokend/bin/tokenctl"}, (
            "units name the programs where they were put")
        empty = [path for path in pathlib.Path(folder, "opt").rglob("*") if path.is_file() and path.stat().st_size == 0]
        assert empty == [], "no file is empty"
        shipped = [path for path in (REPOSITORY / "systemd").rglob("*") if path.is_file() and "debian" not in path.parts]
        missing = {path.name.removesuffix(".md") for path in shipped} - {pathlib.Path(path).name for path in put} - {"tokend.sysusers", "tokend.tmpfiles", "render"}
        assert missing == set(), "nothing that systemd/ has is forgotten"
        make("uninstall")
        make("uninstall")  # with nothing there
        assert files() == ["etc/tokend/tokend.toml"], "make uninstall leaves the configuration alone, and nothing else"
