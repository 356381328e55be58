"""Every product that is served, with all its actions declared."""

from __future__ import annotations

import importlib
import pkgutil

from keystead import products
from keystead.products.action import Product
from keystead.products.applications.product import BAILIAN
from keystead.products.bailian.product import BAILIAN_LEGACY
from keystead.products.bailiancontrol.product import BAILIAN_CONTROL
from keystead.products.ims.product import IMS
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.modelstudio.product import MODEL_STUDIO
from keystead.products.ram.product import RAM
from keystead.products.sts.product import STS

# Importing a resource's file declares its actions: a new file is served without being named anywhere else.
for _found in pkgutil.walk_packages(products.__path__, products.__name__ + "."):
    importlib.import_module(_found.name)

PRODUCTS: tuple[Product, ...] = (RAM, IMS, STS, MODEL_STUDIO, BAILIAN_CONTROL, BAILIAN_LEGACY, BAILIAN, KEYSTEAD)
