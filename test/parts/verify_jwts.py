"""Verifies JWTs as the JSON on standard input says, and prints their claims. Debian: python3-jwt, python3-cryptography."""

import json
import sys

import jwt

ask = json.load(sys.stdin)
keys = {jwk["kid"]: jwk for jwk in ask["jwks"]["keys"]}


def claims(token):
    header = jwt.get_unverified_header(token["jwt"])
    return jwt.decode(
        token["jwt"],
        jwt.PyJWK(keys[header["kid"]]).key,
        algorithms=[token["algorithm"]],
        audience=token["audience"],
        issuer=ask["issuer"],
    )


json.dump([claims(token) for token in ask["tokens"]], sys.stdout)
