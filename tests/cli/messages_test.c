/* What a person reads when something is wrong: which file, where it lies as
 * they named it, and what to do next. */
#include "hm_run.h"
#include "hm_test.h"
#include "release_maker.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct story {
    struct hm_temp temp;
    struct maker maker;
};

static void must_be_private(const struct hm_temp *t, const char *name)
{
    assert_int_equal(chmod(hm_temp_path(t, name), 0600), 0);
}

static int begin(void **state)
{
    static struct story s;

    hm_temp_make(&s.temp);
    maker_init(&s.maker, 1, 1);
    maker_release(&s.maker, hm_temp_path(&s.temp, "rel"), NULL);
    maker_save_root(&s.maker, hm_temp_path(&s.temp, "root.json"));
    hm_temp_write(&s.temp, "key.pem", "-----BEGIN PUBLIC KEY-----\n");
    hm_temp_write(&s.temp, "broken.json", "{\n  \"a\": 1,\n  \"b\": }\n");
    hm_temp_write(&s.temp, "bare/manifest.json", "{}\n");
    hm_temp_write(&s.temp, "tree/x", "x");
    hm_temp_write(&s.temp, "short.pin", "1\n");
    hm_temp_write(&s.temp, "long.pin", "12345678\nx\n");
    must_be_private(&s.temp, "short.pin");
    must_be_private(&s.temp, "long.pin");
    *state = &s;
    return 0;
}

static int end(void **state)
{
    struct story *s = *state;

    maker_clear(&s->maker);
    hm_temp_clear(&s->temp);
    return 0;
}

/* One call: its end, a text of the message, and the beginning of what is
 * next. */
struct row {
    const char *argv[12];
    int status;
    const char *reason;
    const char *text;
    const char *next;
};

