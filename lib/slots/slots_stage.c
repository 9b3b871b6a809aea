/* From the repository into staging/new: copied, verified there, extracted from
 * the very descriptor that was verified. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_archive.h"
#include "slots_priv.h"

#define CHUNK       3072u
#define STAGING_NEW SLOTS_STAGING "/new"

static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_ROOTFS;

struct staging {
    struct slots_case *c;
    struct hm_slot *slot;
    int *check;
    struct hm_dir dir;    /* owned: staging/new */
    struct hm_dir images; /* owned */
    bool has_rootfs;
};

#define STAGING_INIT                                                \
    {                                                               \
        .c = NULL, .slot = NULL, .check = NULL, .dir = HM_DIR_INIT, \
        .images = HM_DIR_INIT, .has_rootfs = false                  \
    }

static void staging_clear(struct staging *st)
{
    hm_dir_clear(&st->dir);
    hm_dir_clear(&st->images);
}

HM_MUST static hm_rc refuse(struct staging *st, const char *reason,
                            const struct hm_device_artefact *a, uint64_t found,
                            struct hm_err *e)
{
    *st->check = 5;
    return slots_refuse_artefact(reason, a, found, e);
}

/* A new file below images/, its parents made. */
HM_MUST static hm_rc create(const struct staging *st, const char *name,
                            struct hm_file *out, struct hm_err *e)
{
    HM_OWN(hm_dir) parent = HM_DIR_INIT;
    char folder[HM_DEVICE_NAME] = ".";
    const char *slash = strrchr(name, '/');

    if (slash != NULL)
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name),
                       name);
    HM_TRY(hm_dir_make_at(&parent, &st->images, folder, e));
    out->fd = openat(parent.fd, slash == NULL ? name : slash + 1,
                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out->fd < 0)
        return hm_fail_errno(e, "base.file.write", "cannot stage '%s'", name);
    return HM_OK;
}

/* At most one byte more than the manifest says is read. */
HM_MUST static hm_rc copy(struct staging *st,
                          const struct hm_device_artefact *a,
                          const struct hm_file *from, const struct hm_file *to,
                          struct hm_err *e)
{
    uint8_t chunk[CHUNK];
    uint64_t left = a->size;
    size_t got = 0;

    do {
        const size_t want =
            left < sizeof(chunk) ? (size_t)left + 1 : sizeof(chunk);

        HM_TRY(hm_file_read(from, chunk, want, &got, e));
        if (got > left)
            return refuse(st, "artefact.size", a, a->size + 1, e);
        HM_TRY(hm_context(
            e, hm_file_write_all(to->fd, (struct hm_bytes){chunk, got}, e),
            "cannot stage '%s'", a->name));
        left -= got;
    } while (got > 0);
    if (fsync(to->fd) != 0 || lseek(to->fd, 0, SEEK_SET) != 0)
        return hm_fail_errno(e, "base.file.write", "cannot stage '%s'",
                             a->name);
    return HM_OK;
}

/* Check 5, over the staged file's own descriptor. */
HM_MUST static hm_rc verify(struct staging *st,
                            const struct hm_device_artefact *a,
                            const struct hm_file *f, struct hm_err *e)
{
    struct hm_device_stream stream;
    uint8_t chunk[CHUNK];
    size_t got = 0;

    hm_device_stream_begin(&stream, &st->c->crypto.device, a);
    do {
        HM_TRY(hm_file_read(f, chunk, sizeof(chunk), &got, e));
        if (hm_device_stream_add(
                &stream, (struct hm_device_bytes){chunk, got}) != HM_DEVICE_YES)
            break;
    } while (got > 0);
    if (hm_device_stream_end(&stream) != HM_DEVICE_YES)
        return refuse(st, stream.reason, a, stream.seen, e);
    return HM_OK;
}

static bool is_rootfs(const struct hm_device_artefact *a)
{
    enum hm_archive_form form;

    return a->role == HM_DEVICE_FIRMWARE &&
           (a->slot[0] == '\0' || strcmp(a->slot, SLOTS_ROOTFS) == 0) &&
           hm_archive_form_of(a->name, &form, NULL) == HM_OK;
}

