"""The smallest mail server there is: it takes every message on loopback and keeps it."""

from __future__ import annotations

import queue
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Taken:
    """One message as it arrived.  login: what AUTH said, or ""."""

    sender: str = ""
    to: str = ""
    login: str = ""
    text: str = ""


@dataclass
class MailBox:
    """Where the server listens, what it took, and what it answers to RCPT."""

    port: int = 0
    refuses: bool = False
    taken: queue.Queue[Taken] = field(default_factory=queue.Queue)


@contextmanager
def smtp() -> Iterator[MailBox]:
    """A mail server for the length of the block."""
    box = MailBox()

    class Conversation(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 here")
            found = Taken()
            while line := self.rfile.readline().decode().rstrip("\r\n"):
                word = line.split(" ")[0].upper()
                if word == "EHLO":
                    self.say("250-here")
                    self.say("250 AUTH PLAIN")
                elif word == "AUTH":
                    found.login = line.split(" ")[2]
                    self.say("235 welcome")
                elif word == "MAIL":
                    found.sender = line
                    self.say("250 ok")
                elif word == "RCPT":
                    found.to = line
                    self.say("550 no" if box.refuses else "250 ok")
                elif word == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (each := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(each)
                    found.text = "\n".join(lines)
                    self.say("250 taken")
                    box.taken.put(found)
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
