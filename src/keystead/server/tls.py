"""TLS for clients that insist on it: a local certificate authority and the server's certificate.

The authority is made once and kept, so that people trust it once.  It may sign only for the names it was made
for (name constraints), only servers, and no further authority.  The certificate is renewed when it nears its
end or when the names change.  A name outside the authority's constraints needs a new authority; the result
says so, because it has to be trusted again.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DEFAULT_NAMES = (
    "localhost",
    "127.0.0.1",
    "::1",
    "*.aliyuncs.com",
    "*.cn-hangzhou.aliyuncs.com",
    "*.cn-beijing.aliyuncs.com",
)
"""This machine, and the vendor's host names: ram., ims., sts., dashscope., sts.cn-hangzhou., bailian.cn-beijing."""

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 397
RENEW_BEFORE_DAYS = 30
_BACKDATED = dt.timedelta(hours=1)  # clients whose clock is a little behind

_Permitted = tuple[list[x509.GeneralName], list[x509.GeneralName]]


class CertificateError(Exception):
    """A certificate that cannot be used or kept.  message: what and why; next_step: what to do about it."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the server loads and what clients trust.

    authority: the CA's certificate, None where the operator brought a certificate.  renewed: the certificate
    was made by this call.  authority_replaced: a former authority had to go; clients must trust the new one.
    """

    certificate: Path
    key: Path
    authority: Path | None
    names: tuple[str, ...]
    not_after: dt.datetime
    renewed: bool = False
    authority_replaced: bool = False


def ensure(data_dir: Path, names: Sequence[str], now: float) -> TlsFiles:
    """Make or reuse the authority and the certificate under `data_dir/tls`.

    names: host names and addresses; empty means DEFAULT_NAMES.  now: seconds since 1970.
    Raises CertificateError where the directory cannot be written.
    """
    wanted = tuple(_normal(name) for name in dict.fromkeys(names or DEFAULT_NAMES))
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    folder = data_dir / "tls"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with _locked(folder):
            return _ensure(folder, wanted, moment)
    except OSError as error:
        raise CertificateError(
            f"The TLS files in {folder} cannot be kept: {error.strerror}.",
            "Make the data directory writable for the user that runs Keystead.",
        ) from None


