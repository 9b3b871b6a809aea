/* What a file is: for every kind one that is right, and neighbours that are
 * wrong in one thing.  The files come from the tools that others use, or from
 * tests/fuzz/image_seeds.py; they are the seeds of the fuzzer too. */
#include "hm_test.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "hm_image.h"
#include "hm_run.h"

#define SEED_MAX ((size_t)1 << 20)
#define OPEN     "" /* more bytes behind it are no fault */

static const struct hm_archive_limits limits = HM_ARCHIVE_LIMITS_LARGE;

struct sample {
    const char *file;
    const char *kind;
    const char *fact; /* NULL: none is looked at */
    const char *text; /* of it; NULL: the number counts */
    uint64_t number;
    unsigned members;
    size_t least;     /* shorter than this it is refused */
    const char *more; /* why it is refused with a byte behind it */
};

static const struct sample samples[] = {
    {"squashfs", "squashfs", "mkfs_time", NULL, 1700000000, 0, 303,
     "image.file.trailing"},
    {"rauc-plain", "rauc", "format", "plain", 0, 0, 402, "image.file.trailing"},
    {"rauc-verity", "rauc", "version", "1.0.1", 0, 0, 5441,
     "image.file.trailing"},
    {"rauc-crypt", "rauc", "format", "crypt", 0, 0, 888, "image.kind.unknown"},
    {"cramfs", "cramfs", "files", NULL, 5, 0, 4096, OPEN},
    {"ext4", "ext4", "volume_name", "root", 0, 0, 3072, "image.file.trailing"},
    {"erofs", "erofs", "mkfs_time", NULL, 1700000000, 0, 4096, OPEN},
    {"gpt", "gpt", "partitions", NULL, 1, 0, 3072, OPEN},
    {"ubi", "ubi", "image_seq", "0x0000abcd", 0, 0, 128, OPEN},
    {"ubifs", "ubifs", "leb_count", NULL, 8, 0, 512, OPEN},
    {"uimage", "uimage", "time", NULL, 1700000000, 0, 91,
     "image.file.trailing"},
    {"dtb", "dtb", "compatible", "x,y", 0, 0, 151, "image.file.trailing"},
    {"fit", "fit", "images", NULL, 1, 0, 1433, "image.file.trailing"},
    {"fit-external", "fit", "external_bytes", NULL, 8, 0, 520, OPEN},
    {"elf32-le", "elf", "machine", "Arm (40)", 0, 0, 84, OPEN},
    {"elf32-be", "elf", "data", "big endian", 0, 0, 84, OPEN},
    {"elf64-le", "elf", "machine", "AArch64 (183)", 0, 0, 120, OPEN},
    {"elf64-be", "elf", "class", NULL, 64, 0, 120, OPEN},
    {"pe", "pe", "subsystem", NULL, 10, 0, 160, OPEN},
    {"capsule", "capsule", "bytes", NULL, 44, 0, 44, "image.file.trailing"},
    {"android-boot", "android-boot", "ramdisk_bytes", NULL, 6, 0, 6144, OPEN},
    {"android-boot-4", "android-boot", "header_version", NULL, 4, 0, 12288,
     OPEN},
    {"android-sparse", "android-sparse", "blocks", NULL, 3, 0, 56,
     "image.file.trailing"},
    {"android-payload", "android-payload", "version", NULL, 2, 0, 32, OPEN},
    {"mcuboot", "mcuboot", "version", "1.2.3+4", 0, 0, 168,
     "image.file.trailing"},
    {"mcuboot-slot", "mcuboot", "digest", "SHA-256, checked", 0, 0, 168,
     "image.file.trailing"},
    {"uf2", "uf2", "family", "0xe48bff56", 0, 0, 1024, "image.file.truncated"},
    {"ihex", "ihex", "highest_address", "0x0000001a", 0, 0, 91,
     "image.file.trailing"},
    {"srec", "srec", "bytes", NULL, 27, 0, 108, "image.file.trailing"},
    {"dfu", "dfu", "vendor_id", "0x0001", 0, 0, 24, "image.kind.unknown"},
    {"gzip", "gzip", "time", NULL, 1700000000, 0, 32, "archive.gzip.trailing"},
    {"xz", "xz", "check", "CRC64", 0, 0, 76, "image.file.truncated"},
    {"zstd", "zstd", "content_bytes", NULL, 27, 0, 27, "image.file.truncated"},
    {"lz4", "lz4", "content_bytes", NULL, 27, 0, 43, "image.file.trailing"},
    {"bzip2", "bzip2", "level", NULL, 9, 0, 10, OPEN},
    {"bsdiff", "bsdiff", "target_bytes", NULL, 100, 0, 41, OPEN},
    {"rpm", "rpm", "name", "name-1-1", 0, 0, 172, OPEN},
    {"matter", "matter-ota", NULL, NULL, 0, 0, 4, OPEN},
    {"cpio-newc", "cpio", NULL, NULL, 0, 5, 728, "image.file.trailing"},
    {"cpio-crc", "cpio", NULL, NULL, 0, 5, 728, "image.file.trailing"},
    {"cpio-odc", "cpio", NULL, NULL, 0, 5, 513, "image.file.trailing"},
    {"swupdate", "swupdate", "signature", "there, not checked", 0, 3, 616,
     "image.file.trailing"},
    {"deb", "deb", "format", "2.0", 0, 3, 8, "image.file.truncated"},
    {"tar", "tar", NULL, NULL, 0, 5, 1, "archive.tar.trailing"},
    {"tar-gz", "tar.gz", "os", NULL, 3, 5, 348, "archive.gzip.trailing"},
    {"mender", "mender", "version", NULL, 3, 5, 1, "archive.tar.trailing"},
    {"zip", "zip", "members", NULL, 4, 4, 359, "image.zip.end"},
    {"zip-64", "zip", "members", NULL, 1, 1, 214, "image.zip.end"},
    {"zip-streamed", "zip", "members", NULL, 2, 2, 339, "image.zip.end"},
    {"zip-encrypted", "zip", "members", NULL, 1, 1, 134, "image.zip.end"},
    {"zip-apk", "zip", "apk_signatures_at", NULL, 50, 1, 177, "image.zip.end"},
};
#define SAMPLES (sizeof(samples) / sizeof(*samples))

