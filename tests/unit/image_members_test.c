/* Members of cpio and zip: the same wrong names, links and kinds are refused
 * for the same reasons in both, and a zip's lies about its content are seen. */
#include "hm_test.h"

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

#include "hm_image.h"
#include "hm_run.h"

#define MADE_MAX ((size_t)1 << 22)

static void add(struct hm_buf *to, const void *p, size_t n)
{
    struct hm_err e = {0};

    assert_ok(hm_buf_add(to, (struct hm_bytes){p, n}, &e), &e);
}

static void add_number(struct hm_buf *to, uint64_t v, unsigned n)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
    add(to, bytes, n);
}

struct member {
    const char *name; /* NULL ends the list */
    unsigned mode;    /* with its kind */
    const char *content;
    size_t name_n; /* 0: up to its NUL */
};

/* ---- cpio ---- */

static void pad(struct hm_buf *to, size_t align)
{
    while (to->n % align != 0)
        add(to, "", 1);
}

static void cpio_member(struct hm_buf *to, const struct member *m)
{
    const size_t name_n = (m->name_n == 0 ? strlen(m->name) : m->name_n) + 1;
    char h[160];

    (void)snprintf(h, sizeof(h),
                   "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx"
                   "%08x",
                   0u, m->mode, 0u, 0u, 1u, 1700000000u, strlen(m->content), 0u,
                   0u, 0u, 0u, name_n, 0u);
    add(to, h, 110);
    add(to, m->name, name_n - 1);
    add(to, "", 1);
    pad(to, 4);
    add(to, m->content, strlen(m->content));
    pad(to, 4);
}

static void make_cpio(struct hm_buf *to, const struct member *members)
{
    static const struct member last = {"TRAILER!!!", 0, "", 0};

    for (; members->name != NULL; members++)
        cpio_member(to, members);
    cpio_member(to, &last);
}

/* ---- zip ---- */

/* What the headers of a member say, so that one may lie. */
struct zip_says {
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size;
};

static void zip_header(struct hm_buf *to, const struct zip_says *s,
                       const struct member *m, bool central, size_t local_at)
{
    const size_t name_n = m->name_n == 0 ? strlen(m->name) : m->name_n;

    add(to, central ? "PK\1\2" : "PK\3\4", 4);
    if (central)
        add_number(to, 0x031e, 2);
    add_number(to, 10, 2);
    add_number(to, s->flags, 2);
    add_number(to, s->method, 2);
    add_number(to, 0x57 << 9 | 1 << 5 | 1, 4);
    add_number(to, s->crc, 4);
    add_number(to, s->packed, 4);
    add_number(to, s->size, 4);
    add_number(to, name_n, 2);
    add_number(to, 0, 2);
    if (central) {
        add_number(to, 0, 6);
        add_number(to, (uint64_t)m->mode << 16, 4);
        add_number(to, local_at, 4);
    }
    add(to, m->name, name_n);
}

static void zip_end(struct hm_buf *to, size_t n, size_t at)
{
    const size_t size = to->n - at;

    add(to, "PK\5\6\0\0\0\0", 8);
    add_number(to, n, 2);
    add_number(to, n, 2);
    add_number(to, size, 4);
    add_number(to, at, 4);
    add_number(to, 0, 2);
}

static struct zip_says truth(const struct member *m)
{
    const size_t n = strlen(m->content);

    return (struct zip_says){
        .crc = (uint32_t)crc32(0, (const uint8_t *)m->content, (uInt)n),
        .packed = n,
        .size = n,
    };
}

static void make_zip(struct hm_buf *to, const struct member *members)
{
    HM_OWN(hm_buf) central = HM_BUF_INIT(MADE_MAX);
    size_t n = 0;
    size_t at;

    for (; members[n].name != NULL; n++) {
        const struct zip_says s = truth(&members[n]);

        zip_header(&central, &s, &members[n], true, to->n);
        zip_header(to, &s, &members[n], false, 0);
        add(to, members[n].content, strlen(members[n].content));
    }
    at = to->n;
    add(to, central.p, central.n);
    zip_end(to, n, at);
}

/* ---- both ---- */

HM_MUST static hm_rc ignore(void *ctx, const struct hm_image_member *m,
                            struct hm_err *e)
{
    (void)ctx;
    (void)m;
    (void)e;
    return HM_OK;
}

