"""A signing process for Latchkey in front of a PKCS#11 device (docs/key-protection.md says the protocol).

    PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so PKCS11_TOKEN=latchkey PKCS11_PIN=... \\
        python3 signer.py /run/latchkey-signer/signer.sock

Debian: python3-pykcs11. Private keys are made inside of the device, as ones that can never be read out.
"""

import base64
import json
import os
import secrets
import socketserver
import sys
import threading

from PyKCS11 import (
    CKA_CLASS, CKA_EC_PARAMS, CKA_EC_POINT, CKA_EXTRACTABLE, CKA_KEY_TYPE, CKA_LABEL, CKA_MODULUS,
    CKA_MODULUS_BITS, CKA_PRIVATE, CKA_PUBLIC_EXPONENT, CKA_SENSITIVE, CKA_SIGN, CKA_TOKEN, CKA_VERIFY,
    CKF_RW_SESSION, CKF_SERIAL_SESSION, CKG_MGF1_SHA256, CKK_EC, CKK_EC_EDWARDS, CKK_RSA,
    CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_EDDSA, CKM_RSA_PKCS_KEY_PAIR_GEN,
    CKM_SHA256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, Mechanism,
    PyKCS11Lib, RSA_PSS_Mechanism,
)
from hashlib import sha256, sha384

LONGEST_LINE = 2**25

# DER object identifiers of the curves; Ed25519 by its name, which is what SoftHSM wants.
CURVES = {
    "ES256": ("P-256", bytes.fromhex("06082a8648ce3d030107"), 32, sha256),
    "ES384": ("P-384", bytes.fromhex("06052b81040022"), 48, sha384),
}
ED25519 = bytes.fromhex("130c656477617264733235353139")


def encode(data):
    return base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """One session, used by one request after the other."""

    def __init__(self, module, token, pin):
        self.lock = threading.Lock()
        library = PyKCS11Lib()
        library.load(module)
        slots = [s for s in library.getSlotList(True) if library.getTokenInfo(s).label.strip() == token]
        if not slots:
            sys.exit(f"there is no token named {token}")
        self.session = library.openSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION)
        self.session.login(pin)

    def create(self, alg):
        name = f"{alg.lower()}-{secrets.token_hex(8)}"
        if alg in CURVES:
            kind, generate = [(CKA_EC_PARAMS, CURVES[alg][1])], CKM_EC_KEY_PAIR_GEN
        elif alg == "EdDSA":
            kind, generate = [(CKA_EC_PARAMS, ED25519)], CKM_EC_EDWARDS_KEY_PAIR_GEN
        elif alg in ("RS256", "PS256"):
            kind = [(CKA_MODULUS_BITS, 2048), (CKA_PUBLIC_EXPONENT, b"\x01\x00\x01")]
            generate = CKM_RSA_PKCS_KEY_PAIR_GEN
        else:
            raise ValueError(f"no {alg} here")
        public = [(CKA_TOKEN, True), (CKA_LABEL, name), (CKA_VERIFY, True), *kind]
        private = [(CKA_TOKEN, True), (CKA_LABEL, name), (CKA_SIGN, True), (CKA_PRIVATE, True)]
        private += [(CKA_SENSITIVE, True), (CKA_EXTRACTABLE, False)]
        with self.lock:
            self.session.generateKeyPair(public, private, mecha=Mechanism(generate, None))
        return self.find(name)

    def find(self, name):
        with self.lock:
            found = self.session.findObjects([(CKA_CLASS, CKO_PUBLIC_KEY), (CKA_LABEL, name)])
            if not found:
                return None
            return {"name": name, "jwk": self.public_jwk(found[0])}

    def public_jwk(self, key):
        [kind] = self.session.getAttributeValue(key, [CKA_KEY_TYPE])
        if kind == CKK_RSA:
            n, e = self.session.getAttributeValue(key, [CKA_MODULUS, CKA_PUBLIC_EXPONENT])
            return {"kty": "RSA", "n": encode(n), "e": encode(e)}
        params, point = map(bytes, self.session.getAttributeValue(key, [CKA_EC_PARAMS, CKA_EC_POINT]))
        if kind == CKK_EC_EDWARDS:
            return {"kty": "OKP", "crv": "Ed25519", "x": encode(point[-32:])}
        # The end of a DER octet string: 04, x, y.
        for curve, oid, size, _ in CURVES.values():
            if kind == CKK_EC and params == oid:
                x, y = point[-2 * size : -size], point[-size:]
                return {"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)}
        raise ValueError("a key of another kind")

    def sign(self, name, alg, data):
        if alg in CURVES:
            data, mechanism = CURVES[alg][3](data).digest(), Mechanism(CKM_ECDSA, None)
        elif alg == "EdDSA":
            mechanism = Mechanism(CKM_EDDSA, None)
        elif alg == "RS256":
            mechanism = Mechanism(CKM_SHA256_RSA_PKCS, None)
        elif alg == "PS256":
            mechanism = RSA_PSS_Mechanism(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32)
        else:
            raise ValueError(f"no {alg} here")
        with self.lock:
            [key] = self.session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_LABEL, name)])
            return self.session.sign(key, data, mechanism)


def answer(device, ask):
    if ask["op"] == "create":
        return {"key": device.create(ask["alg"])}
    if ask["op"] == "find":
        return {"key": device.find(ask["key"])}
    if ask["op"] == "sign":
        return {"signature": encode(device.sign(ask["key"], ask["alg"], decode(ask["data"])))}
    raise ValueError("no such op")


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline(LONGEST_LINE):
            ask = json.loads(line)
            try:
                said = answer(self.server.device, ask)
            except Exception as error:
                said = {"error": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps({"id": ask.get("id"), **said}).encode() + b"\n")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    [path] = sys.argv[1:]
    # Whoever may open the socket may have anything signed: nobody but its owner and group.
    os.umask(0o117)
    if os.path.exists(path):
        os.unlink(path)
    with Server(path, Connection) as server:
        server.device = Device(*(os.environ[f"PKCS11_{name}"] for name in ("MODULE", "TOKEN", "PIN")))
        print(f"signing at {path}", flush=True)
        server.serve_forever()
