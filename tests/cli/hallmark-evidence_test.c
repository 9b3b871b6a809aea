#include "evidence_story.h"
#include "hm_test.h"

static int make_story(void **state)
{
    static struct evidence_story s;

    evidence_story_make(&s);
    evidence_story_build(&s, "pack");
    *state = &s;
    return 0;
}

static int clear_story(void **state)
{
    evidence_story_clear(*state);
    return 0;
}

static bool contains(const struct evidence_story *s, const char *name,
                     const char *text)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(1u << 24);

    hm_temp_read(&s->temp, name, &bytes);
    return memmem(bytes.p, bytes.n, text, strlen(text)) != NULL;
}

static void list_pack(const struct evidence_story *s, struct hm_names *names)
{
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    assert_ok(hm_dir_open(&d, hm_temp_path(&s->temp, "pack"), &e), &e);
    assert_ok(hm_dir_list_tree(&d, names, &e), &e);
}

/* ---- what a pack is ------------------------------------------------------- */

static void every_shell_repeats_the_checks(void **state)
{
    /* busybox takes its own sha256sum before that of PATH */
    static const char *const shells[] = {"sh", "dash", "busybox sh",
                                         "bash --posix", "bash"};
    const struct evidence_story *s = *state;

    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        HM_OWN(hm_run) r = HM_RUN_INIT;
        char script[256];

        (void)snprintf(script, sizeof(script),
                       "command -v %s >/dev/null || exit 0\n"
                       "cd pack && exec %s ./verify.sh",
                       shells[i], shells[i]);
        assert_int_equal(evidence_story_sh(s, script, &r), 0);
        assert_non_null(strstr(hm_run_out(&r), "14 signatures"));
        assert_non_null(strstr(hm_run_out(&r), "YES: "));
    }
}

static void a_pack_says_yes_wherever_it_is_copied(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    assert_int_equal(
        evidence_story_sh(s,
                          "mkdir 'a b' && cp -r pack 'a b/-copy' && cd / && "
                          "sh \"$OLDPWD/a b/-copy/verify.sh\"",
                          &r),
        0);
}

static void the_same_repository_gives_the_same_bytes(void **state)
{
    static const char *const env[] = {"TZ=Asia/Tokyo", "LC_ALL=C.UTF-8",
                                      "HOME=/nonexistent", NULL};
    const struct evidence_story *s = *state;
    const struct hm_run_how how = {.cwd = "/", .env = env};
    HM_OWN(hm_run) r = HM_RUN_INIT;

    HM_RUN(&r, NULL, "/bin/sh", "-c",
           "umask 077; cp -r \"$1/repository\" \"$1/elsewhere\"", "sh",
           s->temp.path);
    assert_run(&r, 0, "");
    hm_run_clear(&r);
    HM_RUN(&r, &how, "hallmark-evidence", "build",
           hm_temp_path(&s->temp, "elsewhere"), "--root",
           hm_temp_path(&s->temp, "root.json"), "-o",
           hm_temp_path(&s->temp, "again"));
    assert_run(&r, 0, "");
    hm_run_clear(&r);
    assert_int_equal(evidence_story_sh(s, "diff -r pack again", &r), 0);
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "diff", "pack", "again");
    assert_run(&r, 0, "");
}

static void what_was_not_handed_in_is_absent(void **state)
{
    const struct evidence_story *s = *state;

    assert_true(contains(s, "pack/index.json",
                         "\"id\": \"tls-settings\",\n"
                         "          \"title\": \"TLS settings of the update "
                         "server\",\n          \"status\": \"absent\""));
    assert_true(contains(s, "pack/index.json",
                         "\"id\": \"update-log\",\n          \"title\": "
                         "\"Devices' update.log: every attempt and its "
                         "outcome\",\n          \"status\": \"absent\""));
    assert_true(contains(s, "pack/index.json", "\"status\": \"proven\""));
    assert_false(contains(s, "pack/index.json", "omplian"));
    assert_false(contains(s, "pack/index.html", "omplian"));
    assert_false(contains(s, "pack/verify.sh", "omplian"));
}

static void the_page_loads_and_runs_nothing(void **state)
{
    static const char *const never[] = {
        "<script", "javascript:", "src=",   "url(", "@import",
        "<iframe", "<object",     "onload", "<link"};
    const struct evidence_story *s = *state;

    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_false(contains(s, "pack/index.html", never[i]));
    assert_true(contains(s, "pack/index.html",
                         "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
                         "&#39;&quot;&amp;"));
    assert_true(contains(s, "pack/index.html", "default-src 'none'"));
    assert_true(contains(s, "pack/index.html", "retired: rotated"));
}

