"""How one user comes into the console: logon, password, MFA device, sessions.  Source: reference/console.md 3.5."""

from __future__ import annotations

import secrets
import string

from starlette.responses import Response

from keystead.console.asking import RefusedError, refusal_of
from keystead.console.pages.user_details import logged_on_lately, show_authentication, tab, user_of
from keystead.console.pairs import check_typed
from keystead.console.routing import Pages
from keystead.console.texts import mark
from keystead.console.visit import Visit
from keystead.faults import Fault
from keystead.identity import totp

PAGES = Pages()

_LEAST = 20
_SIGNS = "-_.+="
"""Signs of generated passwords: none that a shell, an address or a spreadsheet takes for its own at that place."""


async def generated(visit: Visit) -> str:
    """A password with every class of characters, as long as the account's policy wants it."""
    policy = await visit.try_ask("ims", "GetPasswordPolicy")
    least = policy["PasswordPolicy"]["MinimumPasswordLength"] if policy else _LEAST
    letters = string.ascii_letters + string.digits
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SIGNS)
    drawn = [secrets.choice(each) for each in classes]
    drawn += [secrets.choice(letters) for _ in range(max(_LEAST, least) - len(drawn) - 1)]
    secrets.SystemRandom().shuffle(drawn)
    return secrets.choice(string.ascii_letters) + "".join(drawn)


@PAGES.post("/users/{name}/logon", proof=True, once=True)
async def set_logon(visit: Visit) -> Response:
    """Enable the console logon, or set another password; a generated one is shown this once."""
    name, form = visit.path["name"], visit.form
    typed = form.get("Password", "") if form.get("how") == "set" else ""
    password = typed or await generated(visit)
    action = "UpdateLoginProfile" if form.get("act") == "reset" else "CreateLoginProfile"
    try:
        await visit.ask_form("ims", action, UserPrincipalName=name, Password=password)
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    if typed:
        return visit.redirect(tab(name, "authentication"), visit.text("The password is set."))
    user = await user_of(visit)
    letter = f"{visit.base_url}/console/sign-in\n{user['UserPrincipalName']}"
    return visit.render("password_created.html", user=user, password=password, snippets=[(mark("Sign-in"), letter)])


@PAGES.post("/users/{name}/logon/modify")
async def modify_logon(visit: Visit) -> Response:
    """Change what the next logon asks for, or switch the logon off and on."""
    name = visit.path["name"]
    try:
        await visit.ask_form("ims", "UpdateLoginProfile", UserPrincipalName=name)
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    return visit.redirect(tab(name, "authentication"), visit.text("The console logon is changed."))


@PAGES.post("/users/{name}/logon/remove")
async def remove_logon(visit: Visit) -> Response:
    """Take the console from the user."""
    name = visit.path["name"]
    try:
        if logged_on_lately(await visit.ask("ims", "GetLoginProfile", UserPrincipalName=name), visit.now):
            check_typed(visit, name)
        await visit.ask("ims", "DeleteLoginProfile", UserPrincipalName=name)
    except (Fault, RefusedError) as error:
        return await show_authentication(visit, refusal_of(error))
    return visit.redirect(tab(name, "authentication"), visit.text("Console Access is taken away."))


@PAGES.post("/users/{name}/mfa/new", proof=True, once=True)
async def new_device(visit: Visit) -> Response:
    """Make a device for the user and show its seed, once."""
    name = visit.path["name"]
    label = "".join(each if each.isalnum() else "-" for each in name)[:50]
    try:
        made = await visit.ask(
            "ims", "CreateVirtualMFADevice", VirtualMFADeviceName=f"{label}-{int(visit.now) % 1_000_000}"
        )
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    device = made["VirtualMFADevice"]
    picture = totp.image(device["Base32StringSeed"], name)
    return visit.render(
        "user_mfa.html",
        name=name,
        serial=device["SerialNumber"],
        seed=device["Base32StringSeed"],
        picture=picture,
        refusal=None,
    )


@PAGES.post("/users/{name}/mfa/bind", proof=True)
async def bind_device(visit: Visit) -> Response:
    """Bind it by two codes of the user's phone."""
    name = visit.path["name"]
    try:
        await visit.ask_form("ims", "BindMFADevice", UserPrincipalName=name)
    except RefusedError as refused:
        serial = visit.form.get("SerialNumber", "")
        return visit.render(
            "user_mfa.html",
            refused.refusal.fault.status,
            name=name,
            serial=serial,
            seed="",
            picture="",
            refusal=refused.refusal,
        )
    return visit.redirect(tab(name, "authentication"), visit.text("The MFA device is bound."))


@PAGES.post("/users/{name}/mfa/unbind", proof=True)
async def unbind_device(visit: Visit) -> Response:
    """Take the user's device away and delete it."""
    name = visit.path["name"]
    try:
        await visit.ask("ims", "DisableVirtualMFA", UserPrincipalName=name)
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    return visit.redirect(tab(name, "authentication"), visit.text("The MFA device is unbound."))


@PAGES.post("/users/{name}/sessions/end")
async def end_session(visit: Visit) -> Response:
    """End one of the user's sessions."""
    name = visit.path["name"]
    try:
        await visit.ask_form("keystead", "EndConsoleSession", UserName=name)
    except RefusedError as refused:
        return await show_authentication(visit, refused.refusal)
    return visit.redirect(tab(name, "authentication"), visit.text("The session is ended."))
