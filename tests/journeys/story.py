"""The story: a person gets a pair, is refused, is allowed, borrows a role, loses the pair at once, and is removed.

It is written once, in the names of the wire, and told by every client. Codes and statuses are the vendor's, from
`ram-behaviour.md` sections 5, 6 and 8 and `request-signing.md` section 10.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from journeys.client import ApiError, Client, Key

REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
READ_ONLY = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess"}
AWKWARD = "a b+c*d~e/f?g=h&i%j:k,l'm\"n(o)!é中🗝"  # every character that some client encodes in a way of its own


def policy(actions: list[str], resource: str | None = None, *, principal: dict[str, list[str]] | None = None) -> str:
    """Return the text of a policy that allows the actions; with a principal, of a trust policy."""
    about = {"Principal": principal} if principal else {"Resource": resource}
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": actions, **about}]})


@contextmanager
def chapter(title: str) -> Iterator[None]:
    """Name what is going on, so that a failure says where in the story it happened."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        error.add_note(f"in the chapter: {title}")
        raise


class Story:
    """The story of one client. `tell()` tells it from the first page to the last and leaves nothing behind."""

    def __init__(self, client: Client, admin: Key, account_id: str) -> None:
        self.client, self.admin, self.account = client, admin, account_id
        mark = secrets.token_hex(4)
        self.user, self.group = f"alice-{mark}", f"readers-{mark}"
        self.role, self.policy = f"auditor-{mark}", f"may-borrow-{mark}"
        self.may_borrow = {"PolicyType": "Custom", "PolicyName": self.policy}

    def tell(self) -> None:
        """Tell all of it."""
        user_id = self.a_user_is_created()
        alice = self.the_user_gets_a_pair()
        self.the_pair_signs_but_may_nothing(alice, user_id)
        self.a_policy_allows_what_it_names(alice)
        session = self.a_role_is_borrowed_and_narrowed(alice)
        self.the_pair_is_disabled_at_once(alice)
        self.nothing_is_deleted_while_something_hangs_on_it()
        self.everything_goes_in_order(alice, session)

    # -- the chapters -------------------------------------------------------------------------------------------------

    def a_user_is_created(self) -> str:
        """CreateUser, GetUser, and a list that is walked page by page."""
        with chapter("a user is created"):
            me = self.sts(self.admin, "GetCallerIdentity")
            assert (me["AccountId"], me["IdentityType"]) == (self.account, "RAMUser")
            made = self.ram("CreateUser", UserName=self.user, DisplayName="Alice Adams", Comments=AWKWARD)["User"]
            assert (made["UserName"], made["DisplayName"], made["Comments"]) == (self.user, "Alice Adams", AWKWARD)
            assert re.fullmatch(r"\d{18}", made["UserId"])
            assert self.ram("GetUser", UserName=self.user)["User"]["UserId"] == made["UserId"]
            self.refused("EntityAlreadyExists.User", 409, "CreateUser", UserName=self.user)
            self.refused("EntityNotExist.User", 404, "GetUser", UserName=f"no-{self.user}")
            assert self.user in self.user_names_page_by_page()
            user_id: str = made["UserId"]
            return user_id

    def the_user_gets_a_pair(self) -> Key:
        """CreateAccessKey shows the secret; nothing shows it again."""
        with chapter("the user gets a pair"):
            pair = self.ram("CreateAccessKey", UserName=self.user)["AccessKey"]
            assert pair["Status"] == "Active"
            assert re.fullmatch(r"LTAI[0-9A-Za-z]{12,124}", pair["AccessKeyId"])
            assert re.fullmatch(r"[0-9A-Za-z]{30}", pair["AccessKeySecret"])
            listed = self.ram("ListAccessKeys", UserName=self.user)
            assert [each["AccessKeyId"] for each in listed["AccessKeys"]["AccessKey"]] == [pair["AccessKeyId"]]
            assert pair["AccessKeySecret"] not in json.dumps(listed)
            return Key(pair["AccessKeyId"], pair["AccessKeySecret"])

    def the_pair_signs_but_may_nothing(self, alice: Key, user_id: str) -> None:
        """The pair is genuine at once; without a policy it is refused, and the refusal says why."""
        with chapter("the pair signs but may do nothing"):
            me = self.sts(alice, "GetCallerIdentity")
            assert me["Arn"] == f"acs:ram::{self.account}:user/{self.user}"
            assert (me["UserId"], me["PrincipalId"], me["IdentityType"]) == (user_id, user_id, "RAMUser")
            refusal = self.refused("NoPermission", 403, "ListUsers", alice)
            if self.client.shows_detail:
                detail = refusal.detail or {}
                assert detail["AuthAction"] == "ram:ListUsers"
                assert detail["AuthPrincipalType"] == "SubUser"
                assert detail["AuthPrincipalOwnerId"] == self.account
                assert detail["AuthPrincipalDisplayName"] == user_id
                assert detail["NoPermissionType"] == "ImplicitDeny"
                assert detail["EncodedDiagnosticMessage"]
            # Permission comes before existence: a name that is not there is refused in the same words.
            self.refused("NoPermission", 403, "GetUser", alice, UserName=f"no-{self.user}")

    def a_policy_allows_what_it_names(self, alice: Key) -> None:
        """A system policy lets the user read, a custom one lets the user borrow a role; neither lets it write."""
        with chapter("a policy allows what it names"):
            self.ram("AttachPolicyToUser", **READ_ONLY, UserName=self.user)
            assert self.user in self.user_names(self.ram("ListUsers", alice, MaxItems="1000"))
            self.refused("NoPermission", 403, "CreateUser", alice, UserName=f"bob-{self.user}")
            document = policy(["sts:AssumeRole"], f"acs:ram:*:{self.account}:role/{self.role}")
            text = {"PolicyDocument": document, "Description": AWKWARD}
            made = self.ram("CreatePolicy", PolicyName=self.policy, **text)["Policy"]
            assert (made["PolicyName"], made["PolicyType"], made["Description"]) == (self.policy, "Custom", AWKWARD)
            kept = self.ram("GetPolicy", **self.may_borrow)["DefaultPolicyVersion"]
            assert json.loads(kept["PolicyDocument"]) == json.loads(document)
            self.ram("AttachPolicyToUser", **self.may_borrow, UserName=self.user)
            again = {**self.may_borrow, "UserName": self.user}
            self.refused("EntityAlreadyExists.User.Policy", 409, "AttachPolicyToUser", **again)
            held = self.ram("ListPoliciesForUser", UserName=self.user)["Policies"]["Policy"]
            assert {each["PolicyName"] for each in held} == {READ_ONLY["PolicyName"], self.policy}
            broken = {"PolicyName": f"no-{self.policy}", "PolicyDocument": "{"}
            self.refused("MalformedPolicyDocument", 400, "CreatePolicy", **broken)

    def a_role_is_borrowed_and_narrowed(self, alice: Key) -> Key:
        """AssumeRole with a session policy: only what the role and the session policy both allow."""
        with chapter("a role is borrowed, narrowed by a session policy"):
            trusted = {"RAM": [f"acs:ram::{self.account}:user/{self.user}"]}
            trust = policy(["sts:AssumeRole"], principal=trusted)
            made = self.ram("CreateRole", RoleName=self.role, AssumeRolePolicyDocument=trust)["Role"]
            assert made["Arn"] == f"acs:ram::{self.account}:role/{self.role}"
            self.ram("AttachPolicyToRole", **READ_ONLY, RoleName=self.role)
            wanted = {"RoleArn": made["Arn"], "RoleSessionName": "night-shift", "DurationSeconds": "900"}
            narrow = policy(["ram:GetUser", "ram:DeleteUser"], "*")
            borrowed = self.sts(alice, "AssumeRole", **wanted, Policy=narrow)
            assert borrowed["AssumedRoleUser"]["Arn"] == f"{made['Arn']}/night-shift"
            got = borrowed["Credentials"]
            assert got["AccessKeyId"].startswith("STS.")
            session = Key(got["AccessKeyId"], got["AccessKeySecret"], got["SecurityToken"])
            me = self.sts(session, "GetCallerIdentity")
            assert me["Arn"] == f"acs:ram::{self.account}:assumed-role/{self.role}/night-shift"
            assert me["IdentityType"] == "AssumedRoleUser"
            self.ram("GetUser", session, UserName=self.user)
            outside = self.refused("NoPermission", 403, "ListUsers", session)  # the role alone would allow it
            if self.client.shows_detail:
                assert outside.detail is not None
                assert outside.detail["PolicyType"] == "SessionPolicy"
                assert outside.detail["AuthPrincipalType"] == "AssumedRoleUser"
            # A session policy takes away and never adds: the role may not delete.
            self.refused("NoPermission", 403, "DeleteUser", session, UserName=self.user)
            bare = Key(session.id, session.secret)
            self.refused("MissingSecurityToken", 400, "GetUser", bare, UserName=self.user)
            return session

    def the_pair_is_disabled_at_once(self, alice: Key) -> None:
        """Inactive holds for the very next call, and Active too."""
        with chapter("the pair is disabled and holds at once"):
            self.ram("UpdateAccessKey", UserName=self.user, UserAccessKeyId=alice.id, Status="Inactive")
            self.refused("InvalidAccessKeyId.Inactive", None, "ListUsers", alice)
            self.ram("UpdateAccessKey", UserName=self.user, UserAccessKeyId=alice.id, Status="Active")
            self.ram("ListUsers", alice)
            self.ram("UpdateAccessKey", UserName=self.user, UserAccessKeyId=alice.id, Status="Inactive")
            self.refused("InvalidAccessKeyId.Inactive", None, "ListUsers", alice)

    def nothing_is_deleted_while_something_hangs_on_it(self) -> None:
        """DeleteConflict of a group, a policy and a role; those of the user come with its removal."""
        with chapter("nothing is deleted while something hangs on it"):
            self.ram("CreateGroup", GroupName=self.group, Comments="reads")
            self.ram("AddUserToGroup", UserName=self.user, GroupName=self.group)
            self.ram("AttachPolicyToGroup", **self.may_borrow, GroupName=self.group)
            assert self.user in self.user_names(self.ram("ListUsersForGroup", GroupName=self.group))
            self.refused("DeleteConflict.Group.User", 409, "DeleteGroup", GroupName=self.group)
            self.refused("DeleteConflict.Policy.User", 409, "DeletePolicy", PolicyName=self.policy)
            self.refused("DeleteConflict.Role.Policy", 409, "DeleteRole", RoleName=self.role)

    def everything_goes_in_order(self, alice: Key, session: Key) -> None:
        """User, group, policy and role go when nothing hangs on them; a session dies with its role."""
        with chapter("everything goes, in order"):
            self.refused("DeleteConflict.User.AccessKey", 409, "DeleteUser", UserName=self.user)
            self.ram("DeleteAccessKey", UserName=self.user, UserAccessKeyId=alice.id)
            self.refused("InvalidAccessKeyId.NotFound", 404, "ListUsers", alice)
            self.refused("DeleteConflict.User.Group", 409, "DeleteUser", UserName=self.user)
            self.ram("RemoveUserFromGroup", UserName=self.user, GroupName=self.group)
            self.refused("DeleteConflict.User.Policy", 409, "DeleteUser", UserName=self.user)
            for held in (READ_ONLY, self.may_borrow):
                self.ram("DetachPolicyFromUser", **held, UserName=self.user)
            self.ram("DeleteUser", UserName=self.user)
            self.refused("EntityNotExist.User", 404, "GetUser", UserName=self.user)

            self.refused("DeleteConflict.Group.Policy", 409, "DeleteGroup", GroupName=self.group)
            self.refused("DeleteConflict.Policy.Group", 409, "DeletePolicy", PolicyName=self.policy)
            self.ram("DetachPolicyFromGroup", **self.may_borrow, GroupName=self.group)
            self.ram("DeleteGroup", GroupName=self.group)
            self.ram("DeletePolicy", PolicyName=self.policy)

            self.ram("DetachPolicyFromRole", **READ_ONLY, RoleName=self.role)
            self.ram("DeleteRole", RoleName=self.role)
            with pytest.raises(ApiError):
                self.sts(session, "GetCallerIdentity")

    # -- how it is told -----------------------------------------------------------------------------------------------

    def ram(self, action: str, key: Key | None = None, /, **parameters: str) -> dict[str, Any]:
        """Call a RAM action, as the admin when no pair is given."""
        return self._call(key or self.admin, "ram", action, parameters)

    def sts(self, key: Key, action: str, /, **parameters: str) -> dict[str, Any]:
        """Call an STS action."""
        return self._call(key, "sts", action, parameters)

    def _call(self, key: Key, product: str, action: str, parameters: dict[str, str]) -> dict[str, Any]:
        answer = self.client.call(key, product, action, parameters)
        assert REQUEST_ID.fullmatch(answer["RequestId"]), answer
        return answer

    def refused(self, code: str, status: int | None, action: str, key: Key | None = None, /, **wanted: str) -> ApiError:
        """Expect the refusal of a RAM action; `status` None where the vendor's own pages disagree."""
        with pytest.raises(ApiError) as caught:
            self.ram(action, key, **wanted)
        refusal = caught.value
        assert refusal.code == code, str(refusal)
        assert refusal.message
        assert REQUEST_ID.fullmatch(refusal.request_id or ""), str(refusal)
        if status is not None and self.client.shows_status:
            assert refusal.status == status, str(refusal)
        return refusal

    def user_names(self, answer: dict[str, Any]) -> list[str]:
        """Return the names in an answer that lists users."""
        return [each["UserName"] for each in answer["Users"]["User"]]

    def user_names_page_by_page(self) -> list[str]:
        """Walk ListUsers with the smallest page."""
        names: list[str] = []
        page = self.ram("ListUsers", MaxItems="1")
        names += self.user_names(page)
        while page["IsTruncated"]:
            page = self.ram("ListUsers", MaxItems="1", Marker=page["Marker"])
            names += self.user_names(page)
        assert len(names) == len(set(names))
        return names
