"""What the alicloud Terraform provider sends, resource by resource, and what it looks at in the answers.

Data only, from section 9 of `ram-behaviour.md`; `test_terraform.py` signs and sends it. `$name` in a value stands for
something the test chose or an answer brought. A resource is written as the provider walks it: create, read, update,
read again, delete, and the read that must find it gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class Kind(Enum):
    """What a value in an answer must be, where the value itself is the server's to choose."""

    TEXT = "a text that is not empty"
    ANY_TEXT = "a text"
    BOOLEAN = "a boolean"
    NUMBER = "a whole number"
    LIST = "a list"
    EMPTY = "an empty list"
    ABSENT = "not there"


@dataclass(frozen=True)
class Document:
    """A JSON text, compared as the provider compares it: by what it says, not by how it is written."""

    text: str


@dataclass(frozen=True)
class Call:
    """One request, and what the provider asks of its answer.

    sees: path in the answer to what stands there. A path is names joined by dots; `[Name=value]` picks the member of
    a list. keeps: name to path, for later calls. tolerates: codes that the provider takes as "was gone already" here.
    fails: the code of a refusal that must come. pages: the list that the provider collects page by page. each: a path
    to a list, and the call made for each member, whose texts are `$` names for it.
    """

    product: str
    action: str
    own: Mapping[str, str] = field(default_factory=dict)
    in_query: bool = False
    sees: Mapping[str, Any] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    tolerates: tuple[str, ...] = ()
    fails: str = ""
    pages: str = ""
    each: tuple[str, Call] | None = None


@dataclass(frozen=True)
class Resource:
    """A resource of the provider, as the calls of its life."""

    name: str
    create: tuple[Call, ...]
    read: tuple[Call, ...]
    update: tuple[Call, ...] = ()
    read_updated: tuple[Call, ...] = ()
    delete: tuple[Call, ...] = ()
    gone: tuple[Call, ...] = ()
    before: tuple[Call, ...] = ()
    after: tuple[Call, ...] = ()


def ram(action: str, **own: str) -> Call:
    """A call of `RpcPost`: what is the action's own goes into the form."""
    return Call("ram", action, own)


def ims(action: str, **own: str) -> Call:
    """The same to IMS."""
    return Call("ims", action, own)


def old(action: str, **own: str) -> Call:
    """A call of the older resources, through the legacy SDK: everything in the query."""
    return Call("ram", action, own, in_query=True)


def seeing(call: Call, **more: Any) -> Call:
    """The call with what it expects, keeps or does afterwards."""
    return replace(call, **more)


def allow(actions: str, resource: str = "*") -> str:
    """The text of a policy, spaced as Terraform's jsonencode and heredocs leave it."""
    return json.dumps({"Statement": [{"Action": [actions], "Effect": "Allow", "Resource": [resource]}], "Version": "1"})


def trust(**principal: str) -> str:
    """The text of a trust policy."""
    said = {name: [value] for name, value in principal.items()}
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": said}
    return json.dumps({"Statement": [statement], "Version": "1"})


# -- things that others need, made and unmade by the same kind of call -----------------------------------------------

A_USER = seeing(old("CreateUser", UserName="$user"), keeps={"user_id": "User.UserId"})
NO_USER = old("DeleteUser", UserName="$user")
A_GROUP = ram("CreateGroup", GroupName="$group")
NO_GROUP = ram("DeleteGroup", GroupName="$group")
A_ROLE = ram("CreateRole", RoleName="$role", AssumeRolePolicyDocument=trust(Service="ecs.aliyuncs.com"))
NO_ROLE = ram("DeleteRole", RoleName="$role")
A_POLICY = ram("CreatePolicy", PolicyName="$policy", PolicyDocument=allow("oss:Get*"))
NO_POLICY = ram("DeletePolicy", PolicyName="$policy")
CUSTOM = {"PolicyName": "$policy", "PolicyType": "Custom"}
READ_ONLY = {"PolicyName": "AliyunRAMReadOnlyAccess", "PolicyType": "System"}

ALL_USERS = seeing(old("ListUsers", MaxItems="100"), pages="Users.User")
"""The provider finds a user by walking all of them in pages of a hundred."""

PASSWORD = "Keystead-4-terraform!"

# -- users and what hangs on them -------------------------------------------------------------------------------------


def _user(texts: Mapping[str, str]) -> tuple[Call, ...]:
    by_id = {f"Users.User[UserId=$user_id].{name}": value for name, value in texts.items()}
    by_name = {f"User.{name}": value for name, value in texts.items()}
    return (
        seeing(ALL_USERS, sees=by_id, keeps={"found": "Users.User[UserId=$user_id].UserName"}),
        seeing(old("GetUser", UserName="$found"), sees={**by_name, "User.UserId": "$user_id"}),
    )


