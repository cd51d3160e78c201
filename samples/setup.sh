# Sourced by samples/quickstart.sh and tests/run.sh: installs the Debian packages that are missing, then offers
# configure and build. The one list of packages stands here.
janus_packages=(
  g++ cmake ninja-build
  libjpeg62-turbo-dev libpng-dev libwebp-dev libtiff-dev libgif-dev libheif-dev libjxl-dev libopenjp2-7-dev libstb-dev
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
  libsentencepiece-dev libonig-dev libutf8proc-dev
  libcli11-dev nlohmann-json3-dev libfmt-dev
  libcurl4-openssl-dev ca-certificates libarchive-dev libtomlplusplus-dev libedit-dev libmicrohttpd-dev
  libgtest-dev libbenchmark-dev pkgconf
)

# Another system is named what it needs; the script goes on there only where a compiler and CMake exist.
name_packages() {
  echo "This is not a Debian system: what Debian 12 calls ${janus_packages[*]} has to be installed by hand." >&2
  if command -v cmake >/dev/null && command -v c++ >/dev/null; then return 0; fi
  echo "setup: no C++ compiler or no CMake, PATH: expected both, found not both; install them and the libraries" \
       "above with this system's package manager and start again" >&2
  return 1
}

install_missing_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    name_packages
    return
  fi
  local missing=() package
  for package in "${janus_packages[@]}"; do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return 0; fi

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "setup: packages missing: expected root or sudo to install them, found neither; run as root:" \
           "apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
  "${apt[@]}" update || echo "apt-get update failed; going on with the package lists that are there" >&2
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
    echo "setup: apt-get install failed (its lines above say why): expected ${missing[*]}, found not all of them;" \
         "install them by hand and start again" >&2
    return 1
  fi
}

# configure PRESET [CMAKE_ARGUMENT...], in build/PRESET. A folder that is configured keeps its generator.
configure() {
  local preset=$1 arguments=()
  shift
  if [[ ! -f build/$preset/CMakeCache.txt ]] && command -v ninja >/dev/null; then arguments+=(-G Ninja); fi
  # Debian 12's compiler is the one that CI sees no warning from. Both scripts give the same flags there, so that
  # neither builds anew what the other has built.
  if grep -qs '^12' /etc/debian_version; then arguments+=(-DJANUS_WERROR=ON); fi
  if ! cmake --preset "$preset" "${arguments[@]}" "$@"; then
    echo "setup: CMake could not configure (its lines above say why): expected ${janus_packages[*]}, as Debian calls" \
         "them; install what is missing and start again" >&2
    return 1
  fi
}

# build PRESET [CMAKE_BUILD_ARGUMENT...], with one job a processor.
build() {
  local preset=$1
  shift
  cmake --build "build/$preset" -j "$(nproc)" "$@"
}
