#include "hm_html.h"
#include "hm_run.h"
#include "hm_test.h"
#include "script_priv.h"

#include <unistd.h>

/* ---- HTML ---------------------------------------------------------------- */

static void assert_html(struct hm_bytes in, const char *want)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(4096);
    struct hm_html w;
    struct hm_err e = {0};

    hm_html_begin(&w, &out);
    hm_html_text(&w, in);
    assert_ok(hm_html_end(&w, &e), &e);
    assert_bytes_equal(hm_buf_view(&out), hm_bytes_str(want));
}

static void html_text_cannot_become_markup(void **state)
{
    (void)state;
    assert_html(HM_LIT("<script>alert('x')</script> & \"q\""),
                "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; "
                "&quot;q&quot;");
    assert_html(HM_LIT("=cmd()|x"), "=cmd()|x");
}

static void html_text_shows_what_cannot_be_seen(void **state)
{
    (void)state;
    assert_html(HM_LIT("a\x1b[31mb\r\nc"), "a\\u{1b}[31mb\\u{d}\\u{a}c");
    assert_html(HM_LIT("x\xe2\x80\xaeoohcs\xe2\x80\x8b"),
                "x\\u{202e}oohcs\\u{200b}");
    assert_html(HM_LIT("\xc2\x85\xf3\xa0\x80\x81"), "\\u{85}\\u{e0001}");
}

