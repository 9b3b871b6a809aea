/* A new device: root set, identity, and at the factory a first version. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slots_priv.h"

HM_MUST static hm_rc take_name(const char *what, const char *text, char *to,
                               struct hm_err *e)
{
    if (!slots_is_name(text))
        return hm_fail(e, HM_E_USAGE, "device.name.syntax",
                       "%s '%s' is not a name: expected 1 to %d of "
                       "[A-Za-z0-9._-]",
                       what, hm_show_str(text), HM_SLOTS_NAME - 1);
    memcpy(to, text, strlen(text) + 1);
    return HM_OK;
}

/* A device is given its root for life: no key of it may be one that everybody has.
 * That each id is its key's was checked. */
HM_MUST static hm_rc refuse_published(struct hm_bytes root, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json keys;

    HM_TRY(hm_json_parse(&doc, root, HM_JSON_OURS, root.n, e));
    keys = hm_json_find(hm_json_root(&doc), "keys");
    for (struct hm_json k = hm_json_first(keys); k.item != NULL;
         k = hm_json_next(k)) {
        char keyid[HM_SHA256_HEX];

        HM_TRY(hm_json_get_text(k, "keyid", keyid, sizeof(keyid), e));
        HM_TRY(hm_keyid_check_published(keyid, e));
    }
    return HM_OK;
}

/* The root set is held against the device's own reader before it is trusted for
 * a device's life. */
HM_MUST static hm_rc take_root(struct hm_slots_state *state,
                               const struct hm_slots_setup *setup,
                               struct hm_buf *bytes, struct hm_err *e)
{
    HM_OWN(hm_slots_crypto) crypto = HM_SLOTS_CRYPTO_INIT;
    const char *reason = NULL;
    const hm_rc rc = hm_file_load(setup->root, bytes, e);

    if (rc != HM_OK)
        return hm_as_usage(e, rc);
    hm_slots_crypto_begin(&crypto);
    if (hm_device_check_root(
            &crypto.device, (struct hm_device_bytes){bytes->p, bytes->n},
            state->vendor, state->device.root_sha256, &reason) != HM_DEVICE_YES)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, reason,
                               "'%s' is no root set that a device can be "
                               "given",
                               hm_show_str(setup->root)),
                       "write one with hallmark-key root-export");
    if (setup->vendor != NULL && strcmp(setup->vendor, state->vendor) != 0)
        return hm_fail(e, HM_E_USAGE, "device.root.vendor",
                       "the root set is of vendor '%s', not '%s'",
                       state->vendor, hm_show_str(setup->vendor));
    return hm_as_usage(e, refuse_published(hm_buf_view(bytes), e));
}

HM_MUST static hm_rc take_setup(struct hm_slots_state *state,
                                const struct hm_slots_setup *setup,
                                struct hm_buf *root, struct hm_err *e)
{
    HM_TRY(take_name("product", setup->product, state->product, e));
    HM_TRY(take_name("model", setup->model, state->model, e));
    HM_TRY(take_name("hardware", setup->hardware, state->hardware, e));
    state->accept_stale = setup->accept_stale;
    return take_root(state, setup, root, e);
}

/* The state first: without it the rest is no device. */
static const char *const ours[] = {SLOTS_STATE, SLOTS_LOCK,   SLOTS_ROOT,
                                   SLOTS_LOG,   SLOTS_FOLDER, SLOTS_STAGING};
#define OURS (sizeof(ours) / sizeof(ours[0]))

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < OURS; i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return strncmp(name, ".hallmark-", strlen(".hallmark-")) == 0;
}

/* Empty, or what a provisioning that was cut short left: without a state it
 * was never a device. */
HM_MUST static hm_rc check_folder(const struct hm_dir *dir, const char *path,
                                  struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;

    HM_TRY(hm_dir_list(dir, &names, e));
    if (hm_names_has(&names, SLOTS_STATE))
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "device.state.exists",
                               "'%s' holds a device already",
                               hm_show_str(path)),
                       "name another folder; a device is provisioned once");
    for (size_t i = 0; i < names.n; i++)
        if (!is_ours(names.name[i]))
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "device.state.stranger",
                                   "'%s' holds '%s', which is not a device's",
                                   hm_show_str(path),
                                   hm_show_str(names.name[i])),
                           "name a new or empty folder");
    return HM_OK;
}

