"""`make stop`: stop the served Odoo and the embedded PostgreSQL.

With ``--clean`` (`make clean`) also remove databases and all of the cache.
"""

import argparse
import shutil

import served_odoo
from cache import Cache, open_cache
from console import exit_with, say
from environment import ensure_environment
from postgres import EmbeddedServer, named_server


def stop(cache: Cache) -> None:
    served_odoo.stop(cache)
    server = EmbeddedServer(cache)
    if server.is_running():
        say("Stopping the embedded PostgreSQL")
        server.stop()


def clean(cache: Cache) -> None:
    """Remove what the set-up made, and nothing else the folder may hold."""
    if named_server() is not None and cache.venv.exists():
        ensure_environment(cache).databases.drop_all()
    folders = (
        *(cache.odoo, cache.bin, cache.postgres, cache.data, cache.logs),
        *(cache.pre_commit, cache.documents),
        *cache.root.glob("venv-*"),
        *cache.root.glob("*.unfinished"),
    )
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for file in (cache.venv, cache.config, cache.served):
        file.unlink(missing_ok=True)
    say(f"Removed what was in {cache.root}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clean", action="store_true")
    arguments = parser.parse_args()
    cache = open_cache()
    stop(cache)
    if arguments.clean:
        clean(cache)
    return 0


if __name__ == "__main__":
    exit_with(main)