static void load(const char *file, struct hm_buf *out)
{
    char path[512];
    struct hm_err e = {0};

    (void)snprintf(path, sizeof(path), "%s/fuzz/image/%s", HM_TESTDATA, file);
    assert_ok(hm_file_load(path, out, &e), &e);
}

HM_MUST static hm_rc count(void *ctx, const struct hm_image_member *m,
                           struct hm_err *e)
{
    (void)e;
    assert_non_null(m->method);
    ++*(unsigned *)ctx;
    return HM_OK;
}

/* As `hallmark-pack list` reads it. */
HM_MUST static hm_rc list(struct hm_bytes bytes, struct hm_image *image,
                          unsigned *members, struct hm_err *e)
{
    const struct hm_image_visitor visitor = {count, members};
    struct hm_archive_result result;

    *members = 0;
    HM_TRY(hm_image_read_bytes(bytes, image, e));
    HM_TRY(hm_image_list_bytes(bytes, image, &limits, &visitor, &result, e));
    assert_int_equal(result.file.size, bytes.n);
    return HM_OK;
}

/* Bytes at the end of memory of their own, so that a byte too far is seen. */
static void assert_lists(const uint8_t *p, size_t n, const char *reason,
                         const char *title)
{
    HM_OWN(hm_image) image = HM_IMAGE_INIT;
    uint8_t *copy = malloc(n + 1);
    unsigned members = 0;
    struct hm_err e = {0};
    hm_rc rc;

    assert_non_null(copy);
    memcpy(copy, p, n);
    rc = list((struct hm_bytes){copy, n}, &image, &members, &e);
    free(copy);
    if (strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("%s: expected [%s], got [%s] %s", title, reason, e.reason,
                 e.text);
}

static void assert_fact(const struct sample *s, const struct hm_image *image)
{
    const struct hm_image_fact *f = hm_image_find(image, s->fact);

    if (f == NULL || f->is_number != (s->text == NULL || f->number != 0))
        fail_msg("%s: no fact %s", s->file, s->fact);
    else if (s->text != NULL)
        assert_string_equal(f->text, s->text);
    else
        assert_int_equal(f->number, s->number);
}

static void each_sample_is_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *s = &samples[i];
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
        HM_OWN(hm_image) image = HM_IMAGE_INIT;
        unsigned members = 0;
        struct hm_err e = {0};

        load(s->file, &bytes);
        if (list(hm_buf_view(&bytes), &image, &members, &e) != HM_OK)
            fail_msg("%s: [%s] %s", s->file, e.reason, e.text);
        if (strcmp(image.kind, s->kind) != 0 || members != s->members)
            fail_msg("%s: %s with %u members", s->file, image.kind, members);
        assert_int_equal(image.has_members, s->members > 0);
        if (s->fact != NULL)
            assert_fact(s, &image);
    }
}

