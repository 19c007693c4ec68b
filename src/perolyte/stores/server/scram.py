"""SCRAM-SHA-256, the side of the server (RFC 5802, RFC 7677)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Any

from perolyte.stores.server.errors import CommandError

__all__ = ["USER_NAME", "Conversation", "Credential"]

USER_NAME = "perolyte"

_MECHANISM = "SCRAM-SHA-256"
# the least that clients accept: the secret is random and long, so stretching it adds nothing
_ITERATIONS = 4096


class Credential:
    """What the server keeps of its token.

    Parameters
    ----------
    token : str
        The secret that clients must know.
    """

    def __init__(self, token: str) -> None:
        # fixed, so that clients may keep the salted password over a restart of the server
        self.salt = hashlib.sha256(b"perolyte salt " + token.encode()).digest()[:16]
        salted = hashlib.pbkdf2_hmac("sha256", token.encode(), self.salt, _ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        self.stored_key = hashlib.sha256(client_key).digest()
        self.server_key = hmac.digest(salted, b"Server Key", "sha256")


class Conversation:
    """One attempt of one connection to authenticate.

    Parameters
    ----------
    credential : Credential
        What the client must prove to know.
    """

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._started = ""
        self._nonce = ""
        self._skip_empty = False
        self.proved = False

    def start(self, command: dict[str, Any]) -> dict[str, Any]:
        """Answer ``saslStart``.

        Raises
        ------
        CommandError
            With code 18, for another user or a mechanism that is not offered.
        """
        if command.get("mechanism") != _MECHANISM:
            raise _refuse(f"only {_MECHANISM} is offered")
        options = command.get("options")
        self._skip_empty = isinstance(options, dict) and bool(options.get("skipEmptyExchange"))
        message = _decode(command.get("payload"))
        header, _, bare = message.partition(",,")
        fields = _fields(bare)
        if header != "n" or fields.get("n") != USER_NAME or not fields.get("r"):
            raise _refuse("Authentication failed.")
        self._nonce = fields["r"] + secrets.token_urlsafe(24)
        salt = base64.b64encode(self._credential.salt).decode()
        first = f"r={self._nonce},s={salt},i={_ITERATIONS}"
        self._started = f"{bare},{first}"
        return _answer(first, done=False)

    def go_on(self, command: dict[str, Any]) -> dict[str, Any]:
        """Answer ``saslContinue``; `proved` tells afterwards whether the client knows the token.

        Raises
        ------
        CommandError
            With code 18, when it does not.
        """
        if self.proved:  # the empty exchange of older clients
            return _answer("", done=True)
        message = _decode(command.get("payload"))
        without_proof, _, proof_text = message.rpartition(",p=")
        fields = _fields(without_proof)
        if not self._nonce or fields.get("c") != "biws" or fields.get("r") != self._nonce:
            raise _refuse("Authentication failed.")
        authenticated = f"{self._started},{without_proof}".encode()
        signature = hmac.digest(self._credential.stored_key, authenticated, "sha256")
        try:
            proof = base64.b64decode(proof_text, validate=True)
        except (binascii.Error, ValueError):
            proof = b""
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=False))
        offered = hashlib.sha256(client_key).digest()
        if len(proof) != len(signature) or not hmac.compare_digest(
            offered, self._credential.stored_key
        ):
            raise _refuse("Authentication failed.")
        self.proved = True
        final = hmac.digest(self._credential.server_key, authenticated, "sha256")
        return _answer(f"v={base64.b64encode(final).decode()}", done=self._skip_empty)


def _decode(payload: Any) -> str:
    if not isinstance(payload, bytes) or len(payload) > 4096:
        raise _refuse("Authentication failed.")
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise _refuse("Authentication failed.") from None


def _fields(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in text.split(","))}


def _answer(payload: str, *, done: bool) -> dict[str, Any]:
    return {"conversationId": 1, "done": done, "payload": payload.encode(), "ok": 1.0}


def _refuse(message: str) -> CommandError:
    return CommandError(18, message)
