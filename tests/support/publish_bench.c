#include "publish_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hm_test.h"

/* --- one publisher --------------------------------------------------------- */

hm_rc bench_judge(void *context, const struct hm_dir *dir, struct hm_err *e)
{
    struct judge *j = context;

    (void)dir;
    j->calls++;
    if (j->calls == j->refuse_call)
        return hm_fail(e, HM_E_REJECTED, "test.judge.no", "no");
    if (j->calls == 1 && j->change != NULL)
        hm_temp_write(j->t, j->change, "changed after it was judged");
    return HM_OK;
}

void outcome_clear(struct outcome *o)
{
    hm_names_clear(&o->cleaned);
}

hm_rc bench_publish_judged(const struct hm_temp *t, const char *release,
                           struct judge *j, struct outcome *o)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) from = HM_DIR_INIT;
    const struct hm_release_publishing how = {
        .judge = bench_judge, .context = j, .root = HM_LIT("the root\n")};

    HM_TRY(hm_release_lock_repository(&repo, hm_temp_path(t, "repo"), 0,
                                      &o->cleaned, &o->e));
    HM_TRY(hm_dir_open(&from, hm_temp_path(t, release), &o->e));
    return hm_release_publish(&repo, &from, &how, &o->published, &o->e);
}

hm_rc bench_publish(const struct hm_temp *t, const char *release,
                    struct outcome *o)
{
    struct judge j = {.calls = 0};

    return bench_publish_judged(t, release, &j, o);
}

void bench_publish_ok(const struct hm_temp *t, const char *release)
{
    HM_OWN(outcome) o = OUTCOME_INIT;

    assert_ok(bench_publish(t, release, &o), &o.e);
    assert_false(o.published.untidy);
}

/* --- what a repository holds ----------------------------------------------- */

/* Names and where live leads, as one text: equal texts, equal repositories. */
void bench_snapshot(const struct hm_temp *t, struct hm_buf *out)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {.rc = HM_OK};
    char target[128] = "";

    hm_buf_clear(out);
    assert_ok(hm_dir_open(&d, hm_temp_path(t, "repo"), &e), &e);
    assert_ok(hm_dir_list_tree(&d, &names, &e), &e);
    for (size_t i = 0; i < names.n; i++) {
        assert_ok(hm_buf_add(out, hm_bytes_str(names.name[i]), &e), &e);
        assert_ok(hm_buf_add(out, HM_LIT("\n"), &e), &e);
    }
    (void)!readlink(hm_temp_path(t, "repo/live"), target, sizeof(target) - 1);
    assert_ok(hm_buf_add(out, hm_bytes_str(target), &e), &e);
    assert_ok(hm_buf_add(out, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
}

bool bench_has(const struct hm_temp *t, const char *name)
{
    struct stat sb;

    return stat(hm_temp_path(t, name), &sb) == 0;
}

void bench_read_state(const struct hm_temp *t, struct hm_release_state *s)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_release_plan_state(hm_temp_path(t, "repo"), s, &e), &e);
}

/* Through links, as a server reads what it serves. */
static void load(const struct hm_temp *t, const char *name, struct hm_buf *out)
{
    struct hm_file f = {.fd = open(hm_temp_path(t, name), O_RDONLY)};
    struct hm_err e = {.rc = HM_OK};

    if (f.fd < 0)
        fail_msg("cannot open %s: %s", name, strerror(errno));
    assert_ok(hm_file_read_all(&f, out, &e), &e);
    hm_file_clear(&f);
}

void bench_same_bytes(const struct hm_temp *t, const char *a, const char *b)
{
    HM_OWN(hm_buf) x = HM_BUF_INIT(1u << 16);
    HM_OWN(hm_buf) y = HM_BUF_INIT(1u << 16);

    load(t, a, &x);
    load(t, b, &y);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, x.n);
}
