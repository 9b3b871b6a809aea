#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "hm_manifest.h"
#include "release_priv.h"

#define PATH_BYTES 1024u

hm_rc hm_release_set_times(const char *issue_time, hm_time previous,
                           int64_t valid_s, struct hm_manifest *m,
                           struct hm_err *e)
{
    HM_TRY(hm_time_act(issue_time, previous, &m->timestamp, e));
    if (valid_s > HM_TIME_MAX - m->timestamp)
        return hm_fail(e, HM_E_LIMIT, "release.expires.range",
                       "the manifest would expire after the year 9999");
    m->expires = m->timestamp + valid_s;
    return HM_OK;
}

hm_rc hm_release_next_sequence(uint64_t last, uint64_t *out, struct hm_err *e)
{
    *out = last + 1;
    if (last < HM_MANIFEST_COUNTER_MAX)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_LIMIT, "release.sequence.range",
                           "sequence %llu is the last of its epoch",
                           (unsigned long long)last),
                   "raise epoch in release.json; the root keys authorise it "
                   "with hallmark-key authorise");
}

hm_rc hm_release_drop_signatures(const struct hm_dir *dir, const char *document,
                                 struct hm_err *e)
{
    char name[HM_NAME_MAX + 8];

    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++)
        HM_TRY(hm_dir_remove_at(
            dir, hm_release_signature_name(document, i, name), e));
    return hm_dir_sync(dir, e);
}

/* --- the authorisation ------------------------------------------------------- */

/* path and the suffix that the i-th signature file has; empty when none is
 * there */
HM_MUST static hm_rc find_signature(const char *path, unsigned i,
                                    char out[static PATH_BYTES],
                                    struct hm_err *e)
{
    char name[HM_NAME_MAX + 8];
    const char *suffix =
        hm_release_signature_name(HM_RELEASE_AUTHORISATION, i, name) +
        sizeof(HM_RELEASE_AUTHORISATION) - 1;

    if (snprintf(out, PATH_BYTES, "%s%s", path, suffix) >= (int)PATH_BYTES)
        return hm_fail(e, HM_E_IO, "base.file.open", "path '%s' is too long",
                       hm_show_str(path));
    if (access(out, F_OK) != 0 && errno == ENOENT)
        out[0] = '\0';
    return HM_OK;
}

HM_MUST static hm_rc check_signed(const char *path, struct hm_err *e)
{
    char from[PATH_BYTES];

    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++) {
        HM_TRY(find_signature(path, i, from, e));
        if (from[0] != '\0')
            return HM_OK;
    }
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "release.authorisation.unsigned",
                           "no signature file lies beside '%s'",
                           hm_show_str(path)),
                   "sign it with the root keys: hallmark-sign "
                   "authorisation.json --key URI --pin SOURCE");
}

hm_rc hm_release_load_authorised(const char *path,
                                 struct hm_release_authorised *out,
                                 struct hm_err *e)
{
    char from[PATH_BYTES];

    HM_TRY(check_signed(path, e));
    HM_TRY(hm_file_load(path, &out->document, e));
    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++) {
        out->signature[i] = (struct hm_buf)HM_BUF_INIT(HM_SIGNATURE_MAX);
        HM_TRY(find_signature(path, i, from, e));
        out->has[i] = from[0] != '\0';
        if (out->has[i])
            HM_TRY(hm_file_load(from, &out->signature[i], e));
    }
    return HM_OK;
}

hm_rc hm_release_put_authorised(const struct hm_release_authorised *from,
                                const struct hm_dir *dir, struct hm_err *e)
{
    char name[HM_NAME_MAX + 8];

    HM_TRY(hm_release_drop_signatures(dir, HM_RELEASE_AUTHORISATION, e));
    HM_TRY(hm_file_save_at(dir, HM_RELEASE_AUTHORISATION,
                           hm_buf_view(&from->document), HM_OUT_REPLACE, e));
    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++)
        if (from->has[i])
            HM_TRY(hm_file_save_at(
                dir,
                hm_release_signature_name(HM_RELEASE_AUTHORISATION, i, name),
                hm_buf_view(&from->signature[i]), HM_OUT_REPLACE, e));
    return HM_OK;
}

void hm_release_authorised_clear(struct hm_release_authorised *a)
{
    hm_buf_clear(&a->document);
    for (unsigned i = 0; i < HM_RELEASE_SIGNATURES_MAX; i++)
        hm_buf_clear(&a->signature[i]);
}
