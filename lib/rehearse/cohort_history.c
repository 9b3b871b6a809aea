#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hm_rehearse.h"
#include "hm_repository.h"

/* What was served at one time; too large for a stack. */
struct served {
    struct hm_authorisation a; /* owned */
    struct hm_manifest m;      /* owned */
};

static void served_free(struct served **s)
{
    if (*s == NULL)
        return;
    hm_authorisation_clear(&(*s)->a);
    hm_manifest_clear(&(*s)->m);
    free(*s);
}

HM_MUST static hm_rc load(struct served *s, const struct hm_repository *repo,
                          const struct hm_release_served *from,
                          struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);

    HM_TRY(hm_dir_open_at(&dir, &repo->dir, from->folder, e));
    HM_TRY(hm_file_load_at(&dir, "manifest.json", &bytes, e));
    HM_TRY(hm_manifest_read(&s->m, hm_buf_view(&bytes), e));
    hm_buf_clear(&bytes);
    HM_TRY(hm_file_load_at(&dir, "authorisation.json", &bytes, e));
    return hm_authorisation_read(&s->a, hm_buf_view(&bytes), e);
}

/* A device that took this manifest and has seen nothing since. */
static void describe(const struct served *s, const struct hm_root *root,
                     struct hm_cohort *c)
{
    memcpy(c->root_sha256, root->sha256, sizeof(c->root_sha256));
    c->has_authorisation = true;
    c->authorisation_sequence = s->a.sequence;
    c->has_authorisation_sha256 = true;
    memcpy(c->authorisation_sha256, s->a.sha256, HM_SHA256_SIZE);
    c->has_manifest = true;
    c->epoch = s->m.epoch;
    c->sequence = s->m.sequence;
    c->timestamp = s->m.timestamp;
    c->has_manifest_sha256 = true;
    memcpy(c->manifest_sha256, s->m.sha256, HM_SHA256_SIZE);
    c->has_version = true;
    c->version = s->m.version;
    c->rollback_counter = s->m.rollback_counter;
}

static void set_name(struct hm_cohort *c)
{
    char state[64] = "empty, from the factory";

    if (c->has_version)
        (void)snprintf(state, sizeof(state), "at %s (%" PRIu64 "-%" PRIu64 ")",
                       c->version.text, c->epoch, c->sequence);
    (void)snprintf(c->name, sizeof(c->name), "%.24s %.24s %s%s", c->model,
                   c->hardware, state,
                   c->clock == HM_CLOCK_NONE ? ", no clock" : "");
}

static bool is_known(const struct hm_cohorts *all, const struct hm_cohort *c)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->cohort[i].name, c->name) == 0)
            return true;
    return false;
}

/* With a clock and without; the first time that a kind of device is met, also
 * one that left the factory with nothing installed. */
HM_MUST static hm_rc add_kind(struct hm_cohorts *out, struct hm_cohort *c,
                              const struct hm_root *root, struct hm_err *e)
{
    struct hm_cohort empty = {.clock = HM_CLOCK_RIGHT};

    memcpy(empty.model, c->model, sizeof(empty.model));
    memcpy(empty.hardware, c->hardware, sizeof(empty.hardware));
    memcpy(empty.root_sha256, root->sha256, sizeof(empty.root_sha256));
    set_name(&empty);
    if (!is_known(out, &empty))
        HM_TRY(hm_cohorts_add(out, &empty, e));
    c->clock = HM_CLOCK_RIGHT;
    set_name(c);
    if (is_known(out, c)) /* in two entries of updates */
        return HM_OK;
    HM_TRY(hm_cohorts_add(out, c, e));
    c->clock = HM_CLOCK_NONE;
    set_name(c);
    return hm_cohorts_add(out, c, e);
}

HM_MUST static hm_rc add_update(struct hm_cohorts *out, struct hm_cohort *c,
                                const struct hm_update *u,
                                const struct hm_root *root, struct hm_err *e)
{
    for (size_t m = 0; m < u->models.n; m++)
        for (size_t h = 0; h < u->hardware.n; h++) {
            memcpy(c->model, u->models.word[m], sizeof(c->model));
            memcpy(c->hardware, u->hardware.word[h], sizeof(c->hardware));
            HM_TRY(add_kind(out, c, root, e));
        }
    return HM_OK;
}

HM_MUST static hm_rc add_served(struct hm_cohorts *out,
                                const struct hm_repository *repo,
                                const struct hm_release_served *from,
                                const struct hm_root *root, struct hm_err *e)
{
    __attribute__((cleanup(served_free))) struct served *s =
        calloc(1, sizeof(*s));
    struct hm_cohort c = {.devices = 0};

    if (s == NULL)
        return hm_fail(e, HM_E_NOMEM, "rehearse.cohort.nomem",
                       "out of memory for a manifest");
    s->m = (struct hm_manifest)HM_MANIFEST_INIT;
    HM_TRY(hm_context(e, load(s, repo, from, e), "%s", from->folder));
    describe(s, root, &c);
    for (size_t i = 0; i < s->m.updates_n; i++)
        HM_TRY(add_update(out, &c, &s->m.updates[i], root, e));
    return HM_OK;
}

HM_MUST static hm_rc add_all(struct hm_cohorts *out, const char *path,
                             const struct hm_root *root, struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_release_history) history = HM_RELEASE_HISTORY_INIT;

    HM_TRY(hm_release_open_repository(&repo, path, e));
    HM_TRY(hm_release_list_history(&repo, &history, e));
    for (size_t i = 0; i < history.n; i++)
        HM_TRY(add_served(out, &repo, &history.served[i], root, e));
    return HM_OK;
}

hm_rc hm_cohorts_from_history(struct hm_cohorts *out, const char *path,
                              const struct hm_root *root, struct hm_err *e)
{
    hm_rc rc;

    hm_cohorts_clear(out);
    rc = add_all(out, path, root, e);
    if (rc != HM_OK)
        hm_cohorts_clear(out);
    return rc;
}
