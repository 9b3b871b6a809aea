#include "device_story.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_archive.h"
#include "hm_test.h"

#define FILE_MAX   ((size_t)8 << 20)
#define REPO       "repository"
#define NOISE_SIZE ((size_t)8 << 10)
#define DATA_SIZE  ((size_t)300 << 10)

void story_begin(struct device_story *s)
{
    maker_init(&s->keys, 1, 1);
    hm_temp_make(&s->t);
    maker_save_root(&s->keys, story_path(s, "root.json"));
}

void story_clear(struct device_story *s)
{
    maker_clear(&s->keys);
    hm_temp_clear(&s->t);
}

void story_copy(struct device_story *s, const char *from, const char *to)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(FILE_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_load(story_path(s, from), &bytes, &e), &e);
    (void)unlink(story_path(s, to));
    assert_ok(hm_file_save(story_path(s, to), hm_buf_view(&bytes),
                           HM_OUT_REPLACE, &e),
              &e);
}

/* --- firmware -------------------------------------------------------------------- */

struct firmware {
    int status;
    const struct maker_plan *plan; /* the test's own edits come after ours */
};

/* More than one write of the updater, as an archive and as a file: noise does
 * not get smaller when it is packed, zeros do. */
static void make_data(const struct hm_temp *t)
{
    static uint8_t data[DATA_SIZE];
    uint32_t noise = 1;
    struct hm_err e = {.rc = HM_OK};

    for (size_t i = 0; i < NOISE_SIZE; i++) {
        noise = noise * 1664525u + 1013904223u;
        data[i] = (uint8_t)(noise >> 24);
    }
    hm_temp_write(t, "lib/data", "");
    assert_ok(hm_file_save(hm_temp_path(t, "lib/data"),
                           (struct hm_bytes){data, sizeof(data)},
                           HM_OUT_REPLACE, &e),
              &e);
}

static void make_tree(const struct hm_temp *t, int status)
{
    HM_OWN(hm_buf) init = HM_BUF_INIT(FILE_MAX);
    struct hm_err e = {.rc = HM_OK};
    char text[32];

    assert_ok(hm_file_load(HM_FIRMWARE_INIT, &init, &e), &e);
    hm_temp_write(t, "sbin/init", "");
    assert_ok(hm_file_save(hm_temp_path(t, "sbin/init"), hm_buf_view(&init),
                           HM_OUT_REPLACE, &e),
              &e);
    assert_int_equal(chmod(hm_temp_path(t, "sbin/init"), 0755), 0);
    make_data(t);
    (void)snprintf(text, sizeof(text), "%d\n", status);
    hm_temp_write(t, "etc/status", text);
    assert_int_equal(symlink("sbin/init", hm_temp_path(t, "linuxrc")), 0);
}

static void pack_firmware(int status, struct hm_buf *out)
{
    const struct hm_archive_options options = {
        .form = HM_ARCHIVE_TAR_GZ, .time = MAKER_TIME, .threads = 1};
    HM_OWN(hm_file) packed = {.fd = memfd_create("firmware", MFD_CLOEXEC)};
    HM_OWN(hm_dir) tree = HM_DIR_INIT;
    struct hm_archive_result result;
    struct hm_temp t;
    struct hm_err e = {.rc = HM_OK};

    hm_temp_make(&t);
    make_tree(&t, status);
    assert_ok(hm_dir_open(&tree, t.path, &e), &e);
    assert_ok(hm_archive_pack(&tree, &options, packed.fd, &result, &e), &e);
    assert_int_equal(lseek(packed.fd, 0, SEEK_SET), 0);
    hm_buf_clear(out);
    assert_ok(hm_file_read_all(&packed, out, &e), &e);
    hm_temp_clear(&t);
}

/* The maker's own artefact becomes a firmware that starts. */
static void edit_bytes(const char *name, struct hm_buf *bytes, void *context)
{
    const struct firmware *f = context;

    if (strstr(name, ".tar.gz") != NULL)
        pack_firmware(f->status, bytes);
    if (f->plan->edit_bytes != NULL)
        f->plan->edit_bytes(name, bytes, f->plan->context);
}

static void edit_manifest(struct hm_manifest *m, void *context)
{
    const struct firmware *f = context;

    if (f->plan->edit_manifest != NULL)
        f->plan->edit_manifest(m, f->plan->context);
}

static void edit_authorisation(struct hm_authorisation *a, void *context)
{
    const struct firmware *f = context;

    if (f->plan->edit_authorisation != NULL)
        f->plan->edit_authorisation(a, f->plan->context);
}

/* --- the repository ------------------------------------------------------------------ */

static const char *const documents[] = {"manifest.json", "manifest.json.sig",
                                        "authorisation.json",
                                        "authorisation.json.sig"};

static void go_live(struct device_story *s, const char *release,
                    const char *folder)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};
    char from[512];
    char to[512];

    (void)snprintf(to, sizeof(to), REPO "/%s", folder);
    assert_ok(hm_dir_make(&d, story_path(s, to), &e), &e);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(from, sizeof(from), "%s/%s", release, documents[i]);
        (void)snprintf(to, sizeof(to), REPO "/%s/%s", folder, documents[i]);
        if (access(story_path(s, from), F_OK) == 0)
            story_copy(s, from, to);
        (void)snprintf(from, sizeof(from), "live/%s", documents[i]);
        (void)snprintf(to, sizeof(to), REPO "/%s", documents[i]);
        if (symlink(from, story_path(s, to)) != 0) /* there since the first */
            assert_int_equal(errno, EEXIST);
    }
    (void)unlink(story_path(s, REPO "/live"));
    assert_int_equal(symlink(folder, story_path(s, REPO "/live")), 0);
}

void story_publish(struct device_story *s, const struct maker_plan *plan,
                   int firmware)
{
    struct firmware f = {firmware, plan};
    struct maker_plan p = *plan;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {.rc = HM_OK};
    char release[256];
    char folder[64];

    p.edit_bytes = edit_bytes;
    p.edit_manifest = edit_manifest;
    p.edit_authorisation = edit_authorisation;
    p.context = &f;
    if (p.authorisation_sequence == 0)
        p.authorisation_sequence = p.sequence;
    assert_ok(hm_dir_make(&d, story_path(s, REPO "/releases"), &e), &e);
    (void)snprintf(release, sizeof(release), REPO "/releases/%s", p.version);
    maker_release(&s->keys, story_path(s, release), &p);
    (void)snprintf(folder, sizeof(folder), "history/%llu-%llu",
                   (unsigned long long)(p.epoch == 0 ? 1 : p.epoch),
                   (unsigned long long)p.sequence);
    go_live(s, release, folder);
}

void story_publish_100(struct device_story *s)
{
    const struct maker_plan plan = {
        .version = "1.0.0", .sequence = 1, .rollback_counter = 1};

    story_publish(s, &plan, 0);
}

static void only_for_100(struct hm_manifest *m, void *context)
{
    struct hm_err e = {.rc = HM_OK};

    (void)context;
    m->updates[0].any_version = false;
    assert_ok(hm_version_read(HM_LIT("1.0.0"), &m->updates[0].from_min, &e),
              &e);
    m->updates[0].from_max = m->updates[0].from_min;
}

void story_publish_101(struct device_story *s, int firmware)
{
    const struct maker_plan plan = {.version = "1.0.1",
                                    .sequence = 2,
                                    .rollback_counter = 2,
                                    .time = MAKER_TIME + 3600,
                                    .edit_manifest = only_for_100};

    story_publish(s, &plan, firmware);
}
