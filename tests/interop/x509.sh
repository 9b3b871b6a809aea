#!/usr/bin/env bash
# Certificates and CMS signatures as a user makes them, taken by openssl, RAUC and
# SWUpdate.  What --json told is left in DIR, for schemas.py.
# usage: x509.sh BIN DIR     BIN: folder of the programs; DIR: empty
set -euo pipefail
PATH=$1:$PATH
cd "$2"

at() { # at NAME: the options of a token
    printf -- '--softhsm\n%s-token\n--pin\nfile:%s.pin\n' "$1" "$1"
}
mapfile -t at_root < <(at root)
mapfile -t at_vendor < <(at vendor)
root='pkcs11:token=root;object=root-1'
vendor='pkcs11:token=vendor;object=x509-1'

(umask 077 && openssl rand -hex 12 >root.pin && openssl rand -hex 12 >vendor.pin)
hallmark-key token-init --token root "${at_root[@]}"
hallmark-key token-init --token vendor "${at_vendor[@]}"
hallmark-key generate "$root" "${at_root[@]}" -o root-1.pem
hallmark-key generate "$vendor" "${at_vendor[@]}" -o x509-1.pem
hallmark-key root-export "$root" --softhsm root-token --threshold 1 \
    --vendor acme -o root.json
hallmark-key authorise --root root.json --key x509=x509-1.pem \
    --product thermostat --days 400 --sign "$root" "${at_root[@]}" \
    -o authorisation.json

hallmark-key certify "$root" "${at_root[@]}" --root root.json \
    --subject 'acme firmware root' --days 5479 -o root.crt --json >root.result
hallmark-key csr "$vendor" "${at_vendor[@]}" --subject 'acme signing' \
    -o x509-1.csr --json >csr.result
hallmark-key certify "$root" "${at_root[@]}" --root root.json \
    --authorisation authorisation.json --issuer root.crt --request x509-1.csr \
    --days 365 --purpose codeSigning --purpose emailProtection \
    -o x509-1.crt --json >leaf.result
hallmark-key certify "$root" --softhsm root-token --issuer root.crt \
    --public-key x509-1.pem --subject 'would be' --days 365 \
    --dry-run -o never.crt --json >dry.result
openssl req -in x509-1.csr -verify -noout
openssl verify -x509_strict -CAfile root.crt root.crt
openssl verify -x509_strict -purpose smimesign -CAfile root.crt x509-1.crt

by=(--key "$vendor" "${at_vendor[@]}" --root root.json
    --authorisation authorisation.json
    --certificate x509-1.crt --chain root.crt)

mkdir in
head -c 100000 /dev/urandom >in/rootfs.img
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout development.key -out development.crt -subj /CN=development \
    -days 9 2>/dev/null
for form in plain verity; do
    cat >in/manifest.raucm <<END
[update]
compatible=acme thermostat
version=1.0.1

[bundle]
format=$form

[image.rootfs]
filename=rootfs.img
END
    rauc --cert=development.crt --key=development.key bundle in \
        "build-$form.raucb" 2>/dev/null
    hallmark-sign --cms "build-$form.raucb" --rauc "${by[@]}" \
        -o "release-$form.raucb" --json >"$form.result"
    rauc info --keyring=root.crt "release-$form.raucb" 2>/dev/null |
        grep -q 'CN = acme signing'
    printf 'rauc accepts release-%s.raucb\n' "$form"
done

cat >sw-description <<END
software = {
    version = "1.0.1";
    hardware-compatibility: [ "1.0" ];
    images: ( { filename = "rootfs.img"; device = "/dev/null";
                sha256 = "$(sha256sum <in/rootfs.img | cut -d' ' -f1)"; } );
};
END
hallmark-sign --cms sw-description "${by[@]}" -o sw-description.sig \
    --json >detached.result
openssl cms -verify -binary -inform DER -in sw-description.sig \
    -content sw-description -CAfile root.crt -out /dev/null
cp in/rootfs.img .
printf '%s\n' sw-description sw-description.sig rootfs.img |
    cpio --quiet -o -H crc >release.swu
mkdir empty
TMPDIR=$PWD/empty/ swupdate -c -k root.crt -H board:1.0 -i release.swu 2>&1 |
    grep -o 'SWUPDATE successful' | head -1
