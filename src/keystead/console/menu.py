"""The menu: which pages there are, what each of them needs, and where it stands.  Source: reference/console.md 2.2.

An entry is shown where its page is served and the person may make the call that the page begins with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keystead.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.  needs: the call that its page begins with, (product, action); None where everybody may.

    in_workspace: the page acts on the workspace that the frame shows; its path follows /workspaces/<id>.
    """

    label: str
    path: str
    needs: tuple[str, str] | None = None
    in_workspace: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading; "" for none."""

    label: str
    entries: tuple[Entry, ...]


SECTIONS = (
    Section("", (Entry("Overview", "/"),)),
    Section(
        "Identities",
        (
            Entry("Users", "/users", ("ram", "ListUsers")),
            Entry("Groups", "/groups", ("ram", "ListGroups")),
            Entry("Roles", "/roles", ("ram", "ListRoles")),
        ),
    ),
    Section(
        "Permissions",
        (
            Entry("Policies", "/policies", ("ram", "ListPolicies")),
            Entry("Grants", "/grants", ("ram", "ListPolicies")),
        ),
    ),
    Section(
        "Model access",
        (
            Entry("Applications", "/applications", ("keystead", "SearchApplications"), in_workspace=True),
            Entry("API Keys", "/api-keys", ("keystead", "SearchApiKeys"), in_workspace=True),
            Entry("Models", "/models", ("keystead", "SearchModels"), in_workspace=True),
            Entry("Members", "/members", ("keystead", "SearchMembers"), in_workspace=True),
            Entry("Usage", "/usage", ("keystead", "GetUsage"), in_workspace=True),
        ),
    ),
    Section(
        "Analysis",
        (
            Entry("Explain a Denial", "/explain-denial", ("keystead", "ExplainDenial")),
            Entry("Simulate", "/simulate", ("keystead", "SimulateAccess")),
            Entry("Who Can", "/who-can", ("keystead", "WhoCan")),
            Entry("Unused Access", "/unused-access", ("ram", "ListUsers")),
            Entry("Signature Debugger", "/signature-debugger", ("keystead", "DebugSignature")),
        ),
    ),
    Section(
        "Records",
        (
            Entry("Audit", "/audit", ("keystead", "LookupEvents")),
            Entry("Credential Report", "/credential-report", ("ims", "GenerateCredentialReport")),
            Entry("Settings", "/settings", ("ims", "GetSecurityPreference")),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as one person sees it.  current: the page that is open, or one below it."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu of this server: only pages that are served stand in it."""

    served: frozenset[str]

    def sections(self, visit: Visit) -> list[tuple[str, list[Shown]]]:
        """What a person sees, section by section; empty ones are left out."""
        found = []
        for section in SECTIONS:
            shown = [self._show(visit, entry) for entry in section.entries if self._is_open(visit, entry)]
            if shown:
                found.append((section.label, shown))
        return found

    def _is_open(self, visit: Visit, entry: Entry) -> bool:
        given: dict[str, str] = {}
        served = entry.path
        if entry.in_workspace:
            if visit.place.current is None:
                return False
            served = f"/workspaces/{{workspace}}{entry.path}"
            given = {"WorkspaceId": visit.place.current["WorkspaceId"]}
        return served in self.served and (entry.needs is None or not visit.lacks(*entry.needs, **given))

    def _show(self, visit: Visit, entry: Entry) -> Shown:
        path = entry.path
        if entry.in_workspace and visit.place.current is not None:
            path = f"/workspaces/{visit.place.current['WorkspaceId']}{path}"
        href = visit.url(path)
        at = visit.request.raw_path
        current = at == href or (path != "/" and at.startswith(href + "/"))
        return Shown(entry.label, href, current)