/* A file read by its descriptor says what its bytes say. */
static void a_file_is_read_as_its_bytes_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        HM_OWN(hm_file) f = HM_FILE_INIT;
        HM_OWN(hm_image) image = HM_IMAGE_INIT;
        struct hm_archive_result result;
        unsigned members = 0;
        const struct hm_image_visitor visitor = {count, &members};
        char path[512];
        struct hm_err e = {0};

        (void)snprintf(path, sizeof(path), "%s/fuzz/image/%s", HM_TESTDATA,
                       samples[i].file);
        assert_ok(hm_file_open(&f, path, &e), &e);
        assert_ok(hm_image_read(&f, &image, &e), &e);
        assert_ok(hm_image_list(&f, &image, &limits, &visitor, &result, &e),
                  &e);
        assert_string_equal(image.kind, samples[i].kind);
        assert_int_equal(members, samples[i].members);
        assert_int_equal(result.entries, members);
    }
}

/* Whatever is cut off, nothing beyond the end is read, and below a kind's least
 * length it is refused. */
static void a_shorter_file_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct sample *s = &samples[i];
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
        const size_t step = s->least > 2000 ? 37 : 1;

        load(s->file, &bytes);
        for (size_t n = 0; n < s->least; n += step) {
            HM_OWN(hm_image) image = HM_IMAGE_INIT;
            uint8_t *copy = malloc(n + 1);
            unsigned members = 0;
            struct hm_err e = {0};

            assert_non_null(copy);
            memcpy(copy, bytes.p, n);
            if (list((struct hm_bytes){copy, n}, &image, &members, &e) ==
                    HM_OK ||
                e.reason[0] == '\0')
                fail_msg("%s: %zu bytes of it are %s", s->file, n,
                         image.kind == NULL ? "nothing" : image.kind);
            free(copy);
        }
    }
}

static void a_byte_behind_the_end_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX + 1);
        struct hm_err e = {0};

        load(samples[i].file, &bytes);
        assert_ok(hm_buf_add(&bytes, HM_LIT("x"), &e), &e);
        assert_lists(bytes.p, bytes.n, samples[i].more, samples[i].file);
    }
}

struct mutation {
    const char *file;
    size_t at;
    uint8_t mask; /* XOR */
    const char *reason;
};