/* All but the lock, which is held. */
HM_MUST static hm_rc remove_rest(const struct hm_dir *dir, struct hm_err *e)
{
    HM_TRY(slots_tidy(dir, e));
    for (size_t i = 0; i < OURS; i++)
        if (strcmp(ours[i], SLOTS_LOCK) != 0)
            HM_TRY(hm_dir_remove_at(dir, ours[i], e));
    return HM_OK;
}

HM_MUST static hm_rc begin(struct hm_slots *s, const char *path,
                           struct hm_bytes root, struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;

    HM_TRY(hm_dir_make(&s->dir, path, e));
    HM_TRY(check_folder(&s->dir, path, e));
    if (fchmod(s->dir.fd, 0700) != 0)
        return hm_fail_errno(e, "base.dir.make", "cannot own '%s'",
                             hm_show_str(path));
    HM_TRY(slots_lock(s, e));
    HM_TRY(check_folder(&s->dir, path, e));
    HM_TRY(remove_rest(&s->dir, e));
    HM_TRY(hm_out_begin_at(&out, &s->dir, SLOTS_ROOT, HM_OUT_NEW, 0600, e));
    HM_TRY(hm_out_write(&out, root, e));
    return hm_out_commit(&out, e);
}

/* The factory trusts its own checks: what it installs is confirmed. */
HM_MUST static hm_rc install_first(struct hm_slots *s,
                                   const struct hm_slots_judging *how,
                                   struct hm_slots_outcome *out,
                                   struct hm_err *e)
{
    HM_OWN(slots_case) c = SLOTS_CASE_INIT;
    struct hm_slots_state *state = &s->state;

    if (how->repository == NULL)
        return HM_OK;
    HM_TRY(slots_judge(s, &c, how, out, e));
    HM_TRY(slots_stage(s, &c, &state->slot[0], &out->check, e));
    HM_TRY(slots_put(s, 0, e));
    state->slot[0].is_confirmed = true;
    state->active = 0;
    state->device.rollback_counter = state->slot[0].rollback_counter;
    out->slot = 0;
    return HM_OK;
}

static bool is_missing(const char *path)
{
    struct stat sb;

    return lstat(path, &sb) != 0 && errno == ENOENT;
}

/* What can be decided without a folder. */
HM_MUST static hm_rc rehearse(struct hm_slots *s, const char *path,
                              struct hm_buf *root,
                              const struct hm_slots_judging *how,
                              struct hm_slots_outcome *out, struct hm_err *e)
{
    HM_OWN(slots_case) c = SLOTS_CASE_INIT;

    if (!is_missing(path)) {
        HM_TRY(hm_dir_open(&s->dir, path, e));
        HM_TRY(check_folder(&s->dir, path, e));
    }
    if (how->repository == NULL)
        return HM_OK;
    hm_buf_move(&c.offer.root, root);
    return slots_judge(s, &c, how, out, e);
}

HM_MUST static hm_rc provision(struct hm_slots *s, const char *path,
                               const struct hm_slots_setup *setup,
                               const struct hm_slots_judging *how,
                               struct hm_slots_outcome *out, struct hm_err *e)
{
    HM_OWN(hm_buf) root = HM_BUF_INIT(HM_DEVICE_ROOT_MAX);
    hm_rc rc;

    HM_TRY(take_setup(&s->state, setup, &root, e));
    if (how->dry_run)
        return rehearse(s, path, &root, how, out, e);
    HM_TRY(begin(s, path, hm_buf_view(&root), e));
    rc = install_first(s, how, out, e);
    if (rc == HM_OK)
        rc = slots_finish(s, "provision", how, out, HM_OK, e);
    if (rc != HM_OK)
        (void)!remove_rest(&s->dir, NULL);
    else
        (void)!hm_dir_remove_at(&s->dir, SLOTS_STAGING, NULL);
    return rc;
}

hm_rc hm_slots_provision(const char *path, const struct hm_slots_setup *setup,
                         const struct hm_slots_judging *how,
                         struct hm_slots_outcome *out, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    const bool is_new = is_missing(path);
    hm_rc rc;

    *out = (struct hm_slots_outcome)HM_SLOTS_OUTCOME_INIT;
    rc = provision(&s, path, setup, how, out, e);
    if (rc != HM_OK && is_new && s.lock >= 0) {
        (void)unlinkat(s.dir.fd, SLOTS_LOCK, 0);
        (void)rmdir(path);
    }
    return rc;
}