USER = Resource(
    "alicloud_ram_user",
    create=(
        seeing(
            old(
                "CreateUser",
                UserName="$user",
                DisplayName="Ann é 钥匙",
                MobilePhone="86-18688888888",
                Email="ann@example.com",
                Comments="made by hand: no",
            ),
            sees={"User.UserName": "$user", "User.UserId": Kind.TEXT, "User.CreateDate": Kind.TEXT},
            keeps={"user_id": "User.UserId"},
        ),
        seeing(ALL_USERS, sees={"Users.User[UserId=$user_id].UserName": "$user"}),
    ),
    read=_user(
        {
            "UserName": "$user",
            "DisplayName": "Ann é 钥匙",
            "MobilePhone": "86-18688888888",
            "Email": "ann@example.com",
            "Comments": "made by hand: no",
        }
    ),
    update=(
        old(
            "UpdateUser",
            UserName="$user",
            NewUserName="$user-2",
            NewDisplayName="Ann B",
            NewMobilePhone="",  # taken out of the configuration: sent empty
            NewEmail="",
            NewComments="",
        ),
    ),
    read_updated=_user({"UserName": "$user-2", "DisplayName": "Ann B", "MobilePhone": "", "Email": "", "Comments": ""}),
    delete=(
        # what hangs on it was made elsewhere; with `force` the provider takes it away itself
        ram("CreateAccessKey", UserName="$user-2"),
        A_GROUP,
        ram("AddUserToGroup", UserName="$user-2", GroupName="$group"),
        ram("AttachPolicyToUser", UserName="$user-2", **READ_ONLY),
        ram("CreateLoginProfile", UserName="$user-2", Password=PASSWORD),
        seeing(old("DeleteUser", UserName="$user-2"), fails="DeleteConflict.User.AccessKey"),
        seeing(
            old("ListAccessKeys", UserName="$user-2"),
            each=(
                "AccessKeys.AccessKey",
                old("DeleteAccessKey", UserName="$user-2", UserAccessKeyId="$AccessKeyId"),
            ),
        ),
        seeing(old("DeleteUser", UserName="$user-2"), fails="DeleteConflict.User.Group"),
        seeing(
            old("ListPoliciesForUser", UserName="$user-2"),
            each=(
                "Policies.Policy",
                old("DetachPolicyFromUser", UserName="$user-2", PolicyName="$PolicyName", PolicyType="$PolicyType"),
            ),
        ),
        seeing(
            old("ListGroupsForUser", UserName="$user-2"),
            each=("Groups.Group", old("RemoveUserFromGroup", UserName="$user-2", GroupName="$GroupName")),
        ),
        seeing(old("DeleteUser", UserName="$user-2"), fails="DeleteConflict.User.LoginProfile"),
        seeing(old("DeleteLoginProfile", UserName="$user-2"), tolerates=("EntityNotExist.User.LoginProfile",)),
        seeing(old("DeleteLoginProfile", UserName="$user-2"), fails="EntityNotExist.User.LoginProfile"),
        seeing(old("UnbindMFADevice", UserName="$user-2"), fails="EntityNotExist.User.MFADevice"),
        old("DeleteUser", UserName="$user-2"),
    ),
    gone=(
        seeing(ALL_USERS, sees={"Users.User[UserId=$user_id]": Kind.ABSENT}),
        seeing(old("GetUser", UserName="$user-2"), fails="EntityNotExist.User"),
        seeing(old("DeleteUser", UserName="$user-2"), fails="EntityNotExist.User"),
    ),
    after=(NO_GROUP,),
)

_KEYS = ram("ListAccessKeys", UserName="$user")
ACCESS_KEY = Resource(
    "alicloud_ram_access_key",
    before=(A_USER,),
    create=(
        seeing(
            ram("CreateAccessKey", UserName="$user"),
            sees={"AccessKey.AccessKeySecret": Kind.TEXT, "AccessKey.Status": "Active"},
            keeps={"key": "AccessKey.AccessKeyId"},
        ),
    ),
    read=(
        seeing(
            _KEYS,
            sees={
                "AccessKeys.AccessKey[AccessKeyId=$key].Status": "Active",
                "AccessKeys.AccessKey[AccessKeyId=$key].CreateDate": Kind.TEXT,
                "AccessKeys.AccessKey[AccessKeyId=$key].AccessKeySecret": Kind.ABSENT,
            },
        ),
    ),
    update=(ram("UpdateAccessKey", UserName="$user", UserAccessKeyId="$key", Status="Inactive"),),
    read_updated=(seeing(_KEYS, sees={"AccessKeys.AccessKey[AccessKeyId=$key].Status": "Inactive"}),),
    delete=(ram("DeleteAccessKey", UserName="$user", UserAccessKeyId="$key"),),
    gone=(
        seeing(_KEYS, sees={"AccessKeys.AccessKey": Kind.EMPTY}),
        seeing(ram("DeleteAccessKey", UserName="$user", UserAccessKeyId="$key"), fails="EntityNotExist.User.AccessKey"),
        NO_USER,
        seeing(_KEYS, fails="EntityNotExist.User"),
    ),
)

_KEY = {"UserPrincipalName": "$user", "UserAccessKeyId": "$key"}
_ADDRESSES = {"Type": "ClassicWhiteList", "IPList": ["192.0.2.0/24", "198.51.100.7"]}
_NARROW = json.dumps({"Version": 1, "Status": "Active", "Statements": [_ADDRESSES]})
_WIDER = json.dumps({"Version": 1, "Status": "Active", "Statements": [{**_ADDRESSES, "IPList": ["192.0.2.0/23"]}]})
_NONE = json.dumps({"Version": 1, "Status": "Inactive", "Statements": []})
ACCESS_KEY_POLICY = Resource(
    "alicloud_ram_access_key_policy",
    before=(
        A_USER,
        seeing(ram("CreateAccessKey", UserName="$user"), keeps={"key": "AccessKey.AccessKeyId"}),
        seeing(ims("GetAccessKeyPolicy", **_KEY), sees={"AccessKeyPolicy": Document("{}")}),
    ),
    create=(seeing(ims("SetAccessKeyPolicy", **_KEY, AccessKeyPolicy=_NARROW), sees={"AccessKeyId": "$key"}),),
    read=(
        seeing(ims("GetAccessKeyPolicy", **_KEY), sees={"AccessKeyId": "$key", "AccessKeyPolicy": Document(_NARROW)}),
    ),
    update=(ims("SetAccessKeyPolicy", **_KEY, AccessKeyPolicy=_WIDER),),
    read_updated=(seeing(ims("GetAccessKeyPolicy", **_KEY), sees={"AccessKeyPolicy": Document(_WIDER)}),),
    delete=(ims("SetAccessKeyPolicy", **_KEY, AccessKeyPolicy=_NONE),),
    gone=(seeing(ims("GetAccessKeyPolicy", **_KEY), sees={"AccessKeyPolicy": Document(_NONE)}),),
    after=(ram("DeleteAccessKey", UserName="$user", UserAccessKeyId="$key"), NO_USER),
)

