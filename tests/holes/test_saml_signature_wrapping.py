"""A response that carries a genuine signed assertion and a forged one must not be read from the forged one.

The eight wrappings XSW1 to XSW8 are those of Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be".
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from keystead.identity import saml
from keystead.identity.saml import AssertionRefusedError
from services.idp import AUDIENCE, DS, A, Claim, IdP, P

NOW = 1_767_323_045.0
CLAIM = Claim(role="acs:ram::1:role/r", provider="acs:ram::1:saml-provider/p", now=NOW)


@pytest.fixture(scope="module")
def idp() -> IdP:
    return IdP(from_now=NOW)


def forged(element: Any, *, new_id: bool = True) -> Any:
    """A copy that names somebody else, without the signature."""
    copied = copy.deepcopy(element)
    for signature in list(copied.iter(DS + "Signature")):
        signature.getparent().remove(signature)
    for name in copied.iter(A + "NameID"):
        name.text = "admin@example.com"
    if new_id:
        copied.set("ID", "_forged")
        for each in copied.iter(A + "Assertion"):
            each.set("ID", "_forged-too" if copied is not each else "_forged")
    return copied


def signature_of(element: Any) -> Any:
    return element.find(DS + "Signature")


def within_object(signature: Any, element: Any) -> None:
    etree.SubElement(signature, DS + "Object").append(element)


def xsw1(response: Any) -> Any:
    """The signed response inside the signature of a forged one."""
    original, evil = copy.deepcopy(response), forged(response)
    signature = signature_of(original)
    original.remove(signature)
    signature.append(original)
    evil.insert(1, signature)
    return evil


def xsw2(response: Any) -> Any:
    """The signed response beside the signature that was taken out of it."""
    original, evil = copy.deepcopy(response), forged(response)
    signature = signature_of(original)
    original.remove(signature)
    evil.insert(1, signature)
    evil.insert(2, original)
    return evil


def xsw3(response: Any) -> Any:
    """A forged assertion before the signed one."""
    response.insert(1, forged(response.find(A + "Assertion")))
    return response


def xsw4(response: Any) -> Any:
    """A forged assertion around the signed one."""
    original = response.find(A + "Assertion")
    evil = forged(original)
    response.remove(original)
    evil.append(original)
    response.append(evil)
    return response


def xsw5(response: Any) -> Any:
    """The forged assertion has the signature, the original stands behind it without."""
    original = response.find(A + "Assertion")
    evil, signature = forged(original), signature_of(original)
    original.remove(signature)
    evil.insert(1, signature)
    response.remove(original)
    response.append(evil)
    response.append(original)
    return response


def xsw6(response: Any) -> Any:
    """The original inside the signature of the forged one."""
    original = response.find(A + "Assertion")
    evil, signature = forged(original), signature_of(original)
    original.remove(signature)
    response.remove(original)
    signature.append(original)
    evil.insert(1, signature)
    response.append(evil)
    return response


def xsw7(response: Any) -> Any:
    """A forged assertion in extensions of the response."""
    extensions = etree.Element(P + "Extensions")
    extensions.append(forged(response.find(A + "Assertion")))
    response.insert(1, extensions)
    return response


def xsw8(response: Any) -> Any:
    """The original, without its signature, in an Object of the signature in the forged one."""
    original = response.find(A + "Assertion")
    evil, signature = forged(original), signature_of(original)
    original.remove(signature)
    response.remove(original)
    within_object(signature, original)
    evil.insert(1, signature)
    response.append(evil)
    return response


def same_id(response: Any) -> Any:
    """The forged assertion has the ID of the signed one."""
    response.insert(1, forged(response.find(A + "Assertion"), new_id=False))
    return response


def nested_in_attribute(response: Any) -> Any:
    """The signed assertion hidden in an attribute value of the forged one, which takes over its signature."""
    original = response.find(A + "Assertion")
    evil = forged(original)
    value = next(evil.iter(A + "AttributeValue"))
    value.append(copy.deepcopy(original))
    evil.insert(1, copy.deepcopy(signature_of(original)))
    response.replace(original, evil)
    return response


ATTACKS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "xsw1": ("response", xsw1),
    "xsw2": ("response", xsw2),
    "xsw3": ("assertion", xsw3),
    "xsw4": ("assertion", xsw4),
    "xsw5": ("assertion", xsw5),
    "xsw6": ("assertion", xsw6),
    "xsw7": ("assertion", xsw7),
    "xsw8": ("assertion", xsw8),
    "same-id": ("assertion", same_id),
    "nested-in-attribute": ("assertion", nested_in_attribute),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_wrapped_assertion_is_refused(idp: IdP, attack: str) -> None:
    over, wrap = ATTACKS[attack]
    known = saml.read_metadata(idp.metadata())
    genuine = idp.response(CLAIM, over=over)
    assert saml.verify(etree.tostring(genuine), known, (AUDIENCE,), NOW).subject == "alice@example.com"
    wrapped = etree.tostring(wrap(genuine))
    assert b"admin@example.com" in wrapped
    with pytest.raises(AssertionRefusedError):
        saml.verify(wrapped, known, (AUDIENCE,), NOW)


@pytest.mark.parametrize("over", ["assertion", "response", "both"])
def test_a_changed_text_breaks_the_signature(idp: IdP, over: str) -> None:
    text = etree.tostring(idp.response(CLAIM, over=over)).replace(b"alice@example.com", b"admin@example.com")
    with pytest.raises(AssertionRefusedError, match="signature is not the provider's"):
        saml.verify(text, saml.read_metadata(idp.metadata()), (AUDIENCE,), NOW)