/* ---- what verify.sh notices ------------------------------------------------ */

static void flip_all(const struct evidence_story *s, const char *name)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(1u << 24);
    const struct hm_temp *t = &s->temp;
    char path[400];

    (void)snprintf(path, sizeof(path), "pack/%s", name);
    hm_temp_read(t, path, &bytes);
    for (unsigned i = 0; i < 5; i++) {
        const size_t at = (bytes.n - 1) * i / 4;
        const uint8_t mask = (uint8_t)(1u << (at % 8));

        hm_temp_flip(t, path, at, mask);
        if (evidence_story_verify(s, "pack") == 0)
            fail_msg("byte %zu of %s can be changed", at, name);
        hm_temp_flip(t, path, at, mask);
    }
}

static void any_changed_byte_is_noticed(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    size_t files = 0;

    list_pack(s, &names);
    for (size_t i = 0; i < names.n; i++) {
        if (names.name[i][strlen(names.name[i]) - 1] == '/' ||
            strcmp(names.name[i], "verify.sh") == 0)
            continue;
        flip_all(s, names.name[i]);
        files++;
    }
    assert_true(files > 30);
    assert_int_equal(evidence_story_verify(s, "pack"), 0);
}

/* Each is done, must be noticed, and is undone; that all was undone is asserted
 * once, after the last. */
static void assert_noticed(const struct evidence_story *s, const char *act,
                           const char *undo)
{
    HM_OWN(hm_run) r = HM_RUN_INIT;

    assert_int_equal(evidence_story_sh(s, act, &r), 0);
    if (evidence_story_verify(s, "pack") == 0)
        fail_msg("not noticed: %s", act);
    hm_run_clear(&r);
    assert_int_equal(evidence_story_sh(s, undo, &r), 0);
}

static void any_added_file_is_noticed(void **state)
{
    const struct evidence_story *s = *state;

    assert_noticed(s, ": >pack/extra", "rm pack/extra");
    assert_noticed(s, ": >pack/.hidden", "rm pack/.hidden");
    assert_noticed(s, ": >pack/..twice", "rm pack/..twice");
    assert_noticed(s, ": >pack/trust/keys/x.pem", "rm pack/trust/keys/x.pem");
    assert_noticed(s, ": >'pack/repository/SHA256SUMS'",
                   "rm pack/repository/SHA256SUMS");
    assert_noticed(s, ": >'pack/index.html\nindex.json'",
                   "rm 'pack/index.html\nindex.json'");
    assert_noticed(s, ": >'pack/*'", "rm 'pack/*'");
    assert_noticed(s, "mkdir pack/empty", "rmdir pack/empty");
    assert_noticed(s, "mkdir pack/trust/.keys", "rmdir pack/trust/.keys");
    assert_noticed(s, "ln -s nowhere pack/dangling", "rm pack/dangling");
    assert_noticed(s, "mkfifo pack/pipe", "rm pack/pipe");
    assert_int_equal(evidence_story_verify(s, "pack"), 0);
}

static void a_link_in_the_place_of_a_file_is_noticed(void **state)
{
    const struct evidence_story *s = *state;

    assert_noticed(s,
                   "mv pack/index.html page && ln -s ../page pack/index.html",
                   "rm pack/index.html && mv page pack/index.html");
    assert_noticed(s, "mv pack/trust kept && ln -s ../kept pack/trust",
                   "rm pack/trust && mv kept pack/trust");
    assert_noticed(s,
                   "mv pack/SHA256SUMS list && ln -s ../list pack/SHA256SUMS",
                   "rm pack/SHA256SUMS && mv list pack/SHA256SUMS");
    assert_int_equal(evidence_story_verify(s, "pack"), 0);
}

static void any_removed_file_is_noticed(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    char act[900];
    char undo[900];

    list_pack(s, &names);
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.name[i];

        if (name[strlen(name) - 1] == '/' || strcmp(name, "verify.sh") == 0)
            continue;
        (void)snprintf(act, sizeof(act), "mv pack/%s kept", name);
        (void)snprintf(undo, sizeof(undo), "mv kept pack/%s", name);
        assert_noticed(s, act, undo);
    }
    assert_int_equal(evidence_story_verify(s, "pack"), 0);
}

/* ---- handing in, checking, comparing ---------------------------------------- */

