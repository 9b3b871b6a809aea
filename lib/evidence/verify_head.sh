#!/bin/sh
# Repeats every digest and every signature of this evidence pack with sh,
# openssl and sha256sum alone:
#
#     env -i PATH=/usr/bin:/bin sh ./verify.sh
#
# It writes nothing, and trusts nothing in the pack but itself: the digest of
# SHA256SUMS is at the end of this file, and SHA256SUMS names every other file.
# Signatures are checked under public keys that the signed authorisations list,
# those under the root keys of trust/root.json.  Two things are left to you:
# where this file came from, and that the SHA-256 of trust/root.json, which is
# printed, is the one your devices were given.
set -eu
LC_ALL=C
export LC_ALL
case $0 in
*/*) CDPATH='' cd -- "${0%/*}/" ;;
esac

nl='
'
files=0 digests=0 signatures=0 keys=0 skipped=0

say() { printf '%s\n' "$*"; }
no() {
    printf 'NO: %s\n' "$*" >&2
    exit 1
}
for tool in openssl sha256sum; do
    command -v "$tool" >/dev/null || no "there is no $tool here"
done
# quoted LINE: the text of a line like  "name": "text",
quoted() {
    text=${1#*\": \"}
    text=${text%,}
    text=${text%\"}
}
sha256_of() {
    sum=$(sha256sum <"$1") || no "$1 cannot be read"
    sum=${sum%% *}
}
digest_is() { # FILE SHA256
    sha256_of "$1"
    [ "$sum" = "$2" ] || no "$1 is not the file with SHA-256 $2"
    digests=$((digests + 1))
}
digest512_is() { # FILE SHA512
    sum=$(openssl dgst -sha512 -r <"$1") || no "$1 cannot be read"
    [ "${sum%% *}" = "$2" ] || no "$1 is not the file with SHA-512 $2"
    digests=$((digests + 1))
}

# pack SHA256: the list of files is the one this script was made with, every
# file is as listed, and there is nothing else in this folder
pack() {
    [ -f SHA256SUMS ] || no "SHA256SUMS is missing"
    [ ! -L SHA256SUMS ] || no "SHA256SUMS is a link"
    digest_is SHA256SUMS "$1"
    # busybox knows neither word; no line of this list can be malformed
    if printf '%s  SHA256SUMS\n' "$1" |
        sha256sum --strict --quiet -c - >/dev/null 2>&1; then
        sha256sum --strict --quiet -c SHA256SUMS
    else
        sha256sum -c SHA256SUMS >/dev/null
    fi || no "a file is not as SHA256SUMS lists it"
    names=$nl
    while IFS= read -r line; do
        names=$names${line#*  }$nl
        files=$((files + 1))
    done <SHA256SUMS
    digests=$((digests + files))
    found=0
    walk .
    [ "$found" -eq "$files" ] || no "listed $files files, found $found"
    say "files      $files as listed in SHA256SUMS, and no other"
}
walk() { # FOLDER
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        [ -e "$entry" ] || [ -L "$entry" ] || continue
        entry=${entry#./}
        case $entry in
        verify.sh | SHA256SUMS) [ -d "$entry" ] || continue ;;
        *"$nl"*) no "a name with a line break is in the pack" ;;
        esac
        [ ! -L "$entry" ] || no "$entry is a link"
        if [ -d "$entry" ]; then
            case $names in
            *"$nl$entry/"*) walk "./$entry" ;;
            *) no "folder $entry is not part of the pack" ;;
            esac
        else
            case $names in
            *"$nl$entry$nl"*) found=$((found + 1)) ;;
            *) no "$entry is not part of the pack" ;;
            esac
        fi
    done
}

# root SHA256: the trust anchor that everything below hangs on
root() {
    digest_is trust/root.json "$1"
    root_sha256=$1
    threshold=
    while IFS= read -r line; do
        case $line in
        '  "threshold": '*)
            threshold=${line#*: }
            threshold=${threshold%,}
            ;;
        esac
    done <trust/root.json
    case $threshold in
    [1-9] | 1[0-6]) ;;
    *) no "trust/root.json has no threshold of 1 to 16" ;;
    esac
    say "root       trust/root.json, SHA-256 $1, threshold $threshold"
}

# key_listed DOCUMENT ROLE KEYID: DOCUMENT lists under "keys", for ROLE, exactly
# the key of trust/keys/KEYID.pem, and KEYID is the SHA-256 of that key
key_listed() {
    spki=
    while IFS= read -r line; do
        case $line in
        -----*) ;;
        *) spki=$spki$line ;;
        esac
    done <"trust/keys/$3.pem"
    sum=$(openssl pkey -pubin -in "trust/keys/$3.pem" -outform DER | sha256sum)
    [ "${sum%% *}" = "$3" ] || no "trust/keys/$3.pem has another key id"
    section='' role='' id='' listed=''
    while IFS= read -r line; do
        case $line in
        '  "'*) section=$line role=$2 ;;
        '      "role": "'*) quoted "$line" && role=$text ;;
        '      "keyid": "'*) quoted "$line" && id=$text ;;
        '      "public_key": "'*)
            quoted "$line"
            case $section in
            '  "keys": ['*)
                if [ "$role $id $text" = "$2 $3 $spki" ]; then
                    listed=yes
                fi
                ;;
            esac
            ;;
        esac
        # an authorisation says the role of each key; root.json has only one
        case $1,$line in
        trust/root.json,*) ;;
        *,'    {') role='' ;;
        esac
    done <"$1"
    [ "$listed" ] || no "$1 does not list key $3 for role $2"
    keys=$((keys + 1))
}

# document NAME: the signatures that follow are over this file
document() {
    document=$1
    signers=' '
    roles=' '
}
# by ROLE KEYID AUTHORITY DIGEST SIGNATURE: AUTHORITY lists the key for ROLE, and
# SIGNATURE is that key's over the document
by() {
    key_listed "$3" "$1" "$2"
    openssl dgst "-$4" -verify "trust/keys/$2.pem" -signature "$5" \
        "$document" >/dev/null 2>&1 ||
        no "$5 is not the signature of key $2 over $document"
    case $signers in
    *" $2 "*) no "key $2 is counted twice for $document" ;;
    esac
    signers="$signers$2 "
    roles="$roles$1 "
    signatures=$((signatures + 1))
    say "signature  $document by $1 key $2"
}

# authorised: enough root keys signed the document, which is for this root
authorised() {
    count=0
    for key in $signers; do
        count=$((count + 1))
        [ "$key" ] || no "empty key id"
    done
    [ "$count" -ge "$threshold" ] ||
        no "$document has $count root signatures, needs $threshold"
    sha=
    while IFS= read -r line; do
        case $line in
        '  "root_sha256": "'*) quoted "$line" && sha=$text ;;
        esac
    done <"$document"
    [ "$sha" = "$root_sha256" ] || no "$document is for another root"
}

# required AUTHORITY: every role that it requires signed the document
required() {
    section='' count=0
    while IFS= read -r line; do
        case $line in
        '  "'*) section=$line ;;
        '    "'*)
            case $section in
            '  "require": ['*)
                text=${line#*\"}
                text=${text%%\"*}
                case $roles in
                *" $text "*) count=$((count + 1)) ;;
                *) no "$document lacks the signature of role $text" ;;
                esac
                ;;
            esac
            ;;
        esac
    done <"$1"
    [ "$count" -gt 0 ] || no "$1 requires no role"
}

# listed_files DOCUMENT FOLDER: every digest that DOCUMENT states of a file of
# the release in FOLDER, again
listed_files() {
    name='' count=0
    while IFS= read -r line; do
        while [ "$line" != "${line# }" ]; do
            line=${line# }
        done
        case $line in
        '{' | *': {') name='' ;;
        '"name": "'*) quoted "$line" && name=$text ;;
        '"sha256": "'*)
            quoted "$line"
            if [ -f "$2/$name" ]; then
                digest_is "$2/$name" "$text"
            else
                withheld "$2/$name"
            fi
            count=$((count + 1))
            ;;
        '"sha512": "'*)
            quoted "$line"
            [ ! -f "$2/$name" ] || digest512_is "$2/$name" "$text"
            ;;
        '"content_sha256": "'*)
            quoted "$line"
            content_is "$2/$name" "$text"
            ;;
        esac
    done <"$1"
    [ "$count" -gt 0 ] || no "$1 lists no file"
    say "digests    $count files listed by $1"
}
withheld() {
    case $withheld in
    *"$nl$1$nl"*) skipped=$((skipped + 1)) ;;
    *) no "$1 is missing" ;;
    esac
}
# A plain tar is its own content.  The digest of what is inside a compressed one
# needs gzip, which is not everywhere; the file as a whole was checked already.
content_is() {
    [ -f "$1" ] || return 0
    sha256_of "$1"
    if [ "$sum" = "$2" ]; then
        say "content    $1, not compressed"
    elif command -v gzip >/dev/null 2>&1; then
        sum=$(gzip -dc <"$1" | sha256sum)
        [ "${sum%% *}" = "$2" ] || no "the content of $1 has another digest"
        say "content    $1, unpacked"
    else
        say "content    $1 not unpacked again: there is no gzip here"
    fi
}

# statement ENVELOPE NUMBER RELEASE PAYLOAD SIGNATURE: PAYLOAD and SIGNATURE are
# what the DSSE envelope carries, SIGNATURE as its NUMBER-th
statement() {
    IFS= read -r envelope <"$1" || no "$1 has no line"
    payload=${envelope#*\"payload\":\"}
    payload=${payload%%\"*}
    type=${envelope#*\"payloadType\":\"}
    type=${type%%\"*}
    sig=$envelope count=0
    while [ "$count" -lt "$2" ]; do
        sig=${sig#*\"sig\":\"}
        count=$((count + 1))
    done
    sig=${sig%%\"*}
    [ "$payload" ] || no "$1 has no payload"
    [ "$payload" = "$(openssl base64 -A -in "$4")" ] ||
        no "$4 is not the payload of $1"
    [ "$sig" ] || no "$1 has no signature"
    [ "$sig" = "$(openssl base64 -A -in "$5")" ] ||
        no "$5 is not the signature of $1"
    envelope=$1
    release=$3
    payload_file=$4
    payload_size=$((${#payload} * 3 / 4))
    case $payload in
    *==) payload_size=$((payload_size - 2)) ;;
    *=) payload_size=$((payload_size - 1)) ;;
    esac
    sig_file=$5
}
# attested ROLE KEYID AUTHORITY DIGEST: the signature of the statement is that
# key's over the DSSE pre-authentication encoding of the payload
attested() {
    key_listed "$3" "$1" "$2"
    {
        printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$payload_size"
        printf '%s' "$payload" | openssl base64 -d -A
    } | openssl dgst "-$4" -verify "trust/keys/$2.pem" -signature "$sig_file" \
        >/dev/null 2>&1 ||
        no "$sig_file is not the signature of key $2 over $payload_file"
    signatures=$((signatures + 1))
    say "signature  $envelope by $1 key $2"
}
# subject FILE: the statement names the SHA-256 that FILE has
subject() {
    sha256_of "$release/$1"
    text=$(printf '%s' "$payload" | openssl base64 -d -A)
    case $text in
    *"\"$sum\""*) digests=$((digests + 1)) ;;
    *) no "$payload_file does not name the digest of $release/$1" ;;
    esac
}

# finish FILES SIGNATURES DIGESTS: as many as were promised, so that nothing was
# left out unnoticed
finish() {
    [ "$files $signatures $digests" = "$1 $2 $3" ] ||
        no "checked $files files, $signatures signatures, $digests digests" \
            "instead of $1, $2 and $3"
    [ "$skipped" -eq 0 ] ||
        say "withheld   $skipped digests of files that were not handed over"
    say "YES: $1 files, $2 signatures, $3 digests checked, 0 failed"
}

withheld=$nl
