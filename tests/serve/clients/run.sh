#!/usr/bin/env bash
# clients/run.sh JANUS VENV: asks a server that JANUS starts with clients that others wrote (requirements.txt), and with
# the requests that Open WebUI sends. VENV is a folder for their packages, made where it is not there. Without Python or
# PyPI nothing is tested, which a line says.
set -euo pipefail
if (($# != 2)); then
  echo "clients: expected two arguments, the program and a folder for packages, found $#; start as: $0 JANUS VENV" >&2
  exit 2
fi
janus=$(realpath "$1") venv=$(realpath -m "$2")
cd "$(dirname "$0")"

skip() {
  echo "clients: skipped: $1"
  exit 0
}

python3 -c 'import venv, ensurepip' 2>/dev/null || skip "Python 3 with venv is missing (apt-get install python3-venv)"
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
if ! cmp -s requirements.txt "$venv/installed.txt"; then
  # Whether PyPI can be reached is asked with a package of its own, so that a version that is gone fails.
  "$venv/bin/pip" --disable-pip-version-check download -q --retries 1 --timeout 15 --no-deps \
      -d "$venv/probe" six >/dev/null 2>&1 ||
    skip "PyPI cannot be reached"
  "$venv/bin/pip" --disable-pip-version-check install -q -r requirements.txt
  cp requirements.txt "$venv/installed.txt"
fi
JANUS_PROGRAM=$janus PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" run.py
