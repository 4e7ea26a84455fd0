"""How long the fuzz tests search: briefly in the default run, or as long as one wants.

RINGFENCE_FUZZ_EXAMPLES=100000 .venv/bin/pytest tests/fuzz
"""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("RINGFENCE_FUZZ_EXAMPLES", "150"))

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("fuzz")
