"""requests-oauthlib: password, use, refresh twice, revoke, client credentials, and its typed errors."""

import json
import os
import sys

from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
url, secret = sys.argv[1:]
token_url = f"{url}/token"


def log_in(password="secret", client_secret=secret):
    session = OAuth2Session(client=LegacyApplicationClient("app", scope=["read"]))
    session.fetch_token(
        token_url, username="johndoe", password=password, client_id="app", client_secret=client_secret
    )
    return session


def refused(error, act):
    try:
        act()
    except error:
        return True
    return False


session = log_in()
profile = session.get(f"{url}/users/me").json()
auth = {"client_id": "app", "client_secret": secret}
first = session.token["refresh_token"]
for _ in range(2):
    session.refresh_token(token_url, **auth)
revoked = session.post(
    f"{url}/revoke", data={"token": session.token["refresh_token"]}, auth=("app", secret), withhold_token=True
)
public = OAuth2Session(client=LegacyApplicationClient("web"))
public_token = public.fetch_token(token_url, username="johndoe", password="secret")
service = OAuth2Session(client=BackendApplicationClient("app", scope=["read"]))
service_token = service.fetch_token(token_url, client_secret=secret)

print(
    json.dumps(
        {
            "username": profile["username"],
            "rotated": session.token["refresh_token"] != first,
            "revoked": revoked.status_code,
            "gone": refused(InvalidGrantError, lambda: session.refresh_token(token_url, **auth)),
            "public": public_token["token_type"],
            "service": service_token["scope"],
            "invalid_grant": refused(InvalidGrantError, lambda: log_in(password="wrong")),
            "invalid_client": refused(InvalidClientError, lambda: log_in(client_secret="wrong")),
        }
    )
)
