# Shared by the scripts of ci/: where things are, and installing what is
# missing on Debian.  Sourced, never run.
# shellcheck shell=bash disable=SC2034 # used where it is sourced

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# What the programs need to be built and run.
build_packages=(gcc cmake ninja-build pkg-config libc6-dev libssl-dev
    libcjson-dev libgit2-dev zlib1g-dev libdeflate-dev libp11-kit-dev libcmocka-dev
    softhsm2 libnss3 openssl git ca-certificates)

say() { printf '\n== %s\n' "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Install the Debian packages named that are not there yet; ask nothing.
install_packages() {
    local missing=() package
    local as_root=()

    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
            grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq update >/dev/null
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >/dev/null || die "cannot install ${missing[*]}"
}
