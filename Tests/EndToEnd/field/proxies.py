"""Proxies on the way to a server."""
from .row import FAILED, HELD, Row, ask, asked, get, online, person, reload, renew, said, sign_in, state, told, unchanged, write

PASSWORD = "p%41ss: wörd+of/the=proxy&"
LOGIN = {"scheme": "Basic", "password": PASSWORD}
AGAIN = r"^\+ .*state=ready"


def plain(server):
    return 'proxy = "http://127.0.0.1:%d"' % server.proxy.port


def with_login(server):
    return 'proxy = { url = "http://127.0.0.1:%d", user = "tokend", password = { file = "%s" } }' % (server.proxy.port, server.files["proxy"])


def tunnelled(play):
    """Every request came by CONNECT, and none told the proxy more than that."""
    requests = play.server.proxy.requests
    wrong = [request for request in requests if request[0] != "CONNECT" or set(request[2]) - {"host", "user-agent", "proxy-connection", "proxy-authorization"}]
    return "the proxy saw %s of %d requests" % (wrong, len(requests)) if wrong or not requests else None


def not_in_clear(play):
    return "the proxy was sent Basic" if any(request[2].get("proxy-authorization", "").startswith("Basic") for request in play.server.proxy.requests) else None


ROWS = [
    Row("NET-10 a proxy that asks for nothing", HELD, {}, [get("^OK at-"), renew(AGAIN), tunnelled], head=plain, proxy={}),
    Row("NET-10 a proxy that asks with Basic", FAILED, {}, [get("^OK at-"), renew(AGAIN), get("^OK at-"), asked(2), tunnelled],
        head=with_login, proxy=LOGIN, files={"proxy": PASSWORD + "\n"}),
    Row("NET-10 a proxy that asks with Basic and ends the connection", FAILED, {}, [get("^OK at-"), renew(AGAIN), asked(2), tunnelled],
        head=with_login, proxy={**LOGIN, "closes": True}, files={"proxy": PASSWORD}),
    Row("NET-10 a proxy that asks with Digest is never sent the password", FAILED, {}, [get("^OK at-"), renew(AGAIN), asked(2), tunnelled, not_in_clear],
        head=with_login, proxy={**LOGIN, "scheme": "Digest"}, files={"proxy": PASSWORD}),
    person("NET-10 a person signs in, is refreshed and signs out through a proxy that asks for a password", FAILED,
           {}, [sign_in(), get("^OK at-"), renew(AGAIN), ask("LOGOUT NAME", "^OK revoked"), tunnelled],
           head=with_login, proxy=LOGIN, files={"proxy": PASSWORD}),
    Row("a proxy that wants a password, and none is configured: told with what to write", FAILED,
        {}, [get(r"^ERR unavailable .*\(status 407\): it requires a user name and a password; write them next to its address"), state("407"), asked(0),
             online(78, r"^app: error: .*it requires a user name and a password")], head=plain, proxy=LOGIN),
    Row("a proxy that does not take the password: told, and RENEW takes the right one from the file", FAILED,
        {}, [get(r"^ERR unavailable .*\(status 407\): it rejects the configured user name and password"), said("rejects the configured user name"),
             write("proxy", PASSWORD, renew(AGAIN)), get("^OK at-")],
        head=with_login, proxy=LOGIN, files={"proxy": "not-the-password-of-the-proxy"}),
    Row("RELOAD takes a new password for a proxy too, and the server is tried at once", FAILED,
        {}, [get("^ERR unavailable .*407"), write("proxy", PASSWORD), reload(unchanged), get("^OK at-", wait=2)],
        head=with_login, proxy=LOGIN, files={"proxy": "not-the-password-of-the-proxy"}),
    Row("a proxy that asks with Negotiate alone: told as not supported", FAILED,
        {}, [get("^ERR unavailable .*an authentication other than Basic and Digest, which is not supported")],
        head=with_login, proxy={"scheme": "Negotiate"}, files={"proxy": PASSWORD}),
    Row("a proxy that lets nobody through to this server: told with the remedy", FAILED,
        {}, [get(r"^ERR unavailable .*opened no tunnel \(status 403\)"), online(78, "^app: error: .*permit connections from this machine")],
        head=plain, proxy={"status": 403}),
    Row("a password that is written into the address of a proxy is told with the form to write", FAILED,
        {}, [told(r"proxy: must be .* user = .*password = ")], head='proxy = "http://tokend:pass@127.0.0.1:3128"'),
]
