#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "archive_priv.h"

#define SECRET "secret"

/* A file holds a block, the CRC-32 of what is in it and the MAC of both under
 * the block's key: a block under another's name is a wrong one. */
#define CRC_SIZE  4u
#define NAME_SIZE HM_SHA256_HEX

HM_MUST static hm_rc read_secret(struct archive_cache *c, struct hm_err *e)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(sizeof(c->secret));

    HM_TRY(hm_file_load_at(&c->dir, SECRET, &text, e));
    if (text.n != sizeof(c->secret))
        return hm_fail(e, HM_E_REJECTED, "archive.cache.secret",
                       "'" SECRET "' has %zu bytes and not %zu", text.n,
                       sizeof(c->secret));
    memcpy(c->secret, text.p, text.n);
    return HM_OK;
}

HM_MUST static hm_rc make_secret(struct archive_cache *c, struct hm_err *e)
{
    HM_OWN(hm_out) out = HM_OUT_INIT;

    if (getrandom(c->secret, sizeof(c->secret), 0) !=
        (ssize_t)sizeof(c->secret))
        return hm_fail_errno(e, "base.out.open", "no random bytes");
    HM_TRY(hm_out_begin_at(&out, &c->dir, SECRET, HM_OUT_NEW, 0600, e));
    HM_TRY(
        hm_out_write(&out, (struct hm_bytes){c->secret, sizeof(c->secret)}, e));
    return hm_out_commit(&out, e);
}

/* Of several that begin at once all but one find it made, and read it. */
HM_MUST static hm_rc find_secret(struct archive_cache *c, struct hm_err *e)
{
    struct hm_err why = {.rc = HM_OK};
    const hm_rc rc = make_secret(c, &why);

    if (rc == HM_E_USAGE) /* base.out.exists: no trouble to be told */
        return read_secret(c, e);
    if (rc != HM_OK)
        *e = why;
    return rc;
}

HM_MUST static hm_rc open_dir(struct archive_cache *c, const char *path,
                              struct hm_err *e)
{
    struct stat sb;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return hm_fail_errno(e, "base.dir.make", "cannot make '%s'",
                             hm_show_str(path));
    HM_TRY(hm_dir_open(&c->dir, path, e));
    if (fstat(c->dir.fd, &sb) != 0)
        return hm_fail_errno(e, "base.file.stat", "cannot look at '%s'",
                             hm_show_str(path));
    if (sb.st_uid == geteuid() && (sb.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.cache.owner",
                           "'%s' is not this user's alone", hm_show_str(path)),
                   "let it be made, or give it to the user who packs with "
                   "mode 0700");
}

hm_rc archive_cache_open(struct archive_cache *c, const char *path,
                         struct hm_err *e)
{
    /* What the clock of the files says, so that the two can be compared. */
    if (clock_gettime(CLOCK_REALTIME_COARSE, &c->began) != 0)
        return hm_fail_errno(e, "base.file.stat", "no clock");
    HM_TRY(open_dir(c, path, e));
    return find_secret(c, e);
}

void archive_cache_clear(struct archive_cache *c)
{
    explicit_bzero(c->secret, sizeof(c->secret));
    hm_dir_clear(&c->dir);
}

hm_rc archive_cache_place(const char *path, struct stat *sb, struct hm_err *e)
{
    char parent[2048];
    const size_t n = strlen(path);
    size_t k = n;

    if (n >= sizeof(parent))
        return hm_fail(e, HM_E_USAGE, "archive.cache.long",
                       "the name of the cache has %zu bytes", n);
    if (stat(path, sb) == 0)
        return HM_OK;
    while (k > 0 && path[k - 1] == '/')
        k--;
    while (k > 0 && path[k - 1] != '/')
        k--;
    (void)snprintf(parent, sizeof(parent), "%.*s", (int)k, path);
    if (stat(k == 0 ? "." : parent, sb) != 0) /* nor can it be made there */
        *sb = (struct stat){.st_ino = 0};
    return HM_OK;
}

hm_rc archive_cache_key(struct hm_digest *d, struct hm_bytes block,
                        uint8_t key[static HM_SHA256_SIZE], struct hm_err *e)
{
    char by[80]; /* another number when archive_deflate() makes others */
    struct hm_digests out;

    (void)snprintf(by, sizeof(by), "hallmark-block/1 libdeflate %s level %d\n",
                   hm_archive_libdeflate_version(), HM_ARCHIVE_LEVEL);
    HM_TRY(hm_digest_begin(d, false, e));
    HM_TRY(hm_digest_add(d, hm_bytes_str(by), e));
    HM_TRY(hm_digest_add(d, block, e));
    HM_TRY(hm_digest_end(d, &out, e));
    memcpy(key, out.sha256, sizeof(out.sha256));
    return HM_OK;
}

