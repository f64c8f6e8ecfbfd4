from . import duration, explanation, number
