# The words that ci/demo is told in.  Sourced after common.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154 # used there, or set there

# What the story needs of the build.
programs=(hallmark hallmark-pack hallmark-sbom hallmark-attest
    hallmark-manifest hallmark-key hallmark-sign hallmark-verify
    hallmark-publish hallmark-device hallmark-evidence)

steps=0
refusals=0
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold='' plain=''
fi

# check_folder DIR: refuse a DIR that the story may not replace
check_folder() {
    if [ -e "$1" ] && [ ! -d "$1" ]; then
        die "$1 is no folder"
    fi
    if [ -d "$1" ] && [ -n "$(ls -A "$1")" ] && [ ! -f "$1/.hallmark-demo" ]; then
        die "$1 is not empty and was not made by ci/demo: name another"
    fi
}

# begin_story DIR: an empty DIR with the mark of a demo; what is there already is
# removed only if it carries that mark.
begin_story() {
    check_folder "$1"
    rm -rf "$1"
    mkdir -p "$1/attacks"
    echo "made by ci/demo, which may replace this folder" >"$1/.hallmark-demo"
}

# step TITLE TEXT
step() {
    steps=$((steps + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$steps" "$1" "$plain"
    printf '%s\n' "$2" | sed 's/^/   /'
}

tell() { printf '   %s\n' "$@"; }

# quoted WORDS...: as a shell takes them
quoted() {
    local word between=''

    for word in "$@"; do
        case $word in
        '' | *[!A-Za-z0-9._+/:=,@%-]*) word="'${word//\'/\'\\\'\'}'" ;;
        esac
        printf '%s%s' "$between" "$word"
        between=' '
    done
}

# show COMMAND...: as it could be typed in the folder of the story
show() { printf '\n   $ %s\n' "$(quoted "$@")"; }

# run COMMAND...: show it, and what it says; its failure ends the demo
run() {
    show "$@"
    "$@" </dev/null 2>&1 | sed 's/^/     /' ||
        die "this had to succeed: $*"
}

# run_to FILE COMMAND...: the same, what it says goes to FILE
run_to() {
    local file=$1

    shift
    printf '\n   $ %s >%s\n' "$(quoted "$@")" "$(quoted "$file")"
    "$@" </dev/null >"$file" || die "this had to succeed: $*"
}

# broken COMMAND...: it must fail, in whatever way
broken() {
    show "$@"
    if "$@" </dev/null 2>&1 | sed 's/^/     /'; then
        die "this had to fail: $*"
    fi
}

# refused REASON COMMAND...: it must say no (exit 1) for exactly this reason
refused() {
    local reason=$1 status=0 output
    shift
    show "$@"
    output=$("$@" </dev/null 2>&1) || status=$?
    printf '%s\n' "$output" | sed 's/^/     /'
    [ "$status" -eq 1 ] ||
        die "this had to be refused (exit 1), but ended with $status: $*"
    case $output in
    *"[$reason]"*) ;;
    *) die "this had to be refused for [$reason]: $*" ;;
    esac
    refusals=$((refusals + 1))
    printf '   %srefused, as it must be: %s%s\n' "$bold" "$reason" "$plain"
}

# secret FILE: a PIN that nobody chose, readable by its owner only
secret() {
    mkdir -p "$(dirname "$1")"
    (umask 077 && openssl rand -hex 12 >"$1")
    tell "$1: a random PIN, which only its owner can read"
}

# in_source WORDS...: git, in the firmware's work tree
in_source() { git -C source "$@"; }

# commit MESSAGE: as the vendor, whatever this machine's git is set to
commit() {
    in_source add -A
    in_source -c user.name=Acme -c user.email=firmware@acme.example \
        -c commit.gpgsign=false -c core.hooksPath=/dev/null \
        commit -q -m "$1"
    tell "committed: $1"
}

# at_root NAME: where a root key is, as the options and the URI that name it
at_root() {
    case $1 in
    root-c)
        place=(--nss keys/root-c-db --pin file:keys/root-c.pin)
        uri="pkcs11:token=NSS%20Certificate%20DB;object=root-c"
        ;;
    *)
        place=(--softhsm "keys/$1-token" --pin "file:keys/$1.pin")
        uri="pkcs11:token=$1;object=$1"
        ;;
    esac
}

# root_key NAME: a root key, its public half in keys/NAME.pem
root_key() {
    at_root "$1"
    run hallmark-key generate "$uri" "${place[@]}" -o "keys/$1.pem"
}

# sign_request NAME KEY: the holder of a root key signs requests/NAME.json and
# hands back what the token says of the key
sign_request() {
    at_root "$2"
    run hallmark-sign "requests/$1.json" --root root.json --key "$uri" \
        "${place[@]}" -o "requests/$1.$2.sig" \
        --evidence "requests/$1.$2.evidence"
}

# sign_record KEY: the holder of a root key signs ceremony.json
sign_record() {
    at_root "$1"
    run hallmark-sign ceremony.json --root root.json --key "$uri" "${place[@]}"
}

# vendor_key TOKEN LABEL: a key on a token, its public half in keys/LABEL.pem,
# and what the token says of it in keys/LABEL.json
vendor_key() {
    local uri="pkcs11:token=$1;object=$2"
    local place=(--softhsm "keys/$1-token" --pin "file:keys/$1.pin")

    run hallmark-key generate "$uri" "${place[@]}" -o "keys/$2.pem"
    run_to "keys/$2.json" hallmark-key show "$uri" "${place[@]}" --json
}

# sign_manifest FILE TOKEN LABEL
sign_manifest() {
    run hallmark-sign "$1" --root root.json \
        --key "pkcs11:token=$2;object=$3" \
        --softhsm "keys/$2-token" --pin "file:keys/$2.pin"
}

# update_device: what a device does when it finds an update
update_device() {
    run hallmark-device check --state device --from repository
    run hallmark-device install --state device --from repository
    run hallmark-device boot --state device
    run hallmark-device confirm --state device
}

# flip FILE OFFSET: change one bit of one byte
flip() {
    local byte

    tell "" "one bit of byte $2 of $1 is changed"
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' $((byte ^ 1)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# make_boiler DIR: the same tree, released as another product of the vendor
make_boiler() {
    run mkdir "$1"
    run cp -r source keys root.json authorisation.json authorisation.json.sig \
        authorisation.json.sig.2 "$1"
    run sed -i 's/"name": "thermostat",/"name": "boiler",/' \
        "$1/source/build/thermostat.cdx.json"
    run cp "$sample/release/1.0.0.json" "$1/release.json"
    run sed -i -e 's/"product": "thermostat"/"product": "boiler"/' \
        -e 's/1\.0\.0/1.0.1/g' "$1/release.json"
    run hallmark release "$1/release.json" --quiet
}

end_story() {
    printf '\n%sDone in %d s: %d steps, %d refusals, each for its reason.%s\n' \
        "$bold" "$SECONDS" "$steps" "$refusals" "$plain"
}
