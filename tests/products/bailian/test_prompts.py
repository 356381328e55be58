"""Prompt templates and memories: reference/model-studio.md c.2."""

from __future__ import annotations

from products.bailian.house import House


def test_a_template_reports_its_variables(house: House) -> None:
    made = house.ask(
        "CreatePromptTemplate", "member", name="letter", content="Dear ${name}, ${text} ${name} $x ${} ${a b}"
    )
    template = made["promptTemplateId"]
    shown = house.ask("GetPromptTemplate", PromptTemplateId=template)
    assert shown["variables"] == ["name", "text"]
    house.ask("UpdatePromptTemplate", PromptTemplateId=template, content="${only}")
    shown = house.ask("GetPromptTemplate", PromptTemplateId=template)
    assert (shown["name"], shown["variables"]) == ("letter", ["only"])
    house.ask("DeletePromptTemplate", PromptTemplateId=template)
    assert house.no("GetPromptTemplate", PromptTemplateId=template) == "PromptTemplate.PromptTemplateIdNotFound"


def test_templates_are_paged_by_kind(house: House) -> None:
    made = [house.ask("CreatePromptTemplate", name=f"t{n}", content="x")["promptTemplateId"] for n in range(5)]
    found: list[str] = []
    token = ""
    while True:
        page = house.ask("ListPromptTemplates", type="Custom", maxResults="2", nextToken=token)
        found += [each["promptTemplateId"] for each in page["promptTemplates"]]
        assert page["totalCount"] == 5
        token = page["nextToken"]
        if not token:
            break
    assert sorted(found) == sorted(made)
    system = house.ask("ListPromptTemplates", type="System", maxResults="50")
    assert {each["type"] for each in system["promptTemplates"]} == {"System"}
    assert house.ask("ListPromptTemplates", name="T4")["totalCount"] == 1
    own = system["promptTemplates"][0]["promptTemplateId"]
    assert house.no("DeletePromptTemplate", PromptTemplateId=own) == "PromptTemplate.TypeInvalid"


def test_templates_refuse_in_their_own_codes(house: House) -> None:
    assert house.fault("CreatePromptTemplate", content="x").code == "PromptTemplate.NameInvalid"
    assert house.fault("CreatePromptTemplate", name="x").code == "PromptTemplate.ContentInvalid"
    assert house.fault("ListPromptTemplates", type="Other").code == "PromptTemplate.TypeInvalid"
    assert house.fault("ListPromptTemplates", maxResults="51").code == "PromptTemplate.MaxResultsInvalid"
    assert house.fault("ListPromptTemplates", nextToken="?").code == "PromptTemplate.NextTokenInvalid"


def test_a_memory_holds_nodes(house: House) -> None:
    memory = house.ask("CreateMemory", "member", description="about Ada")["memoryId"]
    nodes = [house.ask("CreateMemoryNode", MemoryId=memory, content=f"fact {n}")["memoryNodeId"] for n in range(3)]
    first = house.ask("ListMemoryNodes", MemoryId=memory, maxResults="2")
    rest = house.ask("ListMemoryNodes", MemoryId=memory, maxResults="2", nextToken=first["nextToken"])
    assert sorted(each["memoryNodeId"] for each in first["memoryNodes"] + rest["memoryNodes"]) == sorted(nodes)
    assert (first["totalCount"], rest["nextToken"]) == (3, "")
    house.ask("UpdateMemoryNode", MemoryId=memory, MemoryNodeId=nodes[0], content="better")
    shown = house.ask("GetMemoryNode", MemoryId=memory, MemoryNodeId=nodes[0])
    assert (shown["content"], shown["memoryId"], shown["workspaceId"]) == ("better", memory, house.place)
    house.ask("DeleteMemoryNode", MemoryId=memory, MemoryNodeId=nodes[0])
    assert house.no("GetMemoryNode", MemoryId=memory, MemoryNodeId=nodes[0]) == "Memory.MemoryNodeIdNotFound"
    house.ask("UpdateMemory", MemoryId=memory, description="more")
    assert house.ask("GetMemory", MemoryId=memory)["description"] == "more"
    assert house.ask("ListMemories")["memories"] == [{"memoryId": memory, "description": "more"}]
    house.ask("DeleteMemory", MemoryId=memory)
    assert house.no("ListMemoryNodes", MemoryId=memory) == "Memory.MemoryIdNotFound"


def test_a_memory_belongs_to_its_workspace_and_is_bounded(house: House) -> None:
    memory = house.ask("CreateMemory", description="x")["memoryId"]
    assert house.no("GetMemory", WorkspaceId=house.elsewhere, MemoryId=memory) == "Memory.MemoryIdNotFound"
    assert house.fault("CreateMemory", description="x" * 51).code == "Memory.DescriptionInvalid"
    assert house.fault("CreateMemoryNode", MemoryId=memory, content="x" * 201).code == "Memory.ContentInvalid"
