#!/usr/bin/env bash
# Makes a virtual environment with the programs that janus is measured against: PyTorch for processors, transformers,
# and llama.cpp built for this machine (that takes minutes; needs cmake and a C++ compiler).
#
#   tests/peers/setup.sh VENV
#
# VENV lies outside the source tree. A package that is there already stays as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

if (($# != 1)); then
  echo "setup: expected one argument, the folder of the environment, found $#; start as: tests/peers/setup.sh VENV" >&2
  exit 2
fi
venv=$(realpath -m "$1")
if [[ $venv/ == "$root"/* ]]; then
  echo "setup: $venv: expected a folder outside the source tree, $root, found one in it; choose another" >&2
  exit 2
fi
for program in python3 cmake c++; do
  if ! command -v "$program" >/dev/null; then
    echo "setup: $program, PATH: expected it, found none; install python3-venv, cmake and g++ and start again" >&2
    exit 1
  fi
done

[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
# PyPI's own torch for Linux brings gigabytes of CUDA; the same version of this index has none.
"$venv/bin/pip" install --extra-index-url https://download.pytorch.org/whl/cpu \
    -r "$root/tests/reference/requirements.txt"
# Without what pip may have kept of a build without the header: that would crash on a processor with AMX.
headers="-include \"$here/tile_config.h\""
CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF" CFLAGS="${CFLAGS:-} $headers" CXXFLAGS="${CXXFLAGS:-} $headers" CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)} \
    "$venv/bin/pip" install --no-cache-dir --no-binary llama-cpp-python -r "$here/requirements.txt"
echo "Now: $venv/bin/python tests/peers/peers.py --janus build/release/bin/janus --work FOLDER"