_PROFILE = ram("GetLoginProfile", UserName="$user")
LOGIN_PROFILE = Resource(
    "alicloud_ram_login_profile",
    before=(A_USER, seeing(_PROFILE, fails="EntityNotExist.User.LoginProfile")),
    create=(
        seeing(
            ram(
                "CreateLoginProfile",
                UserName="$user",
                Password=PASSWORD,
                PasswordResetRequired="true",
                MFABindRequired="false",
            ),
            sees={"LoginProfile.UserName": "$user", "LoginProfile.Password": Kind.ABSENT},
        ),
    ),
    read=(
        seeing(
            _PROFILE,
            sees={
                "LoginProfile.UserName": "$user",
                "LoginProfile.PasswordResetRequired": True,
                "LoginProfile.MFABindRequired": False,
                "LoginProfile.CreateDate": Kind.TEXT,
            },
        ),
    ),
    update=(
        ram(
            "UpdateLoginProfile",
            UserName="$user",
            Password=f"{PASSWORD}2",
            PasswordResetRequired="false",
            MFABindRequired="true",
        ),
    ),
    read_updated=(
        seeing(_PROFILE, sees={"LoginProfile.PasswordResetRequired": False, "LoginProfile.MFABindRequired": True}),
    ),
    delete=(ram("DeleteLoginProfile", UserName="$user"),),
    gone=(
        seeing(_PROFILE, fails="EntityNotExist.User.LoginProfile"),
        seeing(ram("DeleteLoginProfile", UserName="$user"), fails="EntityNotExist.User.LoginProfile"),
    ),
    after=(NO_USER,),
)

# -- groups -----------------------------------------------------------------------------------------------------------

_GROUP = ram("GetGroup", GroupName="$group")
GROUP = Resource(
    "alicloud_ram_group",
    create=(
        seeing(
            ram("CreateGroup", GroupName="$group", Comments="readers"),
            sees={"Group.GroupName": "$group", "Group.Comments": "readers"},
        ),
    ),
    read=(
        seeing(
            _GROUP,
            sees={"Group.GroupName": "$group", "Group.Comments": "readers", "Group.CreateDate": Kind.TEXT},
        ),
    ),
    update=(ram("UpdateGroup", GroupName="$group", NewComments=""),),
    read_updated=(seeing(_GROUP, sees={"Group.GroupName": "$group", "Group.Comments": ""}),),
    delete=(
        A_USER,
        ram("AddUserToGroup", UserName="$user", GroupName="$group"),
        ram("AttachPolicyToGroup", GroupName="$group", **READ_ONLY),
        seeing(ram("DeleteGroup", GroupName="$group"), fails="DeleteConflict.Group.User"),
        seeing(
            ram("ListUsersForGroup", GroupName="$group"),
            each=("Users.User", ram("RemoveUserFromGroup", GroupName="$group", UserName="$UserName")),
        ),
        seeing(ram("DeleteGroup", GroupName="$group"), fails="DeleteConflict.Group.Policy"),
        seeing(
            ram("ListPoliciesForGroup", GroupName="$group"),
            each=(
                "Policies.Policy",
                ram("DetachPolicyFromGroup", GroupName="$group", PolicyName="$PolicyName", PolicyType="$PolicyType"),
            ),
        ),
        ram("DeleteGroup", GroupName="$group"),
    ),
    gone=(
        seeing(_GROUP, fails="EntityNotExist.Group"),
        seeing(ram("DeleteGroup", GroupName="$group"), fails="EntityNotExist.Group"),
    ),
    after=(NO_USER,),
)

_MEMBERS = seeing(old("ListUsersForGroup", GroupName="$group"), pages="Users.User")
GROUP_MEMBERSHIP = Resource(
    "alicloud_ram_group_membership",
    before=(A_USER, old("CreateUser", UserName="$user-b"), A_GROUP),
    create=(old("AddUserToGroup", GroupName="$group", UserName="$user"),),
    read=(
        seeing(
            _MEMBERS,
            sees={"Users.User[UserName=$user].UserName": "$user", "Users.User[UserName=$user-b]": Kind.ABSENT},
        ),
    ),
    update=(
        old("RemoveUserFromGroup", GroupName="$group", UserName="$user"),
        old("AddUserToGroup", GroupName="$group", UserName="$user-b"),
    ),
    read_updated=(
        seeing(
            _MEMBERS,
            sees={"Users.User[UserName=$user-b].JoinDate": Kind.TEXT, "Users.User[UserName=$user]": Kind.ABSENT},
        ),
    ),
    delete=(
        old("RemoveUserFromGroup", GroupName="$group", UserName="$user-b"),
        seeing(old("RemoveUserFromGroup", GroupName="$group", UserName="$user-b"), fails="EntityNotExist.User.Group"),
    ),
    gone=(
        seeing(_MEMBERS, sees={"Users.User": Kind.EMPTY}),
        NO_GROUP,
        seeing(_MEMBERS, fails="EntityNotExist.Group"),
    ),
    after=(NO_USER, old("DeleteUser", UserName="$user-b")),
)

