"""Authlib: password, use, refresh twice, introspect, revoke, client credentials, and its typed errors."""

import json
import sys

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

url, secret = sys.argv[1:]
token_url = f"{url}/token"


def client(client_secret=secret, method="client_secret_basic"):
    return OAuth2Session(
        "app", client_secret, scope="read", token_endpoint=token_url, token_endpoint_auth_method=method
    )


def log_in(session, password="secret"):
    return session.fetch_token(token_url, username="johndoe", password=password)


def error_of(act):
    try:
        act()
    except OAuthError as error:
        return error.error
    return None


session = client()
first = log_in(session)
profile = session.get(f"{url}/users/me").json()
second = session.refresh_token(token_url, refresh_token=first["refresh_token"])
third = session.refresh_token(token_url, refresh_token=second["refresh_token"])
active = session.introspect_token(f"{url}/introspect", token=third["access_token"]).json()["active"]
session.revoke_token(f"{url}/revoke", token=third["refresh_token"])
inactive = session.introspect_token(f"{url}/introspect", token=third["access_token"]).json()["active"]
service = client(method="client_secret_post").fetch_token(token_url, grant_type="client_credentials")

print(
    json.dumps(
        {
            "username": profile["username"],
            "rotated": len({one["refresh_token"] for one in (first, second, third)}),
            "active": [active, inactive],
            "service": service["scope"],
            "invalid_grant": error_of(lambda: log_in(client(), "wrong")),
            "invalid_client": error_of(lambda: log_in(client("wrong"))),
        }
    )
)
