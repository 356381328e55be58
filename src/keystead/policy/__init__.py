"""May it be done?  Pure: no I/O, no clock, no database; the time is a fact in the query's context.

    document text → `validate` (before it is stored) → `compile_policy` → `Layer.of` → `decide` / `explain`

Specification: reference/ram-policy-language.md.
"""

from keystead.policy.comparison import Comparison, Relation, compare
from keystead.policy.conditions import Context, context_key
from keystead.policy.decision import could_allow, decide
from keystead.policy.explanation import (
    ConditionTrace,
    Explanation,
    LayerTrace,
    StatementTrace,
    explain,
)
from keystead.policy.findings import Finding, Level, findings, gives_much
from keystead.policy.layers import Attached, Decision, Effect, Layer, LayerKind, Match, Query
from keystead.policy.narrowing import narrowed
from keystead.policy.patterns import fold
from keystead.policy.reader import PolicyError
from keystead.policy.remedies import Remedy, remedies
from keystead.policy.shortening import shortened
from keystead.policy.statements import Policy, Principal, TrustedPrincipals, compile_policy, principal_kinds
from keystead.policy.system import SYSTEM_POLICIES, SystemPolicy
from keystead.policy.validation import DOCUMENTED_OPERATORS, DocumentKind, validate

__all__ = [
    "DOCUMENTED_OPERATORS",
    "SYSTEM_POLICIES",
    "Attached",
    "Comparison",
    "ConditionTrace",
    "Context",
    "Decision",
    "DocumentKind",
    "Effect",
    "Explanation",
    "Finding",
    "Layer",
    "LayerKind",
    "LayerTrace",
    "Level",
    "Match",
    "Policy",
    "PolicyError",
    "Principal",
    "Query",
    "Relation",
    "Remedy",
    "StatementTrace",
    "SystemPolicy",
    "TrustedPrincipals",
    "compare",
    "compile_policy",
    "context_key",
    "could_allow",
    "decide",
    "explain",
    "findings",
    "fold",
    "gives_much",
    "narrowed",
    "principal_kinds",
    "remedies",
    "shortened",
    "validate",
]