static void expect(const struct story *s, const struct row *row)
{
    static const char *const env[] = {"NO_COLOR=1", "LC_ALL=C", NULL};
    const struct hm_run_how how = {.cwd = s->temp.path, .env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char next[200];

    hm_run(&r, &how, row->argv);
    assert_run(&r, row->status, row->reason);
    (void)snprintf(next, sizeof(next), "next: %s", row->next);
    if (strstr(hm_run_err(&r), row->text) == NULL ||
        strstr(hm_run_err(&r), next) == NULL)
        fail_msg("expected '%s' and '%s', found: %s", row->text, next,
                 hm_run_err(&r));
}

static void a_file_is_told_where_it_lies(void **state)
{
    static const struct row rows[] = {
        {{"hallmark-verify", "bare", "--root", "root.json"},
         1,
         "base.file.open",
         "'bare' is refused: ",
         "a release is whole"},
        {{"hallmark-verify", "none", "--root", "root.json"},
         3,
         "base.dir.open",
         "'none'",
         "name a release directory"},
        {{"hallmark-verify", "rel", "--root", "key.pem"},
         2,
         "json.format",
         "'key.pem': it is no root set: ",
         "--root names the root.json"},
        {{"hallmark-pack", "tree", "--time=@1", "-o", "no/where/a.tgz"},
         3,
         "base.dir.open",
         "cannot write 'no/where/a.tgz': ",
         "make the directory 'no/where' first"},
        {{"hallmark-sbom", "check", "build/sbom.json"},
         3,
         "base.file.open",
         "'build/sbom.json'",
         "name the SBOM"},
        {{"hallmark-publish", "rel", "root.json", "--root", "root.json"},
         3,
         "base.dir.open",
         "'root.json'",
         "a repository is a directory"},
        {{"hallmark-evidence", "build", "rel", "--root", "root.json", "-o",
          "out"},
         1,
         "release.repository.stranger",
         "'rel' has files in it and is no repository",
         "a repository is what hallmark-publish wrote"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(*state, &rows[i]);
}

static void broken_json_is_told_with_its_line(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, (&(struct hm_run_how){.cwd = s->temp.path}), "hallmark",
           "release", "broken.json");
    assert_run(&r, 2, "json.syntax");
    assert_non_null(strstr(hm_run_err(&r), "broken.json"));
    assert_non_null(strstr(hm_run_err(&r), "at line 3 (byte 19)"));
}

static void a_large_file_is_told_with_its_limit(void **state)
{
    const struct story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    char *big = malloc(262146);

    assert_non_null(big);
    memset(big, ' ', 262145);
    big[262145] = '\0';
    hm_temp_write(&s->temp, "big.json", big);
    free(big);
    HM_RUN(&r, (&(struct hm_run_how){.cwd = s->temp.path}), "hallmark",
           "release", "big.json");
    assert_run(&r, 2, "base.buf.limit");
    assert_non_null(strstr(hm_run_err(&r), "big.json"));
    assert_non_null(
        strstr(hm_run_err(&r), "larger than 262144 bytes, the most"));
}

static void a_full_disk_is_told_with_file_and_next(void **state)
{
    const struct story *s = *state;
    const struct hm_run_how full = {.cwd = s->temp.path, .file_size_max = 10};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, &full, "hallmark-pack", "tree", "--time=@1", "-o", "a.tgz");
    assert_int_equal(r.status, 3);
    assert_non_null(strstr(hm_run_err(&r), "'a.tgz'"));
    assert_non_null(strstr(hm_run_err(&r), "next: make room"));
    HM_RUN(&r, &full, "hallmark-publish", "rel", "repo", "--root", "root.json",
           "--at", "2026-05-13T00:00:00Z");
    assert_int_equal(r.status, 3);
    assert_null(strstr(hm_run_err(&r), "' to '"));
    assert_non_null(strstr(hm_run_err(&r), "next: make room"));
}

#define SHOW(pin)                                                       \
    {                                                                   \
        "hallmark-sign", "rel/manifest.json", "--key",                  \
            "pkcs11:token=t;object=o", "--softhsm", "st", "--pin", pin, \
            "--force"                                                   \
    }

static void a_pin_that_cannot_be_used_is_told_with_next(void **state)
{
    static const struct row rows[] = {
        {SHOW("file:short.pin"), 4, "hsm.pin.length", "short.pin",
         "its source holds the PIN and nothing else"},
        {SHOW("file:long.pin"), 4, "hsm.pin.syntax", "long.pin",
         "its source holds the PIN alone"},
        {SHOW("file:none.pin"), 3, "hsm.pin.read", "none.pin",
         "write the PIN into it with mode 0600"},
        {SHOW("fd:77"), 3, "hsm.pin.read", "", "a descriptor must be open"},
        {SHOW("fd:x"), 2, "hsm.pin.source", "'fd:x'", "--pin fd:3 3<FILE"},
        {SHOW("1234"), 2, "hsm.pin.source", "", "write the PIN into a file"},
        {{"hallmark-sign", "rel/manifest.json", "--key",
          "pkcs11:token=t;object=o", "--force"},
         2,
         "hsm.pin.none",
         "",
         "'--pin file:PATH' reads"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(*state, &rows[i]);
}

static void what_is_no_module_is_told_with_next(void **state)
{
    static const struct row row = {
        {"hallmark-sign", "rel/manifest.json", "--dry-run", "--key",
         "pkcs11:token=t;object=o", "--module", HM_BIN "/hallmark-verify"},
        4,
        "hsm.module.load",
        "hallmark-verify",
        "name the PKCS#11 library"};

    expect(*state, &row);
}

/* What passed is not called by the name of a fault. */
static void an_sbom_is_judged_by_topics(void **state)
{
#define SBOM(parts)                                                       \
    "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"version\":1," \
    "\"metadata\":{\"component\":{\"type\":\"firmware\",\"name\":\"a\","  \
    "\"version\":\"1\"}},\"components\":[" parts "]}"
    const struct story *s = *state;
    const struct hm_run_how how = {.cwd = s->temp.path};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(&s->temp, "good.cdx.json",
                  SBOM("{\"type\":\"library\",\"name\":\"b\"}"));
    hm_temp_write(&s->temp, "none.cdx.json", SBOM(""));
    HM_RUN(&r, &how, "hallmark-sbom", "check", "good.cdx.json");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "pass    components "));
    assert_null(strstr(hm_run_out(&r), "missing"));
    assert_null(strstr(hm_run_out(&r), "duplicate"));
    HM_RUN(&r, &how, "hallmark-sbom", "check", "none.cdx.json");
    assert_run(&r, 1, "sbom.component.none");
    assert_non_null(strstr(hm_run_out(&r), "fail    components "));
    assert_non_null(strstr(hm_run_out(&r), " [sbom.component.none]\n"));
    HM_RUN(&r, &how, "hallmark-sbom", "check", "good.cdx.json", "--json");
    assert_non_null(
        strstr(hm_run_out(&r), "\"check\": \"sbom.ref.duplicate\""));
    assert_non_null(strstr(hm_run_out(&r), "\"topic\": \"bom-refs\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_told_where_it_lies),
        cmocka_unit_test(broken_json_is_told_with_its_line),
        cmocka_unit_test(a_large_file_is_told_with_its_limit),
        cmocka_unit_test(a_full_disk_is_told_with_file_and_next),
        cmocka_unit_test(a_pin_that_cannot_be_used_is_told_with_next),
        cmocka_unit_test(what_is_no_module_is_told_with_next),
        cmocka_unit_test(an_sbom_is_judged_by_topics),
    };

    return cmocka_run_group_tests_name("messages", tests, begin, end);
}
