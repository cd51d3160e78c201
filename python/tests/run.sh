#!/usr/bin/env bash
# tests/run.sh JANUS VENV: builds the wheel, puts it with its tests' packages into VENV, a folder that is made where it
# is not there, repairs it for other Linux systems (auditwheel), and runs the tests, which hold it against the program
# JANUS. Without Python or PyPI nothing is tested, which a line says.
set -euo pipefail
if (($# != 2)); then
  echo "python: expected two arguments, the program and a folder for packages, found $#; start as: $0 JANUS VENV" >&2
  exit 2
fi
janus=$(realpath "$1") venv=$(realpath -m "$2")
cd "$(dirname "$0")/../.."

skip() {
  echo "python: skipped: $1"
  exit 0
}

python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
  skip "Python 3.10 or later with venv is missing (apt-get install python3-venv)"
python3 -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
  skip "Python's headers are missing (apt-get install python3-dev)"
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! cmp -s python/tests/requirements.txt "$venv/installed.txt"; then
  # Whether PyPI can be reached is asked with a package of its own, so that a version that is gone fails.
  "$venv/bin/pip" download -q --retries 1 --timeout 15 --no-deps -d "$venv/probe" six >/dev/null 2>&1 ||
    skip "PyPI cannot be reached"
  "$venv/bin/pip" install -q -r python/tests/requirements.txt
  cp python/tests/requirements.txt "$venv/installed.txt"
fi

# The names and flags of the other builds, so that ccache knows their objects where they use it.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
else
  # The objects of the build that JANUS comes from, where it has them.
  build=$(dirname "$(dirname "$janus")")
  export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-$PWD/tests/install/reuse_object.sh;$build}"
fi
export CC=${CC-cc} CXX=${CXX-c++} CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL-$(nproc)}
rm -rf "$venv/wheel"
# Not isolated: what it is built with stays where it is, and build/python with it, so that only changes are compiled.
PATH="$venv/bin:$PATH" "$venv/bin/pip" wheel -q --no-deps --no-build-isolation -w "$venv/wheel" \
  -C cmake.define.JANUS_WERROR=ON .
if ! PATH="$venv/bin:$PATH" "$venv/bin/auditwheel" repair -w "$venv/wheel/repaired" "$venv"/wheel/*.whl \
  > "$venv/repair.log" 2>&1; then
  cat "$venv/repair.log"
  exit 1
fi
"$venv/bin/pip" install -q --force-reinstall --no-deps "$venv"/wheel/repaired/*.whl
"$venv/bin/pip" install -q "$venv"/wheel/repaired/*.whl
# From another folder: the package that is installed, not its sources. pipelines/run.sh runs the tests of that folder.
cd python/tests
JANUS_PROGRAM=$janus PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --ignore=pipelines .
