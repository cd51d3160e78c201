#!/usr/bin/env bash
# portable.sh ARCHIVE WORK: unpacks the tar.gz of the preset `portable` into a clean Debian 12 in WORK, which has none of
# the libraries that janus links, at two places, and runs it from other folders, by name, path and link.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
ARCHIVE=$1 WORK=$2
mkdir -p "$WORK"
source "$root/tests/packages/chroot.sh"
need_chroots

system=$WORK/portable
new_system "$system"
name=$(basename "$ARCHIVE" .tar.gz)
for folder in /opt /srv/with\ space; do
  mkdir -p "$system$folder"
  tar -C "$system$folder" -xzf "$ARCHIVE"
done
janus="/srv/with space/$name/bin/janus"
ln -s "$janus" "$system/usr/local/bin/janus"
inside "$system" mkdir -p /work
in_work() { inside "$system" bash -c 'cd /work && "$@"' bash "$@"; }
expect "its own libraries" "" in_work bash -c '! ldd "$0" | grep "not found"' "$janus"
expect "generate, by a link" "" in_work janus generate -q "a red circle on a white background" -o circle.webp
expect "describe, by its path" "a red circle" in_work "/opt/$name/bin/janus" describe -q circle.webp
expect "describe, by a relative path" "a red circle" in_work "../opt/$name/bin/janus" describe -q circle.webp
mv "$system/opt/$name" "$system/opt/moved"
expect "describe, moved" "a red circle" in_work /opt/moved/bin/janus describe -q circle.webp
for document in LICENSE CHANGELOG.md janus.spdx.json libraries/libonig5.txt; do
  [[ -s $system/opt/moved/share/doc/janus/$document ]] ||
    fail "share/doc/janus/$document: expected in the archive, found none"
done
echo "documents: ok"
