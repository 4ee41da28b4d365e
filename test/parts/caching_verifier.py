"""As caching-verifier.ts, with PyJWT's PyJWKClient. Debian: python3-jwt, python3-cryptography."""

import sys

import jwt

_, _kind, issuer, audience = sys.argv
client = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")


def judge(token):
    try:
        key = client.get_signing_key_from_jwt(token).key
        jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=issuer)
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return "good"


for line in sys.stdin:
    print(judge(line.strip()), flush=True)
