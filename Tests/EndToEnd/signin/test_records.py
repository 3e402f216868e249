"""The sealed store from outside: records that are not what they should be, its keys, and to whom it belongs."""
import os
import re
import secrets
import shutil

from lib import processes
from lib.daemon import Daemon
from lib.stage import token

from .fixture import PERSON, SignInFixture, person

AUTO = "knob auto-login " + PERSON
NAMES = ("app.copied", "app.damaged", "app.me")


def file_of(scene, name):
    return next((scene.folder / "state").rglob(name))


def locked(scene, name="app.me"):
    """Why the record of a token is not used, as GET, STATUS and tokenctl tell it; None when it is."""
    reply, row, said = scene.ask("GET " + name), scene.status(name), scene.tokenctl("get", name)
    if reply.startswith("ERR refused reason=locked : ") and row["state"] == "locked" and said.returncode == 78 and said.stdout == "":
        return reply.partition(" : ")[2]
    return None


def told(scene, name):
    return [line for line in scene.daemon.words().splitlines() if '"%s"' % name in line and "cannot be opened" in line]


def test_damaged_records(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(), "copied": person(), "damaged": person(), "job": token()}).start()
        for name in ("app.me", "app.damaged"):
            scene.signed_in(name)
        scene.daemon.stop()
        shutil.copyfile(file_of(scene, "app.me"), file_of(scene, "app.me").with_name("app.copied"))
        victim = file_of(scene, "app.damaged")
        text = bytearray(victim.read_bytes())
        text[-9] ^= 1
        place = next(index for index in range(len(text) - 1, 0, -1) if text[index])
        text[place - 20] ^= 1
        victim.write_bytes(text)
        before = {path.name: path.read_bytes() for path in victim.parent.iterdir()}
        scene.start()
        for name, why in (("app.copied", 'it is the file of "app.me"'), ("app.damaged", "it is damaged")):
            reason = locked(scene, name)
            assert reason is not None and '"%s"' % name in reason and why in reason, (
                "SEC-02 a record that is not its own is locked, by name and reason: %s: %s" % (why, (reason, scene.ask("GET " + name))))
            said = scene.tokenctl("get", name).stderr
            assert said.count("tokenctl login " + name) == 1 and "fix the" not in said, "tokenctl says what helps, once"
            assert len(told(scene, name)) == 1 and why in told(scene, name)[0], "and the log says so once when it starts"
        assert scene.ask("GET app.me").startswith("OK ") and scene.ask("GET app.job").startswith("OK "), "all other tokens work"
        assert ({name: text for name, text in before.items() if name in NAMES[:2]}
                == {path.name: path.read_bytes() for path in victim.parent.iterdir() if path.name in NAMES[:2]}), "what is locked is not touched"
        reply = scene.ask("LOGOUT app.damaged")
        assert reply.startswith("ERR refused reason=locked"), "nothing is signed out that cannot be read"
        scene.signed_in("app.damaged")
        assert scene.ask("GET app.damaged").startswith("OK ") and any(path.name.startswith("app.damaged.locked-") for path in victim.parent.iterdir()), (
            f"a sign-in takes its place, and the old file is kept aside: {[path.name for path in victim.parent.iterdir()]}")


def key_file(scene, name, key=None):
    path = scene.daemon.secret(name, (key or secrets.token_hex(32)) + "\n")
    return '[store]\nkey = { file = "%s" }\n' % path


