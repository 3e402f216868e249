"""What "make deb" and "make install" make, before anything of it is on a machine."""
import os
import pathlib
import re
import subprocess
import tempfile

from .daemon import REPOSITORY, TOKEND


def packed(folder, version=None, umask=-1, **more):
    """What "make deb" makes, but for the time that xz takes."""
    settings = {"DEB_FOLDER": str(folder), **({"DEB_VERSION": version} if version else {}), **more}
    made = subprocess.run(["make", "--no-print-directory", "deb"], cwd=REPOSITORY, env={**os.environ, **settings},
                          stdout=subprocess.PIPE, text=True, check=True, umask=umask).stdout
    return pathlib.Path(made.splitlines()[-1])


def field(package, name):
    return subprocess.run(["dpkg-deb", "--field", str(package), name], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


class Package:
    """The files, before anybody installs them."""

    def __init__(self, checks, folder):
        self.checks = checks
        self.first = packed(folder, DEB_COMPRESSION="gzip")
        self.version = field(self.first, "Version")
        self.later = packed(folder, self.version + "+later", DEB_COMPRESSION="none")

    def form(self):
        release = subprocess.run([TOKEND, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        self.checks.matches("its version is the program's", self.version, re.compile(r"^%s[~+-]" % re.escape(release)))
        needed = {entry.split()[0] for entry in field(self.first, "Depends").split(", ")}
        self.checks.equal("it depends on the libraries that tokend is linked with, and on systemd",
                          {"libc6", "libcurl4", "libssl3", "libsystemd0", "systemd"} - needed, set())
        dynamic = subprocess.run(["readelf", "--dynamic", TOKEND], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.checks.matches("its tables of addresses are read-only before it begins", dynamic, re.compile(r"Flags: NOW PIE"))
        with tempfile.TemporaryDirectory() as elsewhere:
            again = packed(elsewhere, self.version + "+later", umask=0o077, DEB_COMPRESSION="none", TZ="Pacific/Auckland", LC_ALL="bg_BG.UTF-8")
            self.checks.ok("made again elsewhere it is the same, byte for byte", again.read_bytes() == self.later.read_bytes())
        said = subprocess.run(["lintian", "--no-cfg", "--allow-root", str(self.first)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.checks.ok("lintian finds no errors", said.returncode == 0 and not re.search(r"(?m)^E:", said.stdout), said.stdout)
        print(said.stdout, end="")


def from_source(checks):
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
        checks.equal("units name the programs where they were put", set(re.findall(r"[\w/]*/bin/token\w+", units)),
                     {"/opt/tokend/bin/tokend", "/opt/tokend/bin/tokenctl"})
        empty = [path for path in pathlib.Path(folder, "opt").rglob("*") if path.is_file() and path.stat().st_size == 0]
        checks.equal("no file is empty", empty, [])
        shipped = [path for path in (REPOSITORY / "systemd").rglob("*") if path.is_file() and "debian" not in path.parts]
        missing = {path.name.removesuffix(".md") for path in shipped} - {pathlib.Path(path).name for path in put} - {"tokend.sysusers", "tokend.tmpfiles", "render"}
        checks.equal("nothing that systemd/ has is forgotten", missing, set())
        make("uninstall")
        make("uninstall")  # with nothing there
        checks.equal("make uninstall leaves the configuration alone, and nothing else", files(), ["etc/tokend/tokend.toml"])
