"""Mail to people, sent by one thread of its own: nobody waits for a mail server, and none is waited for too long."""

from __future__ import annotations

import ipaddress
import logging
import queue
import smtplib
import ssl
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 10
"""How long one step of a conversation with the mail server may take."""

MOST_WAITING = 100

_log = logging.getLogger("keystead.mail")


@dataclass(frozen=True, slots=True)
class Letter:
    """One message.  id: what its Message-ID is made of, where it may be sent twice; else "".

    sent: done when the mail server has taken it, failed when it has not.
    """

    to: str
    subject: str
    text: str
    id: str = ""
    sent: Future[None] = field(default_factory=Future, compare=False)


@dataclass(frozen=True, slots=True)
class MailServer:
    """The mail server of the setting smtp_url, and the sender of smtp_from.

    `smtps://` speaks TLS from the start; `smtp://` begins TLS by STARTTLS and sends nothing without it, unless the
    server is on this machine.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = False

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"  # never the password

    @classmethod
    def of(cls, url: str, sender: str) -> MailServer:
        """Read `smtp://user:password@host:port`, whose form the settings have checked."""
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 587)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "", port, sender, user, password, tls)

    def send(self, letter: Letter) -> None:
        """Send one message.  Raises `OSError`, `smtplib.SMTPException`, and ValueError for what no header may hold."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, letter.to, letter.subject
        if letter.id:
            message["Message-ID"] = f"<{letter.id}@{self.sender.rpartition('@')[2]}>"
        message.set_content(letter.text)
        context = ssl.create_default_context()
        name = self.sender.rpartition("@")[2]  # to greet with: asking for this machine's own name may take a while
        if self.tls:
            with smtplib.SMTP_SSL(self.host, self.port, name, timeout=TIMEOUT_SECONDS, context=context) as server:
                self._hand_over(server, message)
            return
        with smtplib.SMTP(self.host, self.port, name, timeout=TIMEOUT_SECONDS) as server:
            if not _on_this_machine(self.host):
                server.starttls(context=context)
            self._hand_over(server, message)

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self.user:
            server.login(self.user, self.password)
        server.send_message(message)


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Mailer:
    """A queue of messages and the thread that sends them; it starts with the first message."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._waiting: queue.Queue[Letter] = queue.Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @classmethod
    def to(cls, url: str | None, sender: str | None) -> Mailer | None:
        """The way to the mail server of the settings smtp_url and smtp_from; None where none is named."""
        return cls(MailServer.of(url, sender)) if url and sender else None

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self._server.sender

    def post(self, letter: Letter) -> bool:
        """Queue a message; False when too many are waiting for the mail server."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(letter)
        except queue.Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            letter = self._waiting.get()
            if not letter.sent.set_running_or_notify_cancel():
                continue
            try:
                self._server.send(letter)
            except (OSError, smtplib.SMTPException, ValueError) as error:
                # Neither the address nor the server's words: they may hold what is nobody's business.
                _log.warning("a message was not taken by %s: %s", self._server, type(error).__name__)
                letter.sent.set_exception(error)
            else:
                letter.sent.set_result(None)
