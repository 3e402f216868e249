"""A certificate authority for one test: made on the spot, thrown away with its folder."""
import subprocess

CA_EXTENSIONS = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


class Authority:
    """`folder`/ca.pem signs what `server` makes."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", *P256, "-days", "30", "-subj", "/CN=tokend test authority",
                "-keyout", self._key, "-out", self.certificate, *CA_EXTENSIONS)

    def server(self, name, alternatives="DNS:localhost,IP:127.0.0.1"):
        """A server's certificate and key, as paths."""
        certificate, key, request, extensions = (self.folder / (name + end) for end in (".pem", ".key", ".csr", ".ext"))
        extensions.write_text("subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n" % alternatives)
        openssl("req", *P256, "-subj", "/CN=localhost", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                "-days", "30", "-extfile", extensions, "-out", certificate)
        return certificate, key