HM_MUST static hm_rc extract(struct staging *st,
                             const struct hm_device_artefact *a,
                             const struct hm_file *f, struct hm_err *e)
{
    HM_OWN(hm_dir) rootfs = HM_DIR_INIT;
    struct hm_archive_result result;

    if (st->has_rootfs)
        return hm_fail(e, HM_E_REJECTED, "device.image.twice",
                       "'%s' is a second archive for the root file system",
                       a->name);
    st->has_rootfs = true;
    HM_TRY(slots_make_dir(&rootfs, &st->dir, SLOTS_ROOTFS, e));
    if (fchmod(rootfs.fd, 0755) != 0)
        return hm_fail_errno(e, "base.dir.make", "cannot make " SLOTS_ROOTFS);
    HM_TRY(hm_context(e, hm_archive_extract(f, &rootfs, &limits, &result, e),
                      "'%s'", a->name));
    if (memcmp(result.file.sha256, a->sha256, HM_SHA256_SIZE) != 0)
        return refuse(st, "artefact.digest", a, result.file.size, e);
    return hm_slots_digest_tree(&rootfs, st->slot->rootfs_sha256, e);
}

HM_MUST static hm_rc stage_one(struct staging *st,
                               const struct hm_device_artefact *a,
                               struct hm_err *e)
{
    HM_OWN(hm_file) from = HM_FILE_INIT;
    HM_OWN(hm_file) to = HM_FILE_INIT;
    uint64_t size = 0;

    if (a->is_delta)
        return hm_fail(e, HM_E_REJECTED, "device.artefact.delta",
                       "'%s' is a delta, which this updater cannot apply",
                       a->name);
    *st->check = 5;
    HM_TRY(
        slots_offer_open(&st->c->offer, st->slot->version, a->name, &from, e));
    HM_TRY(hm_file_size(&from, &size, e));
    if (size != a->size)
        return refuse(st, "artefact.size", a, size, e);
    HM_TRY(create(st, a->name, &to, e));
    HM_TRY(copy(st, a, &from, &to, e));
    HM_TRY(verify(st, a, &to, e));
    *st->check = HM_SLOTS_NONE;
    return is_rootfs(a) ? extract(st, a, &to, e) : HM_OK;
}

/* One name has one description, so what is staged need not be staged again. */
static bool is_staged(const struct hm_slot *slot,
                      const struct hm_device_artefact *a)
{
    for (size_t i = 0; i < slot->files_n; i++)
        if (strcmp(slot->files[i].name, a->name) == 0)
            return true;
    return false;
}

static void describe(struct hm_slot *slot, const struct hm_device_artefact *a)
{
    struct hm_slots_file *file = &slot->files[slot->files_n++];

    memcpy(file->name, a->name, sizeof(file->name));
    memcpy(file->sha256, a->sha256, sizeof(file->sha256));
    file->size = a->size;
}

HM_MUST static hm_rc stage_all(struct staging *st, struct hm_err *e)
{
    struct hm_device_artefact a;

    st->slot->files = calloc(HM_DEVICE_ARTEFACTS, sizeof(*st->slot->files));
    if (st->slot->files == NULL)
        return hm_fail(e, HM_E_NOMEM, "device.memory",
                       "out of memory for the files of a slot");
    while (hm_device_next_artefact(&st->c->result, &a) == HM_DEVICE_YES) {
        if (is_staged(st->slot, &a))
            continue;
        HM_TRY(stage_one(st, &a, e));
        describe(st->slot, &a);
    }
    if (!st->has_rootfs)
        return hm_fail(e, HM_E_REJECTED, "device.image.missing",
                       "no artefact is an archive for the root file system "
                       "(role firmware, slot rootfs, .tar.gz)");
    HM_TRY(hm_dir_sync(&st->images, e));
    return hm_dir_sync(&st->dir, e);
}

HM_MUST static hm_rc begin(const struct hm_slots *s, struct staging *st,
                           struct hm_err *e)
{
    HM_OWN(hm_dir) staging = HM_DIR_INIT;
    const struct hm_device_result *r = &st->c->result;