def test_keys(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people({"me": person(), "pat": 'grant = "reference"\nallow = [ { user = "root" } ]\n'}).start()
        scene.signed_in()
        own = scene.folder / "state-key" / "key"
        assert (own.stat().st_mode & 0o7777, own.stat().st_size) == (0o600, 32), (
            "SEC-02 without a key of the administrator's the daemon makes one, which nobody else reads")
        sealed = file_of(scene, "app.me").read_bytes()
        scene.daemon.stop()
        first = key_file(scene, "first.key")
        scene.daemon.settings(first)
        scene.start()
        assert scene.ask("GET app.me").startswith("OK "), "a new key that the configuration names seals from now on, and the old one still opens"
        assert processes.until(lambda: file_of(scene, "app.me").read_bytes() != sealed, 10), "what was sealed with the old one is sealed anew"
        scene.daemon.stop()
        own.rename(scene.folder / "taken-away")
        scene.start()
        assert scene.ask("GET app.me").startswith("OK "), "so that the old one can go"
        scene.daemon.stop()
        scene.daemon.settings(key_file(scene, "second.key"))
        before = file_of(scene, "app.me").read_bytes()
        scene.start()
        reason = locked(scene)
        assert reason and "sealed with a key that is not here (key " in reason, (
            "a key that was changed without keeping the old one locks what it sealed, and says so: %s" % ((reason, scene.ask("GET app.me")),))
        assert file_of(scene, "app.me").read_bytes() == before, "and the record stays as it is"
        done = scene.tokenctl("import", "app.pat", text=server.control("reference mint kind=PAT app=demo.app/portal user=" + PERSON)["token"])
        assert done.returncode == 0 and scene.ask("GET app.pat").startswith("OK "), f"meanwhile the new key serves the others: {done.stderr}"
        scene.daemon.stop()
        credentials = scene.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "store-key.old").write_bytes((scene.daemon.configuration / "first.key").read_bytes())
        (credentials / "store-key.old").chmod(0o400)
        scene.daemon.wrapper = ["env", "CREDENTIALS_DIRECTORY=%s" % credentials]
        scene.start()
        assert scene.ask("GET app.me").startswith("OK ") and scene.ask("GET app.pat").startswith("OK "), (
            f"with the old one beside it (store-key.old) all are opened: {scene.daemon.words()[-600:]}")
        processes.until(lambda: file_of(scene, "app.me").read_bytes() != before, 10)
        scene.daemon.stop()
        scene.daemon.wrapper = []
        scene.start()
        assert scene.ask("GET app.me").startswith("OK "), "and once more sealed anew, so that it can go"
        assert scene.counter("reused") == 0, "RT-02 whatever happened to the keys, no refresh token was sent twice"


def test_another_machine(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        scene.daemon.stop()
        identity = scene.folder / "machine-id"
        identity.write_text(secrets.token_hex(16) + "\n")
        scene.daemon.wrapper = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/machine-id && exec "$@"', str(identity)]
        scene.start()
        reason = locked(scene)
        assert reason and re.search(r"it was sealed on another machine \([0-9a-f]{32}\)", reason), (
            "RT-21 a store that was copied to another machine is locked there: its refresh tokens may be in use: %s" % ((reason, scene.ask("GET app.me")),))
        assert scene.counter("refresh-grants") == 0, "RT-21 and nothing is sent"
        scene.daemon.stop()
        scene.daemon.wrapper = []
        scene.start()
        assert scene.ask("GET app.me").startswith("OK "), "RT-21 at home it goes on as ever"


def test_two_daemons(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        second = Daemon(scene.folder)
        second.socket, second.log = scene.folder / "second.sock", scene.folder / "second.log"
        try:
            second.start()
            ended = None
        except RuntimeError as refusal:
            ended = str(refusal)
        finally:
            second.stop()
        assert ended and "another tokend uses the state folder" in ended, "RT-07 a second daemon on the same state is refused with a sentence"
        assert scene.ask("GET app.me").startswith("OK ") and not os.path.exists(second.socket), "RT-07 and the first one does not notice"


def test_another_issuer(server):
    with SignInFixture(server, AUTO) as scene:
        scene.people().start()
        scene.signed_in()
        for what, change in (("server", {"erpnet": False}), ("client", {"client": "native"})):
            before = file_of(scene, "app.me").read_bytes()
            requests = scene.counter("token-requests")
            scene.people(**change).ask("RELOAD")
            reply = scene.ask("GET app.me")
            assert reply.startswith("ERR login-required reason=issuer-changed : ") and "demo.app/portal" in reply and server.about["erpnet"] in reply, (
                "RT-14 a sign-in that belongs to another %s is not used" % what)
            assert (scene.counter("token-requests"), file_of(scene, "app.me").read_bytes()) == (requests, before), (
                "RT-14 nothing of it is sent, and the record stays")
            scene.daemon.stop()
            scene.start()
            assert scene.ask("GET app.me").startswith("ERR login-required reason=issuer-changed : "), "RT-14 not after a restart either"
            scene.people().ask("RELOAD")
            assert scene.ask("GET app.me").startswith("OK "), "RT-14 back with what it was made for it goes on"
        scene.people(client="native").ask("RELOAD")
        scene.signed_in()
        assert scene.ask("GET app.me").startswith("OK "), "or somebody signs in anew"
        assert scene.counter("revocation-requests") == 1, "RT-14 and the refresh token of the other one is shown to its own server once, as its own client"
