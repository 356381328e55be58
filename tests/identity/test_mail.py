"""Mail to a real conversation partner on loopback."""

from __future__ import annotations

import base64
import logging
import smtplib
import time

import pytest

from keystead.identity import mail
from keystead.identity.mail import Letter, Mailer, MailServer
from services.smtp import smtp


def test_urls() -> None:
    found = MailServer.of("smtp://ann%40x:p%3Aw@mail.example", "k@x.example")
    assert (found.host, found.port, found.user, found.password, found.tls) == (
        "mail.example",
        587,
        "ann@x",
        "p:w",
        False,
    )
    assert "p:w" not in repr(found)
    found = MailServer.of("smtps://mail.example", "k@x.example")
    assert (found.port, found.tls) == (465, True)
    assert MailServer.of("smtp://mail.example:2525", "k@x.example").port == 2525
    assert Mailer.to(None, "k@x.example") is None
    assert Mailer.to("smtp://mail.example", None) is None


def test_a_message_arrives_with_a_login() -> None:
    with smtp() as box:
        mailer = Mailer.to(f"smtp://me:secret@127.0.0.1:{box.port}", "k@x.example")
        assert mailer is not None
        assert mailer.post(Letter("ann@x.example", "Code", "It is 123456.\n"))
        found = box.taken.get(timeout=10)
    assert base64.b64decode(found.login) == b"\0me\0secret"
    assert "k@x.example" in found.sender
    assert "ann@x.example" in found.to
    assert "It is 123456." in found.text
    assert "Subject: Code" in found.text


def test_tls_is_not_given_up_where_the_server_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_on_this_machine", lambda _host: False)
    with smtp() as box:
        server = MailServer.of(f"smtp://127.0.0.1:{box.port}", "k@x.example")
        with pytest.raises(Exception, match="STARTTLS"):
            server.send(Letter("ann@x.example", "s", "t"))
        assert box.taken.empty()


def test_a_refusal_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    with smtp() as box, caplog.at_level(logging.WARNING):
        box.refuses = True
        mailer = Mailer.to(f"smtp://127.0.0.1:{box.port}", "k@x.example")
        assert mailer is not None
        mailer.post(Letter("ann@x.example", "s", "123456"))
        until = time.monotonic() + 10
        while not caplog.records and time.monotonic() < until:
            time.sleep(0.02)
    assert "not taken" in caplog.text
    assert "ann@" not in caplog.text
    assert "123456" not in caplog.text


def test_the_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_WAITING", 2)
    monkeypatch.setattr(Mailer, "_run", lambda _self: None)
    mailer = Mailer.to("smtp://127.0.0.1:1", "k@x.example")
    assert mailer is not None
    assert [mailer.post(Letter("a@x", "s", "t")) for _ in range(3)] == [True, True, False]


def test_whoever_posted_a_message_hears_what_became_of_it() -> None:
    with smtp() as box:
        mailer = Mailer.to(f"smtp://127.0.0.1:{box.port}", "k@x.example")
        assert mailer is not None
        taken = Letter("ann@x.example", "s", "t", "warning-1")
        mailer.post(taken)
        taken.sent.result(timeout=30)
        assert "Message-ID: <warning-1@x.example>" in box.taken.get(timeout=10).text
        unsendable = Letter("ann@x.example", "two\nlines", "t")
        mailer.post(unsendable)
        with pytest.raises(ValueError, match="linefeed"):
            unsendable.sent.result(timeout=30)
        box.refuses = True
        refused = Letter("ann@x.example", "s", "t")
        mailer.post(refused)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            refused.sent.result(timeout=30)
