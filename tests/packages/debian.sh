#!/usr/bin/env bash
# debian.sh PACKAGES WORK: lintian on the .deb files of a folder, then a clean Debian 12 in WORK into which they are
# installed with what they depend on: the program runs, and a program is built by find_package and by pkg-config.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PACKAGES=$1 WORK=$2
mkdir -p "$WORK"
source "$root/tests/packages/chroot.sh"
need_chroots
shopt -s nullglob
packages=("$PACKAGES"/*.deb)
((${#packages[@]} == 3)) ||
  fail "$PACKAGES: expected 3 packages, found ${#packages[@]}; run cpack in a build of the preset deb"
if command -v lintian >/dev/null; then
  lintian --fail-on error "${packages[@]}" || fail "lintian: expected no errors, found the above"
  echo "lintian: ok"
fi

system=$WORK/debian
new_system "$system"
cp "${packages[@]}" "$system/tmp"
installed() { inside "$system" sh -c "apt-get -q install -y --no-install-recommends $*" >>"$WORK/install.log" 2>&1; }
inside "$system" apt-get -q update >"$WORK/install.log" 2>&1 || fail "apt-get update: see $WORK/install.log"
installed '/tmp/janus-cpp_*.deb /tmp/libjanus-cpp[0-9]*.deb' ||
  fail "apt-get install: expected all dependencies in Debian, see $WORK/install.log"
version=$(sed -n 's/^project(janus VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
expect "version" "janus $version" inside "$system" janus --version
expect "generate" "" inside "$system" janus generate -q "a red circle on a white background" -o /tmp/circle.webp
expect "describe" "a red circle" inside "$system" janus describe -q /tmp/circle.webp
expect "man page" "JANUS" inside "$system" zcat /usr/share/man/man1/janus.1.gz
# Every module finds its libraries.
expect "modules" "" inside "$system" bash -c '! ldd /usr/lib/*/janus-*/*.so | grep "not found"'

# In the order of a developer: a compiler, the development package, the program of docs/library.md.
installed 'g++ make cmake pkgconf /tmp/libjanus-cpp-dev_*.deb' ||
  fail "apt-get install libjanus-cpp-dev: expected success, see $WORK/install.log"
mkdir -p "$system/src"
awk '/^```cpp/ { inside = 1; next } /^```/ { inside = 0 } inside' "$root/docs/library.md" >"$system/src/picture.cc"
awk '/^```cmake/ { block = ""; inside = 1; next }
     /^```/ { if (inside && block ~ /find_package/) printf "%s", block; inside = 0 }
     inside { block = block $0 "\n" }' "$root/docs/library.md" >"$system/src/CMakeLists.txt"
expect "find_package" "" inside "$system" bash -c \
  'cmake -S /src -B /src/build && cmake --build /src/build && cd /tmp && /src/build/picture && test -s picture.png'
expect "pkg-config" "" inside "$system" bash -c \
  'c++ -std=c++20 /src/picture.cc $(pkg-config --cflags --libs janus_builtin_model) -o /src/picture &&
   cd /tmp && rm picture.png && /src/picture && test -s picture.png'
expect "no run path" "" inside "$system" bash -c \
  '! readelf -d /src/picture /src/build/picture /usr/bin/janus /usr/lib/*/libjanus_*.so | grep -E "RPATH|RUNPATH"'
inside "$system" sh -c 'apt-get -q purge -y "janus-cpp*" "libjanus-cpp*"' >>"$WORK/install.log" 2>&1 ||
  fail "apt-get purge: see $WORK/install.log"
expect "nothing stays" "" inside "$system" bash -c \
  '! ls -d /usr/lib/*/*janus* /usr/share/doc/*janus* /usr/include/janus /usr/bin/janus 2>/dev/null'
