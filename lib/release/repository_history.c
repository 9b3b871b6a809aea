#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "release_priv.h"

/* --- EPOCH-SEQUENCE -------------------------------------------------------- */

HM_MUST static hm_rc read_number(struct hm_bytes text, uint64_t *out,
                                 struct hm_err *e)
{
    return hm_number_read(text, HM_JSON_INT_MAX, out, e);
}

hm_rc hm_release_read_served(const char *text, const char *prefix,
                             struct hm_release_served *out, struct hm_err *e)
{
    const size_t n = strlen(prefix);
    const char *dash = NULL;
    hm_rc rc = HM_E_REJECTED;

    *out = (struct hm_release_served){.epoch = 0};
    if (strncmp(text, prefix, n) == 0)
        dash = strchr(text + n, '-');
    if (dash != NULL) {
        const struct hm_bytes epoch = {(const uint8_t *)text + n,
                                       (size_t)(dash - text) - n};

        rc = read_number(epoch, &out->epoch, e);
        if (rc == HM_OK)
            rc = read_number(hm_bytes_str(dash + 1), &out->sequence, e);
    }
    if (rc != HM_OK || out->epoch == 0) {
        *out = (struct hm_release_served){.epoch = 0};
        return hm_fail(e, HM_E_REJECTED, "release.history.name",
                       "expected %sEPOCH-SEQUENCE, found '%s'", prefix,
                       hm_show_str(text));
    }
    (void)snprintf(
        out->folder, sizeof(out->folder), HM_REPOSITORY_HISTORY "/%llu-%llu",
        (unsigned long long)out->epoch, (unsigned long long)out->sequence);
    return HM_OK;
}

int hm_release_compare_served(const struct hm_release_served *a,
                              const struct hm_release_served *b)
{
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return a->sequence == b->sequence ? 0 : a->sequence < b->sequence ? -1 : 1;
}

hm_rc hm_release_read_live(const struct hm_repository *repo,
                           struct hm_release_served *out, struct hm_err *e)
{
    char target[128];
    const ssize_t n = readlinkat(repo->dir.fd, HM_REPOSITORY_LIVE, target,
                                 sizeof(target) - 1);
    hm_rc rc;

    *out = (struct hm_release_served){.epoch = 0};
    if (n < 0 && errno == ENOENT)
        return HM_OK;
    if (n < 0)
        return hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                       "'live' is no link: %s", strerror(errno));
    target[n] = '\0';
    rc = hm_release_read_served(target, HM_REPOSITORY_HISTORY "/", out, e);
    if (rc == HM_OK)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "release.repository.broken",
                   "'live' names '%s', expected history/EPOCH-SEQUENCE",
                   hm_show_str(target));
}

/* --- lists ------------------------------------------------------------------ */

static int by_age(const void *a, const void *b)
{
    return hm_release_compare_served(a, b);
}

/* The names in a folder of the repository; none when it is missing. */
HM_MUST static hm_rc list_folder(const struct hm_repository *repo,
                                 const char *folder, struct hm_names *out,
                                 struct hm_err *e)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;

    hm_names_clear(out);
    if (repo->dir.fd < 0 || !hm_file_exists_at(&repo->dir, folder))
        return HM_OK;
    HM_TRY(hm_dir_open_at(&d, &repo->dir, folder, e));
    return hm_dir_list(&d, out, e);
}

HM_MUST static hm_rc read_history(const struct hm_names *names,
                                  struct hm_release_history *out,
                                  struct hm_err *e)
{
    out->served = calloc(names->n + 1, sizeof(*out->served));
    if (out->served == NULL)
        return hm_fail(e, HM_E_NOMEM, "release.array.nomem",
                       "out of memory for %zu manifests", names->n);
    for (; out->n < names->n; out->n++)
        HM_TRY(hm_release_read_served(names->name[out->n], "",
                                      &out->served[out->n], e));
    qsort(out->served, out->n, sizeof(*out->served), by_age);
    return HM_OK;
}

hm_rc hm_release_list_history(const struct hm_repository *repo,
                              struct hm_release_history *out, struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    hm_rc rc;

    hm_release_history_clear(out);
    HM_TRY(list_folder(repo, HM_REPOSITORY_HISTORY, &names, e));
    rc = read_history(&names, out, e);
    if (rc != HM_OK)
        hm_release_history_clear(out);
    return rc;
}

void hm_release_history_clear(struct hm_release_history *h)
{
    free(h->served);
    *h = (struct hm_release_history)HM_RELEASE_HISTORY_INIT;
}

/* Only names that were read as versions get here. */
static int by_version(const void *a, const void *b)
{
    struct hm_version x = {{0}, ""};
    struct hm_version y = {{0}, ""};

    if (hm_version_read(hm_bytes_str(*(char *const *)a), &x, NULL) != HM_OK ||
        hm_version_read(hm_bytes_str(*(char *const *)b), &y, NULL) != HM_OK)
        return 0;
    return hm_version_compare(&x, &y);
}

HM_MUST static hm_rc check_versions(const struct hm_names *names,
                                    struct hm_err *e)
{
    struct hm_version v;

    for (size_t i = 0; i < names->n; i++)
        if (hm_version_read(hm_bytes_str(names->name[i]), &v, e) != HM_OK)
            return hm_fail(e, HM_E_REJECTED, "release.version.name",
                           "releases/ holds '%s', which is no version",
                           hm_show_str(names->name[i]));
    return HM_OK;
}

hm_rc hm_release_list_versions(const struct hm_repository *repo,
                               struct hm_names *out, struct hm_err *e)
{
    hm_rc rc;

    HM_TRY(list_folder(repo, HM_REPOSITORY_RELEASES, out, e));
    rc = check_versions(out, e);
    if (rc != HM_OK)
        hm_names_clear(out);
    else if (out->n > 1)
        qsort(out->name, out->n, sizeof(*out->name), by_version);
    return rc;
}
