"""Digests, MACs and the one comparison.  Source: reference/request-signing.md sections 2, 3.2, 5.2 and 6."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from keystead.faults import Fault
from keystead.signing import faults

Mac = Callable[[bytes, bytes], bytes]
"""Takes a key and data, returns the MAC."""

Check = Callable[[bytes, bytes], bool]
"""Takes a string to sign and a signature, says whether the signature is genuine."""


def same(left: bytes, right: bytes) -> bool:
    """Compare two MACs.  INVARIANT: the only comparison of proofs; its time does not depend on where they differ."""
    return hmac.compare_digest(left, right)


MOST_KEYS = 4096
"""Keys whose schedule is kept: to make one costs several times what a signature does."""


@lru_cache(maxsize=MOST_KEYS)
def _keyed(key: bytes, algorithm: type[hashes.HashAlgorithm]) -> HMAC:
    """An HMAC that has taken its key in and nothing else; copied for every use."""
    return HMAC(key, algorithm())


def sha1_mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA1."""
    mac = _keyed(key, hashes.SHA1).copy()
    mac.update(data)
    return mac.finalize()


def sha256_mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256.

    `hmac.digest` takes three times as long, and gives the interpreter to another thread in the middle of every request.
    """
    mac = _keyed(key, hashes.SHA256).copy()
    mac.update(data)
    return mac.finalize()


_HASHES: dict[Mac, type[hashes.HashAlgorithm]] = {sha1_mac: hashes.SHA1, sha256_mac: hashes.SHA256}


def sm3_mac(key: bytes, data: bytes) -> bytes:
    """HMAC over SM3, from `cryptography`: the OpenSSL below hashlib has it less often."""
    try:
        mac = HMAC(key, hashes.SM3())
    except UnsupportedAlgorithm:
        raise _no_sm3() from None
    mac.update(data)
    return mac.finalize()


def _no_sm3() -> Fault:
    return faults.INVALID_SIGNATURE_METHOD(asked="SM3", rule="the OpenSSL of this server was built without it")


_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def sha256_hex(data: bytes) -> str:
    """Lower-case hex digest."""
    return hashlib.sha256(data).hexdigest() if data else _EMPTY_SHA256


def sm3_hex(data: bytes) -> str:
    """Lower-case hex digest."""
    try:
        digest = hashes.Hash(hashes.SM3())
    except UnsupportedAlgorithm:
        raise _no_sm3() from None
    digest.update(data)
    return digest.finalize().hex()


def secret_key(secret: str, scheme: str) -> bytes:
    """The bytes of a shared secret.

    INVARIANT: a public key is never a MAC key.  Whoever reads it could else sign with HMAC in the name of a key
    pair, since the scheme is the caller's choice.
    """
    if "-----BEGIN" in secret:
        raise faults.INVALID_SIGNATURE_METHOD(asked=scheme, rule="this AccessKey is an RSA key pair and signs with RSA")
    return secret.encode()


def mac_check(mac: Mac, key: bytes) -> Check:
    """A check by a shared key."""
    algorithm = _HASHES.get(mac)
    if algorithm is None:
        return lambda data, signature: same(mac(key, data), signature)
    keyed = _keyed(key, algorithm)

    def check(data: bytes, signature: bytes) -> bool:
        fresh = keyed.copy()
        fresh.update(data)
        return same(fresh.finalize(), signature)

    return check


@lru_cache(maxsize=256)  # parsing a PEM costs several verifications
def _public_key(pem: str) -> rsa.RSAPublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 else None


def rsa_check(pem: str, scheme: str) -> Check:
    """A check by a public key in PEM: RSASSA-PKCS1-v1_5 with SHA-256; other keys are refused."""
    key = _public_key(pem) if "-----BEGIN" in pem else None
    if key is None:
        raise faults.INVALID_SIGNATURE_METHOD(
            asked=scheme, rule="this AccessKey is not an RSA key pair of 2048 bits or more"
        )

    def check(data: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    return check


def rsa_sign(pem: str, data: bytes) -> bytes:
    """Sign with a private key in PEM, for the client side."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA private key is needed")
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
