#!/usr/bin/env bash
# run.sh JANUS PYTHON: starts the server of the program JANUS, captions the pictures of samples/ through it with each
# example, by the interpreter PYTHON (which has ray[data], aiohttp, daft, openai and duckdb), and shows what they wrote.
set -euo pipefail
if (($# != 2)); then
  echo "run.sh: expected two arguments, the program and Python, found $#; start as: $0 build/release/bin/janus python3" >&2
  exit 2
fi
janus=$(realpath "$1") python=$2
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/photos"
cp ../../samples/pictures/*.png ../../samples/pictures/*.jpg "$work/photos"
"$janus" serve --port 0 --alias default > "$work/server" 2>&1 &
server=$!
until url=$(grep -m 1 -o 'http://127[0-9.]*:[0-9]*' "$work/server"); do
  kill -0 "$server" || { cat "$work/server" >&2; exit 1; }
  sleep 0.1
done
for example in ray_address daft_address; do
  echo "== $example.py"
  if ! "$python" "$example.py" "$url" "$work/photos" "$work/$example" > "$work/$example.log" 2>&1; then
    tail -n 40 "$work/$example.log" >&2
    exit 1
  fi
  "$python" - "$work/$example" << 'END'
import sys, duckdb
for (caption,) in duckdb.sql(f"select caption from '{sys.argv[1]}/*.parquet' order by caption").fetchall():
    print(caption)
END
done
