"""A person's browser without its windows: it keeps cookies, follows redirects, reads forms and sends them."""
import html.parser
import http.cookiejar
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request

MOST_HOPS = 20


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_, **__):
        return None


class _Forms(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self._open = False

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag == "form":
            self._open = True
            self.forms.append({"action": known.get("action") or "", "method": (known.get("method") or "get").lower(), "fields": {}, "buttons": {}})
        elif self._open and tag in ("input", "button") and known.get("name"):
            kind = "buttons" if tag == "button" or known.get("type") == "submit" else "fields"
            self.forms[-1][kind][known["name"]] = known.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = False


class Page:
    def __init__(self, url, status, body):
        self.url, self.status, self.text = url, status, body.decode("utf-8", "replace")

    def __repr__(self):
        return "%d at %s: %s" % (self.status, self.url.partition("?")[0], " ".join(self.text.split())[:400])

    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query, keep_blank_values=True))

    def form(self, *names):
        """The first form with all these fields or buttons; None without one."""
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            if set(names) <= {*form["fields"], *form["buttons"]}:
                return form
        return None


class Browser:
    """`home`: where it stops without going there, by how the address begins; without one it goes everywhere."""

    def __init__(self, ca_file, home=None):
        self.home = home
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca_file))),
            urllib.request.HTTPCookieProcessor(self._cookies), _Stay())

    def open(self, url, method="GET", body=None, headers=None):
        """The page that an address leads to in the end. Where it ends at `home` the page is empty, and its status 0."""
        headers = dict(headers or {})
        for _ in range(MOST_HOPS):
            if self.home and url.startswith(self.home):
                return Page(url, 0, body or b"")
            page, place = self._ask(url.partition("#")[0], method, body, headers)
            if not place:
                return page
            url, method, body = urllib.parse.urljoin(url, place), "GET", None
            headers.pop("Content-Type", None)
        raise RuntimeError("too many redirects, the last to " + url.partition("?")[0])

    def _ask(self, url, method, body, headers):
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            page = Page(url, answer.status, answer.read())
            return page, answer.headers.get("Location") if 300 <= page.status < 400 else None

    def submit(self, page, form, button=None, **fields):
        """Sends a form of a page, as if the named button had been pressed; a button without a name sends nothing of itself."""
        values = {**form["fields"], **fields}
        if button:
            values[button] = form["buttons"][button]
        target = urllib.parse.urljoin(page.url, form["action"] or page.url)
        encoded = urllib.parse.urlencode(values)
        if form["method"] == "get":
            return self.open("%s?%s" % (target, encoded))
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(page.url))
        return self.open(target, "POST", encoded.encode(), {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Referer": page.url})

    def send_json(self, url, value, method="POST"):
        return self.open(url, method, json.dumps(value).encode(), {"Content-Type": "application/json"})
