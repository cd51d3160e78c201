#!/usr/bin/env bash
# carry_deps.sh FOLDER [ROOT]: copies what the preset `minimal` needs beside a compiler and CMake from this Debian
# machine into FOLDER, which then travels with the sources to a machine without packages:
#   cmake --preset minimal -DJANUS_DEPS_DIR=FOLDER
# Headers alone, and static libraries where there is more than headers (of Oniguruma, for which Debian has none, the
# shared one: the folder stays where the program was built); about 8 MB. The libraries are those of the compiler CXX,
# in ROOT/usr/lib where packages of another processor were unpacked to ROOT.
set -euo pipefail
folder=${1:?usage: carry_deps.sh FOLDER [ROOT]}
root=${2:-}
multiarch=$("${CXX:-c++}" -print-multiarch)

copy() {  # copy TO FROM...
  local to=$1 from
  shift
  for from in "$@"; do
    if [[ ! -e $from ]]; then
      echo "carry_deps: $from: expected a file of Debian's packages, found none; run samples/quickstart.sh first" >&2
      exit 1
    fi
  done
  mkdir -p "$folder/$to"
  cp -rL "$@" "$folder/$to/"
}
copy include /usr/include/{fmt,nlohmann,CLI,gtest,oniguruma.h,utf8proc.h}
copy include/stb /usr/include/stb/stb_*.h
copy lib "$root"/usr/lib/"$multiarch"/lib{utf8proc,gtest,gtest_main}.a
copy lib "$root"/usr/lib/"$multiarch"/libonig.so{,.5}
echo "$folder holds $(du -sh "$folder" | cut -f1); configure with: cmake --preset minimal -DJANUS_DEPS_DIR=$folder"
