"""The configuration that the units of this suite live under."""

CREDENTIALS = "/run/tokend/credentials.sock"

PORTAL = """
[token.sync]
grant = "client_credentials"
scopes = ["read", "update"]
allow = [
    { user = "root", unit = "by-root.service" },
    { unit = "erp-sync.service" },
    { unit = "erp-watch.service" },
    { unit = "erp-export.service" },
    { unit = "erp-import.service" },
    { unit = "erp-report@*.service", scopes = ["read"] },
    { unit = "cred-*.service" },
    { unit = "speaker.service" },
]

[token.people]
grant = "client_credentials"
scopes = ["read"]
allow = [ { user = "alice" } ]
"""

# people sign in here, and one token was made elsewhere
PERSON = """
[token.user]
grant = "authorization_code"
redirect_uri = "http://127.0.0.1:53177/callback"
scopes = ["openid", "read", "offline_access"]
allow = [ { unit = "as-person.service" }, { user = "alice", login = true } ]
shared = true

[token.never]
grant = "authorization_code"
redirect_uri = "http://127.0.0.1:53177/callback"
scopes = ["openid", "read", "offline_access"]
allow = [ { user = "alice", login = true } ]

[token.pat]
grant = "reference"
allow = [ { unit = "as-reference.service" } ]
"""

# its server hangs when the suite says so
HELD = """
[token.sync]
grant = "client_credentials"
scopes = ["read"]
allow = [ { unit = "held@*.service" } ]
"""

# nobody listens there
AWAY = """
issuer = "https://localhost:9/id"

[client]
id = "away"
authentication = "client_secret_post"
secret = { credential = "held" }

[token.sync]
grant = "client_credentials"
scopes = ["read"]
allow = [ { unit = "away.service" } ]
"""

SETTINGS = """
[credentials]
erp = "portal.sync"
"""


def configure(machine):
    host = machine.host
    host.run("useradd", "--create-home", "alice")
    for name, role, text in (("portal", "machine", PORTAL), ("person", "portal", PERSON), ("held", "second", HELD)):
        machine.write_application(name, machine.register(role, name) + text)
    machine.write_application("away", AWAY)
    host.write("/etc/tokend/tokend.toml", SETTINGS)
    host.run("systemctl", "enable", "--now", "tokend.socket")


def load(name, identity=None):
    """The line of a unit that takes a token as a credential."""
    return "LoadCredential=%s:%s" % (identity or name, CREDENTIALS)


def shown(identity):
    """A command that prints a credential."""
    return "/bin/cat ${CREDENTIALS_DIRECTORY}/" + identity


def told(machine, unit, event, *more):
    """The journal's entries about a unit."""
    return machine.journal("_SYSTEMD_UNIT=tokend.service", "TOKEND_CONSUMER_UNIT=" + unit, "TOKEND_EVENT=" + event, *more)
