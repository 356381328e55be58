"""From pairs to typed input: the vendor's flattened lists, JSON-in-a-parameter and booleans of any case.

An action's input is a frozen msgspec struct; each field's annotation carries `Text`, `Whole` or `Choice`, from which
come the check, the vendor's error code, the reference page and the CLI.  `reader(struct)` compiles that once.
Source: reference/request-signing.md section 13, reference/ram-behaviour.md sections 3 and 6.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from keystead.faults import Fault, FaultKind

MISSING = FaultKind("Missing<Name>", 400, "{name} is mandatory for this action.", "Send the parameter {name}.")
INVALID = FaultKind(
    "InvalidParameter.<Name>.Format",
    400,
    "The parameter {name} {problem}.",
    "Correct {name} and send the request again.",
)
NOT_AN_OBJECT = FaultKind(
    "InvalidParameter.Format",
    400,
    "The request's content type is JSON, but its body is not a JSON object.",
    'Send {{"ParameterName": value, …}}, or send the parameters in the query.',
)

MAX_LIST = 1000
"""Highest index and number of members of one list parameter."""


class Text(msgspec.Struct, frozen=True):
    """A text: `min`..`max` characters, all of it matching `pattern` (a character class and a repeat).

    `wrong` names the code's last part when the pattern fails: InvalidChars or Format.  `fault` replaces the whole
    code for every failure, `absent` the code for one that is mandatory and was left out.  An empty optional text is let
    through: it clears a value.  A `secret` is never audited.
    """

    min: int = 0
    max: int = 65536
    pattern: str = ""
    wrong: str = "InvalidChars"
    fault: str = ""
    absent: str = ""
    secret: bool = False
    doc: str = ""


class Whole(msgspec.Struct, frozen=True):
    """A whole number `min`..`max`; with `clamp` a larger one counts as `max` (Terraform asks for 1000 groups)."""

    min: int
    max: int
    clamp: bool = False
    fault: str = ""
    doc: str = ""


class Choice(msgspec.Struct, frozen=True):
    """One of a closed set of words, compared exactly."""

    of: tuple[str, ...]
    fault: str = ""
    doc: str = ""


class Flag(msgspec.Struct, frozen=True):
    """True or false, in any case of letters."""

    doc: str = ""


class Items(msgspec.Struct, frozen=True):
    """A list: one JSON text, or `Name.1`, `Name.2.Key`; at most `max` members."""

    max: int = MAX_LIST
    doc: str = ""


class Object(msgspec.Struct, frozen=True):
    """An object: one JSON text, or `name.member`, `name.member.1`."""

    doc: str = ""


Rule = Text | Whole | Choice | Flag | Items | Object


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of an input, as the catalogue shows it."""

    field: str
    name: str
    rule: Rule
    required: bool
    members: tuple[Parameter, ...] = ()