static const struct mutation mutations[] = {
    {"squashfs", 28, 1, "image.header.field"},          /* major */
    {"squashfs", 22, 1, "image.header.field"},          /* block_log */
    {"squashfs", 20, 8, "image.header.field"},          /* compression */
    {"squashfs", 46, 1, "image.file.truncated"},        /* bytes_used, 2^48 */
    {"squashfs", 47, 0xff, "image.file.truncated"},     /* nearly 2^64 */
    {"squashfs", 48 + 2, 1, "image.header.field"},      /* a table outside */
    {"squashfs", 4000, 1, "image.file.trailing"},       /* in the padding */
    {"rauc-plain", 1000, 1, "image.file.trailing"},     /* in the padding */
    {"rauc-plain", 4793 - 1, 1, "image.file.trailing"}, /* the length */
    {"rauc-plain", 4793 - 8, 0x80, "image.file.trailing"},
    {"rauc-plain", 4096, 1, "image.file.trailing"}, /* no SEQUENCE */
    {"rauc-verity", 5500, 1, "image.file.trailing"},
    {"cramfs", 16, 1, "image.header.field"},
    {"cramfs", 4000, 1, "image.header.checksum"},
    {"cramfs", 6, 1, "image.file.truncated"},
    {"ext4", 1024 + 4, 4, "image.file.truncated"},
    {"ext4", 1024 + 0x18, 0x40, "image.header.field"},
    {"erofs", 1024 + 12, 0x40, "image.header.field"},
    {"erofs", 1024 + 36, 2, "image.file.truncated"},
    {"gpt", 512 + 24, 1, "image.header.checksum"},
    {"gpt", 1024 + 5, 1, "image.header.checksum"},
    {"ubi", 24, 1, "image.header.checksum"},
    {"ubifs", 200, 1, "image.header.checksum"},
    {"uimage", 33, 1, "image.header.checksum"},
    {"uimage", 64, 1, "image.header.checksum"},
    {"dtb", 6, 1, "image.file.truncated"},
    {"dtb", 11, 1, "image.header.field"},    /* where the structure is */
    {"dtb", 56, 0x80, "image.header.field"}, /* its first token */
    {"fit", 36, 1, "image.header.field"},    /* how long it is */
    {"elf32-le", 4, 4, "image.header.field"},
    {"elf32-le", 44, 0xff, "image.file.truncated"},
    {"elf32-le", 42, 0x20, "image.header.field"},
    {"elf64-le", 39, 0x80, "image.file.truncated"}, /* e_phoff, 2^63 */
    {"pe", 61, 1, "image.file.truncated"},
    {"pe", 64, 1, "image.header.field"},
    {"capsule", 24, 0xff, "image.file.truncated"},
    {"capsule", 16, 8, "image.header.field"},
    {"android-boot", 36, 1, "image.header.field"},
    {"android-boot", 11, 0x80, "image.file.truncated"},
    {"android-sparse", 20, 4, "image.file.truncated"},
    {"android-sparse", 16, 4, "image.header.field"},
    {"android-sparse", 29, 1, "image.header.field"},
    {"android-payload", 12, 1, "image.file.truncated"},
    {"mcuboot", 8, 0x20, "image.header.field"},
    {"mcuboot", 40, 1, "image.header.checksum"},
    {"mcuboot", 14, 1, "image.file.truncated"},
    {"mcuboot", 112, 1, "image.header.checksum"}, /* the protected TLVs */
    {"mcuboot", 116, 1, "image.header.field"},    /* the others' magic */
    {"mcuboot-slot", 400, 1, "image.file.trailing"},
    {"uf2", 508, 1, "image.header.field"},
    {"uf2", 512 + 17, 4, "image.header.field"},
    {"uf2", 512 + 24, 4, "image.file.truncated"},
    {"ihex", 10, 1, "image.header.checksum"},
    {"ihex", 2, 1, "image.header.field"},
    {"srec", 8, 1, "image.header.checksum"},
    {"dfu", 0, 1, "image.header.checksum"},
    {"gzip", 30, 1, "archive.gzip.checksum"},
    {"xz", 8, 1, "image.header.checksum"},
    {"xz", 75, 1, "image.file.truncated"},
    {"zstd", 4, 8, "image.header.field"},
    {"zstd", 8, 1, "image.file.truncated"},
    {"lz4", 4, 0x80, "image.header.field"},
    {"lz4", 17, 1, "image.file.truncated"},
    {"bzip2", 3, 0x40, "image.header.field"},
    {"bsdiff", 15, 0x80, "image.header.field"},
    {"bsdiff", 14, 1, "image.file.truncated"},
    {"rpm", 96, 1, "image.header.field"},
    {"rpm", 96 + 8, 1, "image.file.truncated"},
    {"cpio-newc", 5, 4, "image.kind.unknown"},
    {"cpio-newc", 14, 2, "image.header.field"},
    {"cpio-newc", 14, 0x40, "image.cpio.number"},
    {"cpio-newc", 94, 0x76, "image.file.truncated"}, /* length of the name */
    {"cpio-newc", 110, 1, "archive.member.name"},    /* "." becomes "/" */
    {"cpio-newc", 111, 1, "image.cpio.name"},
    {"cpio-newc", 112 + 5, 2, "image.cpio.magic"},
    {"deb", 8 + 58, 1, "image.ar.header"},
    {"deb", 8 + 48, 0x10, "image.ar.header"},
    {"zip", 4, 1, ""}, /* the version needed: nobody's business */
    {"zip", 8, 8, "image.zip.differs"},
    {"zip", 10, 1, "image.zip.differs"},
    {"zip", 14, 1, "image.zip.differs"},
    {"zip", 18, 1, "image.zip.differs"},
    {"zip", 22, 1, "image.zip.differs"},
    {"zip", 30, 1, "image.zip.differs"},
    {"zip", 359 - 1, 1, "image.zip.end"},
    {"zip", 359 - 6, 1, "image.zip.end"},
    {"zip", 359 - 12, 1, "image.zip.end"},
    {"zip-streamed", 339 - 6, 1, "image.zip.end"},
};

