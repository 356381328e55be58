"""A person's own security settings: password, MFA device, passkeys, sessions.  Source: reference/console.md 2.1, 3.5.

All but the making of a passkey are actions that the API has too; a passkey is made between browser and server.
"""

from __future__ import annotations

import msgspec
from starlette.responses import JSONResponse, Response

from keystead.console import journal
from keystead.console.asking import RefusedError
from keystead.console.passkeys import NO_PASSKEYS, PASSKEY_REFUSED, site_of
from keystead.console.routing import Pages
from keystead.console.sessions import clear_cookie
from keystead.console.visit import Visit
from keystead.identity import totp
from keystead.identity.passkeys import PasskeyError
from keystead.identity.transaction import Tx
from keystead.products.people import passkeys
from keystead.products.people.principals import named

PAGES = Pages()


@PAGES.get("/security")
async def security(visit: Visit) -> Response:
    """Password, MFA device, passkeys and sessions of whoever is signed in."""
    return await _page(visit)


async def _page(visit: Visit, refused: RefusedError | None = None) -> Response:
    person, device, keys = visit.me.caller, None, None
    if person.is_account:
        bound = (await visit.ask("ims", "GetAccountMFAInfo"))["IsMFAEnable"]
    else:
        info = await visit.try_ask("ims", "GetUserMFAInfo", UserPrincipalName=person.user_name)
        bound = bool(info and info["IsMFAEnable"])
        device = info["MFADevice"]["SerialNumber"] if info and bound else None
        found = await visit.try_ask("ims", "ListPasskeys", UserPrincipalName=person.user_name)
        keys = found["Passkeys"] if found else None
    sessions = await visit.ask("keystead", "ListOwnConsoleSessions")
    refusal = refused.refusal if refused else None
    return visit.render(
        "security.html",
        refusal.fault.status if refusal else 200,
        refusal=refusal,
        bound=bound,
        device=device,
        passkeys=keys,
        site=site_of(visit),
        sessions=sessions["ConsoleSessions"]["ConsoleSession"],
    )


@PAGES.post("/security/password")
async def change_password(visit: Visit) -> Response:
    """Change the own password; every session ends, and the new password opens the next."""
    try:
        if visit.me.caller.is_account:
            await visit.ask_form("keystead", "ChangeAccountPassword")
        else:
            await visit.ask_form("ims", "ChangePassword")
    except RefusedError as refused:
        return await _page(visit, refused)
    response = visit.redirect("/sign-in", visit.text("The password is changed. Sign in with it."))
    clear_cookie(response, visit.request)
    return response


@PAGES.post("/security/mfa/new", proof=True, once=True)
async def new_device(visit: Visit) -> Response:
    """Make a device and show its seed, once."""
    person = visit.me.caller
    name = f"{person.user_name or 'account'}-{int(visit.now) % 1_000_000}"[:64]
    try:
        answer = await visit.ask("ims", "CreateVirtualMFADevice", VirtualMFADeviceName=name)
    except RefusedError as refused:
        return await _page(visit, refused)
    device = answer["VirtualMFADevice"]
    return visit.render(
        "security_mfa.html", serial=device["SerialNumber"], seed=device["Base32StringSeed"],
        picture=totp.image(device["Base32StringSeed"], name), refusal=None,
    )  # fmt: skip


@PAGES.post("/security/mfa/bind", proof=True)
async def bind_device(visit: Visit) -> Response:
    """Bind it by two consecutive codes."""
    try:
        if visit.me.caller.is_account:
            await visit.ask_form("keystead", "BindAccountMFADevice")
        else:
            await visit.ask_form("ims", "BindMFADevice", UserPrincipalName=visit.me.caller.user_name)
    except RefusedError as refused:
        serial = visit.form.get("SerialNumber", "")
        return visit.render(
            "security_mfa.html", refused.refusal.fault.status, serial=serial, seed="", picture="",
            refusal=refused.refusal,
        )  # fmt: skip
    return visit.redirect("/security", visit.text("The MFA device is bound."))


@PAGES.post("/security/mfa/unbind", proof=True)
async def unbind_device(visit: Visit) -> Response:
    """Take the device away."""
    try:
        if visit.me.caller.is_account:
            await visit.ask("keystead", "UnbindAccountMFADevice")
        else:
            await visit.ask("ims", "UnbindMFADevice", UserPrincipalName=visit.me.caller.user_name)
    except RefusedError as refused:
        return await _page(visit, refused)
    return visit.redirect("/security", visit.text("The MFA device is unbound."))


@PAGES.post("/security/sessions/end")
async def end_session(visit: Visit) -> Response:
    """End one of the own sessions; ending the present one signs out."""
    try:
        await visit.ask_form("keystead", "EndOwnConsoleSession")
    except RefusedError as refused:
        return await _page(visit, refused)
    return visit.redirect("/security", visit.text("The session is ended."))


@PAGES.post("/security/passkeys/begin", proof=True)
async def begin_passkey(visit: Visit) -> Response:
    """Options for the browser's `credentials.create`, for the script of the page."""
    site, person = site_of(visit), visit.me.caller
    if site is None or not person.user_name:
        raise NO_PASSKEYS()

    def work(tx: Tx) -> tuple[str, str]:
        return passkeys.begin_registration(tx, site, named(tx, person.user_name))

    options, sealed = await visit.house.keeper.read(work, person.account_id)
    return JSONResponse({"options": msgspec.json.decode(options), "challenge": sealed})


@PAGES.post("/security/passkeys/register", proof=True)
async def register_passkey(visit: Visit) -> Response:
    """Keep the passkey that the browser made."""
    site, person = site_of(visit), visit.me.caller
    if site is None or not person.user_name:
        raise NO_PASSKEYS()
    name = visit.form.get("name", "").strip()[:64] or "Passkey"

    def work(tx: Tx) -> None:
        user = named(tx, person.user_name)
        passkeys.register(tx, site, user, visit.form.get("challenge", ""), visit.form.get("answer", ""), name)
        journal.noted(tx, visit, "RegisterPasskey")

    try:
        await visit.house.keeper.write(work, person.account_id)
    except PasskeyError as error:
        raise PASSKEY_REFUSED(why=error, origin=site.origin) from None
    return visit.redirect("/security", visit.text("The passkey is kept. It opens the console without a password."))


@PAGES.post("/security/passkeys/delete", proof=True)
async def delete_passkey(visit: Visit) -> Response:
    """Remove a passkey of one's own."""
    try:
        await visit.ask_form("ims", "DeletePasskey", UserPrincipalName=visit.me.caller.user_name)
    except RefusedError as refused:
        return await _page(visit, refused)
    return visit.redirect("/security", visit.text("The passkey is removed."))
