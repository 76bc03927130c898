"""A TLS server on 127.0.0.1, with certificates that nobody is to trust: they are for tests alone."""

import ssl
from pathlib import Path

from tests.server import ModelServer

FOR_THIS_MACHINE = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJ1R5/j1JCBb7Fu7F28qXTmTaJvyChDySvhMwwEoo+BaoAoGCCqGSM49
AwEHoUQDQgAEE+CaBeqFEI6DQ/eUl5hcmtHBG4+nz5ITEDgnzgvxyswhbEgyAMRs
M3rXsQRfCAiHApvzSxRXf0dxLPX85R+nGA==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUdCQoWo0LeeIXbb8cthtGOi7yV9UwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyOTIzNTQwNFoYDzIxMjYxMTA1
MjM1NDA0WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQT4JoF6oUQjoND95SXmFya0cEbj6fPkhMQOCfOC/HKzCFsSDIAxGwz
etexBF8ICIcCm/NLFFd/R3Es9fzlH6cYo28wbTAdBgNVHQ4EFgQULRv2oNHFq/RS
olpcPUXPBrDGiSMwHwYDVR0jBBgwFoAULRv2oNHFq/RSolpcPUXPBrDGiSMwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIgZOeCqbhhgjB/09EzWMbIwUeDDHrcm2C1H5ZnZyBb5UICIQDc
8sZF/9agYQZ0fwpNcn1FjUVISQ9VZseKLXqrK3xMtA==
-----END CERTIFICATE-----
"""
FOR_ANOTHER_NAME = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIILtkYd/LiOSBqiaOBiflcFIjojMV0e04ThtyP7ZLE0SoAoGCCqGSM49
AwEHoUQDQgAEcJBPGSCW/kXBoFQove1ggBVE7NcLd0K4SuqmBU25LTLu7wihXVBQ
+2kL22xCjMlxu2A0JITT+NxAEDCAfnQGgw==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUPvrCC7/7jvUXOrxGp66rzUOgYjEwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTAgFw0yNjExMjkyMzU0MDRaGA8yMTI2
MTEwNTIzNTQwNFowGDEWMBQGA1UEAwwNbW9kZWwuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABHCQTxkglv5FwaBUKL3tYIAVROzXC3dCuErqpgVNuS0y
7u8IoV1QUPtpC9tsQozJcbtgNCSE0/jcQBAwgH50BoOjbTBrMB0GA1UdDgQWBBSq
7hkWtmoGiSJ0GjDPhBbocVisPzAfBgNVHSMEGDAWgBSq7hkWtmoGiSJ0GjDPhBbo
cVisPzAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDW1vZGVsLmV4YW1wbGUw
CgYIKoZIzj0EAwIDSQAwRgIhAOzlJCiFrQ0okHOWtuE08lyv3agJ7tFHXd5Z2tHn
zehTAiEAixOe5Me7A2iurLrIZDyU/2JhbnQ+OZMf7y1l0wLx7Ic=
-----END CERTIFICATE-----
"""
EXPIRED = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFLym2zdQWG8J6F4qalijZi0qsufdso2+aTTKSAPMhCeoAoGCCqGSM49
AwEHoUQDQgAEUGABbdX126G/pTm1ElxzpDx/hn6SfgMuQR3C1dfIsJ5yHZXimm1O
8KnzO4k38OogsTIVLrCkQMy1Pe7ORynvSQ==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBWzCCAQKgAwIBAgIUHmlbKvojFE07RLCLLGalbsYTQgMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMB4XDTI2MTEyOTIzNTkwMloXDTI2MTEyODIz
NTkwMlowFDESMBAGA1UEAwwJMTI3LjAuMC4xMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEUGABbdX126G/pTm1ElxzpDx/hn6SfgMuQR3C1dfIsJ5yHZXimm1O8Knz
O4k38OogsTIVLrCkQMy1Pe7ORynvSaMyMDAwDwYDVR0RBAgwBocEfwAAATAdBgNV
HQ4EFgQUnlpth+6s9UzaDaWmNSbkfgyRVbEwCgYIKoZIzj0EAwIDRwAwRAIgPm7z
kDjhncqdImlCWvDEI/mA2LQFA2Ju3dob0fW6WyMCICFODrj8jzPUaMd2yDEIk79L
hLVz3EEr/JXFCjwghbbn
-----END CERTIFICATE-----
"""


def with_tls(server: ModelServer, certificate: str, folder: Path) -> str:
    """Have a server that has not begun speak TLS; returns its address for --base-url."""
    file = folder / "server.pem"
    file.write_text(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    return server.url.replace("http://", "https://")
