"""The example units, as they are installed, with nothing changed but where the server is."""
import json
import re

from lib import processes
from .test_credentials import ended
from .site import told

SHIPPED = "/usr/share/doc/tokend/examples/units"
UNITS = ["erp-sync.service", "erp-report@.service", "erp-report@.timer", "erp-watch.service", "erp-export.service", "erp-import.service"]
HERE = """
[Service]
Environment=ERP=%(erpnet)s CURL_CA_BUNDLE=/etc/tokend/authority.pem PAUSE=0.2
StandardOutput=truncate:/run/jobs/%%n
"""

# what the administrator would have there
IMPORT = """#!/bin/sh
printf 'Authorization: Bearer %s' "$(cat "$TOKEND_TOKEN_FILE")" |
    exec curl --silent --fail -H @- "$ERP/api/domain/odata/General_Products_Products?\\$top=1"
"""


def prepare(machine):
    machine.host.write("/usr/local/bin/erp-import", IMPORT, 0o755)
    machine.host.run("sh", "-c", "cp %s/* /etc/systemd/system/" % SHIPPED)
    for unit in UNITS:
        if unit.endswith(".service"):
            machine.host.write("/etc/systemd/system/%s.d/here.conf" % unit, HERE % machine.about)
    # as if the machine had been off when it was due
    machine.host.run("sh", "-c", "mkdir -p /var/lib/systemd/timers; touch --date='3 days ago' /var/lib/systemd/timers/stamp-erp-report@daily.timer")


def _rows(machine, path):
    file = machine.host.path(path)
    text = file.read_text() if file.exists() else ""
    return [json.loads(row) for row in re.findall(r'\{"@odata.*?\]\}', text)]


def test_shipped(machine):
    listed = machine.host.run("ls", SHIPPED).stdout.split()
    assert listed == sorted(UNITS), "all examples are installed, and tried here"
    names = [unit.replace("@.", "@daily.") for unit in UNITS]
    verified = machine.host.run("systemd-analyze", "verify", "--man=no", *names, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, ""), "systemd-analyze verify says nothing"
    configuration = machine.host.run("cat", "/usr/share/doc/tokend/examples/apps.d/portal.toml.example").stdout
    rules = re.findall(r'unit = "([^"]*)"', configuration)
    assert sorted(set(re.sub(r"@\.", "@*.", unit) for unit in UNITS if "timer" not in unit) - set(rules)) == [], "the example configuration has a rule for each"


def test_a_job(machine):
    assert machine.systemctl("start", "erp-sync.service").returncode == 0, "the job with a credential runs"
    rows = _rows(machine, "/run/jobs/erp-sync.service")
    assert rows and rows[0]["@odata.context"].endswith("#General_Products_Products"), "and has what it came for"
    assert {entry.get("TOKEND_REQUEST") for entry in told(machine, "erp-sync.service", "handed-out")} == {"LoadCredential"}, "by LoadCredential"


def test_a_timer(machine):
    assert machine.systemctl("start", "erp-report@daily.timer").returncode == 0, "the timer starts"
    made = processes.until(lambda: _rows(machine, "/var/lib/private/erp-report/daily.json"), 20, every=0.2)
    assert made, "and its report is made"
    entries = told(machine, "erp-report@daily.service", "handed-out")
    assert [(entry["TOKEND_CONSUMER"], entry["TOKEND_SCOPES"]) for entry in entries] == [("erp-report@daily.service", "read")], (
        "with a token of the instance's own, as narrow as its rule")


def test_a_gated_one(machine):
    assert machine.systemctl("start", "erp-export.service").returncode == 0, "the unit behind the gate runs"
    assert _rows(machine, "/run/jobs/erp-export.service"), "and has what it came for"


def test_a_program(machine):
    assert machine.systemctl("start", "erp-import.service").returncode == 0, "the program that knows nothing of tokend runs"
    assert _rows(machine, "/run/jobs/erp-import.service"), "and has what it came for"


def test_a_long_one(machine):
    assert machine.systemctl("start", "erp-watch.service").returncode == 0, "the unit that asks the socket starts"
    several = processes.until(lambda: len(_rows(machine, "/run/jobs/erp-watch.service")) >= 3, 20, every=0.1)
    assert several, "and asks again and again"
    machine.systemctl("stop", "erp-watch.service")
    ended(machine, "erp-watch.service")
    assert len(told(machine, "erp-watch.service", "renewed")) == 1, "with one token"
