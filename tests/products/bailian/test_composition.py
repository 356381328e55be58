"""What calling an application means: reference/model-studio.md c.1, d.3."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.products.applications import variables
from keystead.products.applications.compose import MOST_KEPT, Material, Question, check, compose, kept, query_of
from keystead.products.applications.config import MOST_ROUNDS, ApplicationConfig
from products.bailian.house import House

TEXT = st.text(max_size=200)


def test_instructions_variables_and_parameters(house: House) -> None:
    agent = house.agent(
        instructions="You are ${who}. ${unset}",
        applicationConfig={"parameters": {"temperature": 0.2, "maxTokens": 64, "enable_thinking": True}},
    )
    question = Question("Hello", variables={"who": "Ada ${unset}", "other": "x"}, parameters={"temperature": 0.9})
    found, session_id = house.compose(agent, question)
    assert found.model == "qwen-plus"
    assert found.messages == [
        {"role": "system", "content": "You are Ada ${unset}. ${unset}"},
        {"role": "user", "content": "Hello"},
    ]
    assert found.parameters == {"temperature": 0.9, "max_tokens": 64, "enable_thinking": True}
    assert len(session_id) == 32


def test_a_session_goes_on_for_an_hour_and_no_longer(house: House) -> None:
    agent = house.agent(instructions="")
    _, session_id = house.answer(agent, Question("My name is Ada."), "Hello Ada.")
    house.now += 3599
    found, again = house.answer(agent, Question("Who am I?", session_id=session_id), "Ada.")
    assert again == session_id
    assert [each["content"] for each in found.messages] == ["My name is Ada.", "Hello Ada.", "Who am I?"]
    house.now += 3600
    found, anew = house.compose(agent, Question("And now?", session_id=session_id))
    assert anew != session_id
    assert len(found.messages) == 1


def test_dialog_round_bounds_what_goes_along(house: House) -> None:
    agent = house.agent(applicationConfig={"parameters": {"dialogRound": 1}})
    session_id = ""
    for number in range(3):
        _, session_id = house.answer(agent, Question(f"q{number}", session_id=session_id), f"a{number}")
    found, _ = house.compose(agent, Question("last", session_id=session_id))
    assert [each["content"] for each in found.messages] == ["q2", "a2", "last"]
    found, _ = house.compose(agent, Question("last", session_id=session_id, parameters={"dialog_round": 0}))
    assert [each["content"] for each in found.messages] == ["last"]
    found, _ = house.compose(agent, Question("last", session_id=session_id, parameters={"dialog_round": 9}))
    assert len(found.messages) == 7


def test_a_session_belongs_to_its_application(house: House) -> None:
    one, other = house.agent(), house.agent()
    _, session_id = house.answer(one, Question("secret"), "kept")
    found, anew = house.compose(other, Question("what?", session_id=session_id))
    assert anew != session_id
    assert len(found.messages) == 1


def test_messages_win_over_prompt_and_session(house: House) -> None:
    agent = house.agent(instructions="Be brief.")
    _, session_id = house.answer(agent, Question("one"), "two")
    talk = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"})
    found, _ = house.compose(agent, Question("ignored", messages=talk, session_id=session_id))
    assert found.messages == [{"role": "system", "content": "Be brief."}, *talk]
    assert found.asked is None


def test_without_records_nothing_is_kept(house: House) -> None:
    agent = house.agent(applicationConfig={"historyConfig": {"enableRecord": False}})
    found, _ = house.compose(agent, Question("one"))
    assert found.asked is None


def test_a_memory_goes_along_where_the_application_has_it(house: House) -> None:
    memory = house.ask("CreateMemory", description="Ada")["memoryId"]
    for content in ("likes tea", "lives in London"):
        house.ask("CreateMemoryNode", MemoryId=memory, content=content)
        house.now += 1
    agent = house.agent(applicationConfig={"longTermMemory": {"enable": True}})
    found, _ = house.compose(agent, Question("Hello", given={"memory_id": memory}))
    assert found.messages[0]["content"].endswith("- likes tea\n- lives in London")
    without = house.agent()
    assert house.refused_call(without, Question("x", given={"memory_id": memory})).code == "InvalidParameter"
    gone = house.refused_call(agent, Question("x", given={"memory_id": "f" * 32}))
    assert gone.code == "Memory.MemoryIdNotFound"


def test_an_application_elsewhere_is_refused_like_one_that_is_not(house: House) -> None:
    agent = house.agent()
    there = house.refused_call(agent, Question("x"), house.elsewhere)
    nowhere = house.refused_call("0" * 32, Question("x"), house.elsewhere)
    assert (there.code, there.status) == ("App.AccessDenied", 403)
    assert there.message.replace(agent, "it") == nowhere.message.replace("0" * 32, "it")


@pytest.mark.parametrize(
    "question",
    [
        Question("x", parameters={"model_id": "qwen-max"}),
        Question("x", parameters={"enable_web_search": True}),
        Question("x", parameters={"dialog_round": 51}),
        Question("x", parameters={"dialog_round": True}),
        Question("x", parameters={"unheard_of": 1}),
        Question("x", parameters={"rag_options": {"pipeline_ids": ["a"]}}),
        Question("x", parameters={"rag_options": {"tags": ["a"]}}),
        Question("x", session_id="../../etc"),
        Question("x", variables={str(number): "x" for number in range(101)}),
        Question("x", variables={"long": "x" * 20_001}),
        Question("x", given={"file_list": ["a"]}),
        Question("x", given={"biz_params": {"user_defined_params": {"plugin": {}}}}),
        Question("x", given={"doc_reference_type": "other"}),
        Question("x", given={"image_list": "one"}),
    ],
)
def test_what_a_call_cannot_have_is_refused(house: House, question: Question) -> None:
    fault = house.refused_call(house.agent(), question)
    assert fault.code in ("InvalidParameter", "UnsupportedOperation")
    assert fault.status == 400


def test_a_deleted_application_takes_its_sessions_along(house: House) -> None:
    agent = house.agent()
    _, session_id = house.answer(agent, Question("one"), "two")
    house.ask("DeleteAgent", AppCode=agent)
    assert house.refused_call(agent, Question("x", session_id=session_id)).code == "App.AccessDenied"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=50), st.integers(0, MOST_KEPT)), max_size=80))
def test_a_session_never_grows_beyond_its_bounds(turns: list[tuple[str, int]]) -> None:
    rounds: tuple[tuple[str, str], ...] = ()
    for asked, size in turns:
        rounds = kept(rounds, asked, "x" * size)
        assert len(rounds) <= MOST_ROUNDS
        assert sum(len(each) for pair in rounds for each in pair) <= MOST_KEPT
        assert rounds[-1][0] == asked


@settings(deadline=None)
@given(TEXT, st.dictionaries(st.sampled_from(["a", "b", "name"]), TEXT))
def test_a_value_is_never_read_as_a_template(value: str, values: dict[str, str]) -> None:
    filled = variables.fill("<${a}|${b}>", {**values, "a": value + "${b}"})
    assert filled.startswith("<" + value + "${b}|")


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=60), st.integers(0, MOST_ROUNDS), TEXT)
def test_the_last_rounds_go_along_in_order(rounds: list[tuple[str, str]], most: int, prompt: str) -> None:
    material = Material("m", "", ApplicationConfig(), tuple(rounds))
    found = compose(material, Question(prompt, parameters={"dialog_round": most}), 0)
    wanted = [text for pair in (rounds[-most:] if most else []) for text in pair]
    assert [each["content"] for each in found.messages] == [*wanted, prompt]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**13) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("dialog_round", "model_id", "enable_web_search", "enable_system_time", "rag_options", "temperature", "other")
MEMBERS = ("memory_id", "image_list", "file_list", "doc_tag_codes", "doc_reference_type", "biz_params")


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3),
    st.dictionaries(st.sampled_from(["user_prompt_params", "a"]), JSON, max_size=2),
    st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "x"]), "content": JSON}), max_size=3),
)
def test_whatever_is_sent_is_composed_or_refused(
    parameters: dict[str, object], members: dict[str, object], values: dict[str, object], talk: list[dict[str, object]]
) -> None:
    question = Question("${a}", tuple(talk), "", values, parameters, members)
    config = ApplicationConfig()
    try:
        check(question, config, "m")
        found = compose(Material("m", "${a}", config), question, 0)
    except Fault as fault:
        assert (fault.status, bool(fault.message), bool(fault.next_step)) == (400, True, True)  # noqa: PT017
    else:
        assert found.messages
        assert found.model == "m"
        assert msgspec.json.encode(found.parameters)
        assert isinstance(query_of(question), str)