class Input(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Base of every action's input: frozen, wire names in PascalCase."""


class Nothing(Input, frozen=True):
    """The input of an action without parameters."""


def missing(name: str, rule: Rule | None = None) -> Fault:
    """`Missing<Name>`, or the code that the rule has for it; 400."""
    return MISSING.coded(getattr(rule, "absent", "") or f"Missing{name}", name=name)


def _invalid(name: str, part: str, rule: Rule, problem: str) -> Fault:
    code = getattr(rule, "fault", "") or f"InvalidParameter.{name}.{part}"
    return INVALID.coded(code, name=name, problem=problem)


def _read_text(name: str, rule: Text, matcher: re.Pattern[str] | None, value: str) -> str:
    length = len(value)
    if length > rule.max or (length < rule.min and length):
        problem = f"has {length} characters; {rule.min} to {rule.max} are allowed"
        raise _invalid(name, "Length", rule, problem)
    if matcher is not None and value and matcher.fullmatch(value) is None:
        problem = f"does not match {rule.pattern} ({rule.doc})" if rule.doc else f"does not match {rule.pattern}"
        raise _invalid(name, rule.wrong, rule, problem)
    if "\x00" in value:
        raise _invalid(name, rule.wrong, rule, "contains a NUL character")
    return value


def _read_whole(name: str, rule: Whole, value: str) -> int:
    digits = value.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        raise _invalid(name, "Format", rule, f"is not a whole number: {value[:40]!r}")
    number = int(value)
    if rule.clamp and number > rule.max:
        return rule.max
    if not rule.min <= number <= rule.max:
        raise _invalid(name, "Range", rule, f"is {number}; {rule.min} to {rule.max} are allowed")
    return number


def _read_choice(name: str, rule: Choice, value: str) -> str:
    if value not in rule.of:
        raise _invalid(name, "Format", rule, f"is {value[:40]!r}; allowed are {', '.join(rule.of)}")
    return value


def _read_flag(name: str, rule: Flag, value: str) -> bool:
    word = value.lower()
    if word not in ("true", "false"):
        raise _invalid(name, "Format", rule, f"is {value[:40]!r}; allowed are true and false")
    return word == "true"


def _scalar(parameter: Parameter) -> Callable[[str], object]:
    name, rule = parameter.name, parameter.rule
    match rule:
        case Text():
            matcher = re.compile(rule.pattern) if rule.pattern else None
            return lambda value: _read_text(name, rule, matcher, value)
        case Whole():
            return lambda value: _read_whole(name, rule, value)
        case Choice():
            return lambda value: _read_choice(name, rule, value)
        case Flag():
            return lambda value: _read_flag(name, rule, value)
        case _:
            raise TypeError(f"{name}: a list inside a list is not readable")


def _list_members(name: str, rule: Items, given: Mapping[str, str]) -> list[Any]:
    """The raw members of a list parameter: texts, or mappings from member name to text."""
    text = given.get(name)
    if text:
        decoded = _decoded(text)
        if not isinstance(decoded, list):
            raise _invalid(name, "Format", rule, "is neither a JSON list nor Name.1, Name.2")
        found: list[Any] = decoded
    else:
        found = _flat_members(name, rule, given)
    if len(found) > rule.max:
        raise _invalid(name, "Length", rule, f"has {len(found)} members; at most {rule.max} are allowed")
    return found


def _flat_members(name: str, rule: Items, given: Mapping[str, str]) -> list[Any]:
    by_index: dict[int, Any] = {}
    prefix = name + "."
    for key, value in given.items():
        if not key.startswith(prefix):
            continue
        index, _, member = key[len(prefix) :].partition(".")
        if not index.isascii() or not index.isdigit() or len(index) > 4 or int(index) > MAX_LIST:
            raise _invalid(name, "Format", rule, f"has an index that is not 1 to {MAX_LIST}")
        if not member:
            if int(index) in by_index:
                raise _invalid(name, "Format", rule, f"has {prefix}{int(index)} twice, or its members beside it")
            by_index[int(index)] = value
        elif isinstance(members := by_index.setdefault(int(index), {}), dict):
            members[member] = value
        else:
            raise _invalid(name, "Format", rule, f"has {prefix}{int(index)} and members beside it")
    return [by_index[index] for index in sorted(by_index)]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _list_reader(parameter: Parameter, member_type: Any) -> Callable[[Mapping[str, str]], object]:
    name, rule = parameter.name, parameter.rule
    assert isinstance(rule, Items)  # noqa: S101 - narrowed by the caller, says so to the type checker
    if parameter.members:
        read_member = _struct_reader(member_type, prefix=name + ".")

        def structs(given: Mapping[str, str]) -> object:
            members = _list_members(name, rule, given)
            if not all(isinstance(member, dict) for member in members):
                raise _invalid(name, "Format", rule, "must be a list of objects")
            return tuple(
                read_member({key: _as_text(value) for key, value in member.items() if value is not None})
                for member in members
            )

        return structs

    read_text = _scalar(Parameter(parameter.field, name, _rule_of(member_type)[0] or Text(), required=True))

    def texts(given: Mapping[str, str]) -> object:
        members = _list_members(name, rule, given)
        if any(member is None or isinstance(member, dict | list) for member in members):
            raise _invalid(name, "Format", rule, "must be a list of texts")
        return tuple(read_text(_as_text(member)) for member in members)

    return texts


def _object_reader(parameter: Parameter, struct: type[Input]) -> Callable[[Mapping[str, str]], object]:
    name, rule = parameter.name, parameter.rule
    read_members = _struct_reader(struct, prefix=name + ".")

    def read(given: Mapping[str, str]) -> object:
        text = given.get(name)
        if text:
            decoded = _decoded(text)
            if not isinstance(decoded, dict):
                raise _invalid(name, "Format", rule, "is neither a JSON object nor name.member")
            members = {key: _as_text(value) for key, value in decoded.items() if value is not None}
        else:
            members = {key[len(name) + 1 :]: value for key, value in given.items() if key.startswith(name + ".")}
        return read_members(members) if members else None

    return read


def _decoded(text: str | bytes) -> object:
    """What a JSON text holds; None where it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def describe(struct: type[Input]) -> tuple[Parameter, ...]:
    """The parameters of an input struct, in the order declared.  Raises TypeError for a field without a rule."""
    hints = get_type_hints(struct, include_extras=True)
    found = []
    for field in msgspec.structs.fields(struct):
        rule, member = _rule_of(hints[field.name])
        if rule is None:
            raise TypeError(f"{struct.__name__}.{field.name} has no rule")
        members = describe(member) if isinstance(member, type) and issubclass(member, Input) else ()
        found.append(Parameter(field.name, field.encode_name, rule, field.required, members))
    return tuple(found)


def _rule_of(hint: Any) -> tuple[Rule | None, Any]:
    """The rule in an annotation, and for lists the type of a member; looks through `| None` and `Annotated`."""
    rule: Rule | None = None
    if get_origin(hint) is Annotated:
        rule = next((extra for extra in hint.__metadata__ if isinstance(extra, Rule)), None)
        hint = get_args(hint)[0]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [_rule_of(arm) for arm in get_args(hint) if arm is not type(None)]
        return (rule or inner[0][0], inner[0][1])
    if origin in (tuple, list):
        return rule or Items(), get_args(hint)[0]
    if hint is bool and rule is None:
        rule = Flag()
    if isinstance(hint, type) and issubclass(hint, Input) and rule is None:
        rule = Object()
    return rule, hint


def _struct_reader(struct: type[Input], prefix: str = "") -> Callable[[Mapping[str, str]], Any]:
    hints = get_type_hints(struct, include_extras=True)
    scalars: list[tuple[str, Parameter, bool, Callable[[str], object]]] = []
    lists: list[tuple[str, str, bool, Callable[[Mapping[str, str]], object]]] = []
    for parameter in describe(struct):
        if isinstance(parameter.rule, Items):
            read = _list_reader(parameter, _rule_of(hints[parameter.field])[1])
            lists.append((parameter.field, parameter.name, parameter.required, read))
        elif isinstance(parameter.rule, Object):
            read = _object_reader(parameter, _rule_of(hints[parameter.field])[1])
            lists.append((parameter.field, parameter.name, parameter.required, read))
        else:
            scalars.append((parameter.field, parameter, parameter.required, _scalar(parameter)))

    def build(given: Mapping[str, str]) -> Any:
        values: dict[str, object] = {}
        for field, parameter, required, read_one in scalars:
            value = given.get(parameter.name)
            if value is None or (required and not value):
                if required:
                    raise missing(prefix + parameter.name, parameter.rule)
                continue
            values[field] = read_one(value)
        for field, name, required, read_list in lists:
            members = read_list(given)
            if members:
                values[field] = members
            elif required:
                raise missing(prefix + name)
        return struct(**values)

    return build


InputT = TypeVar("InputT", bound=Input)


def reader(struct: type[InputT]) -> Callable[[Mapping[str, str]], InputT]:
    """Compile `struct` into a function from parameters to a checked value of it.

    The function raises `Missing<Name>` and `InvalidParameter.<Name>.…`, all 400.
    """
    if not msgspec.structs.fields(struct):
        empty = struct()
        return lambda _given: empty
    return _struct_reader(struct)


def json_parameters(body: bytes) -> dict[str, str]:
    """The members of a JSON body as parameters: texts as they are, lists and objects as JSON text, null left out.

    Raises `InvalidParameter.Format` where the body is not a JSON object.
    """
    decoded = _decoded(body)
    if not isinstance(decoded, dict):
        raise NOT_AN_OBJECT()
    return {name: _as_text(value) for name, value in decoded.items() if value is not None}


def unknown_names(struct: type[Input], given: Mapping[str, str]) -> tuple[str, ...]:
    """The parameters in `given` that no field of `struct` reads; list members count as their list."""
    known = {field.encode_name for field in msgspec.structs.fields(struct)}
    return tuple(name for name in given if name not in known and name.split(".", 1)[0] not in known)
