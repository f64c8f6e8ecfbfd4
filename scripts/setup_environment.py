"""`make setup`: fetch and prepare everything, up to the test template."""

from cache import locked, open_cache
from console import exit_with, say
from environment import ensure_environment
from template_db import tests_template


def main() -> int:
    cache = open_cache()
    environment = ensure_environment(cache)
    with locked(cache):
        template = tests_template(environment)
    say(f"Ready in {cache.root}")
    say(f"  Odoo      {environment.odoo.packages} ({environment.odoo.revision})")
    say(f"  Python    {environment.python}")
    say(f"  config    {cache.config}")
    say(f"  template  {template}")
    return 0


if __name__ == "__main__":
    exit_with(main)