/* The whole file, unless it is larger than any can be. */
static bool read_whole(const struct hm_file *f, uint8_t *out, size_t *n)
{
    const size_t max = archive_deflate_bound() + ARCHIVE_CACHE_TAIL;
    size_t got = 0;

    *n = 0;
    do {
        if (hm_file_read(f, out + *n, max - *n, &got, NULL) != HM_OK)
            return false;
        *n += got;
    } while (got > 0);
    return *n > ARCHIVE_CACHE_TAIL;
}

enum archive_cached archive_cache_get(const struct archive_cache *c,
                                      const uint8_t key[static HM_SHA256_SIZE],
                                      struct archive_job *job)
{
    const struct hm_bytes secret = {c->secret, sizeof(c->secret)};
    const struct hm_bytes name = {key, HM_SHA256_SIZE};
    HM_OWN(hm_file) f = HM_FILE_INIT;
    char hex[NAME_SIZE];
    size_t n = 0;

    hm_hex_write(name, hex);
    f.fd = openat(c->dir.fd, hex,
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (f.fd < 0)
        return errno == ENOENT ? ARCHIVE_NOT_CACHED : ARCHIVE_CACHE_DAMAGED;
    if (!read_whole(&f, job->out, &n))
        return ARCHIVE_CACHE_DAMAGED;
    n -= HM_MAC_SIZE;
    if (!hm_mac_matches(secret, name, (struct hm_bytes){job->out, n},
                        job->out + n))
        return ARCHIVE_CACHE_DAMAGED;
    job->out_n = n - CRC_SIZE;
    memcpy(&job->crc, job->out + job->out_n, CRC_SIZE);
    (void)futimens(f.fd, NULL); /* it was used; else it goes sooner */
    return ARCHIVE_CACHED;
}

hm_rc archive_cache_put(const struct archive_cache *c,
                        const uint8_t key[static HM_SHA256_SIZE],
                        struct archive_job *job, struct hm_err *e)
{
    const struct hm_bytes secret = {c->secret, sizeof(c->secret)};
    const struct hm_bytes name = {key, HM_SHA256_SIZE};
    const size_t n = job->out_n + CRC_SIZE;
    HM_OWN(hm_out) out = HM_OUT_INIT;
    char hex[NAME_SIZE];

    memcpy(job->out + job->out_n, &job->crc, CRC_SIZE);
    HM_TRY(
        hm_mac(secret, name, (struct hm_bytes){job->out, n}, job->out + n, e));
    hm_hex_write(name, hex);
    HM_TRY(hm_out_begin_at(&out, &c->dir, hex, HM_OUT_REPLACE, 0600, e));
    HM_TRY(hm_out_write(&out, (struct hm_bytes){job->out, n + HM_MAC_SIZE}, e));
    return hm_out_rename(&out, e); /* a torn file is no block: no sync */
}

/* ---- what becomes too much ---- */

struct kept {
    struct timespec used;
    uint64_t size;
    const char *name; /* borrowed */
};

static int compare_times(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept *x = a;
    const struct kept *y = b;

    return compare_times(&x->used, &y->used);
}

/* @return bytes of all of them; what is gone meanwhile has none */
static uint64_t look(const struct archive_cache *c,
                     const struct hm_names *names, struct kept *kept)
{
    uint64_t total = 0;

    for (size_t i = 0; i < names->n; i++) {
        struct stat sb;

        kept[i] = (struct kept){.name = names->name[i]};
        if (fstatat(c->dir.fd, kept[i].name, &sb, AT_SYMLINK_NOFOLLOW) != 0 ||
            strcmp(kept[i].name, SECRET) == 0)
            continue;
        kept[i].used = sb.st_mtim;
        kept[i].size = (uint64_t)sb.st_size;
        total += kept[i].size;
    }
    return total;
}

HM_MUST static hm_rc remove_oldest(const struct archive_cache *c,
                                   struct kept *kept, size_t n, uint64_t excess,
                                   struct hm_err *e)
{
    qsort(kept, n, sizeof(*kept), compare_kept);
    for (size_t i = 0; i < n && excess > 0; i++) {
        if (kept[i].size == 0)
            continue;
        if (compare_times(&kept[i].used, &c->began) >= 0)
            break;
        if (unlinkat(c->dir.fd, kept[i].name, 0) != 0 && errno != ENOENT)
            return hm_fail_errno(e, "base.dir.remove", "cannot remove '%s'",
                                 hm_show_str(kept[i].name));
        excess -= kept[i].size < excess ? kept[i].size : excess;
    }
    return HM_OK;
}

hm_rc archive_cache_trim(const struct archive_cache *c, uint64_t bytes_max,
                         struct hm_err *e)
{
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct kept *kept = NULL;
    uint64_t total = 0;
    hm_rc rc = HM_OK;

    HM_TRY(hm_dir_list(&c->dir, &names, e));
    kept = calloc(names.n + 1, sizeof(*kept));
    if (kept == NULL)
        return hm_fail(e, HM_E_NOMEM, "archive.memory",
                       "out of memory for the cache");
    total = look(c, &names, kept);
    if (total > bytes_max)
        rc = remove_oldest(c, kept, names.n, total - bytes_max, e);
    free(kept);
    return rc;
}
