"""Errors in the server's own words: readable in every reply and entry, bounded, and never a piece of what was sent."""
from .row import FAILED, HELD, Row, get, never_said, paste, person, renew, said, sign_in, state
from .server import Answer, error, page

ENTRA = ("AADSTS7000222: The provided client secret keys for app '6c1e0c2e' are expired. Visit the Azure portal to create new keys.\r\n"
         "Trace ID: 9b2e1f3a\r\nCorrelation ID: 71c0\r\nTimestamp: 2026-11-30 21:00:00Z")


def echo(request, _):
    return error("invalid_scope", error_description="the client sent " + request.form["client_secret"])


ROWS = [
    Row("ERR-01 errorSummary (Okta)", FAILED,
        {"token": Answer({"errorCode": "E0000021", "errorSummary": "Accept and/or Content-Type headers likely do not match", "errorCauses": []}, 406)},
        [get(r"^ERR \w+ .*answered 406 \('Accept and/or Content-Type headers likely do not match'\)"), said("headers likely do not match")]),
    Row("ERR-01 errorCode is a word of OAuth's (Okta)", FAILED,
        {"token": Answer({"errorCode": "invalid_scope", "errorSummary": "One or more scopes are not configured"}, 400)},
        [get(r"^ERR refused .*oauth-error=invalid_scope .*\('One or more scopes are not configured'\)")]),
    Row("ERR-01 detail of a problem (RFC 9457)", FAILED,
        {"token": Answer({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "tenant is missing"}, 400, "application/problem+json")},
        [get(r"^ERR \w+ .*answered 400 \('tenant is missing'\)")]),
    Row("ERR-01 error is an object with a message (Facebook, Google APIs)", FAILED,
        {"token": Answer({"error": {"message": "Error validating application", "type": "OAuthException", "code": 101}}, 400)},
        [get(r"^ERR \w+ .*answered 400 \('Error validating application'\)")]),
    Row("ERR-01 message (Spring)", FAILED,
        {"token": Answer({"timestamp": "2026-11-30", "status": 400, "error": "Bad Request", "message": "grant is off", "path": "/token"}, 400)},
        [get(r"^ERR unavailable .*Bad Request \('grant is off'\)")]),
    Row("ERR-01 a description of several lines (Entra)", FAILED,
        {"token": error("unauthorized_client", 401, error_description=ENTRA)},
        [get(r"^ERR refused .*AADSTS7000222: .* are expired\. Visit the Azure portal to create new keys\. Trace ID: 9b2e1f3a"), state("AADSTS7000222")]),
    Row("LOG-05 a description that is not ASCII (ERP.net in Bulgarian)", FAILED,
        {"token": error("unauthorized_client", 400, error_description="Приложението няма системен потребител")},
        [get(r"^ERR refused .*\('Приложението няма системен потребител'\)"), said("Приложението няма системен потребител")]),
    Row("LOG-05 a description with control characters and marks that reorder text", FAILED,
        {"token": error("unauthorized_client", 400, error_description="a\x1b[31m\u202eb\u2028c")},
        [get(r"^ERR refused .*\('a\?\[31m\?b[ ?]+c'\)"), never_said("\x1b")]),
    Row("LOG-01 a description that repeats what was sent is not shown", HELD,
        {"token": echo}, [get("^ERR refused oauth-error=invalid_scope "), never_said("s3cret-of")]),
    Row("LOG-05 a description without end is cut", HELD,
        {"token": error("unauthorized_client", 400, error_description="no " * 1000)}, [get(r"^ERR refused .{1,400}$")]),
    person("ERR-01 the words of a refresh that is refused are in the state (Okta)", HELD,
           {"refresh": error("invalid_client", 401, error_description="Client authentication failed")},
           [sign_in(), renew("."), state("state=(degraded|refused|ready)"), said("invalid_client")]),
    person("an address that the terminal brings in bracketed-paste marks is understood", FAILED,
           {}, [paste(lambda address: "\x1b[200~%s\x1b[201~\n" % address, "signed in"), get("^OK at-")]),
    person("an error that comes back without state is told on the terminal (Entra, ADFS)", FAILED,
           {}, [paste(lambda address: address.partition("?")[0] + "?error=access_denied&error_description=No+way+in\n", "access_denied.*No way in|No way in")]),
    Row("a web page with status 403 (a gateway, Cloudflare)", HELD,
        {"token": page(403)}, [get("^ERR (refused|unavailable) .*answered 403"), never_said("<html>")]),
]
