"""The identity server of a torture: mints grants, tells what was sent to it, and whether a grant lives."""
import http.client
import pathlib
import ssl
import threading
import time
import urllib.parse

from lib.simulator import Simulator


class Send:
    """One refresh token that came to the server, and what became of it."""

    def __init__(self, entry, offset):
        self.number = entry["seq"]
        self.at = entry["elapsed"] + offset
        self.token = entry["fingerprints"].get("refresh_token")
        self.status, self.error, self.fault = entry["status"], entry["error"], entry["fault"]
        self.successor = entry["refresh_token"]
        self.delivery = entry["delivery"]

    @property
    def is_over(self):
        return self.delivery is not None

    def __repr__(self):
        return "#%d %s → %s %s %s" % (self.number, self.token, self.status, self.successor or self.error, self.delivery)


class Grant:
    """A grant as the server gave it: its first refresh token, the fingerprint of that, and the number by which it is asked after."""

    def __init__(self, secret, fingerprint, number):
        self.secret, self.fingerprint, self.number = secret, fingerprint, number


class SimulatedServer:
    """The simulated ERP.net Identity in its strictest mode: each use rotates, a token that comes again ends its family."""

    name = "simulator"
    scopes = ("openid", "read", "offline_access")

    def __init__(self, folder, access_ttl=4):
        self._simulator = Simulator(pathlib.Path(folder), "--access-ttl", str(access_ttl))
        self._seen, self._history = 0, []
        self._lock = threading.Lock()
        self._clients = 0

    def __enter__(self):
        self._simulator.__enter__()
        self.about = self._simulator.about
        self.client = self.about["clients"]["portal"]
        self.reset()
        return self

    def __exit__(self, *_):
        self._simulator.__exit__()

    def reset(self):
        """As new, and strict."""
        self.control("reset")
        self.control("knob refresh-mode family-revoke")
        self._seen, self._history = 0, []
        self._offset = self._calibrate()
        self.sends()

    def control(self, line):
        return self._simulator.control(line)

    def _calibrate(self):
        """What to add to the server's seconds to get those of CLOCK_MONOTONIC."""
        address = urllib.parse.urlsplit(self.about["issuer"])
        trust = ssl.create_default_context(cafile=self.about["ca_file"])
        best = None
        for _ in range(5):
            connection = http.client.HTTPSConnection(address.hostname, address.port, context=trust)
            connection.connect()
            before = time.monotonic()
            connection.request("GET", address.path + "/.well-known/openid-configuration")
            connection.getresponse().read()
            took = time.monotonic() - before
            connection.close()
            entry = self.control("audit route=metadata")["entries"][-1]
            if best is None or took < best[0]:
                best = took, before + took / 2 - entry["elapsed"]
        return best[1]

    def register(self):
        """A client of its own: what is to be done to its requests alone names it."""
        with self._lock:
            self._clients += 1
            client = {"client_id": "torture.app/%d" % self._clients, "client_secret": "torture-secret-%08d" % self._clients,
                      "redirect_uris": self.client["redirect_uris"]}
        self.control("app add %s secret=%s ClientType=Confidential Scope=read ImpersonateAsInternalUserAllowed=true ImpersonateLoginUrl=%s"
                     % (client["client_id"], client["client_secret"], client["redirect_uris"][0]))
        return client

    def fault(self, client, what):
        """The next refreshes of this client meet it."""
        self.control("fault token %s grant=refresh_token client=%s" % (what, client["client_id"]))

    def faults_met(self, client):
        return self.counter("faults-met:" + client["client_id"])

    def await_fault(self, client, count, seconds=60):
        self.control("await faults-met:%s %d timeout=%d" % (client["client_id"], count, seconds))

    def application(self, secret_file, timeout, client):
        """The head of the application's file."""
        return "\n".join([
            'issuer = "%s"' % self.about["issuer"], 'ca_file = "%s"' % self.about["ca_file"], "timeout = %d" % timeout, "[client]",
            'id = "%s"' % client["client_id"], 'authentication = "client_secret_post"', 'secret = { file = "%s" }' % secret_file, ""])

    # seconds that tokend gives an exchange
    timeout = 3

    def mint(self, client=None):
        """A new grant, as a sign-in would bring it."""
        client_id = (client or self.client)["client_id"]
        made = self.control('grant mint app=%s user=m.petrova scope="%s"' % (client_id, " ".join(self.scopes)))
        return Grant(made["refresh_token"], made["grant"]["current"], made["grant"]["id"])

    def grants(self):
        """What the server says of each grant, by number."""
        return {grant["id"]: grant for grant in self.control("grants")["grants"]}

    def lives(self, grant):
        return self.grants()[grant.number]["alive"]

    def rests(self, patience=20):
        """Waits until nobody is connected any more: what a dead daemon has sent has been read."""
        port = urllib.parse.urlsplit(self.about["issuer"]).port
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and connected(port):
            time.sleep(0.003)

    def sends(self, patience=20):
        """The refresh tokens that came since the last call, in order; waits for those whose answer is not decided yet."""
        deadline = time.monotonic() + patience
        while True:
            entries = self.control("audit since=%d" % self._seen)["entries"]
            entries = [entry for entry in entries if entry["seq"] > self._seen]
            sends = [Send(entry, self._offset) for entry in entries if entry["grant_type"] == "refresh_token"]
            if all(send.is_over for send in sends) or time.monotonic() > deadline:
                self._seen = max([self._seen, *(entry["seq"] for entry in entries)])
                return sends
            time.sleep(0.005)

    def history(self):
        """Every send since the reset, from whichever thread it is asked for."""
        with self._lock:
            self._history += self.sends()
            return list(self._history)

    def of(self, *grants):
        """Those of these grants, followed over their successors."""
        family = {grant.fingerprint for grant in grants}
        found = []
        for send in self.history():
            if send.token in family:
                found.append(send)
                family.add(send.successor)
        return found

    def counter(self, name):
        return self.control("counters")["counters"].get(name, 0)


def connected(port):
    """Whether a connection to this local port is open, or is closed by the other side alone and perhaps not read to its end."""
    wanted = ":%04X" % port
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as table:
            next(table)
            for line in table:
                words = line.split(None, 4)
                if words[1].endswith(wanted) and words[3] in OPEN_STATES:
                    return True
    return False


# ESTABLISHED, SYN_RECV, CLOSE_WAIT
OPEN_STATES = ("01", "03", "08")

SERVERS = {server.name: server for server in (SimulatedServer,)}
