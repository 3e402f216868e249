"""What an administrator or a person changes: reload, new secrets, ended sign-ins, tokens that leave the configuration."""
from .row import FAILED, HELD, Row, abandon, ask, asked, get, never_said, person, reload, renew, replaced, said, sign_in, state, tokenctl, unchanged, write
from .server import Answer, Tokens, error

AGAIN = r"^\+ .*state=ready"
NEW = "the-new-secret-of-the-field-suite"
FILES = {"secret": "the-old-secret-of-the-field-suite\n"}
PAT = 'value = { file = "%s" }\nexpires = "never"\nprobe = { introspection = true }'


def by_the_new_secret(request, _):
    return Tokens() if request.form["client_secret"] == NEW else error("invalid_client", 401)


def kept(what, edit, more=(), **row):
    return Row("RELOAD with %s keeps the token that is held" % what, FAILED, {}, [get("^OK at-"), *more, reload(edit), get("^OK at-"), asked(1)], **row)


def introspected(active):
    return {"paths": {"/introspect": Answer({"active": active}, after=1)}, "metadata": {"introspection_endpoint": lambda server: server.base + "/introspect"}}


def reference(server):
    return PAT % server.files["pat"]


def client(server):
    return 'id = "app"\nsecret = { file = "%s" }' % server.files["secret"]


def without_the_token(text):
    """The application, and another token."""
    return text.replace("[token.it]", "[token.other]").replace("53177/", "53177/other-")


ROWS = [
    kept("another timeout", replaced("timeout = 5", "timeout = 6")),
    kept("a new secret", unchanged, [write("secret", NEW)], files=FILES),
    kept("the scopes in another order", replaced('["read", "update"]', '["update", "read"]'), scopes=("read", "update")),
    kept("a proxy that is not there", replaced("timeout = 5", 'timeout = 5\nproxy = "http://127.0.0.1:9"')),
    Row("RENEW reads the secret file anew", FAILED,
        {"token": by_the_new_secret},
        [get("^ERR refused oauth-error=invalid_client "), write("secret", NEW, renew(AGAIN)), get("^OK at-"), asked(range(2, 5))], files=FILES),
    Row("RENEW of a reference token waits for the look, and answers with what it saw", FAILED,
        introspected(True), [renew(AGAIN), asked(range(1, 4), "/introspect")], grant="reference", files={**FILES, "pat": "pat-of-the-field-suite-1\n"},
        token=reference, client=client),
    Row("RENEW of a reference token that is not taken any more", FAILED,
        introspected(False), [renew(r"^\+ .*reason=")], grant="reference", files={**FILES, "pat": "pat-of-the-field-suite-2\n"}, token=reference,
        client=client),
    Row("tokenctl renew exits 75 where nothing was renewed", FAILED,
        {"token": [Tokens(), *[Answer(status=503)] * 9]}, [get("^OK at-"), tokenctl("renew NAME", 75, "503")]),
    # --- sign-ins that are not brought to their end
    person("LOGIN nine times in a row: the newest takes the place of the oldest", FAILED, {}, [abandon(9), sign_in(), get("^OK at-")],
           alone=True),
    person("AC-19 CANCEL ends a sign-in", FAILED, {}, [abandon(9, cancels=True), sign_in(), get("^OK at-")], alone=True),
    # --- what the configuration leaves behind
    person("REV-05 a token leaves the configuration: its sign-in is told, shown, and revoked by LOGOUT", FAILED,
           {}, [sign_in(), reload(without_the_token), said("is not configured, and a sign-in"), state("state=unconfigured .*user-1"), ask("LOGOUT NAME", "^OK revoked"),
                asked(1, "/revoke"), ask("STATUS NAME", "^ERR denied"), ask("LOGOUT NAME", "^ERR denied")]),
    person("REV-05 the whole application leaves the configuration", FAILED,
           {}, [sign_in(), reload(lambda _: None), said("is not configured, and a sign-in"), state("state=unconfigured .*user-1"),
                ask("LOGOUT NAME", "^OK (forgotten|revoked)"), ask("STATUS NAME", "^ERR denied")]),
    person("REV-05 a token comes back to the configuration: its sign-in goes on", FAILED,
           {}, [sign_in(), reload(without_the_token), said("is not configured, and a sign-in"), reload(lambda text: text.replace("[token.other]", "[token.it]")
                .replace("53177/other-", "53177/")), get("^OK at-"), never_said("event=signed-out")]),
    # --- imports
    Row("import of a token that has ended is refused", FAILED, {}, [ask("IMPORT NAME enrt_0123456789abcdef expires=1700000000", "^ERR bad-request .*in the past")],
        grant="reference"),
    Row("import of a token that lives", HELD, {}, [ask("IMPORT NAME enrt_0123456789abcdef expires=4000000000", "^OK id="), get("^OK enrt_0123456789abcdef ")],
        grant="reference"),
]
