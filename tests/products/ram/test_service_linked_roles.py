"""Service-linked roles: made from a template, protected, and deleted by a task."""

from __future__ import annotations

import json

from keystead.products.ram.service_linked_roles import TEMPLATES
from products.plane import Plane

SERVICE = "datahub.sfm.aliyuncs.com"
NAME = "AliyunServiceRoleForSFMDataHubOSSImport"


def test_a_role_is_made_from_its_services_template(plane: Plane) -> None:
    made = plane.call("CreateServiceLinkedRole", ServiceName=SERVICE)["Role"]
    assert made["RoleName"] == NAME
    assert made["IsServiceLinkedRole"] is True
    (statement,) = json.loads(made["AssumeRolePolicyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": [SERVICE]}
    found = plane.call("GetRole", RoleName=NAME)["Role"]
    assert found["IsServiceLinkedRole"] is True
    assert "LatestDeletionTask" not in found
    assert plane.refused("CreateServiceLinkedRole", ServiceName=SERVICE) == "EntityAlreadyExists.Role"


def test_nobody_changes_it(plane: Plane) -> None:
    plane.call("CreateServiceLinkedRole", ServiceName=SERVICE)
    policy = {"PolicyType": "System", "PolicyName": "ReadOnlyAccess"}
    assert plane.refused("UpdateRole", RoleName=NAME, NewDescription="x") == "NotSupport.ServiceLinkedRole"
    assert plane.refused("DeleteRole", RoleName=NAME) == "NotSupport.ServiceLinkedRole"
    assert plane.refused("AttachPolicyToRole", RoleName=NAME, **policy) == "NotSupport.ServiceLinkedRole"
    assert plane.refused("DetachPolicyFromRole", RoleName=NAME, **policy) == "NotSupport.ServiceLinkedRole"


def test_a_task_deletes_it_and_is_shown_by_the_next_of_its_name(plane: Plane) -> None:
    role = plane.call("CreateServiceLinkedRole", ServiceName=SERVICE)["Role"]
    task = plane.call("DeleteServiceLinkedRole", RoleName=NAME)["DeletionTaskId"]
    assert task.startswith(f"task/{SERVICE}/{NAME}/")
    assert ("role", role["RoleId"]) in plane.touched
    assert plane.refused("GetRole", RoleName=NAME) == "EntityNotExist.Role"
    plane.call("CreateServiceLinkedRole", ServiceName=SERVICE)
    shown = plane.call("GetRole", RoleName=NAME)["Role"]["LatestDeletionTask"]
    assert shown == {"DeletionTaskId": task, "CreateDate": "2026-01-02T03:04:05Z"}


def test_an_ordinary_role_is_not_deleted_that_way(plane: Plane) -> None:
    trust = json.dumps(
        {
            "Version": "1",
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [SERVICE]}}],
        }
    )
    plane.call("CreateRole", RoleName="mine", AssumeRolePolicyDocument=trust)
    assert plane.refused("DeleteServiceLinkedRole", RoleName="mine") == "NotSupport.NotServiceLinkedRole"
    assert plane.refused("DeleteServiceLinkedRole", RoleName="none") == "EntityNotExist.Role"


def test_templates_are_shown_and_unknown_services_named(plane: Plane) -> None:
    for service, template in TEMPLATES.items():
        shown = plane.call("GetServiceLinkedRoleTemplate", ServiceName=service)["ServiceLinkedRoleTemplate"]
        assert shown["RoleNamePrefix"] == template.role
        assert len(template.role) <= 64
        languages = {each["Language"] for each in shown["RoleDescriptions"]["RoleDescription"]}
        assert languages == {"en", "zh"}
    for action in ("GetServiceLinkedRoleTemplate", "CreateServiceLinkedRole"):
        assert plane.refused(action, ServiceName="none.aliyuncs.com") == "InvalidParameter.ServiceName"
    suffixed = {"ServiceName": SERVICE, "CustomSuffix": "x"}
    assert plane.refused("CreateServiceLinkedRole", **suffixed) == "InvalidParameter.CustomSuffix"
