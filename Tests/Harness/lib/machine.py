"""A booted Debian with tokend installed and a simulated identity server beside it, and words for what is done there."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from . import processes, simulator
from .booted import Host
from .daemon import REPOSITORY

SOCKET = "/run/tokend/tokend.sock"
IDENTITY = "/var/lib/identity-simulator"

# the head of an application's file, before its tokens
REGISTRATION = """
erpnet = "{erpnet}"
ca_file = "/etc/tokend/authority.pem"

[client]
id = "{client_id}"
authentication = "client_secret_post"
secret = {{ credential = "{secret}" }}
"""

# what it prints goes to a file of its own: a token has no business in the journal
JOB = """
[Unit]
Description={description}
[Service]
Type=oneshot
User={user}
ExecStart={command}
StandardOutput=truncate:/run/jobs/%n
StandardError=journal
{more}
"""


def staged_installation(folder):
    """What "make install" puts on a machine, in a folder."""
    subprocess.run(["make", "--no-print-directory", "install", "DESTDIR=%s" % folder, "PREFIX=/usr"],
                   cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    return folder


class Machine:
    """`with Machine("NAME", "trixie") as machine`: booted, nothing of ours in it yet. `keep` leaves it up: Tests/Harness/host --name NAME-trixie run bash."""

    def __init__(self, name, release, keep=False):
        self.host, self._keep, self.release = Host("%s-%s" % (name, release), release), keep, release
        # every token that a job printed
        self.handed_out = set()
        # what the identity server says of itself: issuer, clients, ca_file
        self.about = None

    def __enter__(self):
        self.host.up()
        return self

    def __exit__(self, *_):
        if not self._keep:
            self.host.down()
            shutil.rmtree(self.host.folder, ignore_errors=True)

    # --- making it

    def install(self):
        """tokend as "make install" puts it there, and what an administrator does afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            self.host.install(staged_installation(folder))
        self.host.run("systemd-sysusers")
        self.host.run("systemd-tmpfiles", "--create")
        self.host.run("journalctl", "--update-catalog")
        self.host.run("systemctl", "daemon-reload")

    def start_identity_server(self):
        self.host.install(simulator.program(), "/opt/identity-simulator")
        for library in simulator.toolchain_libraries():
            self.host.install(pathlib.Path(library).resolve(), "/opt/identity-simulator")
            real, name = pathlib.Path(library).resolve().name, os.path.basename(library)
            if real != name:
                self.host.path("/opt/identity-simulator/" + name).symlink_to(real)
        self.host.run(
            "systemd-run", "--quiet", "--unit=identity-simulator", "--property=StateDirectory=identity-simulator",
            "--setenv=LD_LIBRARY_PATH=/opt/identity-simulator", "/opt/identity-simulator/" + simulator.program().name,
            "--port", "8443", "--dir", IDENTITY)
        description = self.host.path(IDENTITY + "/idp.json")
        if not processes.until(description.exists, 60):
            raise RuntimeError("the simulator did not start inside:\n" + self.host.run("journalctl", "-u", "identity-simulator").stdout)
        self.about = json.loads(description.read_text())
        self.host.run("install", "-D", "-m", "644", self.about["ca_file"], "/etc/tokend/authority.pem")

    def keep_secret(self, name, secret):
        """An encrypted credential of the service."""
        self.host.run("systemd-creds", "encrypt", "--with-key=host", "--name=secret_" + name, "-", "/etc/tokend/secrets.d/" + name, input=secret)

    def register(self, role, secret):
        """Keeps the secret of one of the server's clients under a name; the head of a file for that client."""
        client = self.about["clients"][role]
        self.keep_secret(secret, client["client_secret"])
        return REGISTRATION.format(erpnet=self.about["erpnet"], client_id=client["client_id"], secret=secret)

    def write_application(self, name, text):
        self.host.write("/etc/tokend/apps.d/%s.toml" % name, text)

    def add_jobs(self, jobs):
        """Oneshot units: {name: (command, user, more lines)}."""
        self.host.run("mkdir", "-p", "/run/jobs")
        for name, (command, user, more) in jobs.items():
            self.host.write("/etc/systemd/system/" + name, JOB.format(description=name, command=command, user=user, more=more))
        self.host.run("systemctl", "daemon-reload")

    # --- what is done there

    def systemctl(self, *arguments):
        return self.host.run("systemctl", *arguments, check=False)

    def show(self, unit, name):
        return self.systemctl("show", "--value", "--property", name, unit).stdout.strip()

    def ask(self, line):
        return self.host.run("nc", "-N", "-U", SOCKET, input=line + "\n", check=False).stdout.rstrip("\n")

    def job(self, unit):
        """Runs a oneshot unit; returns (systemctl's status, what the unit printed)."""
        status = self.systemctl("start", unit).returncode
        printed = self.host.path("/run/jobs/" + unit)
        text = printed.read_text() if printed.exists() else ""
        self.handed_out |= set(re.findall(r"eyJ[\w.-]{40,}", text))
        return status, text

    def journal(self, *matches):
        """The entries of the journal that match, as dictionaries."""
        self.host.run("journalctl", "--sync", check=False)
        listed = self.host.run("journalctl", "--no-pager", "--output=json", *matches).stdout
        return [json.loads(line) for line in listed.splitlines()]

    def control(self, line):
        """The simulator's control socket, reached from outside: a socket in a file system is the kernel's, not the namespace's."""
        return simulator.Simulator(self.host.path(IDENTITY)).control(line)

    def restart(self):
        return self.systemctl("restart", "tokend.service").returncode

    def last_words(self, lines=40):
        return self.host.run("journalctl", "--no-pager", "-u", "tokend.service", "-n", str(lines)).stdout
