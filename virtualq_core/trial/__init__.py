"""An index trial: should we ship this change? What does it bring reads, what does it cost writes and disk?"""

from virtualq_core.trial.proposal import Proposal
from virtualq_core.trial.result import TrialResult
from virtualq_core.trial.run import Effort, run_trial

__all__ = ["Effort", "Proposal", "TrialResult", "run_trial"]
