"""What must be done before anything else: a new password, an MFA device.  Source: reference/console.md 3.1.

Each ends the session it was done in: signing in again shows that the new password or device works.
"""

from __future__ import annotations

from starlette.responses import Response

from keystead.console import journal
from keystead.console.routing import Pages
from keystead.console.sessions import clear_cookie
from keystead.console.visit import Visit
from keystead.faults import Fault
from keystead.identity import totp
from keystead.identity.transaction import Tx
from keystead.products.people import login_profiles, mfa, principals
from keystead.store import console_sessions, users

PAGES = Pages()


@PAGES.get("/change-password", states=("reset",))
async def change_password(visit: Visit) -> Response:
    """Asks for the new password that the session's user must set."""
    return visit.render("change_password.html", said=None)


@PAGES.post("/change-password", states=("reset",))
async def changing_password(visit: Visit) -> Response:
    """Set it, and let the user sign in by it."""
    keeper, me, new = visit.house.keeper, visit.me, visit.form.get("password", "")[:1024]
    if new != visit.form.get("again", ""):
        return visit.render("change_password.html", 400, said=visit.text("The two passwords differ."))
    name, account_id = me.person.user_name, me.person.account_id
    hashed = await keeper.read(lambda tx: login_profiles.hashing(tx, users.get(tx, name), new), account_id)

    def work(tx: Tx) -> None:
        tx.prepared = hashed
        user = principals.named(tx, name)
        login_profiles.replace(tx, user, new)
        journal.noted(tx, visit, "ChangePassword")

    try:
        await keeper.write(work, account_id)
    except Fault as fault:
        return visit.render(
            "change_password.html", fault.status, said=f"{visit.message(fault)} {visit.next_step(fault)}"
        )
    return _again(visit, visit.text("The password is changed. Sign in with it."))


@PAGES.get("/bind-mfa", states=("bind",))
async def bind_mfa(visit: Visit) -> Response:
    """Makes a device for the session's user and shows its seed, once."""
    keeper, me = visit.house.keeper, visit.me
    name = f"{me.person.user_name}-{me.row.id[:6]}"[:64]

    def work(tx: Tx) -> str:
        serial = mfa.serial(tx, name)
        if mfa.exists_unbound(tx, name):
            mfa.delete(tx, serial)
        return mfa.create(tx, me.person, name)

    seed = await keeper.write(work, me.person.account_id)
    return visit.render("bind_mfa.html", seed=seed, picture=totp.image(seed, name), name=name, said=None)


@PAGES.post("/bind-mfa", states=("bind",))
async def binding_mfa(visit: Visit) -> Response:
    """Bind it by two codes, and let the user sign in by it."""
    keeper, me = visit.house.keeper, visit.me
    name = f"{me.person.user_name}-{me.row.id[:6]}"[:64]

    def work(tx: Tx) -> None:
        user = principals.named(tx, me.person.user_name)
        first, second = visit.form.get("code1", "").strip(), visit.form.get("code2", "").strip()
        mfa.bind(tx, user, mfa.serial(tx, name), first, second)
        journal.noted(tx, visit, "BindMFADevice")
        console_sessions.end_of(tx, user.id)

    try:
        await keeper.write(work, me.person.account_id)
    except Fault as fault:
        return visit.render("bind_mfa.html", fault.status, seed="", picture="", name=name, said=fault)
    return _again(visit, visit.text("The device is bound. Sign in with its code."))


def _again(visit: Visit, notice: str) -> Response:
    response = visit.redirect("/sign-in", notice)
    clear_cookie(response, visit.request)
    return response
