"""What a run will do, said before it starts: phases, what trains, what is cached and why, what it costs, what is wrong."""

from tl_core.plan.costs import BlockPlan, PhasePlan, phase_plan
from tl_core.plan.plan import Plan, plan
from tl_core.plan.techniques import Technique, techniques

__all__ = ["BlockPlan", "PhasePlan", "Plan", "Technique", "phase_plan", "plan", "techniques"]
