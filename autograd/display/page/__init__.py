"""What a page has to know of a recording in order to replay it."""

from autograd.display.page.derivation_plan import DerivationPlan, plan_derivations
from autograd.display.page.interchange import described

__all__ = ["DerivationPlan", "described", "plan_derivations"]
