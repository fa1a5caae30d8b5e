#!/usr/bin/env python3
"""Converts a checkpoint in parts with Dask, and then lists them.

    pip install distributed
    convert_dask.py SOURCE DEST.h5 [--parts 8] [--scheduler tcp://HOST:8786] [-- OPTION…]

The options after -- are those of `tessera convert`, such as `-- --plan plan.json`. Without --scheduler, this machine
does the work. Workers need tessera on their PATH, and SOURCE and DEST under the same paths.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from dask.distributed import Client, LocalCluster, as_completed


def tessera(*arguments: str) -> tuple[int, str]:
    """Runs `tessera convert` on a worker: its exit code and what it prints. Raises if a signal kills it."""
    run = subprocess.run(["tessera", "convert", *arguments], capture_output=True, text=True)
    if run.returncode < 0:
        # Only an exception makes Dask try again. A wrong plan, a damaged source or a full disk would only fail again.
        raise RuntimeError(f"tessera convert {' '.join(arguments)}: killed by signal {-run.returncode}")
    return run.returncode, (run.stdout + run.stderr).strip()


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Convert a checkpoint in parts with Dask.",
        usage="%(prog)s SOURCE DEST.h5 [--parts N] [--scheduler ADDRESS | --workers N] [-- OPTION…]",
        epilog="The options after -- are those of `tessera convert`.")
    parser.add_argument("source")
    parser.add_argument("dest", help="ends in .h5; its parts and their list are written")
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--scheduler", help="the address of a running scheduler")
    parser.add_argument("--workers", type=int, default=2, help="workers on this machine, without --scheduler")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    arguments, options = parser.parse_args(words[:end]), words[end + 1:]

    cluster = arguments.scheduler or LocalCluster(
        n_workers=arguments.workers, threads_per_worker=1, dashboard_address=None)
    with Client(cluster) as client:
        # Two runs of a part do not disturb each other: each writes a file of its own and renames it at the end.
        # pure=False: Dask must not take an earlier result for a part that was deleted since.
        parts = [
            client.submit(tessera, arguments.source, arguments.dest, *options, "--part",
                          f"{number}/{arguments.parts}", key=f"part-{number}", pure=False, retries=2)
            for number in range(1, arguments.parts + 1)]
        failed = 0
        for future in as_completed(parts, raise_errors=False):
            error = future.exception()
            code, text = (1, str(error)) if error else future.result()
            failed += code != 0
            print(text, file=sys.stderr if code else sys.stdout, flush=True)
        if failed:
            print(f"{failed} of {arguments.parts} parts failed; the same command runs only what is missing",
                  file=sys.stderr)
            return 1
        # On a worker, because DEST may be out of reach for this machine.
        code, text = client.submit(tessera, "--join", arguments.dest, pure=False, retries=2).result()
        print(text, file=sys.stderr if code else sys.stdout)
        return code


if __name__ == "__main__":
    sys.exit(main())
