"""Keeps credentials unreadable for whoever holds only the database.

The key lies outside the database: in the environment, in the configuration of
the server, or in a file that only the server's user can read.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken


class SecretError(Exception):
    """The key is missing or malformed, or it is not the one used to encrypt."""


def load_key(environment: str | None, option: str | None, path: Path) -> str:
    """Return the key: environment before option before file.

    The file is made, mode 0600, when nothing else is set.

    :raises SecretError: the file cannot be read or written
    """
    key = environment or option
    if key:
        return key
    try:
        if not path.exists():
            _make_key_file(path)
        return path.read_text(encoding="ascii").strip()
    except OSError:
        raise SecretError("The key file cannot be read or written.") from None


def _make_key_file(path):
    """Write a new key to ``path``; if another worker was faster, keep its key."""
    handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


class SecretBox:
    """Encrypts and decrypts short texts with one key.

    :raises SecretError: ``key`` is not a Fernet key
    """

    def __init__(self, key: str):
        try:
            self._fernet = Fernet(key.encode())
        except (ValueError, UnicodeEncodeError):
            raise SecretError("The encryption key is malformed.") from None

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """:raises SecretError: sealed with another key, or altered"""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SecretError("It was encrypted with another key.") from None