def provided(certificate: Path, key: Path, now: float) -> TlsFiles:
    """Check a certificate that the operator brought: readable, not expired, and the key belongs to it.

    Raises CertificateError that names the file and the reason.
    """
    try:
        leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        raise CertificateError(
            f"The TLS file {error.filename} cannot be read: {error.strerror}.",
            "Name readable PEM files with --tls-cert and --tls-key, or use --tls auto.",
        ) from None
    except (ValueError, TypeError, IndexError) as error:
        raise CertificateError(
            f"{certificate} and {key} are not a PEM certificate and an unencrypted PEM key: {error}.",
            "Convert them with `openssl x509` and `openssl pkey`, or use --tls auto.",
        ) from None
    if _public(private.public_key()) != _public(leaf.public_key()):
        raise CertificateError(
            f"The key {key} does not belong to the certificate {certificate}.", "Name the pair that belongs together."
        )
    if leaf.not_valid_after_utc.timestamp() <= now:
        raise CertificateError(
            f"The certificate {certificate} expired at {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.",
            "Renew it, or use --tls auto.",
        )
    return TlsFiles(certificate, key, None, tuple(sorted(_names_of(leaf))), leaf.not_valid_after_utc)


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """The context of the HTTPS listener: TLS 1.2 or newer, no client certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def trust_settings(authority: Path) -> tuple[tuple[str, str], ...]:
    """Client and the exact setting that makes it trust the authority."""
    path = str(authority.resolve())
    quoted = path if path.replace("/", "").replace("-", "").replace(".", "").replace("_", "").isalnum() else f"'{path}'"
    return (
        ("Python", f"export REQUESTS_CA_BUNDLE={quoted}"),
        ("Python, Go", f"export SSL_CERT_FILE={quoted}"),
        ("Node", f"export NODE_EXTRA_CA_CERTS={quoted}"),
        ("curl", f"curl --cacert {quoted}"),
    )


def _ensure(folder: Path, names: tuple[str, ...], now: dt.datetime) -> TlsFiles:
    ca_path, cert_path, key_path = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    authority = _read_pair(ca_path, folder / "ca.key")
    had_one = ca_path.exists()
    # INVARIANT: a leaf never outlives its authority, so an authority is replaced a leaf's life before its end.
    end = now + dt.timedelta(days=CERTIFICATE_DAYS)
    fresh = authority is not None and authority[0].not_valid_after_utc >= end and _covers(authority[0], names)
    if authority is None or not fresh:
        authority = _make_authority(names, now)
        _write_pair(folder, "ca", authority)
    leaf = _read_pair(cert_path, key_path)
    renewed = not fresh or leaf is None or not _still_good(leaf[0], authority[0], names, now)
    if renewed or leaf is None:
        leaf = _make_leaf(authority, names, now)
        _write_pair(folder, "server", leaf)
    return TlsFiles(
        cert_path,
        key_path,
        ca_path,
        names,
        leaf[0].not_valid_after_utc,
        renewed=renewed,
        authority_replaced=had_one and not fresh,
    )


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _make_authority(names: tuple[str, ...], now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"Keystead local authority {secrets.token_hex(4)}")
    permitted, excluded = _constraints(names)
    builder = (
        _builder(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted or None, excluded or None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def _make_leaf(authority: _Pair, names: tuple[str, ...], now: dt.datetime) -> _Pair:
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _builder(_name("Keystead"), ca.subject, key, now, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_key, critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates and revocation lists; a server signs handshakes."""
    return x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _normal(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraints(names: tuple[str, ...]) -> _Permitted:
    """What the authority may sign for: the names' domains and exactly the addresses; no address if none is named."""
    permitted: list[x509.GeneralName] = []
    excluded: list[x509.GeneralName] = []
    for name in names:
        general = _general(name)
        if isinstance(general, x509.IPAddress):
            permitted.append(x509.IPAddress(ipaddress.ip_network(name)))
        else:
            permitted.append(x509.DNSName(name.removeprefix("*.")))
    if not any(isinstance(each, x509.IPAddress) for each in permitted):
        excluded = [x509.IPAddress(ipaddress.ip_network(every)) for every in ("0.0.0.0/0", "::/0")]
    if not any(isinstance(each, x509.DNSName) for each in permitted):
        permitted.append(x509.DNSName("keystead.invalid"))  # a type without a permitted subtree is unconstrained
    return list(dict.fromkeys(permitted)), excluded


def _covers(authority: x509.Certificate, names: tuple[str, ...]) -> bool:
    allowed = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = {each.value for each in allowed if isinstance(each, x509.DNSName)}
    networks = {str(each.value) for each in allowed if isinstance(each, x509.IPAddress)}

    def covered(name: str) -> bool:
        if isinstance(_general(name), x509.IPAddress):
            return str(ipaddress.ip_network(name)) in networks
        host = name.removeprefix("*.")
        return any(host == domain or host.endswith("." + domain) for domain in domains)

    return all(covered(name) for name in names)


def _still_good(leaf: x509.Certificate, ca: x509.Certificate, names: tuple[str, ...], now: dt.datetime) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001  any reason at all not to verify means: make a new one
        return False
    within = leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - dt.timedelta(days=RENEW_BEFORE_DAYS)
    return within and _names_of(leaf) == set(names)


def _names_of(leaf: x509.Certificate) -> set[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(each.value) for each in names if isinstance(each, x509.DNSName | x509.IPAddress)}


def _public(key: object) -> bytes:
    der = serialization.Encoding.DER
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(der, form)  # type: ignore[attr-defined, no-any-return]  # every public key has it


def _read_pair(certificate: Path, key: Path) -> _Pair | None:
    """The certificate and its key, or None where one is missing, unreadable as PEM, or they do not match."""
    try:
        leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    if _public(leaf.public_key()) != _public(private.public_key()):
        return None
    if (key.stat().st_mode & 0o077) != 0:
        key.chmod(0o600)
    return leaf, private


def _write_pair(folder: Path, stem: str, pair: _Pair) -> None:
    """Key first: a crash between the two leaves a pair that does not match, and the next start makes both again."""
    certificate, key = pair
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _write(folder / f"{stem}.key", key.private_bytes(pem, form, plain), 0o600)
    _write(folder / f"{stem}.pem", certificate.public_bytes(pem), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time makes certificates; two that start together end with one authority."""
    import fcntl

    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
