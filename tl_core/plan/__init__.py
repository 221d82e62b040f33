"""The plan of a run, computed before it starts: phases, trainable parameters, caching and its reason, costs, problems."""

from tl_core.plan.costs import BlockPlan, PhasePlan, phase_plan
from tl_core.plan.plan import Plan, plan
from tl_core.plan.techniques import Technique, techniques

__all__ = ["BlockPlan", "PhasePlan", "Plan", "Technique", "phase_plan", "plan", "techniques"]
