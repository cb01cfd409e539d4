"""What a page has to know of a recording in order to replay it."""

from autograd.display.page.derivation_plan import DerivationPlan, derivation_plan
from autograd.display.page.interchange import described

__all__ = ["DerivationPlan", "derivation_plan", "described"]
