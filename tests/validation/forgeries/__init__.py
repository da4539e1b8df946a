"""The forgeries of issue 4: every way of tampering with a signed PDF that we know, in several variants each."""

from tests.validation.forgeries import annotations, coverage, files, forms, honest, laundering, shadows, updates, viewer
from tests.validation.forgeries.kinds import Variant

_MODULES = (coverage, updates, shadows, annotations, forms, files, laundering, viewer, honest)
VARIANTS: tuple[Variant, ...] = tuple(variant for module in _MODULES for variant in module.VARIANTS)
