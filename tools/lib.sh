# shellcheck shell=bash
# Functions shared by the scripts in tools/. Source it; it changes nothing by itself.

# shellcheck disable=SC2034 # read by the scripts that source this
DT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034
DT_FLAVOURS=(lua5.4 luajit lua5.3 lua5.2 lua5.1)
# Not in every Debian: built when it is asked for.
DT_NEWER=(lua5.5)
# Lua 5.4 built otherwise: the portable poller, sanitizers, fuzz targets.
DT_VARIANTS=(poll kqueue asan tsan fuzz)

# Everything meant for people goes to stderr: stdout belongs to what a tool prints for programs.
say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

as_root() {
  if is_root; then env "$@"; else sudo env "$@"; fi
}

# missing_packages PKG...: prints those that are not installed. "a|b" is met by either.
missing_packages() {
  local flat=() spec name
  for spec in "$@"; do
    IFS='|' read -ra names <<<"$spec"
    flat+=("${names[@]}")
  done
  local -A installed=()
  while read -r status name; do
    [ "$status" = ii ] && installed[${name%%:*}]=1
    # dpkg-query fails when a name is unknown to it; that is an answer, not an error.
  done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${flat[@]}" 2>/dev/null || true)
  local met
  for spec in "$@"; do
    met=
    IFS='|' read -ra names <<<"$spec"
    for name in "${names[@]}"; do
      [ -n "${installed[$name]:-}" ] && met=1
    done
    [ -n "$met" ] || printf '%s\n' "$spec"
  done
}

# choose_packages PKG...: prints what to install: of "a|b" the first that this system can.
choose_packages() {
  local spec name chosen names
  for spec in "$@"; do
    IFS='|' read -ra names <<<"$spec"
    chosen=${names[0]}
    for name in "${names[@]}"; do
      if [[ $(LC_ALL=C apt-cache policy "$name" 2>/dev/null) == *"Candidate: "[^\(]* ]]; then
        chosen=$name
        break
      fi
    done
    printf '%s\n' "$chosen"
  done
}

# need_packages PKG...: installs what is missing of these Debian packages, or
# ends the script with a sentence that says what to do. Removes nothing.
# DINGTALK_NO_APT=1 takes the caller's word that all is there (other systems).
need_packages() {
  [ -z "${DINGTALK_NO_APT:-}" ] || return 0
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this is not a Debian system. Install what these Debian packages hold: $*; then set DINGTALK_NO_APT=1."
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if ! is_root && ! command -v sudo >/dev/null; then
    die "packages are missing, and this user is not root and has no sudo. As root: apt-get install --no-install-recommends $(choose_packages "${missing[@]}" | paste -sd ' ')"
  fi
  apt_install "${missing[@]}"
}

apt_install() {
  local log chosen
  log=$(mktemp)
  mapfile -t chosen < <(choose_packages "$@")
  say "installing Debian packages: ${chosen[*]}"
  if ! apt_get "$log" install "${chosen[@]}"; then
    say "  updating the package lists"
    apt_get "$log" update || true # one unreachable source must not stop the others
    mapfile -t chosen < <(choose_packages "$@") # a new system has no lists before
    if ! apt_get "$log" install "${chosen[@]}"; then
      grep -E '^(E|W|Err|dpkg):' "$log" | awk '!seen[$0]++' | tail -n 8 >&2
      rm -f "$log"
      die "apt-get could not install: ${chosen[*]}. Its last words are above: is there network, is the password right, would a package of yours have to be removed?"
    fi
  fi
  rm -f "$log"
  still_service "${chosen[@]}"
}

apt_get() {
  local log=$1 how=()
  shift
  [ "$1" != install ] || how=(--no-install-recommends --no-remove)
  as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -y "${how[@]}" \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

# Debian starts nginx as a service when it is installed. Whoever tries this
# project asked for no web server, and the sandbox runs its own.
still_service() {
  case " $* " in *" nginx "* | *" nginx-light "* | *" nginx-core "*) ;; *) return 0 ;; esac
  say "  stopping the nginx service that came with the package"
  if [ -d /run/systemd/system ]; then
    as_root systemctl disable --quiet --now nginx || true
  elif [ -x /etc/init.d/nginx ]; then
    as_root /etc/init.d/nginx stop >/dev/null 2>&1 || true
  fi
}

# lua_of FLAVOUR: the interpreter that loads this build.
lua_of() {
  case $1 in
    asan | tsan) echo "$DT_ROOT/build/$1/bin/lua" ;;
    poll | kqueue) echo lua5.4 ;;
    *) echo "$1" ;;
  esac
}

# abi_of FLAVOUR: the number in LUA_PATH_5_4 and in share/lua/5.4.
abi_of() {
  case $1 in
    luajit) echo 5.1 ;;
    lua*) echo "${1#lua}" ;;
    *) echo 5.4 ;;
  esac
}

check_flavour() {
  local flavour
  for flavour in "${DT_FLAVOURS[@]}" "${DT_NEWER[@]}" "${DT_VARIANTS[@]}"; do
    [ "$flavour" != "$1" ] || return 0
  done
  die "\"$1\" is no flavour; there are: ${DT_FLAVOURS[*]} ${DT_NEWER[*]} ${DT_VARIANTS[*]}"
}

# build_packages FLAVOUR...: what it takes to build and to run these.
build_packages() {
  local flavour abi
  printf '%s\n' gcc libc6-dev cmake ninja-build 'pkg-config|pkgconf' \
    'libcurl4-openssl-dev|libcurl4-gnutls-dev' lua-cjson ca-certificates
  for flavour in "$@"; do
    case $flavour in
      luajit) printf '%s\n' 'luajit2|luajit' 'libluajit2-5.1-dev|libluajit-5.1-dev' ;;
      lua5.1) printf '%s\n' lua5.1 'liblua5.1-0-dev|liblua5.1-dev' ;;
      fuzz) printf '%s\n' clang 'libclang-rt-14-dev|libclang-rt-dev' liblua5.4-dev ;;
      *) abi=$(abi_of "$flavour"); printf '%s\n' "lua$abi" "liblua$abi-dev" ;;
    esac
  done | sort -u
}

# spec_packages: what the specs need in addition to a build. (The sandbox installs its own.)
spec_packages() {
  printf '%s\n' lua-busted curl openssl lua-argparse lua-socket lua-cqueues lua-luaossl lua-luv lua-copas \
    redis-tools lua-redis lua-nginx-redis locales
}
