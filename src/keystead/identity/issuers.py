"""The keys of OIDC issuers, fetched from where the provider says and from nowhere else.

Bounded in every direction: only the provider's own origin is asked, redirects are refused, answers are small, a fetch
ends after seconds, one runs per issuer at a time, and whatever tokens arrive, an issuer is asked once per interval.
Keys are kept for minutes: that is how long a key that the issuer took back still counts.

Source: reference/ram-behaviour.md 8.2; OpenID Connect Discovery 4; RFC 8725 section 3.10.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from keystead.identity import oidc
from keystead.identity.oidc import Header, SigningKey, TokenRefusedError
from keystead.identity.providers import OidcProvider

if TYPE_CHECKING:  # imported where it is used: few nodes ever ask an issuer, and every start would pay
    import httpx

MAX_DISCOVERY = 65_536
MAX_KEY_SET = 262_144
_MOST_ISSUERS = 1000
_Source = tuple[str, tuple[str, ...]]


class UnreachableError(Exception):
    """The issuer did not give its keys; says why."""


@dataclass(slots=True)
class _Known:
    """What is known of an issuer.  fetched_at: when its keys were; tried_at: when it was last asked."""

    keys: list[SigningKey] = field(default_factory=list)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    failure: str = ""
    running: asyncio.Task[None] | None = None


class Issuers:
    """Key sets of issuers; used from the event loop only."""

    def __init__(
        self, *, loopback_http: bool = False, kept: float = 600, between: float = 30, patience: float = 5
    ) -> None:
        """loopback_http: ask issuers on this machine over plain HTTP.  kept, between, patience: seconds that keys
        count, that pass between two questions, and that one takes at most."""
        self._loopback_http = loopback_http
        self._kept = kept
        self._between = between
        self._patience = patience
        self._known: OrderedDict[_Source, _Known] = OrderedDict()
        self._trust: ssl.SSLContext | None = None

    async def key(self, provider: OidcProvider, header: Header, now: float) -> SigningKey:
        """The key that a token with this header must be signed by.

        Raises `TokenRefusedError`: `HttpsUrlInvalid` for an issuer that does not answer, `InvalidSignature` for a key
        that it does not have.
        """
        known = self._of(provider)
        found = self._find(known, header, now)
        if found is None and now - known.tried_at >= self._between:
            await self._ask(known, provider, now)
            found = self._find(known, header, now)
        if found is not None:
            return found
        if known.failure:
            raise TokenRefusedError("HttpsUrlInvalid", f"the keys of {provider.issuer} were not read: {known.failure}")
        raise TokenRefusedError(
            "InvalidSignature",
            f"{provider.issuer} has no single key {header.key_id[:128]!r} for {header.algorithm}; it is asked again "
            f"{int(self._between)} seconds after the last time",
        )

    def _of(self, provider: OidcProvider) -> _Known:
        source = (provider.issuer, provider.fingerprints)
        known = self._known.pop(source, None) or _Known()
        while len(self._known) >= _MOST_ISSUERS:
            self._known.popitem(last=False)
        self._known[source] = known
        return known

    def _find(self, known: _Known, header: Header, now: float) -> SigningKey | None:
        """The one key that fits; with two that do, a token could be read in two ways, so none."""
        if now - known.fetched_at >= self._kept:
            return None
        fitting = [key for key in known.keys if key.fits(header)]
        return fitting[0] if len(fitting) == 1 else None

    async def _ask(self, known: _Known, provider: OidcProvider, now: float) -> None:
        """Fetch once however many wait; one that goes away does not end it for the others."""
        if known.running is None:
            known.running = asyncio.create_task(self._renew(known, provider, now))
        await asyncio.shield(known.running)

    async def _renew(self, known: _Known, provider: OidcProvider, now: float) -> None:
        import httpx

        try:
            async with asyncio.timeout(self._patience):
                known.keys = await self._fetch(provider)
            known.fetched_at, known.failure = now, ""
        except TimeoutError:
            known.failure = f"it took longer than {self._patience:g} seconds"
        except UnreachableError as error:
            known.failure = str(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            known.failure = f"the connection failed ({type(error).__name__})"
        finally:
            known.tried_at = now
            known.running = None

    async def _fetch(self, provider: OidcProvider) -> list[SigningKey]:
        import httpx

        issuer = urlsplit(provider.issuer)
        if (reason := unfit(provider.issuer, loopback_http=self._loopback_http)) is not None:
            raise UnreachableError(reason)
        if self._trust is None and issuer.scheme == "https":
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        async with httpx.AsyncClient(
            verify=self._trust or False,  # over plain HTTP, on this machine only, there is nothing to verify
            trust_env=False,
            follow_redirects=False,
            timeout=self._patience,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        ) as client:
            url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
            try:
                stated = msgspec.json.decode(await _get(client, url, MAX_DISCOVERY, provider), type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise UnreachableError("its openid-configuration is not a JSON object") from None
            keys_at = stated.get("jwks_uri")
            if stated.get("issuer") != provider.issuer:
                raise UnreachableError("its openid-configuration names another issuer")
            if not isinstance(keys_at, str) or not _same_origin(keys_at, issuer):
                raise UnreachableError("its jwks_uri is not on the issuer's own host")
            try:
                return oidc.read_keys(await _get(client, keys_at, MAX_KEY_SET, provider))
            except ValueError as error:
                raise UnreachableError(f"its key set cannot be used: {error}") from None


async def _get(client: httpx.AsyncClient, url: str, most: int, provider: OidcProvider) -> bytes:
    """The body of a small answer with status 200, over a connection whose certificates are the pinned ones."""
    async with client.stream("GET", url) as response:
        if provider.fingerprints and not _pinned(response, provider.fingerprints):
            raise UnreachableError("no certificate of its connection has one of the provider's fingerprints")
        if response.status_code != 200:
            raise UnreachableError(f"it answered {response.status_code}; redirects are not followed")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise UnreachableError("it answered in a content encoding that was not asked for")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > most:
                raise UnreachableError(f"it answered more than {most} bytes")
        return bytes(body)


def _pinned(response: httpx.Response, fingerprints: tuple[str, ...]) -> bool:
    """Whether a certificate of the verified chain has one of the fingerprints (SHA-1 or SHA-256 of its DER form)."""
    tls = response.extensions["network_stream"].get_extra_info("ssl_object")
    if tls is None:
        return False
    if hasattr(tls, "get_verified_chain"):  # Python 3.13
        chain = list(tls.get_verified_chain())
    else:
        chain = [each.public_bytes(2) for each in tls._sslobj.get_verified_chain()]  # 2: DER
    wanted = {plain_fingerprint(each) for each in fingerprints}
    digests = {hashlib.new(name, each, usedforsecurity=False).hexdigest() for each in chain for name in _DIGESTS}
    return bool(wanted & digests)


_DIGESTS = ("sha1", "sha256")


def plain_fingerprint(text: str) -> str:
    """A fingerprint without colons, in small letters."""
    return text.replace(":", "").lower()


def unfit(issuer: str, *, loopback_http: bool) -> str | None:
    """Why an issuer's address cannot be used; None when it can."""
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "it is not a URL"
    if parts.query or parts.fragment or parts.username is not None or not host or not issuer.isprintable():
        return "it must be a scheme, a host and perhaps a port and a path, nothing more"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and loopback_http and is_loopback(host):
        return None
    return "it must begin with https://"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its text alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _same_origin(url: str, issuer: SplitResult) -> bool:
    try:
        parts = urlsplit(url)
        origin = (parts.scheme, parts.hostname, parts.port)
    except ValueError:
        return False
    return parts.username is None and origin == (issuer.scheme, issuer.hostname, issuer.port)
