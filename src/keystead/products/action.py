"""How an action is declared.

One declaration gives routing, reading of parameters, authorization, replay protection, audit, cache invalidation, the
reference page, the CLI sub-command and the catalogue.  `@RAM.action("CreateUser", …)` stands on the handler, so a
search for the wire name finds it.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

import msgspec

from keystead.faults import FaultKind
from keystead.identity.callers import Caller, IdentityType
from keystead.products.faults import USER_NOT_FOUND
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Parameter, Text, describe, reader

Handler = TypeVar("Handler", bound=Callable[..., Output])
Context = Mapping[str, str | tuple[str, ...]]

TargetTags = Callable[[Any, str], Mapping[str, str]]
"""From a transaction and the name of a resource to that resource's tags, value by key."""

TargetFact = tuple[str, Callable[[Any, Any], str | None]]
"""A condition key, and from a transaction and an input to its value."""

Resource = str | tuple[str, ...]
"""A template of the resource that is checked; a tuple names alternatives, of which one must be allowed."""


@dataclass(frozen=True)
class Action:
    """One declared action.

    What its shapes say is read at the first use: a start declares hundreds and is asked for few.

    permission: what policies name, a template as resources are; None where everybody who is known may call.  resources:
    each must be allowed.  writes: runs in a writing transaction.  memory: runs on the event loop, without a database.
    prepare: what must be done on the loop before the handler runs, which finds it in `desk.prepared` or `tx.prepared`.
    context: condition keys that the input gives.  own_user: the field that, left out, means the caller.  resolve: turns
    an ID in the input into the name that resources are written with, read before it can be judged.  target_tags: the
    tags of one resource that is checked, by its name; read when a policy asks for `acs:ResourceTag`.  self_service: the
    security preference that grants the call on oneself.  on_itself: whether a call is one on oneself, where the input
    names no user.  first: slow work of a write (hashing) that must not hold the write lock, or what `prepare` must have
    read; it runs in a reading transaction once the call is allowed, before `prepare`, and what follows finds what it
    returns as `prepared`.
    anonymous: needs no signature.  behind: whose account such a call concerns, by what it claims and before it proves
    it: the audit names it.  target_fact: a condition key and its value, or None, read when a policy asks for it.
    deprecated: what replaces it, told in the answer and the log; empty while it is not.
    method, path: how an action of a ROA product is asked for; `{name}` in the path is a parameter.  request_id: what
    its answers call the request ID.
    """

    product: str
    version: str
    name: str
    summary: str
    permission: str | None
    resources: tuple[Resource, ...]
    writes: bool
    memory: bool
    faults: tuple[FaultKind, ...]
    handler: Callable[..., Output]
    context: Callable[[Any], Context] | None
    prepare: Callable[[Any, Any, Caller], Awaitable[Any]] | None
    resolve: Callable[[Any, Any], Any] | None
    target_tags: TargetTags | None
    self_service: str
    on_itself: Callable[[Any, Caller], bool] | None
    first: Callable[[Any, Caller, Any], Any] | None
    anonymous: bool
    behind: Callable[[Any, Any], Awaitable[Caller]] | None
    target_fact: TargetFact | None
    method: str
    path: str
    request_id: str
    deprecated: str
    own_user: str

    @cached_property
    def _shapes(self) -> tuple[type[Input], type[Output]]:
        """The input and output of the handler, from its annotations."""
        hints = get_type_hints(self.handler)
        wanted = next(hint for hint in hints.values() if isinstance(hint, type) and issubclass(hint, Input))
        return wanted, hints["return"]

    @property
    def input(self) -> type[Input]:
        """What the handler wants."""
        return self._shapes[0]

    @property
    def output(self) -> type[Output]:
        """What the handler answers."""
        return self._shapes[1]

    @cached_property
    def at_once(self) -> bool:
        """Whether the handler answers from memory, with nothing to be done or waited for before it runs."""
        return self.memory and not self.anonymous and self.first is None and self.prepare is None

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters on the wire, in the order declared."""
        return describe(self.input)

    @cached_property
    def read(self) -> Callable[[Mapping[str, str]], Any]:
        """From the parameters as sent to a checked value of `input`; raises `Missing…` and `InvalidParameter…`."""
        return reader(self.input)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The parameters that no audit may show."""
        return frozenset(one.name for one in self.parameters if isinstance(one.rule, Text) and one.rule.secret)

    def complete(self, wanted: Any, caller: Caller) -> Any:
        """Put the caller where the user was left out.  Raises `EntityNotExist.User` for a role session.

        For the account an omitted user stays omitted: it means the account's own (reference/ram-behaviour.md 3).
        """
        if not self.own_user or getattr(wanted, self.own_user) is not None or caller.is_account:
            return wanted
        if caller.kind is not IdentityType.USER:
            raise USER_NOT_FOUND(name="(none given; a role session has no user of its own)")
        return msgspec.structs.replace(wanted, **{self.own_user: caller.user_name})

    def concerns_itself(self, wanted: Any, caller: Caller) -> bool:
        """Whether a RAM user asks for something about itself."""
        if not caller.user_name:
            return False
        if self.on_itself is not None:
            return self.on_itself(wanted, caller)
        return str(getattr(wanted, "user_name", "")).lower() == caller.user_name.lower()

    def permission_for(self, wanted: Any, caller: Caller) -> str:
        """What a policy must allow, with the input's values filled in; "" where nothing must be allowed."""
        return _fill(self.permission or "", wanted, caller)

    def resource_names(self, wanted: Any, caller: Caller) -> list[tuple[str, ...]]:
        """The resources to check, each as its alternatives, with the input's values filled in.

        A template that names a list stands for one resource per member: each must be allowed.
        """
        found: list[tuple[str, ...]] = []
        for entry in self.resources:
            alternatives = (entry,) if isinstance(entry, str) else entry
            found += [
                tuple(_fill(one, each, caller) for one in alternatives) for each in _each_member(wanted, alternatives)
            ]
        return found

    def audited(self, given: Mapping[str, str]) -> dict[str, str]:
        """The parameters as the audit keeps them: known names only, secrets left out, long values cut."""
        names = {parameter.name for parameter in self.parameters}
        return {
            name: "(secret)" if name in self.secrets else value[:512]
            for name, value in given.items()
            if name in names or name.split(".", 1)[0] in names
        }


