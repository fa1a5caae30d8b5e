#!/usr/bin/env bash
# Makes the virtual environment with the Python packages that the tests and the benchmark use.
# usage: make-python.sh DIRECTORY
set -euo pipefail

venv=$1
tools=$(dirname "$0")
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$tools/requirements.txt"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$tools/requirements-files.txt"
touch "$venv/ready"