static void what_is_handed_in_is_attached_and_bound(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    hm_temp_write(&s->temp, "in/nginx.conf", "ssl_protocols TLSv1.3;\n");
    hm_temp_write(&s->temp, "in/update.log", "{}\n");
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository", "--root",
                 "root.json", "-o", "full", "--attach",
                 "tls-settings=in/nginx.conf",
                 "--attach=update-log=in/update.log");
    assert_run(&r, 0, "");
    assert_int_equal(evidence_story_verify(s, "full"), 0);
    assert_true(contains(s, "full/index.json", "\"status\": \"attached\""));
    hm_temp_flip(&s->temp, "full/attachments/tls-settings/nginx.conf", 3, 1);
    assert_int_not_equal(evidence_story_verify(s, "full"), 0);
    hm_temp_flip(&s->temp, "full/attachments/tls-settings/nginx.conf", 3, 1);
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "full");
    assert_run(&r, 0, "");
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "diff", "pack", "full");
    assert_run(&r, 1, "evidence.pack.differs");
    assert_non_null(strstr(hm_run_out(&r),
                           "changed  evidence channel/tls-settings  from "
                           "absent  to attached"));
    assert_non_null(strstr(hm_run_out(&r),
                           "added    file attachments/update-log/update.log"));
}

static void verify_finds_what_verify_sh_cannot(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;

    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "pack", "--root",
                 "root.json");
    assert_run(&r, 0, "");
    hm_temp_flip(&s->temp, "pack/verify.sh", 40, 1);
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "pack");
    assert_run(&r, 1, "evidence.pack.differs");
    hm_temp_flip(&s->temp, "pack/verify.sh", 40, 1);
    hm_temp_write(&s->temp, "pack/note.txt", "x");
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "pack");
    assert_run(&r, 1, "evidence.pack.extra");
    hm_run_clear(&r);
    assert_int_equal(
        evidence_story_sh(s, "rm pack/note.txt; mv pack/index.html k", &r), 0);
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "pack");
    assert_run(&r, 1, "evidence.pack.missing");
    hm_run_clear(&r);
    assert_int_equal(evidence_story_sh(s, "mv k pack/index.html", &r), 0);
}

static void verify_wants_the_root_of_the_devices(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_run) r = HM_RUN_INIT;
    static struct maker other;

    maker_init(&other, 1, 1);
    maker_save_root(&other, hm_temp_path(&s->temp, "other.json"));
    maker_clear(&other);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "pack", "--root",
                 "other.json");
    assert_run(&r, 1, "evidence.pack.root");
    hm_run_clear(&r);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "verify", "repository");
    assert_run(&r, 1, "evidence.pack.format");
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

/* Two vendor keys and three root keys: told apart by their ids, and each
 * authorisation that is served has the dots of those who signed it. */
static void keys_are_told_apart_on_the_page(void **state)
{
    const struct evidence_story *s = *state;
    HM_OWN(hm_buf) page = HM_BUF_INIT(1u << 22);
    HM_OWN(hm_run) r = HM_RUN_INIT;
    struct hm_err e = {.rc = HM_OK};
    const char *keyid = NULL;
    char want[64];

    evidence_story_build(s, "told");
    hm_temp_read(&s->temp, "told/index.html", &page);
    assert_ok(hm_buf_add(&page, (struct hm_bytes){(const uint8_t *)"", 1}, &e),
              &e);
    keyid = strstr((const char *)page.p, "trust/keys/");
    assert_non_null(keyid);
    (void)snprintf(want, sizeof(want), "key %.12s&#8230;</text>",
                   keyid + strlen("trust/keys/"));
    assert_non_null(strstr((const char *)page.p, want));
    /* 2 of 3 root keys sign both authorisations that were served */
    assert_int_equal(count((const char *)page.p, "fill=\"#4d3c85\""), 4);
    EVIDENCE_RUN(s, &r, "hallmark-evidence", "build", "repository", "--root",
                 "root.json", "-o", "told", "--force");
    assert_run(&r, 0, "");
    assert_non_null(strstr(hm_run_out(&r), "listed in SHA256SUMS, the list"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_apart_on_the_page),
        cmocka_unit_test(every_shell_repeats_the_checks),
        cmocka_unit_test(a_pack_says_yes_wherever_it_is_copied),
        cmocka_unit_test(the_same_repository_gives_the_same_bytes),
        cmocka_unit_test(what_was_not_handed_in_is_absent),
        cmocka_unit_test(the_page_loads_and_runs_nothing),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(any_added_file_is_noticed),
        cmocka_unit_test(a_link_in_the_place_of_a_file_is_noticed),
        cmocka_unit_test(any_removed_file_is_noticed),
        cmocka_unit_test(what_is_handed_in_is_attached_and_bound),
        cmocka_unit_test(verify_finds_what_verify_sh_cannot),
        cmocka_unit_test(verify_wants_the_root_of_the_devices),
    };

    return cmocka_run_group_tests(tests, make_story, clear_story);
}
