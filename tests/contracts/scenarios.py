"""What each action is called with: every parameter set, as data.

`<name>` in a value is something that a `Stage` makes when it is first asked for; `<fresh>` is a name that nothing has
yet.  An action that is declared and has no scenario fails the contract test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Step = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """given: the parameters.  before and after: calls around it.  by: whose pair calls.  refused: the code that a
    well-formed call gets where a test cannot have what it needs, such as a passkey."""

    given: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    by: str = "admin"
    refused: str = ""


PASSWORD = "Corr3ct-Horse-Battery"
ALLOW = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Principal": {"RAM": ["<root>"]}}
        ],
    }
)
NETWORK = json.dumps(
    {"Version": 1, "Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["127.0.0.0/8", "::1"]}]}
)
TAGS = [{"Key": "team", "Value": "blue"}]
CUSTOM = {"PolicyType": "Custom", "PolicyName": "<policy>"}
PERSON = {"DisplayName": "Alice", "MobilePhone": "86-13900000000", "Email": "alice@example.com", "Comments": "x"}
NEW_PERSON = {f"New{name}": value for name, value in PERSON.items()}
POLICY_RESET: Step = (
    "ims", "SetPasswordPolicy",
    {"MinimumPasswordLength": 8, "RequireLowercaseCharacters": False, "RequireUppercaseCharacters": False,
     "RequireNumbers": False, "RequireSymbols": False, "MaxPasswordAge": 0, "HardExpire": False,
     "PasswordReusePrevention": 0, "MaxLoginAttemps": 0, "MinimumPasswordDifferentCharacter": 0,
     "PasswordNotContainUserName": False, "InitialPasswordAge": 14, "InterceptRiskPasswordOnApi": False},
)  # fmt: skip


def _on(*keys: str, **more: Any) -> dict[str, Any]:
    """Parameters whose values are made: `_on("UserName")` is {"UserName": "<user>"}."""
    return {key: _MADE[key] for key in keys} | more


_MADE = {
    "UserName": "<user>", "GroupName": "<group>", "RoleName": "<role>", "PolicyName": "<policy>",
    "UserPrincipalName": "<upn>", "UserAccessKeyId": "<key>", "UserId": "<user_id>", "AppId": "<app>",
    "OIDCProviderName": "<oidc>", "SAMLProviderName": "<saml>", "SerialNumber": "<device>",
    "ServiceCredentialId": "<credential>",
}  # fmt: skip

_PAGE = {"Marker": None, "MaxItems": 10}
_LOGIN: Step = ("ram", "CreateLoginProfile", {"UserName": "<user>", "Password": PASSWORD})
_MEMBER: Step = ("ram", "AddUserToGroup", _on("UserName", "GroupName"))
_BOUND = {"SerialNumber": "<device>", "AuthenticationCode1": "<code1>", "AuthenticationCode2": "<code2>"}
_BIND: Step = ("ram", "BindMFADevice", {"UserName": "<user>", **_BOUND})
_BINNED: Step = ("ims", "DeleteUser", {"UserPrincipalName": "<upn>", "UserId": None})
_BINNED_KEY: Step = ("ims", "DeleteAccessKey", _on("UserPrincipalName", "UserAccessKeyId"))
_VERSION: Step = ("ram", "CreatePolicyVersion", {"PolicyName": "<policy>", "PolicyDocument": ALLOW})
_INSTALLED: Step = ("ims", "ProvisionApplication", {"AppId": "<app>"})
_FOREIGN: Step = ("ims", "ProvisionExternalApplication", {"AppId": "<foreign_app>"})
_GOVERNED: Step = ("ims", "GenerateGovernanceReport", {})
_REPORTED: tuple[Step, ...] = (("ims", "GenerateCredentialReport", {}), ("ims", "GenerateCredentialReport", {}))


def _attached(kind: str, key: str) -> Step:
    return ("ram", f"AttachPolicyTo{kind}", CUSTOM | _on(key))


_LOGIN_GIVEN = {"Password": PASSWORD, "PasswordResetRequired": True, "MFABindRequired": True}
_PREFERENCE = {
    "AllowUserToChangePassword": True, "AllowUserToManageAccessKeys": False, "AllowUserToManageMFADevices": True,
    "EnableSaveMFATicket": False, "LoginNetworkMasks": "", "LoginSessionDuration": 6,
}  # fmt: skip
_PASSWORDS = {
    "MinimumPasswordLength": 12, "RequireLowercaseCharacters": True, "RequireUppercaseCharacters": True,
    "RequireNumbers": True, "RequireSymbols": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 3,
    "MaxLoginAttemps": 5,
}  # fmt: skip

RAM: dict[str, Scenario] = {
    "AddUserToGroup": Scenario(_on("UserName", "GroupName")),
    **{
        f"AttachPolicyTo{kind}": Scenario(CUSTOM | _on(key))
        for kind, key in (("User", "UserName"), ("Group", "GroupName"), ("Role", "RoleName"))
    },
    **{
        f"DetachPolicyFrom{kind}": Scenario(CUSTOM | _on(key), before=(_attached(kind, key),))
        for kind, key in (("User", "UserName"), ("Group", "GroupName"), ("Role", "RoleName"))
    },
    **{
        f"ListPoliciesFor{kind}": Scenario(_on(key), before=(_attached(kind, key),))
        for kind, key in (("User", "UserName"), ("Group", "GroupName"), ("Role", "RoleName"))
    },
    "BindMFADevice": Scenario({"UserName": "<user>", **_BOUND}),
    "ChangePassword": Scenario({"OldPassword": PASSWORD, "NewPassword": PASSWORD + "2"}, before=(_LOGIN,), by="<key>"),
    "ClearAccountAlias": Scenario(),
    "CreateAccessKey": Scenario(_on("UserName")),
    "CreateGroup": Scenario({"GroupName": "<fresh>", "Comments": "x"}),
    "CreateLoginProfile": Scenario({"UserName": "<user>", **_LOGIN_GIVEN}),
    "CreatePolicy": Scenario({"PolicyName": "<fresh>", "PolicyDocument": ALLOW, "Description": "x", "Tag": TAGS}),
    "CreatePolicyVersion": Scenario(
        {"PolicyName": "<policy>", "PolicyDocument": ALLOW, "SetAsDefault": True,
         "RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"}
    ),
    "CreateRole": Scenario(
        {"RoleName": "<fresh>", "AssumeRolePolicyDocument": TRUST, "Description": "x", "MaxSessionDuration": 3600,
         "AllowConsoleLogin": True, "Tag": TAGS}
    ),
    "CreateServiceLinkedRole": Scenario({"ServiceName": "bailian.aliyuncs.com"}, refused="*"),
    "CreateUser": Scenario({"UserName": "<fresh>", **PERSON}),
    "CreateVirtualMFADevice": Scenario({"VirtualMFADeviceName": "<fresh>"}),
    "DecodeDiagnosticMessage": Scenario({"EncodedDiagnosticMessage": "<diagnostic>"}),
    "DeleteAccessKey": Scenario(_on("UserName", "UserAccessKeyId")),
    "DeleteGroup": Scenario(_on("GroupName")),
    "DeleteLoginProfile": Scenario(_on("UserName"), before=(_LOGIN,)),
    "DeletePolicy": Scenario({"PolicyName": "<policy>", "CascadingDelete": True}),
    "DeletePolicyVersion": Scenario({"PolicyName": "<policy>", "VersionId": "v2"}, before=(_VERSION,)),
    "DeleteRole": Scenario(_on("RoleName")),
    "DeleteServiceLinkedRole": Scenario(_on("RoleName"), refused="*"),
    "DeleteUser": Scenario(_on("UserName")),
    "DeleteVirtualMFADevice": Scenario(_on("SerialNumber")),
    "GetAccessKeyLastUsed": Scenario(_on("UserName", "UserAccessKeyId")),
    "GetAccountAlias": Scenario(),
    "GetGroup": Scenario(_on("GroupName")),
    "GetLoginProfile": Scenario(_on("UserName"), before=(_LOGIN,)),
    "GetPasswordPolicy": Scenario(),
    "GetPolicy": Scenario(CUSTOM),
    "GetPolicyVersion": Scenario(CUSTOM | {"VersionId": "v1"}),
    "GetRole": Scenario(_on("RoleName")),
    "GetSecurityPreference": Scenario(),
    "GetServiceLinkedRoleTemplate": Scenario({"ServiceName": "bailian.aliyuncs.com"}, refused="*"),
    "GetUser": Scenario(_on("UserName")),
    "GetUserMFAInfo": Scenario(_on("UserName"), before=(_BIND,)),
    "ListAccessKeys": Scenario(_on("UserName"), before=(("ram", "CreateAccessKey", _on("UserName")),)),
    "ListEntitiesForPolicy": Scenario(CUSTOM, before=(_attached("User", "UserName"),)),
    "ListGroups": Scenario(_PAGE, before=(("ram", "GetGroup", _on("GroupName")),)),
    "ListGroupsForUser": Scenario(_on("UserName"), before=(_MEMBER,)),
    "ListPolicies": Scenario({"PolicyType": "Custom", "Tag": TAGS, **_PAGE}),
    "ListPolicyVersions": Scenario(CUSTOM),
    "ListRoles": Scenario({"Tag": TAGS, **_PAGE}),
    "ListTagResources": Scenario(
        {"ResourceType": "role", "ResourceNames": ["<role>"], "Tag": TAGS, "PageSize": 10},
        before=(("ram", "TagResources", {"ResourceType": "role", "ResourceNames": ["<role>"], "Tag": TAGS}),),
    ),
    "ListUsers": Scenario(_PAGE),
    "ListUsersForGroup": Scenario(_on("GroupName", **_PAGE), before=(_MEMBER,)),
    "ListVirtualMFADevices": Scenario(before=(_BIND,)),
    "RemoveUserFromGroup": Scenario(_on("UserName", "GroupName"), before=(_MEMBER,)),
    "SetAccountAlias": Scenario({"AccountAlias": "<alias>"}, after=(("ram", "ClearAccountAlias", {}),)),
    "SetDefaultPolicyVersion": Scenario({"PolicyName": "<policy>", "VersionId": "v2"}, before=(_VERSION,)),
    "SetPasswordPolicy": Scenario(_PASSWORDS | {"HardExpiry": False}, after=(POLICY_RESET,)),
    "SetSecurityPreference": Scenario(_PREFERENCE | {"AllowUserToManagePublicKeys": False}),
    "TagResources": Scenario({"ResourceType": "policy", "ResourceNames": ["<policy>"], "Tag": TAGS}),
    "UnbindMFADevice": Scenario(_on("UserName"), before=(_BIND,)),
    "UntagResources": Scenario(
        {"ResourceType": "policy", "ResourceNames": ["<policy>"], "TagKeys": ["team"], "All": False}
    ),
    "UpdateAccessKey": Scenario(_on("UserName", "UserAccessKeyId", Status="Inactive")),
    "UpdateGroup": Scenario({"GroupName": "<group>", "NewGroupName": "<fresh>", "NewComments": "x"}),
    "UpdateLoginProfile": Scenario({"UserName": "<user>", **_LOGIN_GIVEN}, before=(_LOGIN,)),
    "UpdatePolicyDescription": Scenario({"PolicyName": "<policy>", "NewDescription": "x"}),
    "UpdateRole": Scenario(
        {"RoleName": "<role>", "NewAssumeRolePolicyDocument": TRUST, "NewDescription": "x",
         "NewMaxSessionDuration": 7200, "NewAllowConsoleLogin": True}
    ),
    "UpdateUser": Scenario({"UserName": "<user>", "NewUserName": "<fresh>", **NEW_PERSON}),
}  # fmt: skip

_OIDC = {
    "OIDCProviderName": "<fresh>", "IssuerUrl": "https://<fresh>.example.com", "ClientIds": "a,b",
    "Fingerprints": "0" * 40, "IssuanceLimitTime": 12, "Description": "x",
}  # fmt: skip
_APP = {
    "AppName": "<fresh>", "DisplayName": "App", "AppType": "WebApp", "SecretRequired": True, "IsMultiTenant": True,
    "ProtocolVersion": "2.1", "AccessTokenValidity": 3600, "RefreshTokenValidity": 7200,
    "RedirectUris": "https://example.com/a;https://example.com/b", "PredefinedScopes": "openid;profile",
    "RequiredScopes": "profile",
}  # fmt: skip

IMS: dict[str, Scenario] = {
    "AddClientIdToOIDCProvider": Scenario(_on("OIDCProviderName", ClientId="c")),
    "AddFingerprintToOIDCProvider": Scenario(_on("OIDCProviderName", Fingerprint="1" * 40)),
    "AddUserToGroup": Scenario(_on("UserPrincipalName", "GroupName")),
    "BindMFADevice": Scenario({"UserPrincipalName": "<upn>", **_BOUND}),
    "ChangePassword": Scenario({"OldPassword": PASSWORD, "NewPassword": PASSWORD + "2"}, before=(_LOGIN,), by="<key>"),
    "CreateAccessKey": Scenario(_on("UserPrincipalName")),
    "CreateAppSecret": Scenario(_on("AppId")),
    "CreateApplication": Scenario(_APP),
    "CreateGroup": Scenario({"GroupName": "<fresh>", "DisplayName": "G", "Comments": "x"}),
    "CreateLoginProfile": Scenario({"UserPrincipalName": "<upn>", **_LOGIN_GIVEN, "Status": "Active"}),
    "CreateOIDCProvider": Scenario(_OIDC),
    "CreateSAMLProvider": Scenario(
        {"SAMLProviderName": "<fresh>", "EncodedSAMLMetadataDocument": "<metadata>", "Description": "x",
         "AuthnSignAlgo": "rsa-sha256"}
    ),
    "CreateServiceCredential": Scenario(
        _on("UserPrincipalName", ServiceCredentialName="<fresh>", ServiceName="bailian", CredentialAgeDays=30)
    ),
    "CreateUser": Scenario({"UserPrincipalName": "<fresh>@<domain>", **PERSON, "Tag": TAGS}),
    "CreateVirtualMFADevice": Scenario({"VirtualMFADeviceName": "<fresh>"}),
    "DeleteAccessKey": Scenario(_on("UserPrincipalName", "UserAccessKeyId")),
    "DeleteAccessKeyInRecycleBin": Scenario(_on("UserId", "UserAccessKeyId"), before=(_BINNED_KEY,)),
    "DeleteAppSecret": Scenario({"AppId": "<app>", "AppSecretId": "<app_secret>"}),
    "DeleteApplication": Scenario(_on("AppId")),
    "DeleteGroup": Scenario(_on("GroupName")),
    "DeleteLoginProfile": Scenario(_on("UserPrincipalName"), before=(_LOGIN,)),
    "DeleteOIDCProvider": Scenario(_on("OIDCProviderName")),
    "DeletePasskey": Scenario(_on("UserPrincipalName", PasskeyId="PASSKEY-" + "a" * 20), refused="*"),
    "DeleteSAMLProvider": Scenario(_on("SAMLProviderName")),
    "DeleteServiceCredential": Scenario(_on("UserPrincipalName", "ServiceCredentialId")),
    "DeleteUser": Scenario({"UserId": "<user_id>"}),
    "DeleteUserInRecycleBin": Scenario(_on("UserId"), before=(_BINNED,)),
    "DeleteVirtualMFADevice": Scenario(_on("SerialNumber")),
    "DeprovisionApplication": Scenario(_on("AppId"), before=(_INSTALLED,)),
    "DeprovisionExternalApplication": Scenario({"AppId": "<foreign_app>"}, before=(_FOREIGN,)),
    "DisableVirtualMFA": Scenario(_on("UserPrincipalName"), before=(_BIND,)),
    "GenerateCredentialReport": Scenario(),
    "GenerateGovernanceReport": Scenario(),
    "GetAccessKeyInfoInRecycleBin": Scenario(_on("UserAccessKeyId"), before=(_BINNED_KEY,)),
    "GetAccessKeyLastUsed": Scenario(_on("UserPrincipalName", "UserAccessKeyId")),
    "GetAccessKeyPolicy": Scenario(_on("UserPrincipalName", "UserAccessKeyId")),
    "GetAccessKeyPolicyForAccount": Scenario(),
    "GetAccountMFAInfo": Scenario(),
    "GetAccountSecurityPracticeReport": Scenario(),
    "GetAccountSummary": Scenario(),
    "GetAppSecret": Scenario({"AppId": "<app>", "AppSecretId": "<app_secret>"}),
    "GetApplication": Scenario(_on("AppId")),
    "GetApplicationProvisionInfo": Scenario(_on("AppId"), before=(_INSTALLED,)),
    "GetCredentialReport": Scenario({"MaxItems": "2", "NextToken": None}, before=_REPORTED),
    "GetDefaultDomain": Scenario(),
    "GetExternalApplication": Scenario({"AppId": "<foreign_app>"}, before=(_FOREIGN,)),
    "GetGovernanceItemReport": Scenario(
        {"GovernanceItemType": "UsersWithAdministratorAccess", "MaxItems": "10"}, before=(_GOVERNED,)
    ),
    "GetGovernanceReportStatus": Scenario(before=(_GOVERNED,)),
    "GetGroup": Scenario(_on("GroupName")),
    "GetLoginProfile": Scenario(_on("UserPrincipalName"), before=(_LOGIN,)),
    "GetOIDCProvider": Scenario(_on("OIDCProviderName")),
    "GetPasswordPolicy": Scenario(),
    "GetSAMLProvider": Scenario(_on("SAMLProviderName")),
    "GetSecurityPreference": Scenario(),
    "GetServiceCredential": Scenario(_on("UserPrincipalName", "ServiceCredentialId")),
    "GetUser": Scenario(_on("UserPrincipalName")),
    "GetUserInRecycleBin": Scenario(_on("UserId"), before=(_BINNED,)),
    "GetUserMFAInfo": Scenario(_on("UserPrincipalName"), before=(_BIND,)),
    "GetUserSsoSettings": Scenario(),
    "GetVerificationInfo": Scenario(_on("UserPrincipalName")),
    "ListAccessKeys": Scenario(_on("UserPrincipalName"), before=(("ram", "CreateAccessKey", _on("UserName")),)),
    "ListAccessKeysInRecycleBin": Scenario(_on("UserId"), before=(_BINNED_KEY,)),
    "ListAppSecretIds": Scenario(_on("AppId"), before=(("ims", "CreateAppSecret", _on("AppId")),)),
    "ListApplicationProvisionInfos": Scenario({"SourceType": "inner"}, before=(_INSTALLED,)),
    "ListApplications": Scenario(before=(("ims", "GetApplication", _on("AppId")),)),
    "ListExternalApplications": Scenario(before=(_FOREIGN,)),
    "ListGroups": Scenario(_PAGE, before=(("ram", "GetGroup", _on("GroupName")),)),
    "ListGroupsForUser": Scenario(_on("UserPrincipalName"), before=(_MEMBER,)),
    "ListOIDCProviders": Scenario(_PAGE, before=(("ims", "GetOIDCProvider", _on("OIDCProviderName")),)),
    "ListPasskeys": Scenario(_on("UserPrincipalName")),
    "ListPredefinedScopes": Scenario({"AppType": "WebApp"}),
    "ListRecentGovernanceMetrics": Scenario(before=(_GOVERNED,)),
    "ListSAMLProviders": Scenario(_PAGE, before=(("ims", "GetSAMLProvider", _on("SAMLProviderName")),)),
    "ListServiceCredentials": Scenario(
        _on("UserPrincipalName", ServiceName="bailian", MaxResults=10, AllUsers=False),
        before=(("ims", "GetServiceCredential", _on("UserPrincipalName", "ServiceCredentialId")),),
    ),
    "ListTagResources": Scenario(
        {"ResourceType": "user", "ResourcePrincipalName": ["<upn>"], "Tag": TAGS, "PageSize": 10},
        before=(("ims", "TagResources", {"ResourceType": "user", "ResourceId": ["<user_id>"], "Tag": TAGS}),),
    ),
    "ListUserBasicInfos": Scenario({"Status": "active", "Tag": TAGS, **_PAGE}),
    "ListUsers": Scenario({"Status": "active", "Tag": TAGS, **_PAGE}),
    "ListUsersForGroup": Scenario(_on("GroupName", **_PAGE), before=(_MEMBER,)),
    "ListUsersInRecycleBin": Scenario({"Filter": "UserPrincipalName eq <upn>", **_PAGE}, before=(_BINNED,)),
    "ListVirtualMFADevices": Scenario(_PAGE, before=(_BIND,)),
    "ProvisionApplication": Scenario(_on("AppId", Scopes="openid")),
    "ProvisionExternalApplication": Scenario({"AppId": "<foreign_app>", "Scopes": "openid"}),
    "RemoveClientIdFromOIDCProvider": Scenario(_on("OIDCProviderName", ClientId="a")),
    "RemoveFingerprintFromOIDCProvider": Scenario(_on("OIDCProviderName", Fingerprint="0" * 40)),
    "RemoveUserFromGroup": Scenario(_on("UserPrincipalName", "GroupName"), before=(_MEMBER,)),
    "RestoreAccessKeyFromRecycleBin": Scenario(_on("UserId", "UserAccessKeyId"), before=(_BINNED_KEY,)),
    "RestoreUserFromRecycleBin": Scenario(_on("UserId"), before=(_BINNED,)),
    "SetAccessKeyPolicy": Scenario(_on("UserPrincipalName", "UserAccessKeyId", AccessKeyPolicy=NETWORK)),
    "SetAccessKeyPolicyForAccount": Scenario({"AccessKeyPolicy": NETWORK}),
    "SetDefaultDomain": Scenario(
        {"DefaultDomainName": "<alias>.onaliyun.com"}, after=(("ram", "ClearAccountAlias", {}),)
    ),
    "SetPasswordPolicy": Scenario(
        _PASSWORDS | {"HardExpire": False, "MinimumPasswordDifferentCharacter": 4, "PasswordNotContainUserName": True,
                      "InitialPasswordAge": 14, "InterceptRiskPasswordOnApi": False},
        after=(POLICY_RESET,),
    ),
    "SetSecurityPreference": Scenario(
        _PREFERENCE | {"AllowUserToLoginWithPasskey": True, "AllowUserToManagePersonalDingTalk": True,
                       "AllowUserToManageServiceCredentials": False, "MFAOperationForLogin": "independent",
                       "MaxIdleDaysForAccessKeys": 730, "MaxIdleDaysForUsers": 730,
                       "OperationForRiskLogin": "autonomous", "VerificationTypes": []},
    ),
    "SetUserSsoSettings": Scenario(
        {"MetadataDocument": "<metadata>", "SsoEnabled": False, "SsoLoginWithDomain": True,
         "AuthnSignAlgo": "rsa-sha256"}
    ),
    "SetVerificationInfo": Scenario(_on("UserPrincipalName", VerifyType="email", Email="a@example.com"), refused="*"),
    "TagResources": Scenario({"ResourceType": "user", "ResourceId": ["<user_id>"], "Tag": TAGS}),
    "UnbindMFADevice": Scenario(_on("UserPrincipalName"), before=(_BIND,)),
    "UnbindVerification": Scenario(_on("UserPrincipalName", VerifyType="email"), refused="*"),
    "UntagResources": Scenario({"ResourceType": "user", "ResourceId": ["<user_id>"], "TagKey": ["team"], "All": False}),
    "UpdateAccessKey": Scenario(_on("UserPrincipalName", "UserAccessKeyId", Status="Inactive")),
    "UpdateApplication": Scenario(
        {"AppId": "<app>", **{f"New{name}": value for name, value in _APP.items()
                              if name not in ("AppName", "AppType", "ProtocolVersion")}}
    ),
    "UpdateGroup": Scenario(
        {"GroupName": "<group>", "NewGroupName": "<fresh>", "NewDisplayName": "x", "NewComments": "x"}
    ),
    "UpdateLoginProfile": Scenario(
        {"UserPrincipalName": "<upn>", **_LOGIN_GIVEN, "Status": "Active"}, before=(_LOGIN,)
    ),
    "UpdateOIDCProvider": Scenario(
        {"OIDCProviderName": "<oidc>", "NewDescription": "x", "ClientIds": "a", "IssuanceLimitTime": 24}
    ),
    "UpdatePasskey": Scenario(
        _on("UserPrincipalName", PasskeyId="PASSKEY-" + "a" * 20, PasskeyName="<fresh>"), refused="*"
    ),
    "UpdateSAMLProvider": Scenario(
        {"SAMLProviderName": "<saml>", "NewEncodedSAMLMetadataDocument": "<metadata>", "NewDescription": "x",
         "AuthnSignAlgo": "rsa-sha1"}
    ),
    "UpdateServiceCredential": Scenario(
        _on("UserPrincipalName", "ServiceCredentialId", Status="Inactive", ServiceCredentialName="<fresh>")
    ),
    "UpdateUser": Scenario({"UserId": "<user_id>", "NewUserPrincipalName": "<fresh>@<domain>", **NEW_PERSON}),
}  # fmt: skip

_ASSUME = {"RoleArn": "<role_arn>", "DurationSeconds": 900, "Policy": ALLOW}

STS: dict[str, Scenario] = {
    "AssumeRole": Scenario(_ASSUME | {"RoleSessionName": "s1", "ExternalId": "ext", "SourceIdentity": "alice"}),
    "AssumeRoleWithOIDC": Scenario(
        _ASSUME | {"RoleSessionName": "s1", "OIDCProviderArn": "<oidc_arn>", "OIDCToken": "a.b.c"}, refused="*"
    ),
    "AssumeRoleWithSAML": Scenario(
        _ASSUME | {"SAMLProviderArn": "<saml_arn>", "SAMLAssertion": "PHNhbWwvPg=="}, refused="*"
    ),
    "GetCallerIdentity": Scenario(),
}

SCENARIOS: dict[str, dict[str, Scenario]] = {"Ram": RAM, "Ims": IMS, "Sts": STS}
