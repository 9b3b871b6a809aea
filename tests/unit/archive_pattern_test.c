/* The one dialect of patterns, and how they decide together. */
#include "archive_build.h"

#include <fnmatch.h>
#include <stdlib.h>

struct row {
    const char *pattern;
    const char *path; /* of a directory, with a slash */
    bool matches;
};

static const struct row table[] = {
    /* a name at any depth */
    {"a", "a", true},
    {"a", "x/y/a", true},
    {"a", "a/x", false},
    {"a", "ab", false},
    {"*.o", "x/main.o", true},
    {"*.o", ".o", true},
    {"*.o", "main.o/x", false},
    /* a slash anchors, '*' and '?' do not match it */
    {"/a", "a", true},
    {"/a", "x/a", false},
    {"x/a", "x/a", true},
    {"x/a", "y/x/a", false},
    {"x/*", "x/a", true},
    {"x/*", "x/a/b", false},
    {"x?a", "x/a", false},
    {"/*", "a", true},
    {"/*", "a/b", false},
    /* '**' is any number of directories */
    {"**", "a/b/c", true},
    {"**/a", "a", true},
    {"**/a", "x/y/a", true},
    {"a/**", "a/x", true},
    {"a/**", "a/x/y", true},
    {"a/**", "a", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/x/y/bb", false},
    {"a/**/b", "x/a/b", false},
    {"**/lib/**/*.a", "usr/lib/x/y/z.a", true},
    {"**/lib/**/*.a", "usr/libs/z.a", false},
    {"a/**/b/**/c", "a/b/x/b/c", true},
    /* a slash at the end: directories only */
    {"a/", "a/", true},
    {"a/", "a", false},
    {"a/", "x/a/", true},
    {"/x/a/", "x/a/", true},
    {"a", "a/", true},
    /* sets: both spellings of none-of, ranges, ']' and '-' */
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[!a]", "b", true},
    {"[!a]", "a", false},
    {"[^a]", "b", true},
    {"[^a]", "a", false},
    {"[a^]", "^", true},
    {"[a!]", "!", true},
    {"[0-9]*", "7up", true},
    {"[0-9]*", "up7", false},
    {"[]a]", "]", true},
    {"[!]a]", "]", false},
    {"[a-]", "-", true},
    {"[\\]]", "]", true},
    {"[\\!a]", "!", true},
    {"x[!a]y", "x/y", false},
    {"a[!b]", "a", false},
    /* escapes */
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\?\\[", "?[", true},
    {"\\\\", "\\", true},
    {"\\a", "a", true},
    {"\\!a", "!a", true},
    {"#a", "#a", true},
    /* case, blanks, dots, and what only looks special */
    {"A", "a", false},
    {" a ", " a ", true},
    {"*", ".hidden", true},
    {"?", ".", true},
    {"a.b", "axb", false},
    {"{a,b}", "a", false},
    {"]", "]", true},
    {"a]", "a]", true},
    {"-", "-", true},
    /* a character is one of UTF-8, or one byte of what is none */
    {"?", "\xc3\xa4", true},
    {"??", "\xc3\xa4", false},
    {"?", "\xe4", true},
    {"[\xc3\xa0-\xc3\xbc]", "\xc3\xa4", true},
    {"[!a]", "\xc3\xa4", true},
    {"\xc3\xa4", "\xc3\xa4", true},
    {"[\xc3\xa4]", "\xc3", false},
    /* stars that must give back */
    {"*a*b*c", "xaabxbcc", true},
    {"*a*b*c", "xaabxbc_", false},
    {"a*a", "a", false},
};

static bool matches(const char *pattern, const char *path)
{
    char name[64];
    const size_t n = strlen(path);
    const bool is_dir = n > 0 && path[n - 1] == '/';

    (void)snprintf(name, sizeof(name), "%.*s", (int)(n - is_dir), path);
    return hm_archive_pattern_matches(pattern, name, is_dir);
}

static void each_row_of_the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct hm_err e = {0};

        assert_ok(hm_archive_pattern_check(table[i].pattern, &e), &e);
        if (matches(table[i].pattern, table[i].path) != table[i].matches)
            fail_msg("'%s' %s '%s'", table[i].pattern,
                     table[i].matches ? "must match" : "must not match",
                     table[i].path);
    }
}

static void what_is_no_pattern_is_refused(void **state)
{
    static const char *const rows[] = {
        "",      "/",   "//",      "a//b",  "[a",          "[]", "[!]",
        "[",     "a\\", "a\\/b",   "[z-a]", "[[:alpha:]]", "!a", "***",
        "a**",   "**a", "x/a**/b", "./a",   "a/../b",      "..", ".",
        "[a/b]", "[a-", "[\\",     "//a",   "a//",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct hm_err e = {0};

        if (hm_archive_pattern_check(rows[i], &e) == HM_OK)
            fail_msg("'%s' was taken", rows[i]);
        assert_string_equal(e.reason, "archive.pattern.syntax");
    }
}

/* Within one segment, and without '^', the dialect is that of fnmatch(). */
static void one_segment_is_matched_as_fnmatch_does(void **state)
{
    static const char letters[] = "ab*?[]!-";
    char pattern[6];
    char name[5];
    unsigned compared = 0;

    (void)state;
    for (unsigned i = 0; i < 8u * 8 * 8 * 8 * 8; i++) {
        for (unsigned k = 0; k < 5; k++)
            pattern[k] = letters[(i >> (3 * k)) & 7];
        pattern[5] = '\0';
        if (hm_archive_pattern_check(pattern, NULL) != HM_OK)
            continue;
        for (unsigned n = 0; n < 81; n++) {
            for (unsigned k = 0, v = n; k < 4; k++, v /= 3)
                name[k] = "ab-"[v % 3];
            name[4] = '\0';
            name[1 + n % 4] = '\0';
            if (hm_archive_pattern_matches(pattern, name, false) !=
                (fnmatch(pattern, name, FNM_PATHNAME) == 0))
                fail_msg("'%s' against '%s'", pattern, name);
            compared++;
        }
    }
    assert_true(compared > 100000);
}

static void no_pattern_makes_matching_slow(void **state)
{
    char *path = calloc(1, HM_ARCHIVE_PATH_MAX + 1);
    char pattern[200] = "";

    (void)state;
    assert_non_null(path);
    memset(path, 'a', 250);
    for (size_t i = 0; i < 60; i++)
        memcpy(pattern + 2 * i, "*a", 3);
    pattern[120] = 'b';
    for (unsigned k = 0; k < 2000; k++)
        assert_false(hm_archive_pattern_matches(pattern, path, false));
    for (size_t i = 0; i < HM_ARCHIVE_PATH_MAX; i++)
        path[i] = i % 2 == 0 ? 'a' : '/';
    path[HM_ARCHIVE_PATH_MAX] = '\0';
    for (unsigned k = 0; k < 20; k++)
        assert_false(hm_archive_pattern_matches(
            "**/a/**/a/**/a/**/a/**/a/**/a/**/b", path, false));
    free(path);
}

/* --- together ------------------------------------------------------------------- */

/* Patterns: '+' includes, '-' excludes; and what becomes of a path. */
struct choice_row {
    const char *patterns[4];
    const char *path;
    bool is_chosen;
    bool may_hold;
};

static void the_last_pattern_that_matches_decides(void **state)
{
    static const struct choice_row rows[] = {
        {{NULL}, "a", true, true},
        {{"-*.o"}, "a.o", false, false},
        {{"-*.o"}, "a.c", true, true},
        {{"-*.o", "+/keep.o"}, "keep.o", true, true},
        {{"-*.o", "+/keep.o"}, "x/keep.o", false, false},
        {{"+/keep.o", "-*.o"}, "keep.o", false, false},
        /* the first is an include: nothing else is packed */
        {{"+/lib/"}, "lib/", true, true},
        {{"+/lib/"}, "lib/x/y", true, true},
        {{"+/lib/"}, "bin/", false, true},
        {{"+/lib/"}, "README", false, false},
        {{"+/lib/", "-*.a"}, "lib/x.a", false, false},
        {{"+/lib/", "-*.a", "+libm.a"}, "lib/libm.a", true, true},
        /* a directory stands for all below it, until something is named */
        {{"-/doc"}, "doc/", false, false},
        {{"-/doc"}, "doc/x/y", false, false},
        {{"-/doc", "+/doc/licence"}, "doc/", false, true},
        {{"-/doc", "+/doc/licence"}, "doc/licence", true, true},
        {{"-/doc", "+/doc/licence"}, "doc/readme", false, false},
        {{"-/doc/"}, "doc", true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct hm_archive_pattern p[4];
        struct hm_archive_options o = {.patterns = p};
        const char *path = rows[i].path;
        const size_t n = strlen(path);
        const bool is_dir = path[n - 1] == '/';
        struct archive_choice got;
        char name[64];

        for (; rows[i].patterns[o.patterns_n] != NULL; o.patterns_n++)
            p[o.patterns_n] = (struct hm_archive_pattern){
                rows[i].patterns[o.patterns_n] + 1,
                rows[i].patterns[o.patterns_n][0] == '+', 0};
        (void)snprintf(name, sizeof(name), "%.*s", (int)(n - is_dir), path);
        got = archive_patterns_judge(&o, name, is_dir);
        if (got.is_chosen != rows[i].is_chosen ||
            got.may_hold != rows[i].may_hold)
            fail_msg("row %zu: '%s'", i, path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_of_the_table_holds),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(one_segment_is_matched_as_fnmatch_does),
        cmocka_unit_test(no_pattern_makes_matching_slow),
        cmocka_unit_test(the_last_pattern_that_matches_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
