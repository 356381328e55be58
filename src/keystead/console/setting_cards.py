"""The cards of the settings page: security, MFA, passwords, networks.  Source: reference/console.md 3.13."""

from __future__ import annotations

from dataclasses import dataclass

from keystead.console.texts import mark


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.  name: the parameter.  as_: how the form asks for it: flag, number, area or choice.

    choices: (value, label).  unit: behind the value.  hint: below the field.
    """

    name: str
    label: str
    as_: str = "flag"
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One card: the action that reads and the one that writes it (of IMS), its settings, and the same in the audit."""

    key: str
    title: str
    purpose: str
    reads: str
    writes: str
    settings: tuple[Setting, ...]


_DAYS = mark("days")
_IDLE = (
    ("90", mark("90 days")),
    ("180", mark("180 days")),
    ("365", mark("365 days")),
    ("730", mark("730 days")),
)

CARDS = {
    each.key: each
    for each in (
        Card(
            "security",
            mark("Security"),
            mark("What users may do to themselves, how long a console session lasts, and when idle access ends."),
            "GetSecurityPreference",
            "SetSecurityPreference",
            (
                Setting("AllowUserToChangePassword", mark("Users change their own password")),
                Setting("AllowUserToManageMFADevices", mark("Users manage their own MFA device")),
                Setting("AllowUserToLoginWithPasskey", mark("Users sign in with passkeys")),
                Setting(
                    "AllowUserToManageAccessKeys",
                    mark("Users manage their own AccessKey pairs"),
                    hint=mark("Each user can then make a secret that lasts; better left off."),
                ),
                Setting("LoginSessionDuration", mark("A console session lasts"), "number", unit=mark("hours")),
                Setting(
                    "MaxIdleDaysForUsers",
                    mark("Console Access ends after"),
                    "choice",
                    _IDLE,
                    hint=mark("without a sign-in"),
                ),
                Setting(
                    "MaxIdleDaysForAccessKeys",
                    mark("AccessKey pairs are disabled after"),
                    "choice",
                    _IDLE,
                    hint=mark("without a call"),
                ),
            ),
        ),
        Card(
            "mfa",
            mark("MFA"),
            mark("Who gives a second factor when signing in."),
            "GetSecurityPreference",
            "SetSecurityPreference",
            (
                Setting(
                    "MFAOperationForLogin",
                    mark("MFA is asked of"),
                    "choice",
                    (
                        ("mandatory", mark("all users")),
                        ("independent", mark("users of whom it is demanded")),
                        ("adaptive", mark("users whose sign-in is unusual")),
                    ),
                ),
                Setting(
                    "OperationForRiskLogin",
                    mark("An unusual sign-in without a device"),
                    "choice",
                    (
                        ("autonomous", mark("may go on without one")),
                        ("enforceVerify", mark("must bind one first")),
                    ),
                ),
                Setting(
                    "EnableSaveMFATicket",
                    mark("A browser may be remembered for 7 days"),
                    hint=mark("It then asks for the password alone."),
                ),
            ),
        ),
        Card(
            "password",
            mark("Password"),
            mark("What a password must be like. Passwords that are set already stay until they are changed."),
            "GetPasswordPolicy",
            "SetPasswordPolicy",
            (
                Setting("MinimumPasswordLength", mark("At least"), "number", unit=mark("characters")),
                Setting("RequireLowercaseCharacters", mark("Small letters")),
                Setting("RequireUppercaseCharacters", mark("Capital letters")),
                Setting("RequireNumbers", mark("Digits")),
                Setting("RequireSymbols", mark("Symbols")),
                Setting(
                    "MinimumPasswordDifferentCharacter",
                    mark("Different characters"),
                    "number",
                    hint=mark("0 for any number"),
                ),
                Setting("PasswordNotContainUserName", mark("The logon name is not inside")),
                Setting("MaxPasswordAge", mark("Valid for"), "number", unit=_DAYS, hint=mark("0 for ever")),
                Setting(
                    "HardExpire",
                    mark("After that signing in is refused"),
                    hint=mark("Otherwise the password must be changed first."),
                ),
                Setting(
                    "PasswordReusePrevention",
                    mark("Not one of the last"),
                    "number",
                    unit=mark("passwords"),
                    hint=mark("0 for off"),
                ),
                Setting(
                    "MaxLoginAttemps",
                    mark("Locked for an hour after"),
                    "number",
                    unit=mark("wrong passwords within an hour"),
                    hint=mark("0 for never"),
                ),
            ),
        ),
        Card(
            "network",
            mark("Network"),
            mark("From where people sign in."),
            "GetSecurityPreference",
            "SetSecurityPreference",
            (
                Setting(
                    "LoginNetworkMasks",
                    mark("Signing in is allowed from"),
                    "area",
                    hint=mark("Addresses and networks, one on a line; empty for everywhere."),
                ),
            ),
        ),
        Card(
            "access-keys",
            mark("AccessKey network"),
            mark("From where AccessKey pairs without a list of their own may call."),
            "GetAccessKeyPolicyForAccount",
            "SetAccessKeyPolicyForAccount",
            (
                Setting("Active", mark("The list is in force")),
                Setting(
                    "IPList",
                    mark("Calls are allowed from"),
                    "area",
                    hint=mark("Addresses and networks, one on a line."),
                ),
            ),
        ),
    )
}

EFFECTS = {
    "ConsoleAccessEnds": mark("Console Access ends within the hour for:"),
    "AccessKeysAreDisabled": mark("These AccessKey pairs are disabled within the hour:"),
    "MfaMustBeBound": mark("An MFA device must be bound at the next sign-in by:"),
    "PasswordIsTooOld": mark("The password is too old at the next sign-in of:"),
    "SignInIsRefused": mark("Last signed in from elsewhere, and could not from there again:"),
    "CallsAreRefused": mark("These AccessKey pairs were last used from elsewhere; calls from there are refused:"),
}
"""What PreviewSettings finds, as it is told."""
PREVIEWED = {
    "MaxIdleDaysForUsers",
    "MaxIdleDaysForAccessKeys",
    "MFAOperationForLogin",
    "MaxPasswordAge",
    "LoginNetworkMasks",
    "AccessKeyPolicy",
}
"""What PreviewSettings takes."""
