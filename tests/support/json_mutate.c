#include "json_mutate.h"

#include "hm_file.h"
#include "hm_test.h"

#define POINTER_MAX 256
#define TEXT_MAX    ((size_t)1 << 20)

struct mutate {
    struct hm_bytes good;
    mutate_read read;
    const char *const *accepted;
    size_t met;   /* of accepted */
    bool exactly; /* nothing may be added */
};

/* --- where ------------------------------------------------------------------- */

/* NOLINTNEXTLINE(misc-no-recursion): documents of tests are shallow */
static void collect(struct hm_json at, const char *pointer,
                    struct hm_names *members, struct hm_names *all)
{
    size_t index = 0;

    for (struct hm_json c = hm_json_first(at); c.item != NULL;
         c = hm_json_next(c), index++) {
        char to[POINTER_MAX];
        const bool is_member = hm_json_name(c)[0] != '\0';

        if (is_member)
            (void)snprintf(to, sizeof(to), "%s/%s", pointer, hm_json_name(c));
        else
            (void)snprintf(to, sizeof(to), "%s/%zu", pointer, index);
        assert_int_equal(hm_names_add(all, to, NULL), HM_OK);
        if (is_member)
            assert_int_equal(hm_names_add(members, to, NULL), HM_OK);
        collect(c, to, members, all);
    }
}

/* --- one change -------------------------------------------------------------- */

/* good with the bytes from p to end replaced by text. */
static void splice(const struct mutate *m, const uint8_t *p, const uint8_t *end,
                   const char *text, struct hm_buf *out)
{
    const uint8_t *const start = m->good.p;
    const uint8_t *const stop = start + m->good.n;
    struct hm_err e = {.rc = HM_OK};

    hm_buf_clear(out);
    assert_ok(
        hm_buf_add(out, (struct hm_bytes){start, (size_t)(p - start)}, &e), &e);
    assert_ok(hm_buf_add(out, hm_bytes_str(text), &e), &e);
    assert_ok(hm_buf_add(out, (struct hm_bytes){end, (size_t)(stop - end)}, &e),
              &e);
}

static bool is_accepted(struct mutate *m, const char *what, const char *pointer)
{
    char line[POINTER_MAX + 32];

    (void)snprintf(line, sizeof(line), "%s %s", what, pointer);
    for (size_t i = 0; m->accepted[i] != NULL; i++)
        if (strcmp(m->accepted[i], line) == 0) {
            m->met++;
            return true;
        }
    return false;
}

static void expect(const struct mutate *m, const struct hm_buf *text,
                   const char *what, const char *pointer, const char *reason)
{
    struct hm_err e = {.rc = HM_OK};
    const hm_rc rc = m->read(hm_buf_view(text), &e);

    if (reason == NULL && rc != HM_OK)
        fail_msg("%s %s is refused: %s [%s]", what, pointer, e.text, e.reason);
    if (reason == NULL)
        return;
    if (rc != HM_E_FORMAT && rc != HM_E_LIMIT && rc != HM_E_REJECTED)
        fail_msg("%s %s gives %s", what, pointer, hm_rc_name(rc));
    if (e.reason[0] == '\0' || (*reason && strcmp(reason, e.reason) != 0))
        fail_msg("%s %s is refused as '%s'", what, pointer, e.reason);
}

static void replace_value(struct mutate *m, const char *pointer,
                          struct hm_bytes value)
{
    static const char *const texts[] = {"null", "[]",          "{}",   "\"\"",
                                        "true", "false",       "0",    "-1",
                                        "1.5",  "\"\\u0007\"", "1e400"};
    HM_OWN(hm_buf) text = HM_BUF_INIT(TEXT_MAX);
    char lots[3000 + 3];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (hm_bytes_eq(value, hm_bytes_str(texts[i])))
            continue;
        splice(m, value.p, value.p + value.n, texts[i], &text);
        expect(m, &text, texts[i], pointer,
               is_accepted(m, texts[i], pointer) ? NULL : "");
    }
    memset(lots, 'a', sizeof(lots));
    lots[0] = lots[sizeof(lots) - 2] = '"';
    lots[sizeof(lots) - 1] = '\0';
    splice(m, value.p, value.p + value.n, lots, &text);
    expect(m, &text, "3000 letters", pointer, "");
}

/* The quote before the name of the member whose value this is. */
static const uint8_t *name_of(struct hm_bytes value)
{
    const uint8_t *p = value.p - 1;

    while (*p != '"')
        p--;
    for (p--; *p != '"'; p--)
        ;
    return p;
}

