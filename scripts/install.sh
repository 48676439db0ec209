#!/usr/bin/env bash
# Installs the Debian 12 packages that the sources need; nothing happens when they are there.
#
#   scripts/install.sh [build] [tests] [checks]     sections of packages.txt; default: build
#
# Runs as root, or calls sudo for apt-get alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/packages.txt

say() { printf 'install: %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '  what to do: %s\n' "$2" >&2
  exit 1
}

# The packages of one section: the lines after "# NAME", to the next comment. A package that is named
# for a command is left out where that command is there.
section() {
  local package command
  awk -v name="$1" '/^#/ { inside = ($0 == "# " name); next } inside && NF { print $1, $2 }' "$list" |
    while read -r package command; do
      [ -n "$command" ] && command -v "$command" >/dev/null || echo "$package"
    done
}

# Debian's LibTorch takes whatever BLAS the system's alternative names. The reference BLAS is a
# hundred times slower; OpenBLAS with its own threads spins against LibTorch's OpenMP threads.
check_blas() {
  local link target wanted name
  for link in /etc/alternatives/libblas.so.3-*; do
    [ -e "$link" ] || return 0
    target=$(readlink "$link")
    case $target in
      */openblas-openmp/*) say "BLAS: $target" ;;
      *)
        name=$(basename "$link")
        wanted=$(dirname "$(dirname "$target")")/openblas-openmp/libblas.so.3
        say "warning: the BLAS in use is $target, not OpenBLAS with OpenMP: matrix products will be slow"
        say "  what to do, as root: update-alternatives --set $name $wanted"
        say "                       update-alternatives --auto ${name/libblas.so.3/libopenblas.so.0}"
        ;;
    esac
  done
}

[ $# -gt 0 ] || set -- build
packages=()
for name in "$@"; do
  mapfile -t found < <(section "$name")
  [ ${#found[@]} -gt 0 ] || fail "no section '$name' in $list" "the sections are: $(sed -n 's/^# \([a-z]*\)$/\1/p' "$list" | xargs)"
  packages+=("${found[@]}")
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  fail "this machine has no apt-get: the packages are those of Debian 12" \
    "install what scripts/packages.txt lists by other means, then use --no-install"
fi

installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | awk '$2 == "installed" { print $1 }') || true
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  say "all ${#packages[@]} packages are there (sections: $*)"
  check_blas
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    fail "${#missing[@]} packages are missing, and neither root nor sudo is at hand: ${missing[*]}" \
      "as root: apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi
if [ -r /etc/os-release ] && ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
  say "warning: this is not Debian 12 (bookworm); some packages may have other names here"
fi

say "missing ${#missing[@]} of ${#packages[@]} packages: ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q)
say "apt-get update"
"${apt[@]}" update >/dev/null || say "warning: apt-get update failed; going on with the lists that are there"
say "apt-get install --no-install-recommends ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null 2>&1 |
  tee "$log" | sed -n -E '/^(Need to get|After this operation|Fetched) /s/^/install:   /p'; then
  tail -n 20 "$log" >&2
  fail "apt-get could not install the packages; its last lines are above" \
    "check that this machine reaches a Debian mirror (/etc/apt/sources.list*), then run this again"
fi
say "installed"
check_blas
