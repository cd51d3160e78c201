#!/usr/bin/env bash
# pipelines/run.sh JANUS VENV WHEELS: tests what feeds clusters and data sets: captions in Ray Data on three nodes of which
# one is lost, Parquet read by others, and the examples, which ask the server of the program JANUS. The package comes from
# the folder WHEELS, where ../run.sh has put its wheel, and goes with those of others into VENV, a folder that is made
# where it is not there. Without a wheel or PyPI nothing is tested, which a line says.
set -euo pipefail
if (($# != 3)); then
  echo "pipelines: expected three arguments, the program, a folder for packages and one with the wheel, found $#;" \
      "start as: $0 JANUS VENV WHEELS" >&2
  exit 2
fi
janus=$(realpath "$1") venv=$(realpath -m "$2") wheels=$(realpath -m "$3")
cd "$(dirname "$0")"

skip() {
  echo "pipelines: skipped: $1"
  exit 0
}

compgen -G "$wheels/*.whl" >/dev/null || skip "no wheel in $wheels (python/tests/run.sh makes it)"
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! cmp -s requirements.txt "$venv/installed.txt"; then
  # Whether PyPI can be reached is asked with a package of its own, so that a version that is gone fails.
  "$venv/bin/pip" download -q --retries 1 --timeout 15 --no-deps -d "$venv/probe" six >/dev/null 2>&1 ||
    skip "PyPI cannot be reached"
  "$venv/bin/pip" install -q -r requirements.txt
  cp requirements.txt "$venv/installed.txt"
fi
"$venv/bin/pip" install -q --force-reinstall --no-deps "$wheels"/*.whl
"$venv/bin/pip" install -q "$wheels"/*.whl
JANUS_PROGRAM=$janus PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest -q -p no:cacheprovider .