_MEMBERS_100 = seeing(ram("ListUsersForGroup", GroupName="$group", MaxItems="100"), pages="Users.User")
USER_GROUP_ATTACHMENT = Resource(
    "alicloud_ram_user_group_attachment",
    before=(A_USER, A_GROUP),
    create=(
        ram("AddUserToGroup", GroupName="$group", UserName="$user"),
        seeing(ram("AddUserToGroup", GroupName="$group", UserName="$user"), fails="EntityAlreadyExists.User.Group"),
    ),
    read=(seeing(_MEMBERS_100, sees={"Users.User[UserName=$user].UserName": "$user"}),),
    delete=(ram("RemoveUserFromGroup", GroupName="$group", UserName="$user"),),
    gone=(
        seeing(_MEMBERS_100, sees={"Users.User[UserName=$user]": Kind.ABSENT}),
        seeing(ram("RemoveUserFromGroup", GroupName="$group", UserName="$user"), fails="EntityNotExist.User.Group"),
    ),
    after=(NO_GROUP, NO_USER),
)

# -- policies and their attachments -----------------------------------------------------------------------------------

_FIRST, _SECOND = allow("oss:GetObject", "acs:oss:*:*:one/*"), allow("oss:PutObject", "acs:oss:*:*:two/*")
_NAMES = {"ResourceNames": '["$policy"]', "ResourceType": "policy"}
_POLICY_TAGS = ram("ListTagResources", **_NAMES)


def _policy(document: str, version: str, description: str) -> Call:
    return seeing(
        ram("GetPolicy", **CUSTOM),
        sees={
            "Policy.PolicyName": "$policy",
            "Policy.PolicyType": "Custom",
            "Policy.Description": description,
            "Policy.DefaultVersion": version,
            "Policy.AttachmentCount": Kind.NUMBER,
            "DefaultPolicyVersion.PolicyDocument": Document(document),
            "DefaultPolicyVersion.VersionId": version,
            "DefaultPolicyVersion.IsDefaultVersion": True,
        },
    )


_ROTATED = ram(
    "CreatePolicyVersion",
    PolicyName="$policy",
    PolicyDocument=_SECOND,
    SetAsDefault="true",
    RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
)
POLICY = Resource(
    "alicloud_ram_policy",
    create=(
        seeing(
            ram(
                "CreatePolicy",
                PolicyName="$policy",
                PolicyDocument=_FIRST,
                Description="first",
                Tag='[{"Key":"team","Value":"a"},{"Key":"left","Value":""}]',
            ),
            sees={"Policy.PolicyName": "$policy", "Policy.DefaultVersion": "v1"},
        ),
    ),
    read=(
        _policy(_FIRST, "v1", "first"),
        seeing(
            _POLICY_TAGS,
            sees={
                "TagResources[TagKey=team].TagValue": "a",
                "TagResources[TagKey=team].ResourceName": "$policy",
                "TagResources[TagKey=team].ResourceType": "policy",
                "TagResources[TagKey=left].TagValue": "",
            },
        ),
    ),
    update=(
        *(seeing(_ROTATED, sees={"PolicyVersion.VersionId": f"v{each}"}) for each in range(2, 8)),  # beyond the five
        ram("UpdatePolicyDescription", PolicyName="$policy", NewDescription="second"),
        ram("UntagResources", **_NAMES, **{"TagKey.1": "left", "TagKeys": '["left"]'}),  # both in one call
        ram("TagResources", **_NAMES, Tag='[{"Key":"team","Value":"b"}]'),
    ),
    read_updated=(
        _policy(_SECOND, "v7", "second"),
        seeing(
            _POLICY_TAGS,
            sees={"TagResources[TagKey=team].TagValue": "b", "TagResources[TagKey=left]": Kind.ABSENT},
        ),
        seeing(ram("ListPolicyVersions", **CUSTOM), sees={"PolicyVersions.PolicyVersion[VersionId=v1]": Kind.ABSENT}),
    ),
    delete=(
        A_USER,
        A_GROUP,
        A_ROLE,
        ram("AttachPolicyToUser", UserName="$user", **CUSTOM),
        ram("AttachPolicyToGroup", GroupName="$group", **CUSTOM),
        ram("AttachPolicyToRole", RoleName="$role", **CUSTOM),
        # CascadingDelete drops versions and never an attachment
        seeing(ram("DeletePolicy", PolicyName="$policy", CascadingDelete="true"), fails="DeleteConflict.Policy.User"),
        seeing(
            ram("ListEntitiesForPolicy", **CUSTOM),
            each=("Users.User", ram("DetachPolicyFromUser", UserName="$UserName", **CUSTOM)),
        ),
        seeing(ram("DeletePolicy", PolicyName="$policy", CascadingDelete="true"), fails="DeleteConflict.Policy.Group"),
        seeing(
            ram("ListEntitiesForPolicy", **CUSTOM),
            each=("Groups.Group", ram("DetachPolicyFromGroup", GroupName="$GroupName", **CUSTOM)),
        ),
        seeing(ram("DeletePolicy", PolicyName="$policy", CascadingDelete="true"), fails="DeleteConflict.Policy.Role"),
        seeing(
            ram("ListEntitiesForPolicy", **CUSTOM),
            each=("Roles.Role", ram("DetachPolicyFromRole", RoleName="$RoleName", **CUSTOM)),
        ),
        seeing(
            ram("ListEntitiesForPolicy", **CUSTOM),
            sees={"Users.User": Kind.EMPTY, "Groups.Group": Kind.EMPTY, "Roles.Role": Kind.EMPTY},
        ),
        seeing(ram("DeletePolicy", PolicyName="$policy"), fails="DeleteConflict.Policy.Version"),
        seeing(
            ram("ListPolicyVersions", **CUSTOM),
            sees={
                "PolicyVersions.PolicyVersion[VersionId=v7].IsDefaultVersion": True,
                "PolicyVersions.PolicyVersion[VersionId=v6].IsDefaultVersion": False,
            },
        ),
        ram("DeletePolicyVersion", PolicyName="$policy", VersionId="v6"),
        ram("DeletePolicy", PolicyName="$policy", CascadingDelete="true"),
    ),
    gone=(
        seeing(ram("GetPolicy", **CUSTOM), fails="EntityNotExist.Policy"),
        seeing(ram("ListPolicyVersions", **CUSTOM), fails="EntityNotExist.Policy"),
        seeing(ram("DeletePolicy", PolicyName="$policy", CascadingDelete="true"), fails="EntityNotExist.Policy"),
    ),
    after=(NO_USER, NO_GROUP, NO_ROLE),
)


