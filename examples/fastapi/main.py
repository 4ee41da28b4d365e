"""The app of the FastAPI tutorial "OAuth2 with Password (and hashing), Bearer with JWT tokens" and its chapter on
scopes, after its token half has moved to Latchkey. Gone are the secret key, the password hashing and the /token
route; what stays is the API, which checks tokens with the issuer's public keys.
"""

import json
import os
from typing import Any, Dict, List, Optional, Union
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import jwt
from fastapi import Depends, FastAPI, HTTPException, Security, status
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientError, PyJWTError
from pydantic import BaseModel

LATCHKEY_URL = os.environ.get("LATCHKEY_URL", "http://127.0.0.1:8000")
# What this API is called in the `aud` of its tokens: the `audience` of an entry of `apis` in Latchkey's configuration.
AUDIENCE = os.environ.get("LATCHKEY_AUDIENCE", "http://127.0.0.1:8000/api")
CLIENT_ID = os.environ.get("LATCHKEY_CLIENT_ID", "demo-app")
# Asymmetric ones only, fixed here and not taken from the token (RFC 8725 section 3.1).
ALGORITHMS = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]

app = FastAPI(swagger_ui_init_oauth={"clientId": CLIENT_ID, "scopes": "me items"})

signing_keys = PyJWKClient(f"{LATCHKEY_URL}/.well-known/jwks.json")

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl=f"{LATCHKEY_URL}/token",
    scopes={"me": "Read information about the current user.", "items": "Read items."},
    # A missing token is answered below, with a challenge that has a parameter as RFC 6750 section 3 demands.
    auto_error=False,
)


class User(BaseModel):
    username: str
    email: Union[str, None] = None
    full_name: Union[str, None] = None
    disabled: Union[bool, None] = None


class AccessToken(BaseModel):
    """A token that has been checked."""

    value: str
    # The stable id of the user: what the rows of your own tables belong to.
    sub: str
    scopes: List[str]


def refusal(status_code: int, detail: str, error: Optional[str] = None, scope: Optional[str] = None) -> HTTPException:
    """An answer with the challenge of RFC 6750 section 3."""
    challenge = 'Bearer realm="items"'
    if error:
        challenge += f', error="{error}", error_description="{detail}"'
    if scope:
        challenge += f', scope="{scope}"'
    return HTTPException(status_code, detail, {"WWW-Authenticate": challenge})


def verified_claims(token: str) -> Dict[str, Any]:
    """The claims of a token that Latchkey issued for this API (RFC 9068 section 4)."""
    try:
        # An ID token or another JWT of the same issuer is no access token.
        if str(jwt.get_unverified_header(token).get("typ")).lower() not in ("at+jwt", "application/at+jwt"):
            raise refusal(status.HTTP_401_UNAUTHORIZED, "not an access token", "invalid_token")
        return jwt.decode(
            token,
            signing_keys.get_signing_key_from_jwt(token).key,
            algorithms=ALGORITHMS,
            issuer=LATCHKEY_URL,
            audience=AUDIENCE,
            options={"require": ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"]},
        )
    except PyJWTError as error:
        if isinstance(error, PyJWKClientError) and isinstance(error.__context__, URLError):
            # Not the token's fault: a 401 would make the client throw a good token away.
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "keys are out of reach", {"Retry-After": "5"})
        raise refusal(status.HTTP_401_UNAUTHORIZED, "the token is expired or not valid here", "invalid_token")


def get_access_token(security_scopes: SecurityScopes, token: Optional[str] = Depends(oauth2_scheme)) -> AccessToken:
    if not token:
        raise refusal(status.HTTP_401_UNAUTHORIZED, "Not authenticated")
    claims = verified_claims(token)
    scopes = str(claims.get("scope", "")).split()
    if not set(security_scopes.scopes) <= set(scopes):
        raise refusal(
            status.HTTP_403_FORBIDDEN, "Not enough permissions", "insufficient_scope", security_scopes.scope_str
        )
    return AccessToken(value=token, sub=claims["sub"], scopes=scopes)


def get_current_user(token: AccessToken = Security(get_access_token, scopes=["me"])) -> User:
    """Who the user is. Names and addresses are not in the token, so that they cannot leak from it: Latchkey is asked."""
    request = Request(f"{LATCHKEY_URL}/users/me", headers={"Authorization": f"Bearer {token.value}"})
    try:
        with urlopen(request, timeout=5) as response:
            return User(**json.load(response))
    except HTTPError as error:
        if error.code == status.HTTP_401_UNAUTHORIZED:
            # Revoked, or the user is gone.
            raise refusal(status.HTTP_401_UNAUTHORIZED, "the token is no longer good", "invalid_token")
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the user cannot be read")
    except URLError:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the user cannot be read", {"Retry-After": "5"})


@app.get("/users/me/", response_model=User)
def read_users_me(current_user: User = Depends(get_current_user)):
    return current_user


@app.get("/users/me/items/")
def read_own_items(token: AccessToken = Security(get_access_token, scopes=["items"])):
    return [{"item_id": "Foo", "owner": token.sub}]


@app.get("/status/")
def read_system_status(token: AccessToken = Depends(get_access_token)):
    return {"status": "ok"}