    HM_TRY(hm_dir_remove_at(&s->dir, SLOTS_STAGING, e));
    HM_TRY(slots_make_dir(&staging, &s->dir, SLOTS_STAGING, e));
    HM_TRY(slots_make_dir(&st->dir, &staging, "new", e));
    HM_TRY(slots_make_dir(&st->images, &st->dir, SLOTS_IMAGES, e));
    st->slot->is_used = true;
    st->slot->rollback_counter = r->rollback_counter;
    memcpy(st->slot->version, r->version, sizeof(st->slot->version));
    memcpy(st->slot->manifest_sha256, r->manifest_sha256, HM_SHA256_SIZE);
    return HM_OK;
}

hm_rc slots_stage(const struct hm_slots *s, struct slots_case *c,
                  struct hm_slot *slot, int *check, struct hm_err *e)
{
    HM_OWN(staging) st = STAGING_INIT;

    st.c = c;
    st.slot = slot;
    st.check = check;
    HM_TRY(begin(s, &st, e));
    return stage_all(&st, e);
}

/* --- into the slot, and looking at it again ----------------------------------- */

const char *slots_path(int slot)
{
    return slot == 1 ? SLOTS_FOLDER "/b" : SLOTS_FOLDER "/a";
}

/* The old content goes into staging/, which is removed as a whole. */
hm_rc slots_put(const struct hm_slots *s, int slot, struct hm_err *e)
{
    HM_OWN(hm_dir) folder = HM_DIR_INIT;
    HM_OWN(hm_dir) staging = HM_DIR_INIT;

    HM_TRY(slots_make_dir(&folder, &s->dir, SLOTS_FOLDER, e));
    HM_TRY(hm_dir_open_at(&staging, &s->dir, SLOTS_STAGING, e));
    if (hm_file_exists_at(&s->dir, slots_path(slot)))
        HM_TRY(
            slots_rename(&s->dir, slots_path(slot), SLOTS_STAGING "/old", e));
    HM_TRY(slots_rename(&s->dir, STAGING_NEW, slots_path(slot), e));
    HM_TRY(hm_dir_sync(&folder, e));
    return hm_dir_sync(&staging, e);
}

HM_MUST static hm_rc changed(int slot, const char *what, struct hm_err *e)
{
    return hm_fail(e, HM_E_REJECTED, "device.slot.changed",
                   "'%s' in slot %c is not what was installed",
                   hm_show_str(what), hm_slots_letter(slot));
}

HM_MUST static hm_rc check_image(const struct hm_dir *images, int slot,
                                 const struct hm_slots_file *file,
                                 struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    struct hm_digests digests;

    if (!hm_file_exists_at(images, file->name))
        return changed(slot, file->name, e);
    HM_TRY(hm_file_open_at(&f, images, file->name, e));
    HM_TRY(hm_digest_file(&f, &digests, e));
    if (digests.size != file->size ||
        memcmp(digests.sha256, file->sha256, HM_SHA256_SIZE) != 0)
        return changed(slot, file->name, e);
    return HM_OK;
}

hm_rc slots_check_slot(const struct hm_slots *s, int slot, struct hm_err *e)
{
    const struct hm_slot *want = &s->state.slot[slot];
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    HM_OWN(hm_dir) images = HM_DIR_INIT;
    HM_OWN(hm_dir) rootfs = HM_DIR_INIT;
    uint8_t digest[HM_SHA256_SIZE];

    if (hm_dir_open_at(&dir, &s->dir, slots_path(slot), NULL) != HM_OK ||
        hm_dir_open_at(&images, &dir, SLOTS_IMAGES, NULL) != HM_OK ||
        hm_dir_open_at(&rootfs, &dir, SLOTS_ROOTFS, NULL) != HM_OK)
        return changed(slot, slots_path(slot), e);
    for (size_t i = 0; i < want->files_n; i++)
        HM_TRY(check_image(&images, slot, &want->files[i], e));
    HM_TRY(hm_slots_digest_tree(&rootfs, digest, e));
    return memcmp(digest, want->rootfs_sha256, sizeof(digest)) == 0
               ? HM_OK
               : changed(slot, SLOTS_ROOTFS, e);
}