static void html_text_shows_bytes_that_are_no_utf8(void **state)
{
    (void)state;
    assert_html(HM_LIT("\xc3\xa9"), "\xc3\xa9");
    assert_html(HM_LIT("\xc3"), "\\xc3");
    assert_html(HM_LIT("\xc0\xaf\xed\xa0\x80"), "\\xc0\\xaf\\xed\\xa0\\x80");
    assert_html(HM_LIT("\xe2\x28\xa1<"), "\\xe2(\\xa1&lt;");
    assert_html(HM_LIT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

static void html_put_escapes_each_value(void **state)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(4096);
    struct hm_html w;
    struct hm_err e = {0};

    (void)state;
    hm_html_begin(&w, &out);
    hm_html_put(&w, "<a href=\"%s\">%s</a> 100%%", "x\"onclick=\"y", "<b>");
    assert_ok(hm_html_end(&w, &e), &e);
    assert_bytes_equal(
        hm_buf_view(&out),
        HM_LIT("<a href=\"x&quot;onclick=&quot;y\">&lt;b&gt;</a> 100%"));
}

static void html_says_when_its_buffer_is_full(void **state)
{
    HM_OWN(hm_buf) out = HM_BUF_INIT(8);
    struct hm_html w;
    struct hm_err e = {0};

    (void)state;
    hm_html_begin(&w, &out);
    hm_html_put(&w, "more than eight bytes");
    hm_html_put(&w, "and more");
    assert_fails(hm_html_end(&w, &e), HM_E_LIMIT, "base.buf.limit", &e);
}

/* ---- the pack ------------------------------------------------------------- */

static void add_text(struct ev_pack *pack, const char *name, const char *text)
{
    HM_OWN(hm_buf) b = HM_BUF_INIT(4096);
    struct hm_err e = {0};

    assert_ok(hm_buf_add(&b, hm_bytes_str(text), &e), &e);
    assert_ok(ev_pack_add_bytes(pack, name, EV_DERIVED, &b, &e), &e);
}

static void a_pack_lists_its_files_by_name(void **state)
{
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    HM_OWN(hm_buf) list = HM_BUF_INIT(4096);
    struct hm_err e = {0};

    (void)state;
    add_text(&pack, "b/c", "");
    add_text(&pack, "a", "abc");
    assert_ok(ev_pack_sort(&pack, &e), &e);
    assert_ok(ev_pack_list(&pack, &list, &e), &e);
    assert_bytes_equal(
        hm_buf_view(&list),
        HM_LIT("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001"
               "5ad  a\n"
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b"
               "855  b/c\n"));
    assert_non_null(ev_pack_find(&pack, "b/c"));
    assert_null(ev_pack_find(&pack, "b"));
}

static void a_pack_refuses_a_name_twice(void **state)
{
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    struct hm_err e = {0};

    (void)state;
    add_text(&pack, "a", "1");
    add_text(&pack, "a", "2");
    assert_fails(ev_pack_sort(&pack, &e), HM_E_INTERNAL, "evidence.pack.twice",
                 &e);
}

static void a_pack_refuses_a_long_name(void **state)
{
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    HM_OWN(hm_buf) b = HM_BUF_INIT(16);
    char name[EV_NAME_MAX + 2];
    struct hm_err e = {0};

    (void)state;
    memset(name, 'a', sizeof(name));
    name[EV_NAME_MAX] = '\0';
    assert_ok(ev_pack_add_bytes(&pack, name, EV_DERIVED, &b, &e), &e);
    name[EV_NAME_MAX] = 'a';
    name[EV_NAME_MAX + 1] = '\0';
    assert_fails(ev_pack_add_bytes(&pack, name, EV_DERIVED, &b, &e), HM_E_LIMIT,
                 "evidence.pack.files", &e);
}

static void fill_pack(struct ev_pack *pack)
{
    struct hm_err e = {0};

    add_text(pack, EV_SCRIPT_NAME, "#!/bin/sh\n");
    add_text(pack, EV_LIST_NAME, "");
    add_text(pack, "deep/er/file", "text");
    assert_ok(ev_pack_sort(pack, &e), &e);
}

static void a_pack_is_written_whole(void **state)
{
    HM_OWN(hm_temp) t = {{0}};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(64);
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    HM_OWN(hm_names) names = HM_NAMES_INIT;
    struct hm_err e = {0};

    (void)state;
    hm_temp_make(&t);
    fill_pack(&pack);
    assert_ok(ev_pack_write(&pack, hm_temp_path(&t, "out/"), false, &e), &e);
    hm_temp_read(&t, "out/deep/er/file", &text);
    assert_bytes_equal(hm_buf_view(&text), HM_LIT("text"));
    assert_ok(hm_dir_open(&d, t.path, &e), &e);
    assert_ok(hm_dir_list(&d, &names, &e), &e);
    assert_int_equal(names.n, 1);
}

static void a_pack_replaces_a_pack_only_when_told(void **state)
{
    HM_OWN(hm_temp) t = {{0}};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    struct hm_err e = {0};
    const char *out;

    (void)state;
    hm_temp_make(&t);
    fill_pack(&pack);
    out = hm_temp_path(&t, "out");
    assert_ok(ev_pack_write(&pack, out, false, &e), &e);
    assert_fails(ev_pack_write(&pack, out, false, &e), HM_E_USAGE,
                 "base.out.exists", &e);
    hm_temp_write(&t, "out/old", "old");
    assert_ok(ev_pack_write(&pack, out, true, &e), &e);
    assert_int_not_equal(access(hm_temp_path(&t, "out/old"), F_OK), 0);
}

static void a_pack_never_replaces_a_folder_that_is_none(void **state)
{
    HM_OWN(hm_temp) t = {{0}};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    struct hm_err e = {0};

    (void)state;
    hm_temp_make(&t);
    fill_pack(&pack);
    hm_temp_write(&t, "mine/precious", "x");
    assert_fails(ev_pack_write(&pack, hm_temp_path(&t, "mine"), true, &e),
                 HM_E_USAGE, "base.out.exists", &e);
    assert_int_equal(access(hm_temp_path(&t, "mine/precious"), F_OK), 0);
    assert_fails(ev_pack_write(&pack, hm_temp_path(&t, ".hidden"), true, &e),
                 HM_E_USAGE, "evidence.pack.name", &e);
}

static void a_pack_says_when_a_file_changed_meanwhile(void **state)
{
    HM_OWN(hm_temp) t = {{0}};
    HM_OWN(ev_pack) pack = EV_PACK_INIT;
    HM_OWN(hm_dir) d = HM_DIR_INIT;
    struct hm_err e = {0};

    (void)state;
    hm_temp_make(&t);
    hm_temp_write(&t, "in/file", "before");
    assert_ok(hm_dir_open(&d, hm_temp_path(&t, "in"), &e), &e);
    assert_ok(ev_pack_add_file(&pack, "copy", EV_PUBLISHED, &d, "file", &e),
              &e);
    hm_temp_write(&t, "in/file", "after");
    assert_fails(ev_pack_write(&pack, hm_temp_path(&t, "out"), false, &e),
                 HM_E_IO, "evidence.pack.changed", &e);
    assert_int_not_equal(access(hm_temp_path(&t, "out"), F_OK), 0);
    assert_int_not_equal(
        access(hm_temp_path(&t, ".out.hallmark-partial"), F_OK), 0);
}

/* ---- the list ------------------------------------------------------------- */

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static hm_rc count_line(void *context, const char *name, const char *sha256,
                        struct hm_err *e)
{
    size_t *n = context;

    (void)e;
    assert_string_equal(name, "a/b");
    assert_string_equal(sha256, ABC);
    (*n)++;
    return HM_OK;
}

static void a_list_is_read_strictly(void **state)
{
    static const char *const bad[] = {
        ABC "  a",              /* no end */
        ABC " a\n",             /* one blank */
        ABC "  \n",             /* no name */
        "BA7816bf" ABC "  a\n", /* not 64 digits */
        ABC "  a b\n",
        ABC "  a\x1b\n",
        "\n",                        /* nothing */
        ABC "  a/b\n" ABC " *a/b\n", /* binary mark */
    };
    struct hm_err e = {0};
    size_t n = 0;

    (void)state;
    assert_ok(
        ev_read_list(HM_LIT(ABC "  a/b\n" ABC "  a/b\n"), count_line, &n, &e),
        &e);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_fails(ev_read_list(hm_bytes_str(bad[i]), count_line, &n, &e),
                     HM_E_FORMAT, "evidence.list.syntax", &e);
}

/* ---- the script -------------------------------------------------------------- */

static void a_script_refuses_what_a_shell_would_read(void **state)
{
    static struct ev_document served[1];
    struct ev_facts f = {.served = served, .n_served = 1};
    HM_OWN(hm_buf) out = HM_BUF_INIT(EV_TEXT_MAX);
    uint8_t sha256[HM_SHA256_SIZE] = {0};
    struct ev_promise promise;
    struct hm_err e = {0};

    (void)state;
    (void)snprintf(served[0].folder, sizeof(served[0].folder), "a");
    (void)snprintf(served[0].files, sizeof(served[0].files), "b");
    assert_ok(ev_write_script(&f, 1, sha256, &out, &promise, &e), &e);
    (void)snprintf(served[0].files, sizeof(served[0].files), "b;reboot");
    assert_fails(ev_write_script(&f, 1, sha256, &out, &promise, &e),
                 HM_E_INTERNAL, "evidence.script.word", &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_text_cannot_become_markup),
        cmocka_unit_test(html_text_shows_what_cannot_be_seen),
        cmocka_unit_test(html_text_shows_bytes_that_are_no_utf8),
        cmocka_unit_test(html_put_escapes_each_value),
        cmocka_unit_test(html_says_when_its_buffer_is_full),
        cmocka_unit_test(a_pack_lists_its_files_by_name),
        cmocka_unit_test(a_pack_refuses_a_name_twice),
        cmocka_unit_test(a_pack_refuses_a_long_name),
        cmocka_unit_test(a_pack_is_written_whole),
        cmocka_unit_test(a_pack_replaces_a_pack_only_when_told),
        cmocka_unit_test(a_pack_never_replaces_a_folder_that_is_none),
        cmocka_unit_test(a_pack_says_when_a_file_changed_meanwhile),
        cmocka_unit_test(a_list_is_read_strictly),
        cmocka_unit_test(a_script_refuses_what_a_shell_would_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
