# Sourced by the scripts of this folder: clean Debian 12 systems in folders. They need root, debootstrap and Debian's
# mirror, and nothing else; nothing of the machine outside WORK changes.
mirror=${JANUS_DEBIAN_MIRROR:-http://deb.debian.org/debian}

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

need_chroots() {
  ((EUID == 0)) || fail "expected root, which chroot needs, found user $EUID"
  command -v debootstrap >/dev/null || fail "expected debootstrap, found none; apt-get install debootstrap"
}

# new_system FOLDER: Debian 12's smallest system, of a copy that WORK keeps.
new_system() {
  local base=$WORK/base.tar
  if [[ ! -f $base ]]; then
    rm -rf "$WORK/base"
    debootstrap --variant=minbase bookworm "$WORK/base" "$mirror" >"$WORK/debootstrap.log" 2>&1 ||
      fail "debootstrap $mirror: expected Debian 12, see $WORK/debootstrap.log"
    tar -C "$WORK/base" -cf "$base.part" .
    mv "$base.part" "$base"
    rm -rf "$WORK/base"
  fi
  rm -rf "$1"
  mkdir -p "$1"
  tar -C "$1" -xf "$base"
}

# inside FOLDER COMMAND...: runs it there, with a /proc of its own, and the folder `shared`, where that is set, as
# /shared; what it starts ends with it.
shared=''
inside() {
  local system=$1
  shift
  if [[ -n $shared ]]; then mkdir -p "$system/shared"; fi
  unshare --mount --pid --fork --kill-child env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SHARED="$shared" bash -c '
      mount -t proc proc "$0/proc" && { [[ -z $SHARED ]] || mount --bind "$SHARED" "$0/shared"; } && exec chroot "$0" "$@"' \
    "$system" "$@"
}

# expect WHAT TEXT COMMAND...: the command must end well and print the text.
expect() {
  local what=$1 text=$2 output
  shift 2
  output=$("$@" 2>&1) || fail "$what: expected exit code 0, found another: $output"
  [[ $output == *"$text"* ]] || fail "$what: expected \"$text\", found: $output"
  echo "$what: ok"
}