static void assert_lists(const struct hm_buf *made, const char *reason,
                         const char *title)
{
    static const struct hm_archive_limits limits = {1u << 20, 1000};
    static const struct hm_image_visitor visitor = {ignore, NULL};
    HM_OWN(hm_image) image = HM_IMAGE_INIT;
    struct hm_archive_result result;
    struct hm_err e = {0};
    hm_rc rc = hm_image_read_bytes(hm_buf_view(made), &image, &e);

    if (rc == HM_OK)
        rc = hm_image_list_bytes(hm_buf_view(made), &image, &limits, &visitor,
                                 &result, &e);
    if (strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("%s: expected [%s], got [%s] %s", title, reason, e.reason,
                 e.text);
}

#define F 0100644u
#define D 0040755u
#define L 0120777u

struct row {
    const char *reason;
    struct member members[4];
};

static const struct row rows[] = {
    {"", {{"a", F, "x", 0}, {"d", D, "", 0}, {"d/l", L, "../a", 0}}},
    {"", {{"./a", F, "x", 0}, {"d/", D, "", 0}}},
    {"", {{"new\nline", F, "", 0}, {"-dash", F, "", 0}, {"\xff", F, "", 0}}},
    {"", {{"l", L, "/etc/x", 0}}}, /* the device's own */
    {"archive.member.name", {{"../x", F, "", 0}}},
    {"archive.member.name", {{"/x", F, "", 0}}},
    {"archive.member.name", {{"a/../../x", F, "", 0}}},
    {"archive.member.name", {{"C:\\x", F, "", 0}}},
    {"archive.member.name", {{"..\\x", F, "", 0}}},
    {"archive.member.name", {{"x/", F, "", 0}}},
    {"archive.member.name", {{"a//x", F, "", 0}}},
    {"archive.member.name", {{"a/./x", F, "", 0}}},
    {"archive.member.duplicate", {{"a", F, "", 0}, {"a", F, "", 0}}},
    {"archive.member.duplicate", {{"a", F, "", 0}, {"./a", F, "", 0}}},
    {"archive.member.duplicate", {{"d", D, "", 0}, {"d/", D, "", 0}}},
    {"archive.member.through", {{"a", F, "", 0}, {"a/x", F, "", 0}}},
    {"archive.member.through", {{"l", L, "d", 0}, {"l/x", F, "", 0}}},
    {"archive.member.duplicate", {{"l", L, "d", 0}, {"l", D, "", 0}}},
    {"archive.member.target", {{"l", L, "../x", 0}}},
    {"archive.member.target", {{"d/l", L, "../../x", 0}}},
    {"archive.member.target", {{"l", L, "", 0}}},
    {"archive.member.kind", {{"dev", 0020644u, "", 0}}},
    {"archive.member.kind", {{"dev", 0060644u, "", 0}}},
    {"archive.member.kind", {{"fifo", 0010644u, "", 0}}},
    {"archive.member.kind", {{"sock", 0140644u, "", 0}}},
    {"archive.member.mode", {{"su", 0104755u, "", 0}}},
    {"archive.member.mode", {{"sg", 0102755u, "", 0}}},
    {"archive.member.mode", {{"sticky", 0041755u, "", 0}}},
    {"archive.member.size", {{"d", D, "content", 0}}},
};

static void the_rules_of_a_tar_hold_in_cpio_and_zip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_buf) cpio = HM_BUF_INIT(MADE_MAX);
        HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
        char title[64];

        make_cpio(&cpio, rows[i].members);
        make_zip(&zip, rows[i].members);
        (void)snprintf(title, sizeof(title), "cpio, row %zu", i);
        assert_lists(&cpio, rows[i].reason, title);
        (void)snprintf(title, sizeof(title), "zip, row %zu", i);
        assert_lists(&zip, rows[i].reason, title);
    }
}

/* A NUL in a name: two readers see two names. */
static void a_nul_in_a_name_is_refused(void **state)
{
    static const struct member members[] = {{"a\0b", F, "", 3},
                                            {NULL, 0, NULL, 0}};
    HM_OWN(hm_buf) cpio = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);

    (void)state;
    make_cpio(&cpio, members);
    make_zip(&zip, members);
    assert_lists(&cpio, "image.cpio.name", "cpio");
    assert_lists(&zip, "archive.member.name", "zip");
}

