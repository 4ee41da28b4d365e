"""The token half of FastAPI's "OAuth2 with Password (and hashing), Bearer with JWT tokens" tutorial, with its
parameters: argon2-cffi's (m=65536, t=3, p=4, which pwdlib recommends) unless the environment says others."""

import os
from datetime import datetime, timedelta, timezone

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordRequestForm

memory, iterations, parallelism = map(int, os.environ.get("ARGON2", "65536,3,4").split(","))
hasher = PasswordHasher(memory_cost=memory, time_cost=iterations, parallelism=parallelism)
users = {"johndoe": hasher.hash("secret")}
secret = os.urandom(32).hex()
app = FastAPI()


def verified(username: str, password: str) -> bool:
    try:
        return username in users and hasher.verify(users[username], password)
    except VerifyMismatchError:
        return False


# A plain function, as FastAPI then runs it in its thread pool; the tutorial's `async def` would hash in the event loop.
@app.post("/token")
def login(form: OAuth2PasswordRequestForm = Depends()):
    if not verified(form.username, form.password):
        raise HTTPException(status_code=401, detail="Incorrect username or password")
    expires = datetime.now(timezone.utc) + timedelta(minutes=30)
    token = jwt.encode({"sub": form.username, "exp": expires}, secret, algorithm="HS256")
    return {"access_token": token, "token_type": "bearer"}
