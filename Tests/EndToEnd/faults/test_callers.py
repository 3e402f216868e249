"""Who may ask, as the kernel tells who it is."""
import grp
import os
import pwd
import re

from lib.conversation import acting_as
from lib.daemon import Served
from lib.stage import Stage, token

BIN, DAEMON, GAMES, NEWS = (pwd.getpwnam(name).pw_uid for name in ("bin", "daemon", "games", "news"))
MAIL = grp.getgrnam("mail").gr_gid


def ask_as(stage, line, uid, gid=None, groups=()):
    with acting_as(uid, gid, groups):
        conversation = stage.open()
    with conversation:
        return conversation.ask(line)


def prepared(server):
    stage = Stage(server)
    stage.daemon.settings('[admin]\nallow = [ { user = "news" } ]\n')
    stage.application("app", {
        "user": token(["read", "update"], '{ user = "bin", scopes = ["read"] }, { user = "daemon" }'),
        "group": token(allow='{ group = "mail" }'),
        "both": token(allow='{ user = "games", group = "mail" }'),
        "unit": token(allow='{ unit = "erp-sync.service" }'),
        "shared": token(allow='{ user = "bin" }, { user = "daemon" }', more="shared = true"),
        "nobody": token(allow=""),
    })
    return stage.start()


ALLOWED = [
    ("a user that a rule names", "user", BIN, None, ()),
    ("a member of a group by its primary group", "group", GAMES, MAIL, ()),
    ("a member of a group by a supplementary group", "group", GAMES, None, (MAIL,)),
    ("a caller for whom all keys of a rule hold", "both", GAMES, None, (MAIL,)),
]
DENIED = [
    ("another user", "user", GAMES, None, ()),
    ("root, for whom there is no rule", "user", 0, None, ()),
    ("an administrator, for whom there is no rule", "user", NEWS, None, ()),
    ("a user outside the group", "group", GAMES, None, ()),
    ("a member of the group who is another user", "both", BIN, MAIL, ()),
    ("the user of a rule outside its group", "both", GAMES, None, ()),
    ("a process in no unit", "unit", BIN, None, ()),
    ("anybody, where no rule is", "nobody", BIN, None, ()),
]


def test_rules(server):
    with prepared(server) as stage:
        for what, name, uid, gid, groups in ALLOWED:
            found = ask_as(stage, "GET app.%s" % name, uid, gid, groups)
            assert found.startswith("OK "), "SEC-06 %s gets the token" % what
        for what, name, uid, gid, groups in DENIED:
            found = ask_as(stage, "GET app.%s" % name, uid, gid, groups)
            assert found == 'ERR denied : uid %d may not use "app.%s"' % (uid, name), "SEC-06 %s is denied" % what


def test_names_that_exist_and_not(server):
    with prepared(server) as stage:
        for form in ("GET %s", "HEADER %s", "GET %s scope=read min-valid=9", "GET %s scope=no audience=none", "REJECT %s", "WAIT %s", "WATCH %s",
                     "STATUS %s", "RENEW %s", "EXPLAIN %s uid=1"):
            there = ask_as(stage, form % "app.user", GAMES)
            absent = ask_as(stage, form % "app.usex", GAMES)
            impossible = ask_as(stage, form % "App.User", GAMES)
            same = {there, absent.replace("app.usex", "app.user"), impossible.replace("App.User", "app.user")}
            assert len(same) == 1 and there.startswith("ERR denied : "), "%s tells a stranger nothing about names: %s" % (form, "\n".join(same))
        assert ask_as(stage, "LIST", GAMES) == "OK 0", "LIST is empty for a stranger"
        assert re.fullmatch(r"OK( 0)?", ask_as(stage, "STATUS", GAMES)), "and so is STATUS"
        assert stage.counter("token-requests") == 0, "the server was not asked for any of it"


def test_bounds(server):
    with prepared(server) as stage:
        narrow = Served(ask_as(stage, "GET app.user", BIN))
        assert narrow.scopes == ["read"], "a rule's scopes bound what its caller gets"
        found = ask_as(stage, "GET app.user scope=update", BIN)
        assert found.startswith("ERR denied : "), "beyond them is denied"
        wide = Served(ask_as(stage, "GET app.user", DAEMON))
        assert sorted(wide.scopes) == ["read", "update"], "a rule without scopes gives those of the token"
        one = Served(ask_as(stage, "GET app.user scope=read", DAEMON))
        assert one.scopes == ["read"], "of which the caller may ask for fewer"
        assert len({narrow.token, wide.token, one.token}) == 3, "CC-06 each consumer has a token of its own"
        shared = {Served(ask_as(stage, "GET app.shared", uid)).token for uid in (BIN, DAEMON)}
        assert len(shared) == 1, "unless the operator says shared"


def test_administrators(server):
    with prepared(server) as stage:
        for line in ("RENEW app.user", "RELOAD", "EXPLAIN app.user uid=2"):
            found = ask_as(stage, line, BIN)
            assert found.startswith("ERR denied : "), "%s is for administrators" % line.split()[0]
        for uid, who in ((os.getuid(), "root"), (NEWS, "who [admin] names")):
            found = ask_as(stage, "EXPLAIN app.user uid=%d" % BIN, uid)
            assert re.search(r"(?m)^\+ app\.toml:\d+: .*\"bin\".* matches$", found), "%s is one" % who
        for line, expected in (
                ("EXPLAIN app.user uid=5", r"(?s)does not match: user bin is uid %d.*denied" % BIN),
                ("EXPLAIN app.group uid=5 gid=%d" % MAIL, r"allowed: consumer uid 5"),
                ("EXPLAIN app.unit uid=5 unit=erp-sync.service", r"allowed: consumer .*erp-sync\.service"),
                ("EXPLAIN app.unit uid=5", r"in no service unit"),
                ("EXPLAIN app.nobody uid=5", r"nobody may ask"),
                ("EXPLAIN app.none uid=5", r"no token")):
            found = ask_as(stage, line, 0)
            assert re.search(expected, found), "%s says why" % line
