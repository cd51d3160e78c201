#!/usr/bin/env bash
# From a fresh Debian 12 machine to a first picture: installs missing packages, builds the program, then makes and
# describes pictures with the model that is built into it.
set -euo pipefail
cd "$(dirname "$0")/.."
source samples/setup.sh

janus=build/release/bin/janus
picture=build/quickstart/generated.png
sample=samples/pictures/ring_below.jpg
prompt="a red circle left of a blue square on a white background"

install_missing_packages
configure release
build release --target janus janus_pages

mkdir -p build/quickstart
if [[ $picture -nt $janus ]]; then
  made="was made by an earlier run"
else
  "$janus" generate "$prompt" -o "$picture"
  made="was made from the words \"$prompt\""
fi
about_picture=$("$janus" describe -q "$picture")
about_sample=$("$janus" describe -q "$sample")

cat <<END

Done.
  $janus  is the program.
  $picture  $made.
  janus describes it as:  $about_picture
  and $sample as:  $about_sample

What to try next:
  $janus generate "a yellow star on a black background" -o star.png --seed 7
  $janus describe star.png
  $janus info star.png
  $janus --help

All this came from janus-tiny, the small built-in model, which knows coloured shapes only. For photographs, download
a Janus-Pro model (4.2 GB; the README tells more):
  $janus pull deepseek-community/Janus-Pro-1B
  $janus describe -m deepseek-community/Janus-Pro-1B photo.jpg -p "What is in this picture?"
END
