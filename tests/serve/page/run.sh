#!/usr/bin/env bash
# page/run.sh JANUS FOLDER: uses the page of a server that JANUS starts, in a headless Chromium, and keeps screenshots in
# FOLDER. Without Python, chromium or chromedriver nothing is tested, which a line says.
set -euo pipefail
if (($# != 2)); then
  echo "page: expected two arguments, the program and a folder for screenshots, found $#; start as: $0 JANUS FOLDER" >&2
  exit 2
fi
janus=$(realpath "$1")
mkdir -p "$2"
shots=$(realpath "$2")
cd "$(dirname "$0")"

for program in python3 chromium chromedriver; do
  if ! command -v "$program" >/dev/null; then
    echo "page: skipped: $program is missing (apt-get install python3 chromium chromium-driver)"
    exit 0
  fi
done
JANUS_PROGRAM=$janus JANUS_SHOTS=$shots PYTHONDONTWRITEBYTECODE=1 exec python3 run.py
