"""Settings of the property tests."""

from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: time is measured by the benchmark.
settings.register_profile(
    "rating", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("rating")