static void one_wrong_byte_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mutations) / sizeof(*mutations); i++) {
        const struct mutation *m = &mutations[i];
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
        char title[64];

        load(m->file, &bytes);
        assert_true(m->at < bytes.n);
        bytes.p[m->at] ^= m->mask;
        (void)snprintf(title, sizeof(title), "%s, byte %zu", m->file, m->at);
        assert_lists(bytes.p, bytes.n, m->reason, title);
    }
}

/* Nothing that a byte may be leads astray; the reason is always said. */
static void every_byte_may_be_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
        const size_t step = samples[i].least > 1000 ? 13 : 1;

        load(samples[i].file, &bytes);
        for (size_t at = 0; at < bytes.n; at += step) {
            HM_OWN(hm_image) image = HM_IMAGE_INIT;
            unsigned members = 0;
            struct hm_err e = {0};

            bytes.p[at] ^= 0xff;
            if (list(hm_buf_view(&bytes), &image, &members, &e) != HM_OK)
                assert_true(e.reason[0] != '\0' && e.text[0] != '\0');
            bytes.p[at] ^= 0xff;
        }
    }
}

/* Every byte of these is bound by a checksum, or by a header that says it
 * again: none can be another without being seen. */
static void no_byte_of_a_checked_content_is_free(void **state)
{
    static const struct {
        const char *file;
        size_t from, to;
    } rows[] = {{"cpio-crc", 224, 230}, {"zip-64", 51, 57}, {"uimage", 4, 91},
                {"mcuboot", 0, 116},    {"ubi", 0, 64},     {"dfu", 0, 24}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);

        load(rows[i].file, &bytes);
        for (size_t at = rows[i].from; at < rows[i].to; at++) {
            HM_OWN(hm_image) image = HM_IMAGE_INIT;
            unsigned members = 0;
            struct hm_err e = {0};

            bytes.p[at] ^= 1;
            if (list(hm_buf_view(&bytes), &image, &members, &e) == HM_OK)
                fail_msg("%s: byte %zu may be anything", rows[i].file, at);
            bytes.p[at] ^= 1;
        }
    }
}

static void nothing_is_known_of_other_files(void **state)
{
    static const char *const texts[] = {
        "x", "hello, world\n", "Sx", "MZ", "\x1f\x8b", "PK\3\4", "070701", ":"};

    (void)state;
    assert_lists((const uint8_t *)"", 0, "image.file.empty", "empty");
    assert_lists((const uint8_t *)texts[0], 1, "image.kind.unknown", "x");
    assert_lists((const uint8_t *)texts[1], 13, "image.kind.unknown", "text");
    for (size_t i = 2; i < sizeof(texts) / sizeof(*texts); i++) {
        HM_OWN(hm_image) image = HM_IMAGE_INIT;
        unsigned members = 0;
        struct hm_err e = {0};

        assert_int_not_equal(list(hm_bytes_str(texts[i]), &image, &members, &e),
                             HM_OK);
        assert_true(e.reason[0] != '\0');
    }
}