/* 255 bytes a segment, 4095 a path, 128 segments; one more is too much. */
static void names_end_where_those_of_a_tar_do(void **state)
{
    static const struct {
        size_t segment, total;
        const char *reason;
    } lengths[] = {{255, 255, ""},  {256, 256, "archive.limit.path"},
                   {200, 4095, ""}, {200, 4096, "archive.limit.path"},
                   {1, 255, ""},    {1, 257, "archive.limit.path"}};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        HM_OWN(hm_buf) cpio = HM_BUF_INIT(MADE_MAX);
        HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
        char name[4200] = "";
        struct member members[2] = {{name, F, "", 0}, {NULL, 0, NULL, 0}};

        for (size_t n = 0; n < lengths[i].total; n++)
            name[n] = (n + 1) % (lengths[i].segment + 1) == 0 ? '/' : 'n';
        make_cpio(&cpio, members);
        make_zip(&zip, members);
        assert_lists(&cpio, lengths[i].reason, "cpio");
        assert_lists(&zip, lengths[i].reason, "zip");
    }
}

static void one_member_too_many_is_refused(void **state)
{
    struct member *members = calloc(1002, sizeof(*members));
    char(*names)[8] = calloc(1001, sizeof(*names));

    (void)state;
    assert_non_null(members);
    assert_non_null(names);
    for (unsigned n = 1000; n <= 1001; n++) {
        HM_OWN(hm_buf) cpio = HM_BUF_INIT(MADE_MAX);
        HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
        const char *reason = n == 1000 ? "" : "archive.limit.entries";

        for (unsigned i = 0; i < n; i++) {
            (void)snprintf(names[i], sizeof(names[i]), "%u", i);
            members[i] = (struct member){names[i], F, "", 0};
        }
        make_cpio(&cpio, members);
        make_zip(&zip, members);
        assert_lists(&cpio, reason, "cpio");
        assert_lists(&zip, reason, "zip");
    }
    free(members);
    free(names);
}

/* ---- a zip that lies ---- */

/* One member "a", whose headers both say @p s. */
static void make_liar(struct hm_buf *to, const struct zip_says *s,
                      const void *content, size_t n)
{
    static const struct member m = {"a", F, "", 0};
    HM_OWN(hm_buf) central = HM_BUF_INIT(MADE_MAX);
    size_t at;

    zip_header(&central, s, &m, true, 0);
    zip_header(to, s, &m, false, 0);
    add(to, content, n);
    at = to->n;
    add(to, central.p, central.n);
    zip_end(to, 1, at);
}

/* Deflated, as a zip has it. @return how long */
static size_t deflate_raw(const void *in, size_t n, uint8_t *out, size_t max)
{
    z_stream z = {.zalloc = NULL};

    assert_int_equal(
        deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)max;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&z), Z_OK);
    return max - z.avail_out;
}

static void sizes_that_lie_either_way_are_seen(void **state)
{
    static const char text[] = "hello, hello, hello, hello\n";
    const size_t n = sizeof(text) - 1;
    const uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)text, (uInt)n);
    uint8_t packed[128];
    const size_t packed_n = deflate_raw(text, n, packed, sizeof(packed));
    const struct {
        struct zip_says says;
        const char *reason;
    } lies[] = {
        {{0, 8, crc, packed_n, n}, ""},
        {{0, 8, crc, packed_n, n - 1}, "image.zip.size"},
        {{0, 8, crc, packed_n, n + 1}, "image.zip.size"},
        {{0, 8, crc, packed_n, 0}, "image.zip.size"},
        {{0, 8, crc, packed_n, 0xfffffffe}, "archive.limit.bytes"},
        {{0, 8, crc, packed_n - 1, n}, "image.zip.order"},
        {{0, 8, crc, packed_n + 1, n}, "image.zip.order"},
        {{0, 8, crc, 0xfffffffe, n}, "image.file.truncated"},
        {{0, 8, crc ^ 1, packed_n, n}, "image.zip.checksum"},
        {{0, 0, crc, packed_n, n}, "image.zip.size"},
        {{0, 8, crc, 0xffffffff, n}, "image.file.truncated"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
        char title[32];

        make_liar(&zip, &lies[i].says, packed, packed_n);
        (void)snprintf(title, sizeof(title), "lie %zu", i);
        assert_lists(&zip, lies[i].reason, title);
    }
}

/* What says 10 bytes and is a MiB is stopped at the eleventh. */
static void a_bomb_is_stopped_where_its_size_says(void **state)
{
    HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
    uint8_t *zeros = calloc(1, 1u << 20);
    uint8_t packed[4096];
    size_t n;

    (void)state;
    assert_non_null(zeros);
    n = deflate_raw(zeros, 1u << 20, packed, sizeof(packed));
    make_liar(&zip, &(struct zip_says){0, 8, 0, n, 10}, packed, n);
    assert_lists(&zip, "image.zip.size", "bomb");
    free(zeros);
}

