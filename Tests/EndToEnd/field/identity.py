"""ID tokens, and how a browser comes back."""
from .row import FAILED, HELD, get, person, renew, sign_in, told
from .server import Answer

HYBRID = {"token": 'response_type = "code id_token"'}
PROMISED = {"metadata": {"authorization_response_iss_parameter_supported": True}}


def issuer(server):
    return server.issuer


ROWS = [
    person("AC-08 a code id_token answer by form_post without iss, though the server promised it (servers built on Authlib)", FAILED,
           PROMISED, [sign_in(), get("^OK at-")], **HYBRID),
    person("AC-08 a code answer without the iss that the server promised is refused", HELD,
           PROMISED, [sign_in("^ERR refused .*does not name its issuer")]),
    person("AC-07 a code answer with the iss that the server promised (Keycloak, Zitadel)", HELD,
           PROMISED, [sign_in(iss=issuer), get("^OK at-")]),
    person("AC-07 a code id_token answer with another iss is refused, ID token or not", HELD,
           PROMISED, [sign_in("^ERR refused .*evil.example", iss="https://evil.example")], **HYBRID),
    person("HYB-04 a code id_token answer whose ID token is from another issuer is refused before the code is used", HELD,
           {"claims": {"iss": "https://evil.example"}}, [sign_in("^ERR refused .*another issuer")], **HYBRID),
    person("JWKS-04 the only key of the set has no kid, and the token names one", FAILED,
           {"keys": lambda key: [key.jwk(kid=None)]}, [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")]),
    person("JWKS-04 neither the only key nor the token has a kid", HELD,
           {"keys": lambda key: [key.jwk(kid=None)], "header": {"kid": None}}, [sign_in(), get("^OK at-")]),
    person("JWKS-03 of two keys with one kid the second made the signature", FAILED,
           {"keys": lambda key: [key.jwk(n="wAEB" * 85 + "AQ"), key.jwk()]}, [sign_in(), get("^OK at-")]),
    person("IDT-02 an ID token with a second audience is refused, and the key is named (Zitadel: the project)", FAILED,
           {"claims": {"aud": ["app", "249842@project"]}}, [sign_in("^ERR refused .*'249842@project'.*id_token_audiences")]),
    person("IDT-03 an ID token with a second audience that the configuration names (Zitadel: the project)", FAILED,
           {"claims": {"aud": ["app", "249842@project"]}}, [sign_in(), renew(r"^\+ .*state=ready"), get("^OK at-")],
           client='id = "app"\nauthentication = "none"\nid_token_audiences = ["249842@project"]'),
    person("IDT-05 ID tokens by ES256, where the metadata say so", HELD,
           {"algorithm": "ES256"}, [sign_in(), get("^OK at-")]),
    person("RT-01 narrow without offline_access is a warning (servers that do not know that scope)", FAILED,
           {}, [told('warning: token.it.narrow: "offline_access" is not in scopes'), sign_in(), get("^OK at-")],
           scopes=("openid", "read"), token="narrow = true"),
    person("AC-17 an error that comes back with the browser is told in the server's words, in its script", FAILED,
           {}, [sign_in("^ERR login-required .*\\('Достъпът е отказан'\\)", code=None, error="access_denied", error_description="Достъпът е отказан")]),
    person("JWKS-01 the key set is not there", FAILED,
           {"paths": {"/jwks": Answer("no", 404, "text/plain")}}, [sign_in("^ERR unavailable .*no keys: '.*/jwks' answered 404")]),
]
