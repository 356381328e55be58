"""The local authority: constrained, kept, and trusted by a real client over a real socket."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from keystead.server import tls

NOW = time.time()
DAY = 86400.0


def handshake(files: tls.TlsFiles, authority: Path, name: str) -> None:
    """Serve one connection and connect to it, verifying `name` as any client would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        context = tls.server_context(files)

        def serve() -> None:
            plain, _ = listener.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as secure:
                    secure.recv(1)
            except OSError:
                plain.close()

        thread = threading.Thread(target=serve)
        thread.start()
        trusting = ssl.create_default_context(cafile=str(authority))
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        try:
            address = ("127.0.0.1", listener.getsockname()[1])
            with socket.create_connection(address) as plain, trusting.wrap_socket(plain, server_hostname=name):
                pass
        finally:
            thread.join()


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "ram.aliyuncs.com", "sts.cn-hangzhou.aliyuncs.com"])
def test_clients_that_trust_the_authority_connect_by_every_default_name(tmp_path: Path, name: str) -> None:
    files = tls.ensure(tmp_path, (), NOW)
    assert files.authority is not None
    handshake(files, files.authority, name)


def test_other_names_are_refused(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, (), NOW)
    assert files.authority is not None
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, files.authority, "example.com")


@pytest.mark.parametrize("forged", ["example.com", "10.1.2.3"])
@pytest.mark.parametrize("names", [("localhost",), ("127.0.0.1",), ("localhost", "127.0.0.1")])
def test_the_authority_cannot_vouch_for_names_it_was_not_made_for(
    tmp_path: Path, names: Sequence[str], forged: str
) -> None:
    files = tls.ensure(tmp_path, names, NOW)
    assert files.authority is not None
    pair = tls._read_pair(files.authority, tmp_path / "tls" / "ca.key")
    assert pair is not None
    leaf = tls._make_leaf(pair, (forged,), dt.datetime.fromtimestamp(NOW, dt.UTC))
    tls._write_pair(tmp_path, "forged", leaf)
    bad = tls.TlsFiles(tmp_path / "forged.pem", tmp_path / "forged.key", None, (forged,), files.not_after)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree|excluded subtree"):
        handshake(bad, files.authority, forged)


def test_keys_are_private(tmp_path: Path) -> None:
    tls.ensure(tmp_path, (), NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").glob("*.key")}
    assert modes == {"ca.key": 0o600, "server.key": 0o600}
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    (tmp_path / "tls" / "ca.key").chmod(0o644)
    tls.ensure(tmp_path, (), NOW)
    assert stat.S_IMODE((tmp_path / "tls" / "ca.key").stat().st_mode) == 0o600


def test_a_second_start_keeps_everything(tmp_path: Path) -> None:
    first = tls.ensure(tmp_path, (), NOW)
    before = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    second = tls.ensure(tmp_path, (), NOW + DAY)
    assert (first.renewed, second.renewed, second.authority_replaced) == (True, False, False)
    assert {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before


def test_the_certificate_is_renewed_near_its_end_under_the_same_authority(tmp_path: Path) -> None:
    first = tls.ensure(tmp_path, (), NOW)
    authority = (tmp_path / "tls" / "ca.pem").read_bytes()
    later = NOW + (tls.CERTIFICATE_DAYS - tls.RENEW_BEFORE_DAYS + 1) * DAY
    second = tls.ensure(tmp_path, (), later)
    assert second.renewed
    assert not second.authority_replaced
    assert second.not_after > first.not_after
    assert (tmp_path / "tls" / "ca.pem").read_bytes() == authority


def test_names_within_the_constraints_keep_the_authority_and_others_replace_it(tmp_path: Path) -> None:
    tls.ensure(tmp_path, ("localhost", "*.corp.example"), NOW)
    within = tls.ensure(tmp_path, ("keys.corp.example",), NOW)
    assert (within.renewed, within.authority_replaced) == (True, False)
    outside = tls.ensure(tmp_path, ("keys.other.example",), NOW)
    assert (outside.renewed, outside.authority_replaced) == (True, True)
    assert outside.authority is not None
    handshake(outside, outside.authority, "keys.other.example")


def test_an_authority_near_its_end_is_replaced_before_it_would_cut_a_certificate_short(tmp_path: Path) -> None:
    tls.ensure(tmp_path, (), NOW)
    late = tls.ensure(tmp_path, (), NOW + (tls.AUTHORITY_DAYS - tls.CERTIFICATE_DAYS + 1) * DAY)
    assert late.authority_replaced
    assert late.authority is not None
    assert certificate(late.authority).not_valid_after_utc > late.not_after


def test_a_crash_between_key_and_certificate_is_mended(tmp_path: Path) -> None:
    tls.ensure(tmp_path, (), NOW)
    other = tls.ensure(tmp_path / "other", (), NOW)
    (tmp_path / "tls" / "server.key").write_bytes(other.key.read_bytes())
    mended = tls.ensure(tmp_path, (), NOW)
    assert mended.authority is not None
    handshake(mended, mended.authority, "localhost")


def test_openssl_accepts_the_chain(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, (), NOW)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(files.authority)]
    subprocess.run([*command, str(files.certificate)], check=True, capture_output=True)


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("a file where the directory should be")
    with pytest.raises(tls.CertificateError, match="cannot be kept"):
        tls.ensure(tmp_path, (), NOW)


def test_a_provided_certificate_is_checked(tmp_path: Path) -> None:
    made = tls.ensure(tmp_path, ("localhost",), NOW)
    files = tls.provided(made.certificate, made.key, NOW)
    assert (files.authority, files.names) == (None, ("localhost",))
    with pytest.raises(tls.CertificateError, match="expired"):
        tls.provided(made.certificate, made.key, NOW + 4000 * DAY)
    other = tls.ensure(tmp_path / "other", (), NOW)
    with pytest.raises(tls.CertificateError, match="does not belong"):
        tls.provided(made.certificate, other.key, NOW)
    with pytest.raises(tls.CertificateError, match="cannot be read"):
        tls.provided(tmp_path / "none.pem", made.key, NOW)
    with pytest.raises(tls.CertificateError, match="not a PEM certificate"):
        tls.provided(made.key, made.certificate, NOW)
    locked = tmp_path / "locked.key"
    key = serialization.load_pem_private_key(made.key.read_bytes(), None)
    encrypted = serialization.BestAvailableEncryption(b"pw")
    locked.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encrypted))
    with pytest.raises(tls.CertificateError, match="unencrypted"):
        tls.provided(made.certificate, locked, NOW)


def test_trust_settings_name_the_file_for_each_client(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    files = tls.ensure(folder, (), NOW)
    assert files.authority is not None
    settings = dict(tls.trust_settings(files.authority))
    assert all(f"'{files.authority}'" in line for line in settings.values())
    assert "NODE_EXTRA_CA_CERTS" in settings["Node"]
    assert "REQUESTS_CA_BUNDLE" in settings["Python"]
    assert "SSL_CERT_FILE" in settings["Python, Go"]