def _attachment(kind: str, parameter: str, name: str, before: Call, after: Call) -> Resource:
    target = {parameter: name}
    held = ram(f"ListPoliciesFor{kind}", **target)
    return Resource(
        f"alicloud_ram_{kind.lower()}_policy_attachment",
        before=(before, A_POLICY, seeing(held, sees={"Policies.Policy": Kind.EMPTY})),
        create=(
            ram(f"AttachPolicyTo{kind}", **target, **CUSTOM),
            ram(f"AttachPolicyTo{kind}", **target, **READ_ONLY),
        ),
        read=(
            seeing(
                held,
                sees={
                    "Policies.Policy[PolicyName=$policy].PolicyType": "Custom",
                    "Policies.Policy[PolicyName=$policy].AttachDate": Kind.TEXT,
                    "Policies.Policy[PolicyName=AliyunRAMReadOnlyAccess].PolicyType": "System",
                },
            ),
        ),
        delete=(
            ram(f"DetachPolicyFrom{kind}", **target, **CUSTOM),
            ram(f"DetachPolicyFrom{kind}", **target, **READ_ONLY),
        ),
        gone=(
            seeing(held, sees={"Policies.Policy": Kind.EMPTY}),
            seeing(ram(f"DetachPolicyFrom{kind}", **target, **CUSTOM), fails=f"EntityNotExist.{kind}.Policy"),
            after,
            seeing(held, fails=f"EntityNotExist.{kind}"),
            seeing(ram(f"DetachPolicyFrom{kind}", **target, **CUSTOM), fails=f"EntityNotExist.{kind}"),
        ),
        after=(NO_POLICY,),
    )


ATTACHMENTS = (
    _attachment("User", "UserName", "$user", A_USER, NO_USER),
    _attachment("Group", "GroupName", "$group", A_GROUP, NO_GROUP),
    _attachment("Role", "RoleName", "$role", A_ROLE, NO_ROLE),
)

# -- roles ------------------------------------------------------------------------------------------------------------

_ROLE_NAMES = {"ResourceNames": '["$role"]', "ResourceType": "role"}
_ROLE_TAGS = ram("ListTagResources", **_ROLE_NAMES)


def _role(document: str, description: str, seconds: int) -> Call:
    return seeing(
        ram("GetRole", RoleName="$role"),
        sees={
            "Role.RoleName": "$role",
            "Role.RoleId": Kind.TEXT,
            "Role.Arn": "acs:ram::$account:role/$role",
            "Role.CreateDate": Kind.TEXT,
            "Role.Description": description,
            "Role.MaxSessionDuration": seconds,
            "Role.AssumeRolePolicyDocument": Document(document),
        },
    )


_OLD_TRUST, _NEW_TRUST = trust(RAM="acs:ram::$account:root"), trust(Service="ecs.aliyuncs.com")
ROLE = Resource(
    "alicloud_ram_role",
    create=(
        seeing(
            ram(
                "CreateRole",
                RoleName="$role",
                AssumeRolePolicyDocument=_OLD_TRUST,
                Description="first",
                MaxSessionDuration="7200",
                Tag='[{"Key":"team","Value":"a"}]',
            ),
            sees={"Role.RoleName": "$role", "Role.Arn": "acs:ram::$account:role/$role"},
        ),
    ),
    read=(
        _role(_OLD_TRUST, "first", 7200),
        seeing(_ROLE_TAGS, sees={"TagResources[TagKey=team].TagValue": "a"}),
    ),
    update=(
        ram(
            "UpdateRole",
            RoleName="$role",
            NewAssumeRolePolicyDocument=_NEW_TRUST,
            NewDescription="",
            NewMaxSessionDuration="3600",
        ),
        ram("UntagResources", **_ROLE_NAMES, **{"TagKey.1": "team", "TagKeys": '["team"]'}),
    ),
    read_updated=(
        _role(_NEW_TRUST, "", 3600),
        seeing(_ROLE_TAGS, sees={"TagResources": Kind.EMPTY}),
    ),
    delete=(
        ram("AttachPolicyToRole", RoleName="$role", **READ_ONLY),
        seeing(ram("DeleteRole", RoleName="$role"), fails="DeleteConflict.Role.Policy"),
        seeing(
            ram("ListPoliciesForRole", RoleName="$role"),
            each=(
                "Policies.Policy",
                ram("DetachPolicyFromRole", RoleName="$role", PolicyName="$PolicyName", PolicyType="$PolicyType"),
            ),
        ),
        ram("DeleteRole", RoleName="$role"),
    ),
    gone=(
        seeing(ram("GetRole", RoleName="$role"), fails="EntityNotExist.Role"),
        seeing(ram("ListPoliciesForRole", RoleName="$role"), fails="EntityNotExist.Role"),
        seeing(ram("DeleteRole", RoleName="$role"), fails="EntityNotExist.Role"),
    ),
)

# -- the account ------------------------------------------------------------------------------------------------------

