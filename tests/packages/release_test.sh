#!/usr/bin/env bash
# release_test.sh SOURCE: what cmake/release.sh refuses, in a small repository of its own. 77: no git here.
set -euo pipefail
source=$1
command -v git >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work GIT_CONFIG_NOSYSTEM=1
mkdir -p "$work/tree/docs"
cd "$work/tree"
cp -r "$source/CMakeLists.txt" "$source/CHANGELOG.md" "$source/cmake" .
cp "$source/docs/openapi.yaml" docs
git init -q .
git config user.name nobody
git config user.email nobody@example.org
commit() { git add -A && git commit -q -m "$1"; }
commit first

# release WHAT CODE TEXT: release.sh --check must end with the code and say the text.
release() {
  local output code=0
  output=$(bash cmake/release.sh --check 2>&1) || code=$?
  if [[ $code != "$2" || $output != *"$3"* ]]; then
    echo "$1: expected exit code $2 and \"$3\", found $code: $output" >&2
    exit 1
  fi
}

release "a clean tree" 0 "may be made"
touch new
release "a file more" 1 "expected a tree without changes, found ?? new"
rm new
sed -i 's/^project(janus VERSION [0-9.]*/project(janus VERSION 7.8.9/' CMakeLists.txt
release "a changed file" 1 "expected a tree without changes, found  M CMakeLists.txt"
commit version
release "a version without changes" 1 'CHANGELOG.md: expected "## 7.8.9 - YYYY-MM-DD", found none'
sed -i '0,/^## /s//## 7.8.9 - soon\n\n- More.\n\n&/' CHANGELOG.md
commit soon
release "a version without a day" 1 'CHANGELOG.md: expected "## 7.8.9 - YYYY-MM-DD", found none'
sed -i 's/7.8.9 - soon/7.8.9 - 2027-01-01/; /^- More/d' CHANGELOG.md
commit empty
release "a version that brings nothing" 1 "expected lines of what 7.8.9 brings"
sed -i 's/^## 7.8.9.*/&\n\n- More./' CHANGELOG.md
commit more
release "another version in openapi.yaml" 1 "docs/openapi.yaml: expected version: 7.8.9"
sed -i 's/^  version: .*/  version: 7.8.9/' docs/openapi.yaml
commit openapi
release "a new version" 0 "7.8.9 may be made"
git tag v7.8.9
release "a version that is tagged here" 0 "7.8.9 may be made"
git commit -q --allow-empty -m "after the tag"
release "a version that is tagged elsewhere" 1 "v7.8.9: expected no such tag"
