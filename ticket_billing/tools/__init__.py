from . import duration, explanation
