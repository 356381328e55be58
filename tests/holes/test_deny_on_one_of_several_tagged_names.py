"""TagResources on several names was checked as one resource `role/('a', 'b')`, so a Deny on `role/a` did not bind."""

from __future__ import annotations

from keystead.identity.callers import Caller, IdentityType
from keystead.products.catalogue import PRODUCTS

CALLER = Caller(kind=IdentityType.USER, account_id="1" * 16, arn="acs:ram::1:user/x")


def test_each_name_is_a_resource_of_its_own() -> None:
    ram = next(product for product in PRODUCTS if product.name == "Ram")
    for name in ("TagResources", "UntagResources"):
        action = ram.actions[name]
        wanted = action.read(
            {
                "ResourceType": "role",
                "ResourceNames": '["a", "b", "a"]',
                "Tag": '[{"Key": "k", "Value": "v"}]',
                "TagKeys": '["k"]',
            }
        )
        assert action.resource_names(wanted, CALLER) == [
            (f"acs:ram:*:{'1' * 16}:role/a",),
            (f"acs:ram:*:{'1' * 16}:role/b",),
        ]
