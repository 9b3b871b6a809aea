/* What a source may say, and what it may not change its mind about. */
#include "archive_build.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_run.h"

/* A source of regular files, each of 'size' bytes 'x'. */
struct story {
    const char *names[8];
    uint64_t said;  /* size of each */
    uint64_t given; /* bytes that really come */
    bool changes;   /* says so when it is asked */
    uint64_t at;
    struct hm_temp temp;
};

HM_MUST static hm_rc list(void *context, struct hm_archive_items *to,
                          struct hm_err *e)
{
    const struct story *s = context;

    for (size_t i = 0; i < 8 && s->names[i] != NULL; i++) {
        const size_t n = strlen(s->names[i]);
        char path[HM_ARCHIVE_PATH_MAX + 2];
        struct hm_archive_item item = {
            .path = path,
            .mode = s->names[i][n - 1] == '/' ? S_IFDIR | 0755 : S_IFREG | 0644,
            .size = s->names[i][n - 1] == '/' ? 0 : s->said};

        (void)snprintf(path, sizeof(path), "%.*s",
                       (int)(n - (s->names[i][n - 1] == '/')), s->names[i]);
        HM_TRY(hm_archive_items_add(to, &item, NULL, e));
    }
    return HM_OK;
}

HM_MUST static hm_rc begin(void *context, const struct hm_archive_item *item,
                           struct hm_err *e)
{
    struct story *s = context;

    (void)item;
    (void)e;
    s->at = 0;
    return HM_OK;
}

HM_MUST static hm_rc give(void *context, uint8_t *to, size_t max, size_t *got,
                          struct hm_err *e)
{
    struct story *s = context;

    (void)e;
    *got = s->given - s->at < max ? (size_t)(s->given - s->at) : max;
    memset(to, 'x', *got);
    s->at += *got;
    return HM_OK;
}

HM_MUST static hm_rc check(void *context, const struct hm_archive_item *item,
                           struct hm_err *e)
{
    const struct story *s = context;

    return s->changes && item == NULL ? hm_archive_changed("", "moved", e)
                                      : HM_OK;
}

HM_MUST static hm_rc pack(struct story *s, struct hm_buf *tar,
                          struct hm_archive_result *r, struct hm_err *e)
{
    const struct hm_archive_source source = {s, list, begin, give, NULL, check};
    const struct hm_archive_options o = {
        .form = HM_ARCHIVE_TAR, .time = 1, .threads = 1};
    HM_OWN(hm_file) out = HM_FILE_INIT;

    out.fd = open(hm_temp_path(&s->temp, "out.tar"),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out.fd >= 0);
    HM_TRY(hm_archive_pack_source(&source, &o, out.fd, r, e));
    hm_temp_read(&s->temp, "out.tar", tar);
    return HM_OK;
}

static void expect(struct story *s, const char *reason)
{
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    struct hm_archive_result r;
    struct hm_err e = {0};
    const hm_rc rc = pack(s, &tar, &r, &e);

    if (strcmp(rc == HM_OK ? "" : e.reason, reason) != 0)
        fail_msg("expected [%s], got [%s] %s", reason, e.reason, e.text);
}

static int set_up(void **state)
{
    struct story *s = calloc(1, sizeof(*s));

    *state = s;
    if (s == NULL)
        return -1;
    hm_temp_make(&s->temp);
    return 0;
}

static int tear_down(void **state)
{
    hm_temp_clear(&((struct story *)*state)->temp);
    free(*state);
    return 0;
}

static void members_are_in_order_whatever_the_source_says(void **state)
{
    static const char *const wanted[] = {"a", "a/z", "a-b", "a.d", "a.d/x"};
    struct story *s = *state;
    const struct story named = {.names = {"a.d/", "a-b", "a/", "a.d/x", "a/z"},
                                .temp = s->temp};
    HM_OWN(hm_archive_reader) reader = HM_ARCHIVE_READER_INIT;
    HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);
    const struct hm_archive_member *m = NULL;
    struct hm_archive_result r;
    struct hm_err e = {0};

    *s = named;
    assert_ok(pack(s, &tar, &r, &e), &e);
    assert_int_equal(r.entries, 5);
    assert_ok(
        hm_archive_open_bytes(&reader, hm_buf_view(&tar), &build_limits, &e),
        &e);
    for (size_t i = 0; i < 5; i++) {
        assert_ok(hm_archive_next(&reader, &m, &e), &e);
        assert_string_equal(m->path, wanted[i]);
    }
}

static void a_size_must_be_what_comes(void **state)
{
    struct story *s = *state;

    s->names[0] = "x";
    s->said = s->given = 100000;
    expect(s, "");
    s->given = 99999;
    expect(s, "archive.input.changed");
    s->given = 100001;
    expect(s, "archive.input.changed");
    s->said = ((uint64_t)1 << 32) + 100000; /* the same in 32 bits */
    s->given = 100000;
    expect(s, "archive.input.changed");
    s->said = s->given = 0;
    expect(s, "");
}

/* A path of @p n bytes with @p deep slashes. */
static const char *build_path(char *to, size_t n, size_t deep)
{
    memset(to, 'p', n);
    for (size_t i = 0; i < deep; i++)
        to[2 * i + 1] = '/';
    to[n] = '\0';
    return to;
}

static void paths_that_no_reader_takes_are_refused(void **state)
{
    struct story *s = *state;
    char *path = calloc(1, HM_ARCHIVE_PATH_MAX + 2);

    assert_non_null(path);
    s->names[0] = build_path(path, 2 * (size_t)HM_ARCHIVE_DEPTH_MAX,
                             HM_ARCHIVE_DEPTH_MAX - 1);
    expect(s, "");
    s->names[0] = build_path(path, 2 * (size_t)HM_ARCHIVE_DEPTH_MAX + 1,
                             HM_ARCHIVE_DEPTH_MAX);
    expect(s, "archive.input.depth");
    s->names[0] = build_path(path, HM_ARCHIVE_PATH_MAX + 1, 0);
    expect(s, "archive.input.long");
    s->names[0] = build_path(path, 256, 0);
    expect(s, "archive.input.long");
    s->names[0] = build_path(path, 255, 0);
    expect(s, "");
    free(path);
}

static void what_is_named_twice_is_refused(void **state)
{
    struct story *s = *state;

    s->names[0] = "a";
    s->names[1] = "b";
    s->names[2] = "a";
    expect(s, "archive.input.duplicate");
}

static void a_source_has_the_last_word(void **state)
{
    struct story *s = *state;

    s->names[0] = "a";
    s->changes = true;
    expect(s, "archive.input.changed");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(members_are_in_order_whatever_the_source_says),
        T(a_size_must_be_what_comes),
        T(paths_that_no_reader_takes_are_refused),
        T(what_is_named_twice_is_refused),
        T(a_source_has_the_last_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
