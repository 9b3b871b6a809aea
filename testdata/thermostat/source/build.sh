#!/bin/sh
# Builds the firmware of the thermostat:
#   build/rootfs               the root file system of a slot
#   build/thermostat.cdx.json  what it is made of (CycloneDX 1.6)
# Needs cc with a static C library, Debian's busybox-static, and dpkg-query.
# The time inside the SBOM is SOURCE_DATE_EPOCH, else that of the last commit.
set -eu
umask 022
cd -- "$(dirname -- "$0")"

version=$(cat VERSION)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
root=build/rootfs

rm -rf build
mkdir -p "$root/bin" "$root/sbin" "$root/etc"

${CC:-cc} -std=c11 -D_DEFAULT_SOURCE -Os -static -s -Wall -Wextra -Werror \
    -Wl,--build-id=none -DTHERMOSTAT_VERSION="\"$version\"" \
    -o "$root/sbin/init" src/*.c
cp /bin/busybox "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
cp rootfs/etc/* "$root/etc/"
printf 'ID=thermostat\nVERSION_ID=%s\n' "$version" >"$root/etc/os-release"
chmod 755 "$root/sbin/init" "$root/bin/busybox"
chmod 644 "$root"/etc/*

package_version() { dpkg-query -W -f '${Version}' "$1"; }
purl() { printf '%s' "$1" | sed 's/:/%3A/g; s/+/%2B/g'; }
sha512() { sha512sum <"$1" | cut -d ' ' -f 1; }

busybox=$(package_version busybox-static)
libc=$(package_version libc6-dev)
# a UUID that is the same for the same content, version 8 of RFC 9562
uuid=$({ cat "$root/sbin/init" "$root/bin/busybox"; echo "$version"; } |
    sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-8\3-8\4-\5/')

sed -e "s|@VERSION@|$version|g" -e "s|@UUID@|$uuid|" \
    -e "s|@TIMESTAMP@|$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)|" \
    -e "s|@BUSYBOX_VERSION@|$busybox|" -e "s|@LIBC_VERSION@|$libc|" \
    -e "s|@BUSYBOX_PURL@|$(purl "$busybox")|" \
    -e "s|@LIBC_PURL@|$(purl "$libc")|" \
    -e "s|@ARCH@|$(dpkg --print-architecture)|" \
    -e "s|@DISTRO@|$(cut -d . -f 1 /etc/debian_version)|" \
    -e "s|@INIT_SHA512@|$(sha512 "$root/sbin/init")|" \
    -e "s|@BUSYBOX_SHA512@|$(sha512 "$root/bin/busybox")|" \
    sbom/thermostat.cdx.json.in >build/thermostat.cdx.json
