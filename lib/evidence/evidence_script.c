#include <stdarg.h>
#include <stdio.h>

#include "embedded_priv.h"
#include "hm_text.h"
#include "script_priv.h"

/* two names and what stands between them */
#define JOIN_MAX ((size_t)512)

struct script {
    struct hm_buf *to; /* borrowed */
    struct ev_promise promise;
};

/* One command of the script.  Words come from signed documents and from names
 * of files; they are used bare, so nothing that a shell reads may be in them. */
HM_MUST static hm_rc command(struct script *s, struct hm_err *e,
                             const char *word, ...)
{
    va_list words;
    hm_rc rc = HM_OK;

    va_start(words, word);
    for (const char *w = word; w && rc == HM_OK; w = va_arg(words, char *)) {
        if (*w == '\0' ||
            w[strspn(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._+/-")] != '\0')
            rc = hm_fail(e, HM_E_INTERNAL, "evidence.script.word",
                         "'%s' cannot stand in a script", hm_show_str(w));
        if (rc == HM_OK && w != word)
            rc = hm_buf_add(s->to, HM_LIT(" "), e);
        if (rc == HM_OK)
            rc = hm_buf_add(s->to, hm_bytes_str(w), e);
    }
    va_end(words);
    return rc == HM_OK ? hm_buf_add(s->to, HM_LIT("\n"), e) : rc;
}

static const char *join(char out[static JOIN_MAX], const char *folder,
                        const char *name)
{
    (void)snprintf(out, JOIN_MAX, "%s/%s", folder, name);
    return out;
}

#define JOIN(folder, name) join((char[JOIN_MAX]){0}, (folder), (name))

HM_MUST static hm_rc signatures(struct script *s,
                                const struct ev_signatures *by,
                                const char *authority, struct hm_err *e)
{
    for (size_t i = 0; i < by->n; i++)
        HM_TRY(command(s, e, "by", by->sig[i].role, by->sig[i].keyid, authority,
                       by->sig[i].digest, by->sig[i].file, NULL));
    s->promise.signatures += by->n;
    return HM_OK;
}

HM_MUST static hm_rc signed_pair(struct script *s, const struct ev_document *d,
                                 struct hm_err *e)
{
    const char *authority = JOIN(d->folder, HM_RELEASE_AUTHORISATION);

    HM_TRY(command(s, e, "document", authority, NULL));
    HM_TRY(signatures(s, &d->by_root, "trust/root.json", e));
    HM_TRY(command(s, e, "authorised", NULL));
    HM_TRY(
        command(s, e, "document", JOIN(d->folder, HM_RELEASE_MANIFEST), NULL));
    HM_TRY(signatures(s, &d->by_vendor, authority, e));
    return command(s, e, "required", authority, NULL);
}

HM_MUST static hm_rc withheld(struct script *s, const struct ev_document *d,
                              struct hm_err *e)
{
    for (size_t i = 0; i < d->withheld.n; i++) {
        HM_TRY(hm_buf_add(s->to, HM_LIT("withheld=${withheld}"), e));
        HM_TRY(hm_buf_add(
            s->to, hm_bytes_str(JOIN(d->folder, d->withheld.name[i])), e));
        HM_TRY(hm_buf_add(s->to, HM_LIT("$nl\n"), e));
    }
    return HM_OK;
}

HM_MUST static hm_rc statements(struct script *s, const struct ev_document *d,
                                struct hm_err *e)
{
    const char *authority = JOIN(d->folder, HM_RELEASE_AUTHORISATION);

    for (size_t i = 0; i < d->n_statement; i++) {
        const struct ev_statement *st = &d->statement[i];
        char number[24];

        (void)snprintf(number, sizeof(number), "%u", st->number);
        HM_TRY(command(s, e, "statement", st->file, number, d->folder,
                       st->payload, st->by.file, NULL));
        HM_TRY(command(s, e, "attested", st->by.role, st->by.keyid, authority,
                       st->by.digest, NULL));
        for (size_t k = 0; k < st->subjects.n; k++)
            HM_TRY(command(s, e, "subject", st->subjects.name[k], NULL));
        s->promise.signatures++;
        s->promise.digests += st->subjects.n;
    }
    return HM_OK;
}

/* Every digest that the manifest and the index state, over the files of the
 * release that this manifest is for. */
HM_MUST static hm_rc digests(struct script *s, const struct ev_document *d,
                             struct hm_err *e)
{
    HM_TRY(withheld(s, d, e));
    HM_TRY(command(s, e, "listed_files", JOIN(d->folder, HM_RELEASE_MANIFEST),
                   d->files, NULL));
    s->promise.digests += d->digests;
    if (!d->is_release)
        return HM_OK;
    HM_TRY(command(s, e, "listed_files", JOIN(d->folder, HM_RELEASE_INDEX),
                   d->files, NULL));
    return statements(s, d, e);
}

HM_MUST static hm_rc documents(struct script *s, const struct ev_document *d,
                               size_t n, struct hm_err *e)
{
    for (size_t i = 0; i < n; i++) {
        HM_TRY(hm_buf_add(s->to, HM_LIT("\n"), e));
        HM_TRY(signed_pair(s, &d[i], e));
        HM_TRY(digests(s, &d[i], e));
    }
    return HM_OK;
}

HM_MUST static hm_rc finish(struct script *s, struct hm_err *e)
{
    char number[3][24];

    (void)snprintf(number[0], 24, "%llu", (unsigned long long)s->promise.files);
    (void)snprintf(number[1], 24, "%llu",
                   (unsigned long long)s->promise.signatures);
    (void)snprintf(number[2], 24, "%llu",
                   (unsigned long long)s->promise.digests);
    HM_TRY(hm_buf_add(s->to, HM_LIT("\n"), e));
    return command(s, e, "finish", number[0], number[1], number[2], NULL);
}

hm_rc ev_write_script(const struct ev_facts *facts, size_t n_files,
                      const uint8_t list_sha256[HM_SHA256_SIZE],
                      struct hm_buf *out, struct ev_promise *promise,
                      struct hm_err *e)
{
    /* the list itself, every file in it, and the root once more */
    struct script s = {.to = out,
                       .promise = {n_files, 0, (uint64_t)n_files + 2}};
    char list[HM_SHA256_HEX];
    char root[HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){list_sha256, HM_SHA256_SIZE}, list);
    hm_hex_write((struct hm_bytes){facts->root.sha256, HM_SHA256_SIZE}, root);
    HM_TRY(hm_buf_add(out, hm_embedded_verify_head_sh(), e));
    HM_TRY(hm_buf_add(out, HM_LIT("\n"), e));
    HM_TRY(command(&s, e, "pack", list, NULL));
    HM_TRY(command(&s, e, "root", root, NULL));
    HM_TRY(documents(&s, facts->served, facts->n_served, e));
    HM_TRY(documents(&s, facts->release, facts->n_release, e));
    HM_TRY(finish(&s, e));
    *promise = s.promise;
    return HM_OK;
}
