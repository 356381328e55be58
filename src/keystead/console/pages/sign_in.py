"""Set-up, sign-in, what must be done before anything else, and sign-out.  Source: reference/console.md 3.1, 2.5.

None of this is an action of the API: it is how a person comes to have a session.  Each ends in the audit trail.
"""

from __future__ import annotations

import base64
from functools import partial
from urllib.parse import urlsplit

import msgspec
from starlette.responses import JSONResponse, Response

from keystead.console import journal
from keystead.console.entrance import PREFIX
from keystead.console.passkeys import NO_PASSKEYS, PASSKEY_REFUSED, site_of
from keystead.console.routing import Pages
from keystead.console.sessions import clear_cookie, set_cookie
from keystead.console.visit import Visit
from keystead.faults import Fault
from keystead.identity import passwords
from keystead.identity.keyring import SealBrokenError
from keystead.identity.passkeys import PasskeyError
from keystead.identity.transaction import Tx
from keystead.products.people import console_sessions as sessions
from keystead.products.people import logon, owner_logon, passkeys
from keystead.products.people.logon import Compared, Logon, Outcome
from keystead.products.people.principals import DOMAIN
from keystead.store import accounts, owner_logons
from keystead.store import console_sessions as store

PAGES = Pages()
_TICKET = "console-ticket"
_TICKET_SECONDS = 300


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What a sign-in has proven when it comes to the code: whose password was right, and which one it was."""

    kind: str
    name: str
    stored: str
    until: int


def back_to(visit: Visit) -> str:
    """Where to go after signing in: a page of the console, never another address."""
    wanted = visit.form.get("next") or visit.query.get("next", "")
    parts = urlsplit(wanted)
    plain = not parts.scheme and not parts.netloc and "\\" not in wanted and wanted.isprintable()
    return wanted if plain and (wanted == PREFIX or wanted.startswith(PREFIX + "/")) else PREFIX + "/"


@PAGES.get("/sign-in", public=True)
async def sign_in(visit: Visit) -> Response:
    """The page that asks for a name and a password."""
    if visit.signed_in is not None and visit.signed_in.row.state == "open":
        return visit.redirect(back_to(visit))
    waiting = await visit.house.keeper.read(owner_logons.unused_tokens)
    return visit.render(
        "sign_in.html", kind=visit.query.get("as", "user"), waiting=waiting, said="", name="", site=site_of(visit)
    )


@PAGES.post("/sign-in", public=True)
async def signing_in(visit: Visit) -> Response:
    """Judge name and password, then the code where one is asked for."""
    kind = "account" if visit.form.get("kind") == "account" else "user"
    name = visit.form.get("name", "").strip()[:256]
    code = visit.form.get("code")
    if visit.form.get("ticket"):
        ticket = _opened(visit)
        if ticket is None:
            return await _refuse(visit, kind, name, visit.text("That took too long. Begin again."), 403)
        kind, name = ticket.kind, ticket.name
        compared = Compared(ticket.stored, matches=True)
        code = (code or "").strip()
    else:
        compared = await _compare(visit, kind, name, visit.form.get("password", "")[:1024])
        code = None
    found = await _judge(visit, kind, name, compared, code)
    if found.outcome in sessions.STATES:
        return await _open(visit, found)
    if found.outcome in (Outcome.NEEDS_CODE, Outcome.WRONG_CODE):
        wrong = found.outcome is Outcome.WRONG_CODE
        sealed = _sealed(visit, Ticket(kind, name, compared.stored, int(visit.now) + _TICKET_SECONDS))
        return visit.render("sign_in_code.html", 403 if wrong else 200, ticket=sealed, wrong=wrong)
    return await _refuse(visit, kind, name, _words(visit, found), 403)


def full_name(name: str) -> str:
    """A logon name with its whole domain: people may leave the vendor's part of it out."""
    user, at, domain = name.partition("@")
    return f"{user}@{domain}{DOMAIN}" if at and domain and "." not in domain else name


def _account(kind: str, name: str, tx: Tx) -> str:
    return owner_logon.account_of(tx, name) if kind == "account" else logon.account_of(tx, full_name(name))


async def _compare(visit: Visit, kind: str, name: str, password: str) -> Compared:
    def work(tx: Tx) -> Compared:
        tx.account_id = _account(kind, name, tx)
        if kind == "account":
            return owner_logon.compare(tx, password)
        return logon.compare(tx, full_name(name), password)

    return await visit.house.keeper.read(work)


async def _judge(visit: Visit, kind: str, name: str, compared: Compared, code: str | None) -> Logon:
    keeper, address = visit.house.keeper, visit.request.peer
    account_id = await keeper.read(partial(_account, kind, name))

    def judge(tx: Tx) -> Logon:
        if kind == "account":
            found = owner_logon.verify(tx, compared, code, address, name=name)
        else:
            found = logon.verify(tx, full_name(name), "", code, address, compared=compared)
        if account_id:
            journal.signed_in(tx, visit, kind, name, found)
        return found

    return await keeper.write(judge, account_id)


async def _open(visit: Visit, found: Logon) -> Response:
    """A new session, whatever cookie the browser came with (no session fixation)."""
    address, agent = visit.request.peer, visit.request.headers.get("user-agent", "")
    cookie = await visit.house.keeper.write(
        lambda tx: sessions.open_session(tx, found, address, agent), found.account_id
    )
    response = visit.redirect(back_to(visit))
    set_cookie(response, visit.request, cookie)
    return response


async def _refuse(visit: Visit, kind: str, name: str, said: str, status: int) -> Response:
    return visit.render("sign_in.html", status, kind=kind, waiting=0, said=said, name=name, site=site_of(visit))


