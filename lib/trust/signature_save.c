#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hm_trust.h"

#define PATH_MAX_HERE 1024u

/* Is there a signature file already?  Without --force that is a refusal, since
 * it would not fit the new document. */
HM_MUST static hm_rc refuse_signatures(const char *path, struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];

    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        hm_signature_name(path, i, name, sizeof(name));
        if (access(name, F_OK) == 0 || errno != ENOENT)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "base.out.exists",
                                   "'%s' exists and is not overwritten",
                                   hm_show_str(name)),
                           "name another output, or give --force");
    }
    return HM_OK;
}

hm_rc hm_signed_check(const char *path, bool force, struct hm_err *e)
{
    HM_OWN(hm_out) probe = HM_OUT_INIT;

    if (strlen(path) > PATH_MAX_HERE)
        return hm_fail(e, HM_E_USAGE, "trust.signature.path",
                       "path '%s' is too long", hm_show_str(path));
    if (strcmp(path, "-") == 0)
        return hm_fail(e, HM_E_USAGE, "trust.signature.path",
                       "expected a file: its signatures are written beside it");
    if (!force)
        HM_TRY(refuse_signatures(path, e));
    return hm_out_begin(&probe, path, force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644,
                        e);
}

/* A document is replaced without a moment in which it has no signatures: new
 * ones are put beside the old ones, under names that are free; then the document
 * changes by one rename; then the names are put in order.  A reader tries every
 * signature and takes those that fit, so that a kill leaves the old authorisation
 * or the new one. */
struct save {
    const char *path;
    bool is_taken[HM_SIGNATURES_MAX]; /* there before */
    unsigned slot[HM_SIGNATURES_MAX]; /* where each new signature lies */
};

static void slot_name(const struct save *s, unsigned slot,
                      char name[static PATH_MAX_HERE + 16])
{
    hm_signature_name(s->path, slot, name, PATH_MAX_HERE + 16);
}

HM_MUST static hm_rc find_slots(struct save *s, size_t n, struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];
    size_t found = 0;

    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        slot_name(s, i, name);
        s->is_taken[i] = access(name, F_OK) == 0 || errno != ENOENT;
        if (!s->is_taken[i] && found < n)
            s->slot[found++] = i;
    }
    if (found == n)
        return HM_OK;
    return hm_hint(
        e,
        hm_fail(e, HM_E_LIMIT, "trust.signature.count",
                "old and new signatures of '%s' are more than %u, so "
                "that it cannot be replaced in one step",
                hm_show_str(s->path), HM_SIGNATURES_MAX),
        "write it to another place with -o");
}

HM_MUST static hm_rc write_signatures(const struct save *s,
                                      const struct hm_signatures *sigs,
                                      struct hm_err *e)
{
    char name[PATH_MAX_HERE + 16];

    for (size_t i = 0; i < sigs->n; i++) {
        slot_name(s, s->slot[i], name);
        HM_TRY(hm_file_save(name, hm_buf_view(&sigs->sig[i].bytes), HM_OUT_NEW,
                            e));
    }
    return HM_OK;
}

HM_MUST static hm_rc put_in_order(const struct save *s, size_t n,
                                  struct hm_err *e)
{
    char from[PATH_MAX_HERE + 16];
    char to[PATH_MAX_HERE + 16];

    for (unsigned i = 0; i < n; i++) {
        slot_name(s, s->slot[i], from);
        slot_name(s, i, to);
        if (s->slot[i] != i && renameat(AT_FDCWD, from, AT_FDCWD, to) != 0)
            return hm_fail_errno(e, "trust.signature.order",
                                 "cannot rename '%s' to '%s'",
                                 hm_show_str(from), hm_show_str(to));
    }
    for (unsigned i = (unsigned)n; i < HM_SIGNATURES_MAX; i++) {
        slot_name(s, i, from);
        if (s->is_taken[i] && unlinkat(AT_FDCWD, from, 0) != 0 &&
            errno != ENOENT)
            return hm_fail_errno(e, "trust.signature.order",
                                 "cannot remove '%s'", hm_show_str(from));
    }
    return HM_OK;
}

hm_rc hm_signed_save(const char *path, struct hm_bytes document,
                     const struct hm_signatures *sigs, bool force,
                     struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;
    struct save s = {.path = path};

    HM_TRY(hm_signed_check(path, force, e));
    HM_TRY(find_slots(&s, sigs->n, e));
    HM_TRY(
        hm_out_begin(&out, path, force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e));
    HM_TRY(hm_out_write(&out, document, e));
    HM_TRY(write_signatures(&s, sigs, e));
    HM_TRY(hm_out_commit(&out, e));
    return put_in_order(&s, sigs->n, e);
}