ACCOUNT_ALIAS = Resource(
    "alicloud_ram_account_alias",
    create=(ram("SetAccountAlias", AccountAlias="keys-$mark"),),
    read=(
        seeing(ram("GetAccountAlias"), sees={"AccountAlias": "keys-$mark"}),
        seeing(Call("sts", "GetCallerIdentity"), sees={"AccountId": "$account"}),  # its id in the state
    ),
    update=(ram("SetAccountAlias", AccountAlias="locks-$mark"),),
    read_updated=(seeing(ram("GetAccountAlias"), sees={"AccountAlias": "locks-$mark"}),),
    after=(ram("ClearAccountAlias"),),  # the provider leaves it; the next test needs the account as it was
)

_SHORT = {
    "MinimumPasswordLength": 8,
    "RequireLowercaseCharacters": False,
    "RequireUppercaseCharacters": False,
    "RequireNumbers": False,
    "RequireSymbols": False,
    "MaxPasswordAge": 0,
    "PasswordReusePrevention": 0,
    "MaxLoginAttemps": 0,
}
_LONG = {
    "MinimumPasswordLength": 12,
    "RequireLowercaseCharacters": True,
    "RequireUppercaseCharacters": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "MaxPasswordAge": 90,
    "PasswordReusePrevention": 5,
    "MaxLoginAttemps": 8,
}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


