/* Writing state.json, and the few file operations that must be whole. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slots_priv.h"

static struct hm_bytes digest_view(const uint8_t *p)
{
    return (struct hm_bytes){p, HM_SHA256_SIZE};
}

static void put_letter(struct hm_json_writer *w, const char *key, int slot)
{
    const char letter[] = {hm_slots_letter(slot), '\0'};

    hm_json_put_text(w, key, letter);
}

static void put_seen(struct hm_json_writer *w, const struct hm_device_state *d)
{
    if (d->has_authorisation) {
        hm_json_open_object(w, "authorisation");
        hm_json_put_uint(w, "sequence", d->authorisation_sequence);
        hm_json_put_hex(w, "sha256", digest_view(d->authorisation_sha256));
        hm_json_close_object(w);
    }
    if (d->has_manifest) {
        hm_json_open_object(w, "manifest");
        hm_json_put_uint(w, "epoch", d->epoch);
        hm_json_put_uint(w, "sequence", d->sequence);
        hm_json_put_time(w, "timestamp", d->timestamp);
        hm_json_put_hex(w, "sha256", digest_view(d->manifest_sha256));
        hm_json_close_object(w);
    }
    hm_json_put_uint(w, "rollback_counter", d->rollback_counter);
}

static void put_slot(struct hm_json_writer *w, const struct hm_slots_state *s,
                     int which)
{
    const struct hm_slot *slot = &s->slot[which];

    if (!slot->is_used)
        return;
    hm_json_open_object(w, NULL);
    put_letter(w, "slot", which);
    hm_json_put_text(w, "version", slot->version);
    hm_json_put_uint(w, "rollback_counter", slot->rollback_counter);
    hm_json_put_hex(w, "manifest_sha256", digest_view(slot->manifest_sha256));
    hm_json_put_hex(w, "rootfs_sha256", digest_view(slot->rootfs_sha256));
    hm_json_put_bool(w, "confirmed", slot->is_confirmed);
    hm_json_open_array(w, "artefacts");
    for (size_t i = 0; i < slot->files_n; i++) {
        hm_json_open_object(w, NULL);
        hm_json_put_text(w, "name", slot->files[i].name);
        hm_json_put_uint(w, "size", slot->files[i].size);
        hm_json_put_hex(w, "sha256", digest_view(slot->files[i].sha256));
        hm_json_close_object(w);
    }
    hm_json_close_array(w);
    hm_json_close_object(w);
}

static void put_slots(struct hm_json_writer *w, const struct hm_slots_state *s)
{
    if (s->active != HM_SLOTS_NONE)
        put_letter(w, "active", s->active);
    hm_json_open_array(w, "slots");
    put_slot(w, s, 0);
    put_slot(w, s, 1);
    hm_json_close_array(w);
    if (s->pending != HM_SLOTS_NONE) {
        hm_json_open_object(w, "pending");
        put_letter(w, "slot", s->pending);
        hm_json_put_uint(w, "boots", s->boots);
        hm_json_put_bool(w, "healthy", s->is_healthy);
        hm_json_close_object(w);
    }
    if (s->has_failed) {
        hm_json_open_object(w, "failed");
        hm_json_put_hex(w, "manifest_sha256", digest_view(s->failed_sha256));
        hm_json_put_uint(w, "tries", s->failed_tries);
        hm_json_close_object(w);
    }
}

hm_rc hm_slots_write_state(const struct hm_slots_state *s, struct hm_buf *to,
                           struct hm_err *e)
{
    struct hm_json_writer w;

    hm_buf_clear(to);
    hm_json_begin(&w, to, false);
    hm_json_open_object(&w, NULL);
    hm_json_put_text(&w, "format", HM_SLOTS_FORMAT);
    hm_json_put_text(&w, "vendor", s->vendor);
    hm_json_put_text(&w, "product", s->product);
    hm_json_put_text(&w, "model", s->model);
    hm_json_put_text(&w, "hardware", s->hardware);
    hm_json_put_text(&w, "stale",
                     s->accept_stale ? "accept-if-sequence-rises" : "refuse");
    hm_json_put_hex(&w, "root_sha256", digest_view(s->device.root_sha256));
    put_seen(&w, &s->device);
    put_slots(&w, s);
    hm_json_open_object(&w, "log");
    hm_json_put_hex(&w, "head", digest_view(s->log_head));
    hm_json_put_uint(&w, "length", s->log_length);
    hm_json_close_object(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc slots_save(struct hm_slots *s, struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(SLOTS_STATE_MAX);
    HM_OWN(hm_out) out = HM_OUT_INIT;

    HM_TRY(hm_slots_write_state(&s->state, &bytes, e));
    HM_TRY(
        hm_out_begin_at(&out, &s->dir, SLOTS_STATE, HM_OUT_REPLACE, 0600, e));
    HM_TRY(hm_out_write(&out, hm_buf_view(&bytes), e));
    return hm_out_commit(&out, e);
}

hm_rc slots_make_dir(struct hm_dir *d, const struct hm_dir *at,
                     const char *name, struct hm_err *e)
{
    if (mkdirat(at->fd, name, 0700) != 0 && errno != EEXIST)
        return hm_fail_errno(e, "base.dir.make", "cannot make directory '%s'",
                             name);
    return hm_dir_open_at(d, at, name, e);
}

hm_rc slots_rename(const struct hm_dir *at, const char *from, const char *to,
                   struct hm_err *e)
{
    if (renameat(at->fd, from, at->fd, to) != 0)
        return hm_fail_errno(e, "device.slot.rename",
                             "cannot rename '%s' to '%s'", from, to);
    return hm_dir_sync(at, e);
}
