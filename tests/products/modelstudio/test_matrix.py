"""Who may do what in a workspace: reference/model-studio.md b.10, b.11, one cell for one cell."""

from __future__ import annotations

import pytest

from products.modelstudio.studio import OURS, REFUSED, STUDIO, Studio

GONE = "WorkSpaceNotFound"
ROLE = "NoPermission.WorkspaceRole"

WHO = ("account", "super", "administrator", "member", "custom", "outsider", "powerless")
CELLS = {
    "list IDs": ("all", "all", "one", "one", "one", "none", REFUSED),
    "read AgentKey": ("yes", "yes", "yes", "yes", "empty", GONE, REFUSED),
    "make a key": ("yes", "yes", "yes", "yes", ROLE, GONE, REFUSED),
    "list keys": ("all", "all", "all", "own", "own", GONE, REFUSED),
    "delete another's key": ("yes", "yes", "yes", "ApiKeyNotFound", "ApiKeyNotFound", "ApiKeyNotFound", REFUSED),
    "reset another's key": ("yes", "yes", ROLE, "ApiKeyNotFound", "ApiKeyNotFound", "ApiKeyNotFound", REFUSED),
    "list members": ("yes", "yes", "yes", ROLE, "yes", GONE, REFUSED),
    "add a member": ("yes", "yes", "yes", ROLE, ROLE, GONE, REFUSED),
    "rename": ("yes", "yes", "yes", ROLE, ROLE, GONE, REFUSED),
    "reset AgentKey": ("yes", "yes", "yes", ROLE, ROLE, GONE, REFUSED),
    "grant a model": ("yes", "yes", ROLE, ROLE, ROLE, GONE, REFUSED),
    "set a limit": ("yes", "yes", ROLE, ROLE, ROLE, GONE, REFUSED),
    "make a temporary key": ("yes", "yes", "yes", "yes", "yes", GONE, REFUSED),
    "delete the workspace": ("no", "no", "no", ROLE, ROLE, GONE, REFUSED),
}