/* Members that share bytes, or bytes that are nobody's. */
static void every_byte_of_a_zip_belongs_to_one_member(void **state)
{
    static const struct member members[] = {
        {"a", F, "first", 0}, {"b", F, "second", 0}, {NULL, 0, NULL, 0}};
    HM_OWN(hm_buf) right = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) before = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) twice = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) overlap = HM_BUF_INIT(MADE_MAX);

    (void)state;
    make_zip(&right, members);
    assert_lists(&right, "", "right");
    add(&before, "PK\3\4", 4); /* looks right from the start */
    add(&before, right.p, right.n);
    assert_lists(&before, "image.zip.end", "four bytes before");
    add(&twice, right.p, right.n);
    add(&twice, right.p, right.n);
    assert_lists(&twice, "image.zip.end", "one behind the other");
    make_zip(&overlap, members);
    overlap.p[overlap.n - 22 - 5] = 0; /* b's local header is a's */
    assert_lists(&overlap, "image.zip.order", "one in the other");
}

/* GNU ar: the symbols, then the object. */
static void a_library_of_the_linker_is_called_one(void **state)
{
    static const char library[] =
        "!<arch>\n"
        "/               0           0     0     0       4         `\n"
        "\0\0\0\0"
        "a.o/            0           0     0     644     2         `\nx\n";
    static const struct hm_archive_limits limits = {1u << 20, 1000};
    static const struct hm_image_visitor visitor = {ignore, NULL};
    const struct hm_bytes bytes = {(const uint8_t *)library,
                                   sizeof(library) - 1};
    HM_OWN(hm_image) image = HM_IMAGE_INIT;
    struct hm_archive_result result;
    struct hm_err e = {0};

    (void)state;
    assert_ok(hm_image_read_bytes(bytes, &image, &e), &e);
    assert_fails(
        hm_image_list_bytes(bytes, &image, &limits, &visitor, &result, &e),
        HM_E_REJECTED, "archive.member.name", &e);
    assert_non_null(strstr(e.hint, "tables of the linker"));
}

static void headers_that_are_malformed_have_their_reasons(void **state)
{
    static const struct member one[] = {{"a", F, "x", 0}, {NULL, 0, NULL, 0}};
    static const struct member last = {"TRAILER!!!", 0, "content", 0};
    HM_OWN(hm_buf) endless = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) full = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) garbage = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) central = HM_BUF_INIT(MADE_MAX);
    HM_OWN(hm_buf) local = HM_BUF_INIT(MADE_MAX);

    (void)state;
    cpio_member(&endless, one);
    assert_lists(&endless, "image.cpio.end", "no trailer");
    cpio_member(&full, &last);
    assert_lists(&full, "image.cpio.end", "a trailer with content");
    make_liar(&garbage, &(struct zip_says){0, 8, 0, 4, 9}, "\xff\xff\xff\xff",
              4);
    assert_lists(&garbage, "image.zip.data", "no deflate");
    make_zip(&central, one);
    central.p[central.n - 22 - 47] ^= 1;
    assert_lists(&central, "image.zip.entry", "no central header");
    make_zip(&local, one);
    local.p[3] ^= 1;
    assert_lists(&local, "image.kind.unknown", "no local header");
}

/* A link whose target is longer than any path, or holds a NUL. */
static void targets_end_where_those_of_a_tar_do(void **state)
{
    char target[4200] = "";
    const struct member members[] = {{"l", L, target, 0}, {NULL, 0, NULL, 0}};

    (void)state;
    for (size_t n = 4095; n <= 4097; n += 2) {
        HM_OWN(hm_buf) cpio = HM_BUF_INIT(MADE_MAX);
        HM_OWN(hm_buf) zip = HM_BUF_INIT(MADE_MAX);
        const char *reason = n == 4095 ? "" : "archive.limit.path";

        memset(target, 't', n);
        make_cpio(&cpio, members);
        make_zip(&zip, members);
        assert_lists(&cpio, reason, "cpio");
        assert_lists(&zip, reason, "zip");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_a_tar_hold_in_cpio_and_zip),
        cmocka_unit_test(a_nul_in_a_name_is_refused),
        cmocka_unit_test(names_end_where_those_of_a_tar_do),
        cmocka_unit_test(one_member_too_many_is_refused),
        cmocka_unit_test(sizes_that_lie_either_way_are_seen),
        cmocka_unit_test(a_bomb_is_stopped_where_its_size_says),
        cmocka_unit_test(every_byte_of_a_zip_belongs_to_one_member),
        cmocka_unit_test(a_library_of_the_linker_is_called_one),
        cmocka_unit_test(headers_that_are_malformed_have_their_reasons),
        cmocka_unit_test(targets_end_where_those_of_a_tar_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
