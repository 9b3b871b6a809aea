#include <stdio.h>

#include "hallmark_priv.h"
#include "hm_source.h"

/* What lies beside the sources and is none of them: git must not take it for an
 * uncommitted change. */
const char hallmark_ignored[] =
    "/.hallmark-stage/\n/build/\n/evidence/\n/keys/\n/repository/\n";

#define ROOT_KEY   "pkcs11:token=root;object=root"
#define VENDOR_KEY "pkcs11:token=vendor;object="
#define AT_ROOT    " --softhsm keys/root-token --pin file:keys/root.pin"
#define AT_VENDOR  " --softhsm keys/vendor-token --pin file:keys/vendor.pin"

/* From an empty folder to a release, for a shell in the folder of release.json;
 * the paths and names are those of write_document(). */
static const struct {
    const char *line; /**< @V: the vendor, @P: the product */
    bool to_git;      /**< only outside a work tree */
    bool to_ignore;   /**< only when no .gitignore was written */
} lines[] = {
    {"git init -q", true, false},
    {"printf '%s\\n' /.hallmark-stage/ /build/ /evidence/ /keys/ "
     "/repository/ >>.gitignore",
     false, true},
    {"mkdir -p keys", false, false},
    {"(umask 077; openssl rand -hex 12 >keys/root.pin; "
     "openssl rand -hex 12 >keys/vendor.pin)",
     false, false},
    {"hallmark-key token-init --token root" AT_ROOT, false, false},
    {"hallmark-key generate '" ROOT_KEY "'" AT_ROOT " -o keys/root.pem", false,
     false},
    {"hallmark-key root-export '" ROOT_KEY "' --softhsm keys/root-token "
     "--threshold 1 --vendor @V -o root.json",
     false, false},
    {"hallmark-key token-init --token vendor" AT_VENDOR, false, false},
    {"hallmark-key generate '" VENDOR_KEY "vendor-1'" AT_VENDOR
     " -o keys/vendor-1.pem",
     false, false},
    {"hallmark-key generate '" VENDOR_KEY "provenance-1'" AT_VENDOR
     " -o keys/provenance-1.pem",
     false, false},
    {"hallmark-key authorise --root root.json "
     "--key manifest=keys/vendor-1.pem "
     "--key provenance=keys/provenance-1.pem --product @P --days 365 "
     "--max-rollback-counter 9 --sign '" ROOT_KEY "'" AT_ROOT
     " -o authorisation.json",
     false, false},
    {"git add -A && git commit -q -m '@P: ready to be released'", false, false},
    {"hallmark release release.json --dry-run", false, false},
    {"hallmark release release.json", false, false},
};

/* Both names are of [A-Za-z0-9._-]: no shell sees more in them. */
HM_MUST static hm_rc fill(const char *line, const struct next *n,
                          struct hm_buf *to, struct hm_err *e)
{
    for (const char *c = line; *c != '\0'; c++) {
        if (c[0] == '@' && (c[1] == 'V' || c[1] == 'P')) {
            c++;
            HM_TRY(hm_buf_add(
                to, hm_bytes_str(*c == 'V' ? n->vendor : n->product), e));
        } else {
            HM_TRY(hm_buf_add(to, (struct hm_bytes){(const uint8_t *)c, 1}, e));
        }
    }
    return hm_buf_add(to, (struct hm_bytes){(const uint8_t *)"", 1}, e);
}

hm_rc hallmark_next_find(const struct next *n, struct hm_names *out,
                         struct hm_err *e)
{
    HM_OWN(hm_names) words = HM_NAMES_INIT;
    HM_OWN(hm_buf) line = HM_BUF_INIT(16384);

    if (strcmp(n->dir, ".") != 0) {
        HM_TRY(hm_names_add(&words, "cd", e));
        HM_TRY(hm_names_add(&words, n->dir, e));
        HM_TRY(hallmark_add_line(&words, &line, e));
        HM_TRY(hm_buf_add(&line, (struct hm_bytes){(const uint8_t *)"", 1}, e));
        HM_TRY(hm_names_add(out, (const char *)line.p, e));
    }
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if ((lines[i].to_git && n->in_git) ||
            (lines[i].to_ignore && n->has_ignored))
            continue;
        hm_buf_clear(&line);
        HM_TRY(fill(lines[i].line, n, &line, e));
        HM_TRY(hm_names_add(out, (const char *)line.p, e));
    }
    return HM_OK;
}

bool hallmark_is_in_git(const char *dir)
{
    HM_OWN(hm_source) source = HM_SOURCE_INIT;
    struct hm_err why = {.rc = HM_OK};

    return hm_source_read_commit(&source, dir, &why) == HM_OK ||
           strcmp(why.reason, "source.commit.missing") == 0;
}
