#!/usr/bin/env bash
# pipelines/run.sh JANUS VENV: tests what feeds clusters and data sets, in VENV, where ../run.sh has installed the
# package: captions in Ray Data on three nodes of which one is lost, Parquet read by others, and the examples, which ask
# the server of the program JANUS. Without PyPI nothing is tested, which a line says.
set -euo pipefail
if (($# != 2)); then
  echo "pipelines: expected two arguments, the program and a folder of packages, found $#; start as: $0 JANUS VENV" >&2
  exit 2
fi
janus=$(realpath "$1") venv=$(realpath -m "$2")
cd "$(dirname "$0")"

skip() {
  echo "pipelines: skipped: $1"
  exit 0
}

[[ -x $venv/bin/python ]] && "$venv/bin/python" -c 'import janus_cpp' 2>/dev/null ||
  skip "the package is not in $venv (python/tests/run.sh puts it there)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! cmp -s requirements.txt "$venv/installed_pipelines.txt"; then
  # Whether PyPI can be reached is asked with a package of its own, so that a version that is gone fails.
  "$venv/bin/pip" download -q --retries 1 --timeout 15 --no-deps -d "$venv/probe" six >/dev/null 2>&1 ||
    skip "PyPI cannot be reached"
  "$venv/bin/pip" install -q -r requirements.txt
  cp requirements.txt "$venv/installed_pipelines.txt"
fi
JANUS_PROGRAM=$janus PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest -q -p no:cacheprovider .
