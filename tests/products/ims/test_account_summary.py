"""What the account has and may have."""

from __future__ import annotations

from collections.abc import Callable

from products.plane import ALLOW_ALL, Plane, trust


def test_counts_and_quotas(make_plane: Callable[..., Plane]) -> None:
    plane = make_plane(users=7, attached_custom=(1, 2, 3), attached_system=(4, 5, 6))
    for name in ("ann", "bob", "cid"):
        plane.call("CreateUser", UserName=name)
    plane.ims.call("DeleteUser", UserPrincipalName="cid")  # in the bin, which does not count
    plane.call("CreateGroup", GroupName="g")
    plane.call("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust("acs:ram::1:root"))
    plane.call("CreatePolicy", PolicyName="p", PolicyDocument=ALLOW_ALL)
    found = plane.ims.call("GetAccountSummary")["SummaryMap"]
    assert {name: found[name] for name in ("Users", "Groups", "Roles", "Policies", "MFADevices")} == {
        "Users": 2,
        "Groups": 1,
        "Roles": 1,
        "Policies": 1,
        "MFADevices": 0,
    }
    assert (found["UsersQuota"], found["GroupsQuota"], found["VirtualMFADevicesQuota"]) == (7, 300, 1000)
    per = ("User", "Group", "Role")
    assert [found[f"AttachedPoliciesPer{kind}Quota"] for kind in per] == [1, 2, 3]
    assert [found[f"AttachedSystemPoliciesPer{kind}Quota"] for kind in per] == [4, 5, 6]
    assert (found["ConditionsPerAKPolicyQuota"], found["IPItemsPerAKPolicyQuota"]) == (8, 50)