static void put_be32(uint8_t *to, size_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Nodes inside each other: n that begin, n that end. */
static void a_tree_may_be_64_nodes_deep(void **state)
{
    (void)state;
    for (size_t n = 64; n <= 65; n++) {
        uint8_t dtb[40 + 65 * 12 + 4] = {0xd0, 0x0d, 0xfe, 0xed};
        const size_t size = 12 * n + 4;

        put_be32(dtb + 4, 40 + size);
        put_be32(dtb + 8, 40);
        put_be32(dtb + 12, 40 + size);
        put_be32(dtb + 20, 17);
        put_be32(dtb + 36, size);
        for (size_t i = 0; i < n; i++) {
            put_be32(dtb + 40 + 8 * i, 1); /* its name is empty */
            put_be32(dtb + 40 + 8 * n + 4 * i, 2);
        }
        put_be32(dtb + 40 + 12 * n, 9);
        assert_lists(dtb, 40 + size, n == 64 ? "" : "image.limit.depth",
                     "nodes");
    }
}

/* Every property may point at the same name, and no name need end soon: what is
 * read must not be one times the other. */
static void a_tree_with_an_endless_name_is_read_in_no_time(void **state)
{
    const size_t properties = 20000;
    const size_t strings = (size_t)4 << 20;
    const size_t size = 8 + 12 * properties + 8;
    uint8_t *dtb = calloc(1, 40 + size + strings);
    const clock_t began = clock();

    (void)state;
    assert_non_null(dtb);
    put_be32(dtb, 0xd00dfeed);
    put_be32(dtb + 4, 40 + size + strings);
    put_be32(dtb + 8, 40);
    put_be32(dtb + 12, 40 + size);
    put_be32(dtb + 20, 17);
    put_be32(dtb + 32, strings);
    put_be32(dtb + 36, size);
    put_be32(dtb + 40, 1);
    for (size_t i = 0; i < properties; i++)
        put_be32(dtb + 48 + 12 * i, 3);
    put_be32(dtb + 48 + 12 * properties, 2);
    put_be32(dtb + 52 + 12 * properties, 9);
    memset(dtb + 40 + size, 'a', strings - 1);
    assert_lists(dtb, 40 + size + strings, "", "a name of 4 MiB");
    assert_true((clock() - began) / CLOCKS_PER_SEC < 20);
    free(dtb);
}

/* What was measured is no longer there. */
static void a_file_that_shrinks_is_noticed(void **state)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
    HM_OWN(hm_file) f = HM_FILE_INIT;
    HM_OWN(hm_image) image = HM_IMAGE_INIT;
    unsigned members = 0;
    const struct hm_image_visitor visitor = {count, &members};
    struct hm_archive_result result;
    struct hm_temp t;
    struct hm_err e = {0};

    (void)state;
    hm_temp_make(&t);
    load("uimage", &bytes);
    assert_ok(hm_file_save(hm_temp_path(&t, "x"), hm_buf_view(&bytes),
                           HM_OUT_NEW, &e),
              &e);
    assert_ok(hm_file_open(&f, hm_temp_path(&t, "x"), &e), &e);
    assert_ok(hm_image_read(&f, &image, &e), &e);
    assert_int_equal(truncate(hm_temp_path(&t, "x"), 0), 0);
    assert_fails(hm_image_list(&f, &image, &limits, &visitor, &result, &e),
                 HM_E_FORMAT, "image.file.empty", &e);
    hm_temp_clear(&t);
}

static void running_out_of_memory_leaks_nothing(void **state)
{
    static const char *const files[] = {"zip", "cpio-crc", "tar-gz", "gzip",
                                        "rauc-verity"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        HM_OWN(hm_buf) bytes = HM_BUF_INIT(SEED_MAX);
        hm_rc rc = HM_E_NOMEM;

        load(files[i], &bytes);
        for (int k = 0; rc != HM_OK && k < 1000; k++) {
            HM_OWN(hm_image) image = HM_IMAGE_INIT;
            unsigned members = 0;
            struct hm_err e = {0};

            alloc_fail_after(k);
            rc = list(hm_buf_view(&bytes), &image, &members, &e);
            if (alloc_fail_happened() && rc == HM_OK)
                rc = HM_E_NOMEM; /* the JSON in a tar was not looked into */
        }
        assert_int_equal(rc, HM_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_is_what_it_is),
        cmocka_unit_test(a_file_is_read_as_its_bytes_are),
        cmocka_unit_test(a_shorter_file_is_refused),
        cmocka_unit_test(a_byte_behind_the_end_is_seen),
        cmocka_unit_test(one_wrong_byte_has_its_reason),
        cmocka_unit_test(every_byte_may_be_wrong),
        cmocka_unit_test(no_byte_of_a_checked_content_is_free),
        cmocka_unit_test(nothing_is_known_of_other_files),
        cmocka_unit_test(a_tree_may_be_64_nodes_deep),
        cmocka_unit_test(a_tree_with_an_endless_name_is_read_in_no_time),
        cmocka_unit_test(a_file_that_shrinks_is_noticed),
        cmocka_unit_test(running_out_of_memory_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