def _words(visit: Visit, found: Logon) -> str:
    """What a refused sign-in is told: never whether the name or the password was wrong."""
    match found.outcome:
        case Outcome.LOCKED:
            now = int(visit.house.keeper.dispatcher.clock())  # later than the lock began, so never a minute too many
            minutes = max(1, -(-(found.locked_until - now) // 60))
            return visit.language.count(
                "Too many attempts. Try again in one minute.",
                "Too many attempts. Try again in {n} minutes.",
                minutes,
            )
        case Outcome.MASKED:
            return visit.text("Signing in is not allowed from your address. Ask your administrator.")
        case Outcome.INACTIVE:
            return visit.text("Console Access is switched off for this user. Ask your administrator.")
        case Outcome.EXPIRED:
            return visit.text("The password has expired. Ask your administrator for a new one.")
        case _:
            return visit.text("The name or the password is wrong.")


def _sealed(visit: Visit, ticket: Ticket) -> str:
    sealed = visit.house.keeper.dispatcher.keyring.seal(msgspec.msgpack.encode(ticket), _TICKET)
    return base64.urlsafe_b64encode(sealed).decode()


def _opened(visit: Visit) -> Ticket | None:
    keyring = visit.house.keeper.dispatcher.keyring
    try:
        opened = keyring.open(base64.urlsafe_b64decode(visit.form["ticket"][:2048].encode()), _TICKET)
        ticket = msgspec.msgpack.decode(opened, type=Ticket)
    except (ValueError, SealBrokenError, msgspec.DecodeError):
        return None
    return ticket if ticket.until > visit.now else None


@PAGES.get("/set-up", public=True)
async def set_up(visit: Visit) -> Response:
    """The page of the first start: the token that the server printed, and the account's password."""
    return visit.render("set_up.html", said=None, token=visit.query.get("token", ""))


@PAGES.post("/set-up", public=True)
async def setting_up(visit: Visit) -> Response:
    """Set the account's password and alias, and sign the account in."""
    keeper = visit.house.keeper
    token, password = visit.form.get("token", "")[:128], visit.form.get("password", "")[:1024]
    alias = visit.form.get("alias", "").strip().lower()
    try:
        account_id = await keeper.read(lambda tx: owner_logon.account_of_token(tx, token))
        if not account_id:
            raise owner_logon.TOKEN_WRONG()
        owner_logon.check_alias(alias)
        owner_logon.check_password(password, alias)
        hashed = await keeper.read(lambda _tx: passwords.digest(password))

        def work(tx: Tx) -> None:
            owner_logon.set_up(tx, token, hashed, alias)
            journal.was_set_up(tx, visit)

        await keeper.write(work, account_id)
    except Fault as fault:
        return visit.render("set_up.html", fault.status, said=fault, token=token)
    name = await keeper.read(accounts.alias, account_id)
    compared = await _compare(visit, "account", name, password)
    return await _open(visit, await _judge(visit, "account", name, compared, None))


@PAGES.post("/sign-out", states=("open", "reset", "bind"), shown=False)
async def sign_out(visit: Visit) -> Response:
    """End the session, here and in the database."""
    me = visit.me
    await visit.house.keeper.write(lambda tx: store.end(tx, me.row.digest), me.person.account_id)
    response = visit.redirect("/sign-in")
    clear_cookie(response, visit.request)
    return response


@PAGES.get("/verify")
async def verify(visit: Visit) -> Response:
    """Asks to prove again who it is, before a page that needs it."""
    from keystead.console.application import proof_page

    return await proof_page(visit, visit.url("/verify"), wrong=False, next_page=back_to(visit))


@PAGES.post("/verify", shown=False)
async def verifying(visit: Visit) -> Response:
    """Judge the proof, and go on to the page that asked for it."""
    from keystead.console.application import proof_page

    if await visit.house.keeper.verify(visit.me, visit.form.get("_proof", "").strip()[:1024]):
        return visit.redirect(back_to(visit))
    if await visit.house.keeper.find(visit.me.cookie) is None:
        response = visit.redirect(visit.url("/sign-in", over="1"))
        clear_cookie(response, visit.request)
        return response
    return await proof_page(visit, visit.url("/verify"), wrong=True, next_page=back_to(visit))


@PAGES.post("/sign-in/passkey/begin", public=True)
async def begin_passkey(visit: Visit) -> Response:
    """Options for the browser's `credentials.get`, for the script of the page."""
    site = site_of(visit)
    if site is None:
        raise NO_PASSKEYS()
    options, sealed = await visit.house.keeper.read(lambda tx: passkeys.begin_logon(tx, site))
    return JSONResponse({"options": msgspec.json.decode(options), "challenge": sealed})


@PAGES.post("/sign-in/passkey", public=True)
async def by_passkey(visit: Visit) -> Response:
    """Judge what the browser's authenticator answered."""
    site, keeper, address = site_of(visit), visit.house.keeper, visit.request.peer
    challenge, answer = visit.form.get("challenge", ""), visit.form.get("answer", "")
    if site is None:
        raise NO_PASSKEYS()
    try:
        account_id = await keeper.read(lambda tx: passkeys.account_of(tx, answer))

        def judge(tx: Tx) -> Logon:
            found = passkeys.log_on(tx, site, challenge, answer, address)
            if account_id:
                journal.signed_in(tx, visit, "user", found.user_name, found)
            return found

        found = await keeper.write(judge, account_id)
    except PasskeyError as error:
        return await _refuse(visit, "user", "", visit.message(PASSKEY_REFUSED(why=error, origin=site.origin)), 403)
    if found.outcome is not Outcome.OK:
        return await _refuse(visit, "user", "", _words(visit, found), 403)
    return await _open(visit, found)
