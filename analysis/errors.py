"""Everything that can go wrong for a user, as one tree.

    AnalysisError
    ├── WorkloadError            a model, data set or metric cannot be used
    │   ├── UnknownWorkloadError no workload of that name or path
    │   ├── UnsupportedFileError a file is damaged, of the wrong form, or unsafe
    │   └── ModelError           weights are NaN, shapes do not fit, no output tensor
    ├── RecipeError              a recipe file is damaged
    │   └── RecipeMismatchError  a recipe belongs to another model
    ├── InfeasibleBudgetError    no recipe meets the budget; names the smallest that can
    ├── OptionError              an option outside its range (bits, method, budget)
    ├── RunError                 the run store
    │   ├── UnknownRunError      a run, recipe or score that does not exist (any more)
    │   ├── QueueFullError       too many queued jobs of one owner
    │   └── StorageError         disk full, database locked or not writable
    ├── ComputeError             the compute process of the app gave no answer
    └── CancelledError           the user stopped the work

A message states what must hold, what came instead and what to do, in one sentence.
The app and the command line catch `AnalysisError` and nothing else.
"""


class AnalysisError(Exception):
    """Root of all errors a user can meet; `str(error)` is fit to be shown."""


class WorkloadError(AnalysisError):
    """A model, its data or its metric cannot be used."""


class UnknownWorkloadError(WorkloadError):
    """No workload has that name or path."""


class UnsupportedFileError(WorkloadError):
    """A file is damaged, of the wrong form, too large or unsafe."""


class ModelError(WorkloadError):
    """The model itself cannot be analysed (NaN weights, misfitting shapes, no tensor output)."""


class RecipeError(AnalysisError):
    """A recipe file is damaged or of an unknown version."""


class RecipeMismatchError(RecipeError):
    """A recipe belongs to another model, or names layers this model does not have."""


class InfeasibleBudgetError(AnalysisError):
    """No recipe meets the budget; the message names the smallest one that can be met."""


class OptionError(AnalysisError, ValueError):
    """An option is outside its range."""


class RunError(AnalysisError):
    """Something is wrong with stored runs."""


class UnknownRunError(RunError):
    """The run, recipe or score does not exist (any more)."""


class QueueFullError(RunError):
    """This owner has too many queued jobs."""


class StorageError(RunError):
    """The run store cannot be read or written (disk full, no permission, locked)."""


class ComputeError(AnalysisError):
    """The process that answers the app's quick questions did not answer this one."""


class CancelledError(AnalysisError):
    """The user stopped the work; what was computed so far is kept."""
