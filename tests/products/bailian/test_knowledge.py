"""Knowledge: files, knowledge bases, what is found: reference/model-studio.md c.3."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.products.applications import ranking, uploads
from keystead.products.applications.compose import Question
from products.bailian.house import House

TEA = "# Tea\n\nThe office kettle stands in room 4711. Oolong is steeped at ninety degrees."
DOGS = "Dogs may come to the office on Fridays. They sleep under the desk."


def lease(house: House, name: str, content: bytes, **other: Any) -> dict[str, Any]:
    """What ApplyFileUploadLease answers for this file."""
    given = {
        "CategoryId": "default",
        "FileName": name,
        "Md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "SizeInBytes": str(len(content)),
    }
    found: dict[str, Any] = house.ask("ApplyFileUploadLease", "member", **{**given, **other})["Data"]
    return found


def send(house: House, found: dict[str, Any], content: bytes, token: str = "") -> None:
    """Send the file where the lease says."""
    assert found["Param"]["Url"] == f"https://keystead.example/uploads/{found['FileUploadLeaseId']}"
    with house.database.writing(house.now, "") as tx:
        uploads.take(tx, found["FileUploadLeaseId"], token or found["Param"]["Headers"]["X-bailian-extra"], content)


def add(house: House, name: str, text: str) -> str:
    """A file in the default category; returns its ID."""
    content = text.encode()
    found = lease(house, name, content)
    send(house, found, content)
    added = house.ask("AddFile", LeaseId=found["FileUploadLeaseId"], CategoryId="default", Parser="DASHSCOPE_DOCMIND")
    assert added["Success"] == "true"
    return str(added["Data"]["FileId"])


def index(house: House, *file_ids: str, **given: Any) -> str:
    """A knowledge base with these files taken in; returns its ID."""
    wanted = {"Name": "office", "StructureType": "unstructured", "SinkType": "BUILT_IN"}
    made = house.ask("CreateIndex", **{**wanted, "DocumentIds": list(file_ids), **given})["Data"]["Id"]
    job = house.ask("SubmitIndexJob", IndexId=made)["Data"]
    status = house.ask("GetIndexJobStatus", IndexId=made, JobId=job["Id"])["Data"]
    assert status["Status"] == "COMPLETED"
    assert {each["DocId"] for each in status["Documents"]} == set(file_ids)
    return str(made)


def test_from_a_file_to_what_is_found_in_it(house: House) -> None:
    tea, dogs = add(house, "tea.md", TEA), add(house, "dogs.txt", DOGS)
    described = house.ask("DescribeFile", FileId=tea)["Data"]
    assert (described["Status"], described["FileType"], described["SizeInBytes"]) == ("PARSE_SUCCESS", "md", len(TEA))
    listed = house.ask("ListFile", CategoryId="default")["Data"]
    assert {each["FileId"] for each in listed["FileList"]} == {tea, dogs}
    base = index(house, tea, dogs)
    found = house.ask("Retrieve", "member", IndexId=base, Query="Where is the kettle?")["Data"]["Nodes"]
    assert found[0]["Metadata"]["doc_id"] == tea
    assert "4711" in found[0]["Text"]
    assert 0 < found[0]["Score"] < 1
    assert house.ask("Retrieve", IndexId=base, Query="zebra")["Data"]["Nodes"] == []
    assert house.ask("ListChunks", IndexId=base, FileId=dogs)["Data"]["Total"] == 1
    assert house.ask("ListIndices")["Data"]["Indices"][0]["DocumentIds"] == sorted([tea, dogs])
    assert house.ask("ListIndexDocuments", IndexId=base)["Data"]["TotalCount"] == 2
    house.ask("DeleteFile", FileId=tea)
    assert house.ask("Retrieve", IndexId=base, Query="kettle")["Data"]["Nodes"] == []
    gone = house.ask("DeleteIndexDocument", IndexId=base, DocumentIds=[dogs, "none"])["Data"]
    assert gone["DeletedDocument"] == [dogs]
    assert house.ask("ListChunks", IndexId=base)["Data"]["Total"] == 0
    house.ask("SubmitIndexAddDocumentsJob", IndexId=base, DocumentIds=[dogs], SourceType="DATA_CENTER_FILE")
    assert house.ask("ListChunks", IndexId=base)["Data"]["Total"] == 1
    house.ask("DeleteIndex", IndexId=base)
    assert house.no("Retrieve", IndexId=base, Query="dogs") == "Index.NotFound"
    assert house.ask("DescribeFile", FileId=dogs)["Data"]["FileId"] == dogs


def test_an_application_really_retrieves_and_cites(house: House) -> None:
    base = index(house, add(house, "tea.md", TEA), add(house, "dogs.txt", DOGS))
    rag = {"enableSearch": True, "knowledgeBaseCodeList": [base], "topK": 1, "enableCitation": True}
    agent = house.agent(instructions="Be brief.", applicationConfig={"ragConfig": rag})
    found, _ = house.compose(agent, Question("How hot is oolong steeped?"))
    system = found.messages[0]["content"]
    assert "ninety degrees" in system
    assert "Fridays" not in system
    assert [each["doc_name"] for each in found.references] == ["tea.md"]
    assert found.references[0]["images"] == []
    nothing, _ = house.compose(agent, Question("zebra"))
    assert nothing.messages[0]["content"] == "Be brief."
    assert nothing.references == []
    placed = house.agent(
        instructions="Read <${documents}> first.",
        applicationConfig={"ragConfig": {"enableSearch": True, "knowledgeBaseCodeList": [base]}},
    )
    found, _ = house.compose(placed, Question("kettle", variables={"documents": "forged"}))
    assert found.messages[0]["content"].startswith("Read <[1] tea.md")
    assert "forged" not in found.messages[0]["content"]
    assert found.references == []
    found, _ = house.compose(placed, Question("kettle", given={"doc_reference_type": "simple"}))
    assert len(found.references) == 1
    short = house.agent(
        applicationConfig={
            "ragConfig": {"enableSearch": True, "knowledgeBaseCodeList": [base], "retrieveMaxLength": 20}
        }
    )
    found, _ = house.compose(short, Question("kettle", given={"doc_reference_type": "simple"}))
    assert [len(each["text"]) for each in found.references] == [20]


def test_a_search_is_narrowed_but_never_widened(house: House) -> None:
    tea, dogs = add(house, "tea.md", TEA), add(house, "dogs.txt", DOGS)
    base, other = index(house, tea, dogs), index(house, dogs)
    rag = {"enableSearch": True, "knowledgeBaseCodeList": [base], "enableCitation": True}
    agent = house.agent(applicationConfig={"ragConfig": rag})
    narrowed = Question("office", parameters={"rag_options": {"pipeline_ids": [base], "file_ids": [dogs]}})
    assert {each["doc_id"] for each in house.compose(agent, narrowed)[0].references} == {dogs}
    widened = Question("office", parameters={"rag_options": {"pipeline_ids": [other]}})
    assert house.refused_call(agent, widened).code == "InvalidParameter"
    house.ask("DeleteIndex", IndexId=base)
    assert house.refused_call(agent, Question("office")).code == "RetrivalFailed"


def test_samples_go_along(house: House) -> None:
    base = index(house, add(house, "samples.md", "Q: What is tea? A: A leaf, brewed."))
    agent = house.agent(sampleLibrary={"enableSample": True, "sampleLibraryIdList": [base], "topK": 1})
    found, _ = house.compose(agent, Question("What is tea?"))
    assert "A leaf, brewed." in found.messages[0]["content"]
    wrong = {"enableSample": True, "sampleLibraryIdList": ["none"]}
    assert house.no("CreateAndPulishAgent", name="x", modelId="m", sampleLibrary=wrong) == (
        "InvalidParameter.sampleLibrary"
    )


def test_a_lease_is_good_for_its_file_only(house: House) -> None:
    content = TEA.encode()
    found = lease(house, "tea.md", content)
    given = {"LeaseId": found["FileUploadLeaseId"], "CategoryId": "default", "Parser": "AUTO_SELECT"}
    assert house.no("AddFile", **given) == "Lease.NothingSent"
    for wrong, token in ((content + b"x", ""), (content[:-1] + b"x", ""), (content, "other")):
        with pytest.raises(Fault):
            send(house, found, wrong, token)
    send(house, found, content)
    assert house.no("AddFile", WorkspaceId=house.elsewhere, **given) == "Lease.NotFound"
    house.ask("AddFile", **given)
    assert house.no("AddFile", **given) == "Lease.NotFound"
    late = lease(house, "tea.md", content)
    house.now += 3600
    with pytest.raises(Fault, match="InvalidLease"):
        send(house, late, content)


def test_what_cannot_be_read_is_said(house: House) -> None:
    md5 = "0" * 32
    start = {"CategoryId": "default", "Md5": md5, "SizeInBytes": "5"}
    assert house.no("ApplyFileUploadLease", FileName="a.exe", **start) == "InvalidParameter.FileName"
    assert house.no("ApplyFileUploadLease", FileName="../a.txt", **start).startswith("InvalidParameter.FileName")
    start["SizeInBytes"] = "10000001"
    assert house.no("ApplyFileUploadLease", FileName="a.txt", **start) == "InvalidParameter.SizeInBytes"
    content = b"\xff\xfe\x00"
    found = lease(house, "bad.txt", content)
    send(house, found, content)
    added = house.ask("AddFile", LeaseId=found["FileUploadLeaseId"], CategoryId="default", Parser="AUTO_SELECT")
    described = house.ask("DescribeFile", FileId=added["Data"]["FileId"])["Data"]
    assert described["Status"] == "PARSE_FAILED"
    assert "UTF-8" in described["ParseErrorMessage"]


def test_categories_hold_files(house: House) -> None:
    made = house.ask("AddCategory", CategoryName="manuals", CategoryType="UNSTRUCTURED")["Data"]["CategoryId"]
    listed = house.ask("ListCategory", CategoryType="UNSTRUCTURED")["Data"]
    assert [each["IsDefault"] for each in listed["CategoryList"]] == [True, False]
    content = TEA.encode()
    found = lease(house, "tea.md", content, CategoryId=made)
    send(house, found, content)
    added = house.ask("AddFile", LeaseId=found["FileUploadLeaseId"], CategoryId=made, Parser="AUTO_SELECT")
    assert house.no("DeleteCategory", CategoryId=made) == "DeleteConflict.Category"
    base = house.ask("CreateIndex", Name="c", CategoryIds=[made])
    job = house.ask("SubmitIndexJob", IndexId=base["Data"]["Id"])["Data"]
    assert house.ask("GetIndexJobStatus", IndexId=base["Data"]["Id"], JobId=job["Id"])["Data"]["Documents"]
    house.ask("UpdateFileTag", FileId=added["Data"]["FileId"], Tags=["a", "b"])
    assert house.ask("DescribeFile", FileId=added["Data"]["FileId"])["Data"]["Tags"] == ["a", "b"]
    deleted = house.ask("DeleteFiles", FileIds=[added["Data"]["FileId"], "none"])["Data"]["DeleteFileResultList"]
    assert [each["Status"] for each in deleted] == ["SUCCESS", "FAILED"]
    house.ask("DeleteCategory", CategoryId=made)
    assert house.no("ListFile", CategoryId=made) == "Category.NotFound"


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("CreateIndex", {"Name": "x", "SinkType": "ADB"}),
        ("CreateIndex", {"Name": "x", "EmbeddingModelName": "text-embedding-v2"}),
        ("CreateIndex", {"Name": "x", "StructureType": "structured"}),
        ("CreateIndex", {"Name": "x", "EnableRewrite": "True"}),
        ("Retrieve", {"IndexId": "x", "Query": "x", "EnableReranking": "True"}),
        ("Retrieve", {"IndexId": "x", "Query": "x", "SearchFilters": [{"a": "b"}]}),
        ("AddCategory", {"CategoryName": "x", "CategoryType": "SESSION_FILE"}),
    ],
)
def test_what_is_not_built_is_refused(house: House, action: str, given: dict[str, Any]) -> None:
    assert house.no(action, **given) == "UnsupportedOperation"


def test_who_is_not_in_the_workspace_learns_nothing_of_its_knowledge(house: House) -> None:
    base = index(house, add(house, "tea.md", TEA))
    for action in ("SubmitIndexJob", "DeleteIndex", "ListChunks"):
        assert house.no(action, "outsider", IndexId=base) == "NOT AUTHORIZED"
    assert house.no("Retrieve", "outsider", IndexId=base, Query="tea") == "NOT AUTHORIZED"
    assert house.no("Retrieve", WorkspaceId=house.elsewhere, IndexId=base, Query="tea") == "Index.NotFound"
    wanted = {"Name": "x", "DocumentIds": [base]}
    assert house.no("CreateIndex", WorkspaceId=house.elsewhere, **wanted) == "File.NotFound"


LETTERS = st.lists(st.characters(categories=["Lu", "Lo"]), unique=True, max_size=150)
SPACES = st.lists(st.sampled_from(["", " ", "\n", "\n\n"]), max_size=150)


@settings(deadline=None)
@given(LETTERS, SPACES, st.integers(1, 50), st.integers(0, 25), st.sampled_from(["", " "]))
def test_chunks_are_bounded_and_lose_nothing(
    letters: list[str], spaces: list[str], size: int, overlap: int, separator: str
) -> None:
    text = "".join(a + b for a, b in itertools.zip_longest(letters, spaces, fillvalue=""))
    pieces = ranking.chunk(text, size, min(overlap, size // 2), separator)
    assert all(0 < len(each) <= size for each in pieces)
    at = 0
    for piece in pieces:  # each begins no later than the one before ended, but for white space
        start = text.find(piece)
        assert start != -1
        assert not text[at:start].strip()
        assert start + len(piece) > at
        at = start + len(piece)
    assert not text[at:].strip()


def test_words_of_scripts_without_spaces() -> None:
    assert ranking.words("Hello, Wörld_2") == ["hello", "wörld", "2"]
    assert ranking.words("我爱茶GPT") == ["我", "爱", "茶", "我爱", "爱茶", "gpt"]


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abc ", max_size=30), min_size=1, max_size=8), st.text(alphabet="abc ", max_size=10))
def test_only_what_shares_a_word_is_found(texts: list[str], query: str) -> None:
    terms = set(ranking.words(query))
    counted = {str(n): ranking.counts(text) for n, text in enumerate(texts)}
    postings = [
        ranking.Posting(term, chunk, counts[term], counts.total())
        for chunk, counts in counted.items()
        for term in terms & set(counts)
    ]
    mean = sum(counts.total() for counts in counted.values()) / len(counted)
    scores = ranking.bm25(postings, len(texts), mean)
    assert set(scores) == {chunk for chunk, counts in counted.items() if terms & set(counts)}
    assert all(score > 0 for score in scores.values())
