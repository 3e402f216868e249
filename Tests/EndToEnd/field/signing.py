"""ID tokens of a scripted server: keys by the openssl command, tokens in the compact serialization of RFC 7515."""
import base64
import json
import subprocess

from lib.pki import openssl


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SigningKey:
    """RS256 or ES256."""

    def __init__(self, folder, algorithm, key_id="key-1"):
        self.algorithm, self.key_id = algorithm, key_id
        self._file = folder / ("%s.%s.key" % (algorithm, key_id))
        options = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "RS256" else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("genpkey", "-algorithm", *options, "-out", self._file)

    def jwk(self, **changes):
        """The public key (RFC 7517); `None` takes a member away."""
        if self.algorithm == "RS256":
            modulus = bytes.fromhex(openssl("rsa", "-in", self._file, "-noout", "-modulus").decode().strip().split("=")[1])
            numbers = {"kty": "RSA", "n": base64url(modulus), "e": "AQAB"}
        else:
            point = openssl("ec", "-in", self._file, "-pubout", "-outform", "DER")[-64:]
            numbers = {"kty": "EC", "crv": "P-256", "x": base64url(point[:32]), "y": base64url(point[32:])}
        members = {"use": "sig", "alg": self.algorithm, "kid": self.key_id, **numbers, **changes}
        return {name: value for name, value in members.items() if value is not None}

    def token(self, claims, **header):
        """`header` changes members of the header; `None` takes one away."""
        members = {"alg": self.algorithm, "typ": "JWT", "kid": self.key_id, **header}
        members = {name: value for name, value in members.items() if value is not None}
        signed = "%s.%s" % (base64url(json.dumps(members).encode()), base64url(json.dumps(claims).encode()))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self._file], input=signed.encode(), check=True,
                                   stdout=subprocess.PIPE).stdout
        return "%s.%s" % (signed, base64url(signature if self.algorithm == "RS256" else _pair(signature)))


def _pair(der):
    """Two INTEGERs of an ASN.1 SEQUENCE as 64 bytes (RFC 7518 section 3.4)."""
    numbers, at = b"", 2
    for _ in range(2):
        length = der[at + 1]
        numbers += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + length
    return numbers
