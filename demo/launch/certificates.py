"""The demo's own certificate authority, made at each start and trusted by the demo's processes alone.

In: the host names of the stand-ins. Out: `ca.pem`, which clients trust through `SSL_CERT_FILE`, and `hosts.pem`, certificate and key of
the proxy. The authority's key is removed once it has signed.
"""
import subprocess

from launch.packages import Missing, binary

DAYS = "7"


def make(folder, hosts):
    folder.mkdir()
    openssl = binary("openssl")

    def call(*words):
        ran = subprocess.run([openssl, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ran.returncode != 0:
            raise Missing(f"openssl failed: {ran.stdout.strip()[-400:]}")

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    (folder / "names").write_text(
        "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\nsubjectAltName="
        + ",".join(f"DNS:{host}" for host in hosts) + "\n")
    call("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", DAYS, "-subj", "/CN=Throughline demo authority",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    call("req", "-new", *curve, "-keyout", "hosts.key", "-out", "hosts.csr", "-subj", "/CN=throughline-demo")
    call("x509", "-req", "-in", "hosts.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS, "-extfile", "names",
         "-out", "hosts.crt")
    (folder / "hosts.pem").write_text((folder / "hosts.crt").read_text() + (folder / "hosts.key").read_text())
    (folder / "ca.key").unlink()
    return folder / "ca.pem", folder / "hosts.pem"