def _each_member(wanted: Any, templates: tuple[str, ...]) -> list[Any]:
    """`wanted` once, or once per member where the templates name a list."""
    for _, name, _, _ in string.Formatter().parse(templates[0]):
        members = getattr(wanted, name, None) if name else None
        if isinstance(members, tuple):
            return [msgspec.structs.replace(wanted, **{str(name): member}) for member in dict.fromkeys(members)]
    return [wanted]


def _fill(template: str, wanted: Any, caller: Caller) -> str:
    if "{" not in template:
        return template
    parts = []
    account = caller.account_id
    for literal, name, _, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name == "account":
            parts.append(account)
        elif name == "caller":
            parts.append(caller.user_name)
        elif name == "policy_account":
            parts.append("system" if wanted.policy_type == "System" else account)
        elif name:
            value = getattr(wanted, name)
            if value is None:  # only the account may leave it out, and no policy applies to it
                return f"acs:ram:*:{account}:*"
            parts.append(str(value))
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Product:
    """A product on the wire: its name, version and code in policies, and the actions declared on it.

    roa: its actions are told apart by method and path.  request_id: the name that its answers give the request ID.
    target_tags: those of its actions that declare none.
    """

    name: str
    version: str
    code: str
    roa: bool = False
    request_id: str = "RequestId"
    target_tags: TargetTags | None = None
    actions: dict[str, Action] = field(default_factory=dict)

    def action(
        self,
        name: str,
        *,
        resource: Resource | list[Resource] = "*",
        permission: str | None = "",
        writes: bool = False,
        memory: bool = False,
        faults: tuple[FaultKind, ...] = (),
        context: Callable[[Any], Context] | None = None,
        prepare: Callable[[Any, Any, Caller], Awaitable[Any]] | None = None,
        resolve: Callable[[Any, Any], Any] | None = None,
        target_tags: TargetTags | None = None,
        self_service: str = "",
        on_itself: Callable[[Any, Caller], bool] | None = None,
        first: Callable[[Any, Caller, Any], Any] | None = None,
        anonymous: bool = False,
        behind: Callable[[Any, Any], Awaitable[Caller]] | None = None,
        target_fact: TargetFact | None = None,
        method: str = "POST",
        path: str = "/",
        deprecated: str = "",
        own_user: str = "",
        request_id: str = "",
    ) -> Callable[[Handler], Handler]:
        """Declare the handler below as action `name`.

        `resource` is a template over the input's fields and `account`; a list names resources that must all be
        allowed, a tuple alternatives.  `permission` defaults to `<code>:<name>`, `request_id` to the product's.
        """

        def declare(handler: Handler) -> Handler:
            self.actions[name] = Action(
                product=self.name,
                version=self.version,
                name=name,
                summary=(inspect.getdoc(handler) or "").split("\n\n", 1)[0].replace("\n", " "),
                permission=f"{self.code}:{name}" if permission == "" else permission,
                resources=tuple(resource) if isinstance(resource, list) else (resource,),
                writes=writes,
                memory=memory,
                faults=faults,
                handler=handler,
                context=context,
                prepare=prepare,
                resolve=resolve,
                target_tags=target_tags or self.target_tags,
                self_service=self_service,
                on_itself=on_itself,
                first=first,
                anonymous=anonymous,
                behind=behind,
                target_fact=target_fact,
                method=method,
                path=path,
                request_id=request_id or self.request_id,
                deprecated=deprecated,
                own_user=own_user,
            )
            return handler

        return declare