class House:
    """A workspace with one of each kind in it, and a key of somebody else."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        studio.model("qwen-plus")
        self.place = studio.workspace("first")
        studio.workspace("second")
        studio.user("super", "AliyunBailianFullAccess")
        for name in ("administrator", "member", "custom", "outsider", "bystander", "newcomer"):
            studio.user(name)
        studio.user("powerless", "AliyunSTSAssumeRoleAccess")
        for name, level in (("administrator",) * 2, ("member",) * 2, ("bystander", "member"), ("powerless", "member")):
            studio.call(OURS, "AddWorkspaceMember", WorkspaceId=self.place, UserName=name, Level=level)
        studio.call(
            OURS,
            "AddWorkspaceMember",
            WorkspaceId=self.place,
            UserName="custom",
            Level="custom",
            Pages='[{"Page": "members"}, {"Page": "api-keys", "Operation": "view"}, {"Page": "usage"}]',
        )
        made = studio.call(STUDIO, "CreateApiKey", "bystander", workspaceId=self.place)
        self.key = str(made["apiKey"]["apiKeyId"])

    def ask(self, what: str, by: str) -> str:
        """The word for what `by` is answered."""
        name = "" if by == "account" else by
        version, action, given = self.calls()[what]
        refusal = CELLS[what][WHO.index(by)]
        if refusal in (GONE, ROLE, REFUSED, "ApiKeyNotFound"):
            return self.studio.refused(version, action, name, **given)
        answer = self.studio.call(version, action, name, **given)
        if what == "list IDs":
            assert answer["totalCount"] == len(answer["workspaces"])
            return {0: "none", 1: "one", 3: "all"}[answer["totalCount"]]
        if what == "read AgentKey":
            return "yes" if answer["Workspace"]["AgentKey"].endswith("_p_efm") else "empty"
        if what == "list keys":
            assert answer["totalCount"] == len(answer["apiKeys"])
            return "all" if self.key in {str(each["apiKeyId"]) for each in answer["apiKeys"]} else "own"
        if what == "delete the workspace":
            assert {each["resourceType"] for each in answer["failReasons"]} == {"Member", "ApiKey"}
            return "yes" if answer["isDeleted"] else "no"
        return "yes"

    def calls(self) -> dict[str, tuple[str, str, dict[str, str]]]:
        place, key = self.place, self.key
        limit = '[{"model": "qwen-plus", "operationType": "OVERLAY", "requestLimit": 5}]'
        granted = {"workspaceId": place, "models__1__model": "qwen-plus", "models__1__inference": "True"}
        return {
            "list IDs": (STUDIO, "ListWorkspaces", {}),
            "read AgentKey": (OURS, "GetWorkspaceDetails", {"WorkspaceId": place}),
            "make a key": (STUDIO, "CreateApiKey", {"workspaceId": place}),
            "list keys": (STUDIO, "ListApiKeys", {"workspaceId": place}),
            "delete another's key": (STUDIO, "DeleteApiKey", {"apiKeyId": key}),
            "reset another's key": (STUDIO, "ResetApiKey", {"apiKeyId": key}),
            "list members": (OURS, "ListWorkspaceMembers", {"WorkspaceId": place}),
            "add a member": (OURS, "AddWorkspaceMember", {"WorkspaceId": place, "UserName": "newcomer"}),
            "rename": (OURS, "RenameWorkspace", {"WorkspaceId": place, "WorkspaceName": "another"}),
            "reset AgentKey": (OURS, "ResetAgentKey", {"WorkspaceId": place}),
            "grant a model": (STUDIO, "UpdateModelPermissions", granted),
            "set a limit": (STUDIO, "UpdateModelLimits", {"workspaceId": place, "workspaceLimits": limit}),
            "make a temporary key": (OURS, "CreateTemporaryModelKey", {"WorkspaceId": place}),
            "delete the workspace": (STUDIO, "DeleteWorkspace", {"workspaceId": place}),
        }


@pytest.mark.parametrize("by", WHO)
def test_each_cell(studio: Studio, by: str) -> None:
    house = House(studio)
    for what, answers in CELLS.items():
        if what in ("delete another's key", "reset another's key"):
            made = studio.call(STUDIO, "CreateApiKey", "bystander", workspaceId=house.place)
            house.key = str(made["apiKey"]["apiKeyId"])
        if what == "delete the workspace":
            studio.call(STUDIO, "CreateApiKey", "bystander", workspaceId=house.place)
        assert house.ask(what, by) == answers[WHO.index(by)], what


def test_unknown_and_forbidden_answer_alike(studio: Studio) -> None:
    place = studio.workspace("secret")
    studio.user("outsider")
    unknown = studio.refused(OURS, "GetWorkspaceDetails", "outsider", WorkspaceId="llm-0000000000000000")
    assert studio.refused(OURS, "GetWorkspaceDetails", "outsider", WorkspaceId=place) == unknown == GONE
    key = studio.call(STUDIO, "CreateApiKey", workspaceId=place)["apiKey"]["apiKeyId"]
    assert studio.refused(STUDIO, "GetApiKey", "outsider", apiKeyId=str(key)) == "ApiKeyNotFound"
    assert studio.refused(STUDIO, "GetApiKey", "outsider", apiKeyId="123456789") == "ApiKeyNotFound"


@pytest.mark.parametrize(
    ("policy", "sees_all"),
    [
        ("AliyunBailianFullAccess", True),
        ("AliyunModelStudioFullAccess", True),
        ("AdministratorAccess", True),
        ("AliyunModelStudioReadOnlyAccess", False),
        ("ReadOnlyAccess", False),
    ],
)
def test_whole_service_policies_see_every_workspace_and_read_only_ones_do_not(
    studio: Studio, policy: str, sees_all: bool
) -> None:
    studio.user("somebody", policy)
    assert studio.call(STUDIO, "ListWorkspaces", "somebody")["totalCount"] == int(sees_all)


def test_a_policy_on_one_workspace_rules_the_keys_in_it(studio: Studio) -> None:
    places = [studio.workspace("one"), studio.workspace("two")]
    studio.user("narrow", "AliyunSTSAssumeRoleAccess")
    text = (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "modelstudio:*", "Resource": "acs:modelstudio:*:'
    )
    text += f'{studio.account_id}:workspace/{places[0]}"}}]}}'
    studio.call("2015-05-01", "CreatePolicy", PolicyName="one-workspace", PolicyDocument=text)
    named = {"UserName": "narrow", "PolicyName": "one-workspace", "PolicyType": "Custom"}
    studio.call("2015-05-01", "AttachPolicyToUser", **named)
    for place in places:
        studio.call(OURS, "AddWorkspaceMember", WorkspaceId=place, UserName="narrow", Level="administrator")
    keys = [studio.call(STUDIO, "CreateApiKey", workspaceId=each)["apiKey"]["apiKeyId"] for each in places]
    studio.call(STUDIO, "DisableApiKey", "narrow", apiKeyId=str(keys[0]))
    assert studio.refused(STUDIO, "DisableApiKey", "narrow", apiKeyId=str(keys[1])) == REFUSED
