# shellcheck shell=bash
# Debian systems in a folder, for tools/distros and tools/routes. Source it after tools/lib.sh; it sets `roots`, the
# folder that keeps them, and `mirror`. All of it needs root.

roots=${DINGTALK_ROOTS:-$DT_ROOT/build/roots}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# bare_root SUITE: makes $roots/SUITE, unless it is there: what debootstrap's minbase holds.
bare_root() {
  local suite=$1
  [ ! -e "$roots/$suite/.complete" ] || return 0
  is_root || die "debootstrap and chroot need root"
  need_packages debootstrap
  say "making a bare root of $suite"
  mkdir -p "$roots"
  rm -rf "${roots:?}/$suite"
  debootstrap --variant=minbase "$suite" "$roots/$suite" "$mirror" >"$roots/$suite.log" 2>&1 ||
    { tail -n 5 "$roots/$suite.log" >&2; die "debootstrap failed"; }
  touch "$roots/$suite/.complete"
}

# copy_root SUITE ROOT: a copy that reaches the network. No service starts in it, and the lists of a mirror that is a
# snapshot may have expired.
copy_root() {
  rm -rf "$2"
  mkdir -p "${2%/*}"
  cp -a "$roots/$1" "$2"
  cp /etc/resolv.conf "$2/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d"
  chmod +x "$2/usr/sbin/policy-rc.d"
  echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/80snapshot"
}

# inside ROOT COMMAND...: as a login of root would, with the variables that the array root_environment holds and
# nothing else of the caller's. /proc and /dev are there in a mount namespace of its own, and end with it.
inside() {
  local root=$1
  shift
  # shellcheck disable=SC2016
  unshare --mount sh -c 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"' - "$root" \
    /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${root_environment[@]}" "$@"
}
root_environment=()