static void remove_member(struct mutate *m, const char *pointer,
                          struct hm_bytes value)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(TEXT_MAX);
    const uint8_t *end = value.p + value.n;
    const uint8_t *p = name_of(value) - 1;

    while (*p == ' ' || *p == '\n')
        p--;
    if (*p == '{') { /* the first one: the comma behind goes with it */
        p++;
        end += *end == ',';
    }
    splice(m, p, end, "", &text);
    expect(m, &text, "removed", pointer,
           is_accepted(m, "removed", pointer) ? NULL : "");
}

static void double_member(const struct mutate *m, const char *pointer,
                          struct hm_bytes value)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(TEXT_MAX);
    const char *name = strrchr(pointer, '/') + 1;
    const uint8_t *end = value.p + value.n;
    char again[POINTER_MAX];

    (void)snprintf(again, sizeof(again), ", \"%s\": 0", name);
    splice(m, end, end, again, &text);
    expect(m, &text, "double", pointer, "json.duplicate");
    (void)snprintf(again, sizeof(again), ", \"\\u%04X%s\": 0",
                   (unsigned)(uint8_t)*name, name + 1);
    splice(m, end, end, again, &text);
    expect(m, &text, "escaped double", pointer, "json.duplicate");
}

static void add_member(const struct mutate *m, const char *pointer,
                       struct hm_bytes value)
{
    HM_OWN(hm_buf) text = HM_BUF_INIT(TEXT_MAX);
    const uint8_t *end = value.p + value.n;

    splice(m, end, end, ", \"zz\": 0", &text);
    expect(m, &text, "neighbour", pointer,
           m->exactly ? "" : "json.member.unknown");
    splice(m, end, end, ", \"x_zz\": [null, {\"a\": \"b\"}, 1]", &text);
    expect(m, &text, "x_ neighbour", pointer, m->exactly ? "" : NULL);
}

static void mutate_all(struct mutate *m)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_names) members = HM_NAMES_INIT;
    HM_OWN(hm_names) all = HM_NAMES_INIT;
    struct hm_bytes value;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_json_parse(&doc, m->good, HM_JSON_OURS, TEXT_MAX, &e), &e);
    collect(hm_json_root(&doc), "", &members, &all);
    for (size_t i = 0; i < all.n; i++) {
        hm_json_span(m->good, all.name[i], &value);
        replace_value(m, all.name[i], value);
    }
    for (size_t i = 0; i < members.n; i++) {
        hm_json_span(m->good, members.name[i], &value);
        remove_member(m, members.name[i], value);
        double_member(m, members.name[i], value);
        add_member(m, members.name[i], value);
    }
    for (size_t i = 0; m->accepted[i] != NULL; i++)
        m->met -= 1;
    assert_int_equal(m->met, 0); /* every exception was met */
}

void mutate_document(struct hm_bytes good, mutate_read read,
                     const char *const accepted[])
{
    struct mutate m = {.good = good, .read = read, .accepted = accepted};

    mutate_all(&m);
}

void mutate_exactly(struct hm_bytes good, mutate_read read)
{
    static const char *const none[] = {NULL};
    struct mutate m = {
        .good = good, .read = read, .accepted = none, .exactly = true};

    mutate_all(&m);
}

static void add(struct hm_buf *out, struct hm_bytes in)
{
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_buf_add(out, in, &e), &e);
}

void mutate_pad(struct hm_bytes good, size_t size, struct hm_buf *out)
{
    const struct hm_bytes before = HM_LIT("  \"x_pad\": \"");
    const struct hm_bytes behind = HM_LIT("\",\n");
    const uint8_t *line = memchr(good.p, ',', good.n);
    const size_t head = (size_t)(line - good.p) + 2;

    assert_true(good.n + before.n + behind.n <= size);
    hm_buf_clear(out);
    add(out, (struct hm_bytes){good.p, head});
    add(out, before);
    for (size_t n = good.n + before.n + behind.n; n < size; n++)
        add(out, HM_LIT("p"));
    add(out, behind);
    add(out, (struct hm_bytes){good.p + head, good.n - head});
    assert_int_equal(out->n, size);
}

void mutate_repeat(struct hm_bytes good, const char *pointer, unsigned times,
                   struct hm_buf *out)
{
    struct hm_bytes value;
    size_t head;

    hm_json_span(good, pointer, &value);
    assert_true(value.n > 0);
    head = (size_t)(value.p - good.p) + value.n;
    hm_buf_clear(out);
    add(out, (struct hm_bytes){good.p, head});
    for (unsigned i = 0; i < times; i++) {
        add(out, HM_LIT(",\n"));
        add(out, value);
    }
    add(out, (struct hm_bytes){good.p + head, good.n - head});
}