def _under(path: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{path}.{name}": value for name, value in values.items()}


ACCOUNT_PASSWORD_POLICY = Resource(
    "alicloud_ram_account_password_policy",
    create=(old("SetPasswordPolicy", **_texts({**_LONG, "HardExpiry": True})),),
    read=(
        seeing(old("GetPasswordPolicy"), sees=_under("PasswordPolicy", {**_LONG, "HardExpiry": True})),
        # one object behind both products; only the name of this member differs
        seeing(ims("GetPasswordPolicy"), sees=_under("PasswordPolicy", {**_LONG, "HardExpire": True})),
    ),
    update=(old("SetPasswordPolicy", **_texts({**_LONG, "MaxPasswordAge": 0, "HardExpiry": False})),),
    read_updated=(
        seeing(
            old("GetPasswordPolicy"),
            sees=_under("PasswordPolicy", {**_LONG, "MaxPasswordAge": 0, "HardExpiry": False}),
        ),
    ),
    delete=(old("SetPasswordPolicy", **_texts({**_SHORT, "HardExpiry": False})),),  # the defaults
    gone=(seeing(old("GetPasswordPolicy"), sees=_under("PasswordPolicy", {**_SHORT, "HardExpiry": False})),),
)

_MORE = {"HardExpire": True, "MinimumPasswordDifferentCharacter": 3, "PasswordNotContainUserName": True}
_LESS = {"HardExpire": False, "MinimumPasswordDifferentCharacter": 0, "PasswordNotContainUserName": False}
PASSWORD_POLICY = Resource(
    "alicloud_ram_password_policy",
    create=(ims("SetPasswordPolicy", **_texts({**_LONG, **_MORE, "InitialPasswordAge": 30})),),
    read=(
        seeing(ims("GetPasswordPolicy"), sees=_under("PasswordPolicy", {**_LONG, **_MORE, "InitialPasswordAge": 30})),
    ),
    update=(ims("SetPasswordPolicy", **_texts({**_SHORT, **_LESS, "InitialPasswordAge": 14})),),
    read_updated=(
        seeing(ims("GetPasswordPolicy"), sees=_under("PasswordPolicy", {**_SHORT, **_LESS, "InitialPasswordAge": 14})),
    ),
)

_PREFERENCE = ims("GetSecurityPreference")
SECURITY_PREFERENCE = Resource(
    "alicloud_ram_security_preference",
    create=(
        ims(
            "SetSecurityPreference",
            AllowUserToChangePassword="false",
            AllowUserToManageAccessKeys="true",
            AllowUserToManageMFADevices="false",
            EnableSaveMFATicket="true",
            LoginNetworkMasks="192.0.2.0/24;198.51.100.7",
            LoginSessionDuration="8",
            MFAOperationForLogin="adaptive",
        ),
    ),
    read=(
        seeing(
            _PREFERENCE,
            sees=_under(
                "SecurityPreference",
                {
                    "AccessKeyPreference.AllowUserToManageAccessKeys": True,
                    "MFAPreference.AllowUserToManageMFADevices": False,
                    "LoginProfilePreference.AllowUserToChangePassword": False,
                    "LoginProfilePreference.EnableSaveMFATicket": True,
                    "LoginProfilePreference.LoginNetworkMasks": "192.0.2.0/24;198.51.100.7",
                    "LoginProfilePreference.LoginSessionDuration": 8,
                    "LoginProfilePreference.MFAOperationForLogin": "adaptive",
                },
            ),
        ),
    ),
    update=(
        ims(
            "SetSecurityPreference",
            AllowUserToChangePassword="true",
            AllowUserToManageAccessKeys="false",
            AllowUserToManageMFADevices="true",
            EnableSaveMFATicket="false",
            LoginNetworkMasks="",  # taken out of the configuration: sent empty, and everywhere is allowed again
            LoginSessionDuration="6",
            MFAOperationForLogin="independent",
        ),
    ),
    read_updated=(
        seeing(
            _PREFERENCE,
            sees=_under(
                "SecurityPreference",
                {
                    "AccessKeyPreference.AllowUserToManageAccessKeys": False,
                    "MFAPreference.AllowUserToManageMFADevices": True,
                    "LoginProfilePreference.AllowUserToChangePassword": True,
                    "LoginProfilePreference.EnableSaveMFATicket": False,
                    "LoginProfilePreference.LoginNetworkMasks": "",
                    "LoginProfilePreference.LoginSessionDuration": 6,
                    "LoginProfilePreference.MFAOperationForLogin": "independent",
                },
            ),
        ),
    ),
)

# -- identity providers -----------------------------------------------------------------------------------------------

_SAML = ims("GetSAMLProvider", SAMLProviderName="$idp")
SAML_PROVIDER = Resource(
    "alicloud_ram_saml_provider",
    create=(
        seeing(
            ims(
                "CreateSAMLProvider",
                SAMLProviderName="$idp",
                EncodedSAMLMetadataDocument="$metadata",
                Description="people",
            ),
            sees={"SAMLProvider.SAMLProviderName": "$idp"},
        ),
    ),
    read=(
        seeing(
            _SAML,
            sees={
                "SAMLProvider.SAMLProviderName": "$idp",
                "SAMLProvider.Arn": "acs:ram::$account:saml-provider/$idp",
                "SAMLProvider.Description": "people",
                "SAMLProvider.EncodedSAMLMetadataDocument": "$metadata",
                "SAMLProvider.UpdateDate": Kind.TEXT,
            },
        ),
    ),
    update=(
        ims(
            "UpdateSAMLProvider",
            SAMLProviderName="$idp",
            NewEncodedSAMLMetadataDocument="$other_metadata",
            NewDescription="others",
        ),
    ),
    read_updated=(
        seeing(
            _SAML,
            sees={
                "SAMLProvider.Description": "others",
                "SAMLProvider.EncodedSAMLMetadataDocument": "$other_metadata",
            },
        ),
    ),
    delete=(ims("DeleteSAMLProvider", SAMLProviderName="$idp"),),
    gone=(
        seeing(_SAML, fails="EntityNotExist.SAMLProvider"),
        seeing(ims("DeleteSAMLProvider", SAMLProviderName="$idp"), fails="EntityNotExist.SAMLProvider"),
    ),
)

_PRINTS = ("0" * 40, "1" * 40, "2" * 40)
_OIDC = ims("GetOIDCProvider", OIDCProviderName="$idp")
OIDC_PROVIDER = Resource(
    "alicloud_ims_oidc_provider",
    create=(
        seeing(
            ims(
                "CreateOIDCProvider",
                OIDCProviderName="$idp",
                IssuerUrl="https://$mark.idp.example.com",
                ClientIds="one,two",
                Fingerprints=",".join(_PRINTS[:2]),
                Description="pods",
                IssuanceLimitTime="12",
            ),
            sees={"OIDCProvider.OIDCProviderName": "$idp"},
        ),
    ),
    read=(
        seeing(
            _OIDC,
            sees={
                "OIDCProvider.IssuerUrl": "https://$mark.idp.example.com",
                "OIDCProvider.ClientIds": "one,two",
                "OIDCProvider.Fingerprints": ",".join(_PRINTS[:2]),
                "OIDCProvider.Description": "pods",
                "OIDCProvider.IssuanceLimitTime": 12,
                "OIDCProvider.Arn": "acs:ram::$account:oidc-provider/$idp",
                "OIDCProvider.CreateDate": Kind.TEXT,
            },
        ),
    ),
    update=(
        ims(
            "UpdateOIDCProvider",
            OIDCProviderName="$idp",
            ClientIds="two,three",
            NewDescription="",
            IssuanceLimitTime="24",
        ),
        ims("RemoveFingerprintFromOIDCProvider", OIDCProviderName="$idp", Fingerprint=_PRINTS[0]),
        ims("AddFingerprintToOIDCProvider", OIDCProviderName="$idp", Fingerprint=_PRINTS[2]),
    ),
    read_updated=(
        seeing(
            _OIDC,
            sees={
                "OIDCProvider.ClientIds": "two,three",
                "OIDCProvider.Fingerprints": ",".join(_PRINTS[1:]),
                "OIDCProvider.Description": "",
                "OIDCProvider.IssuanceLimitTime": 24,
            },
        ),
    ),
    delete=(ims("DeleteOIDCProvider", OIDCProviderName="$idp"),),
    gone=(
        seeing(_OIDC, fails="EntityNotExist.OIDCProvider"),
        seeing(ims("DeleteOIDCProvider", OIDCProviderName="$idp"), fails="EntityNotExist.OIDCProvider"),
    ),
)

RESOURCES = (
    USER,
    ACCESS_KEY,
    ACCESS_KEY_POLICY,
    LOGIN_PROFILE,
    GROUP,
    GROUP_MEMBERSHIP,
    USER_GROUP_ATTACHMENT,
    POLICY,
    *ATTACHMENTS,
    ROLE,
    ACCOUNT_ALIAS,
    ACCOUNT_PASSWORD_POLICY,
    PASSWORD_POLICY,
    SECURITY_PREFERENCE,
    SAML_PROVIDER,
    OIDC_PROVIDER,
)

# -- data sources, read against one account that has one of each ------------------------------------------------------

SEED = (
    A_USER,
    A_GROUP,
    A_POLICY,
    ram("CreateRole", RoleName="$role", AssumeRolePolicyDocument=_NEW_TRUST, Tag='[{"Key":"team","Value":"$mark"}]'),
    ram("AddUserToGroup", UserName="$user", GroupName="$group"),
    ram("AttachPolicyToUser", UserName="$user", **CUSTOM),
    ram("AttachPolicyToGroup", GroupName="$group", **CUSTOM),
    ram("AttachPolicyToRole", RoleName="$role", **CUSTOM),
    *SAML_PROVIDER.create,
    *OIDC_PROVIDER.create,
    seeing(ram("CreateAccessKey", UserName="$user"), keeps={"key": "AccessKey.AccessKeyId"}),
)

_ENTITIES = seeing(
    ram("ListEntitiesForPolicy", **CUSTOM),
    sees={
        "Users.User[UserName=$user].UserId": Kind.TEXT,
        "Groups.Group[GroupName=$group].Comments": Kind.ANY_TEXT,
        "Roles.Role[RoleName=$role].Arn": Kind.TEXT,
    },
)
_POLICY_OF = {"Policies.Policy[PolicyName=$policy].PolicyType": "Custom"}
DATA_SOURCES: Mapping[str, tuple[Call, ...]] = {
    "alicloud_ram_users": (
        seeing(
            old("ListUsers", MaxItems="1000"),
            pages="Users.User",
            sees={"Users.User[UserName=$user].UserId": "$user_id", "Users.User[UserName=$user].CreateDate": Kind.TEXT},
        ),
        seeing(old("ListUsersForGroup", GroupName="$group"), sees={"Users.User[UserName=$user].JoinDate": Kind.TEXT}),
        seeing(_ENTITIES, in_query=True),
    ),
    "alicloud_ram_groups": (
        # ten times the documented most: it is to be cut down, not refused
        seeing(
            old("ListGroups", MaxItems="1000"),
            pages="Groups.Group",
            sees={"Groups.Group[GroupName=$group].Comments": Kind.ANY_TEXT},
        ),
        seeing(old("ListGroupsForUser", UserName="$user"), sees={"Groups.Group[GroupName=$group].JoinDate": Kind.TEXT}),
        seeing(_ENTITIES, in_query=True),
    ),
    "alicloud_ram_roles": (
        seeing(
            ram("ListRoles", MaxItems="50", Tag='[{"Key":"team","Value":"$mark"}]'),
            pages="Roles.Role",
            sees={
                "Roles.Role[RoleName=$role].Arn": "acs:ram::$account:role/$role",
                "Roles.Role[RoleName=$role].MaxSessionDuration": 3600,
            },
            each=("Roles.Role", ram("GetRole", RoleName="$RoleName")),
        ),
        _ENTITIES,
        _role(_NEW_TRUST, "", 3600),
    ),
    "alicloud_ram_policies": (
        seeing(
            ram("ListPolicies", MaxItems="50"),
            pages="Policies.Policy",
            sees={
                "Policies.Policy[PolicyName=$policy].PolicyType": "Custom",
                "Policies.Policy[PolicyName=$policy].AttachmentCount": 3,
                "Policies.Policy[PolicyName=AliyunRAMReadOnlyAccess].PolicyType": "System",
            },
        ),
        seeing(ram("ListPoliciesForUser", UserName="$user"), sees=_POLICY_OF),
        seeing(ram("ListPoliciesForGroup", GroupName="$group"), sees=_POLICY_OF),
        seeing(ram("ListPoliciesForRole", RoleName="$role"), sees=_POLICY_OF),
        _policy(allow("oss:Get*"), "v1", ""),
    ),
    "alicloud_ram_system_policys": (
        # MaxResults belongs to no action with a marker: it is ignored, and the marker is followed
        seeing(
            ram("ListPolicies", PolicyType="System", MaxResults="50"),
            pages="Policies.Policy",
            sees={"Policies.Policy[PolicyType=Custom]": Kind.ABSENT, "Policies.Policy": Kind.LIST},
        ),
    ),
    "alicloud_ram_role_policy_attachments": (
        seeing(
            ram("ListPoliciesForRole", RoleName="$role"),
            sees={**_POLICY_OF, "Policies.Policy[PolicyName=$policy].AttachDate": Kind.TEXT},
        ),
    ),
    "alicloud_ram_saml_providers": (
        seeing(
            ims("ListSAMLProviders", MaxItems="50"),
            pages="SAMLProviders.SAMLProvider",
            sees={"SAMLProviders.SAMLProvider[SAMLProviderName=$idp].Arn": "acs:ram::$account:saml-provider/$idp"},
        ),
    ),
    "alicloud_ims_oidc_providers": (
        seeing(
            ims("ListOIDCProviders", MaxResults="50"),
            pages="OIDCProviders.OIDCProvider",
            sees={
                "OIDCProviders.OIDCProvider[OIDCProviderName=$idp].IssuerUrl": "https://$mark.idp.example.com",
                "OIDCProviders.OIDCProvider[OIDCProviderName=$idp].ClientIds": "one,two",
            },
        ),
    ),
    "alicloud_ram_account_alias": (seeing(ram("GetAccountAlias"), sees={"AccountAlias": Kind.TEXT}),),
    "alicloud_ram_access_key_policy": (
        seeing(ims("GetAccessKeyPolicy", **_KEY), sees={"AccessKeyId": "$key", "AccessKeyPolicy": Document("{}")}),
    ),
    "alicloud_caller_identity": (
        seeing(
            Call("sts", "GetCallerIdentity"),
            sees={"AccountId": "$account", "Arn": Kind.TEXT, "IdentityType": "RAMUser", "PrincipalId": Kind.TEXT},
        ),
    ),
    "alicloud_account": (seeing(Call("sts", "GetCallerIdentity"), sees={"AccountId": "$account"}),),
}

UNSEED = (
    ram("DeleteAccessKey", UserName="$user", UserAccessKeyId="$key"),
    ram("DetachPolicyFromUser", UserName="$user", **CUSTOM),
    ram("DetachPolicyFromGroup", GroupName="$group", **CUSTOM),
    ram("DetachPolicyFromRole", RoleName="$role", **CUSTOM),
    ram("RemoveUserFromGroup", UserName="$user", GroupName="$group"),
    *SAML_PROVIDER.delete,
    *OIDC_PROVIDER.delete,
    NO_USER,
    NO_GROUP,
    NO_ROLE,
    NO_POLICY,
)
