"""The key that signs access tokens: made on first use, kept in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from joserfc.jwk import ECKey

from twin.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SigningKey"]

_FILE = "signing.pem"


class SigningKey:
    """An ES256 key pair (P-256, RFC 7518 section 3.4), named by its thumbprint (RFC 7638)."""

    def __init__(self, key: ECKey) -> None:
        self.private = key
        self.kid = key.thumbprint()
        self.public = key.public_key

    def __repr__(self) -> str:
        return f"SigningKey({self.kid})"

    @classmethod
    def open(cls, directory: Path) -> SigningKey:
        """The key kept in a directory, made now if there is none. `BackendError` when it cannot be read or kept."""
        file = directory / _FILE
        try:
            if not file.exists():
                _keep(file, ECKey.generate_key("P-256").as_pem(private=True))
            return cls(ECKey.import_key(file.read_bytes()))
        except (OSError, ValueError) as error:
            raise BackendError(
                f"the signing key {file} cannot be used: {type(error).__name__}",
                code="keys.unusable",
                help="make the directory writable, or put the key back from a backup; without it a new one is made",
            ) from error

    def published(self) -> dict[str, Any]:
        """The public half as a JWK (RFC 7517)."""
        return {**self.private.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": "ES256"}


def _keep(file: Path, pem: bytes) -> None:
    """Write a file of mode 0600 whole or not at all; where another process was faster, its file stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
