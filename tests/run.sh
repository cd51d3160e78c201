#!/usr/bin/env bash
# Installs missing Debian packages, builds everything with warnings as errors and runs all tests. The summary of
# ctest stands last and its exit code is this script's.
set -euo pipefail
cd "$(dirname "$0")/.."
source samples/setup.sh

install_missing_packages
configure release -DJANUS_WERROR=ON -DJANUS_TESTS=ON
build release
exec ctest --test-dir build/release --output-on-failure -j2
