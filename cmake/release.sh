#!/usr/bin/env bash
# release.sh [--check]: makes what a version consists of, in build/packages-VERSION: Debian packages, the tar.gz, the
# sources, the bill of materials, and SHA256SUMS of them. It refuses a tree with changes that are not committed, and a
# version that CHANGELOG.md does not tell of; runs all tests; and tries the packages in clean systems where it may (as
# root, with debootstrap). --check: only what it refuses.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
  echo "release: $*" >&2
  exit 1
}

[[ $# == 0 || ($# == 1 && $1 == --check) ]] || { echo "release: expected nothing or --check, found $*" >&2; exit 2; }
version=$(sed -n 's/^project(janus VERSION \([0-9]*\.[0-9]*\.[0-9]*\)\b.*/\1/p' CMakeLists.txt)
[[ -n $version ]] || refuse "CMakeLists.txt: expected project(janus VERSION N.N.N, found none"
changes=$(git status --porcelain)
[[ -z $changes ]] || refuse "expected a tree without changes, found $(head -n 1 <<<"$changes"); commit or remove them"
entry=$(awk -v head="## $version - " 'index($0, head) == 1 { inside = 1; print; next } /^## / { inside = 0 } inside' CHANGELOG.md)
[[ $(head -n 1 <<<"$entry") =~ ^"## $version - "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
  refuse "CHANGELOG.md: expected \"## $version - YYYY-MM-DD\", found none; say there what is new"
grep -q '^- ' <<<"$entry" || refuse "CHANGELOG.md: expected lines of what $version brings, found none"
for file in docs/openapi.yaml; do
  grep -q "^  version: $version$" "$file" || refuse "$file: expected version: $version, found another; correct it"
done
if tagged=$(git rev-parse --quiet --verify "v$version^{commit}") && [[ $tagged != $(git rev-parse HEAD) ]]; then
  refuse "v$version: expected no such tag, or one at this commit, found it at $tagged; raise VERSION in CMakeLists.txt"
fi
echo "release: $version may be made of $(git rev-parse --short HEAD)"
if [[ ${1-} == --check ]]; then exit 0; fi

export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
source samples/setup.sh
bash tests/run.sh
out=build/packages-$version
rm -rf "$out"
mkdir -p "$out"
for preset in deb portable; do
  rm -rf "build/$preset/packages"
  configure "$preset"
  build "$preset"
  (cd "build/$preset" && cpack)
done
cp build/deb/packages/*.deb build/portable/packages/*.tar.gz "$out"
cp build/portable/janus.spdx.json "$out/janus-$version.spdx.json"
git archive --format=tar.gz --prefix="janus-$version/" -o "$out/janus-$version-source.tar.gz" HEAD
if ((EUID == 0)) && command -v debootstrap >/dev/null; then
  bash tests/packages/debian.sh "$out" build/chroots
  bash tests/packages/portable.sh "$out"/janus-*-linux-*.tar.gz build/chroots
else
  echo "release: not tried in a clean system, which takes root and debootstrap" >&2
fi
(cd "$out" && sha256sum -- * >SHA256SUMS)
echo "release: $out holds janus $version; next: git tag v$version"
