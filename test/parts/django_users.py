"""Makes and asks about Django's own auth_user. Arguments: DATABASES["default"] as JSON, then an order.

make: migrates django.contrib.auth and creates users, each with a hash by another of Django's hashers
or by passlib's django handlers; writes their names. check NAME PASSWORD: what Django's authenticate()
says. usable: how Django sees the passwords of all users.
"""
import json
import sys

import django
from django.conf import settings

PASSWORD = "correct horse"
HASHERS = ["Argon2", "BCryptSHA256", "BCrypt", "PBKDF2", "PBKDF2SHA1"]

settings.configure(
    DATABASES={"default": json.loads(sys.argv[1])},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in HASHERS],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import authenticate, hashers  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.management import call_command  # noqa: E402

# The code is what is tried, not the processors.
hashers.Argon2PasswordHasher.memory_cost = 8192
hashers.BCryptPasswordHasher.rounds = hashers.BCryptSHA256PasswordHasher.rounds = 5
hashers.PBKDF2PasswordHasher.iterations = 10_000


def make():
    from passlib.hash import django_argon2, django_bcrypt, django_bcrypt_sha256

    call_command("migrate", verbosity=0)
    hashes = {
        "argon2": make_password(PASSWORD, hasher="argon2"),
        "bcrypt_sha256": make_password(PASSWORD, hasher="bcrypt_sha256"),
        "bcrypt": make_password(PASSWORD, hasher="bcrypt"),
        "pbkdf2": make_password(PASSWORD, hasher="pbkdf2_sha256"),
        "passlib_argon2": django_argon2.using(type="ID", memory_cost=8192).hash(PASSWORD),
        "passlib_bcrypt": django_bcrypt.using(rounds=5).hash(PASSWORD),
        "passlib_bcrypt_sha256": django_bcrypt_sha256.using(rounds=5).hash(PASSWORD),
        "unusable": make_password(None),
        "inactive": make_password(PASSWORD, hasher="argon2"),
    }
    users = {
        name: User.objects.create(
            username=name,
            email=f"{name}@example.com",
            first_name="Ada" if name == "argon2" else "",
            last_name="Lovelace",
            password=hash,
            is_active=name != "inactive",
        )
        for name, hash in hashes.items()
    }
    editors = Group.objects.create(name="editors")
    Group.objects.create(name="others")
    users["argon2"].groups.add(editors)
    return {name: str(user.pk) for name, user in users.items()}


orders = {
    "make": make,
    "check": lambda name, password: authenticate(username=name, password=password) is not None,
    "hash": lambda name: User.objects.get(username=name).password,
}
print(json.dumps(orders[sys.argv[2]](*sys.argv[3:])))
