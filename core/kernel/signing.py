"""Signatures by the store's own key (Ed25519): what leadbench states can be checked by anybody with the public key."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.kernel.keys import KeyFile


@dataclass(frozen=True)
class SigningKey:
    """The private key in a file that only its owner reads; made at the first signature."""

    path: Path

    def sign(self, data: bytes) -> tuple[str, str]:
        """The signature and the public key, both in hex."""
        file = KeyFile(self.path)
        file.create()
        key = Ed25519PrivateKey.from_private_bytes(file.read())
        return key.sign(data).hex(), key.public_key().public_bytes_raw().hex()


def is_signed(data: bytes, signature: str, public_key: str) -> bool:
    """Whether the signature is that of the key over the data."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
