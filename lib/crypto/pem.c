#include <stdio.h>

#include "hm_crypto.h"

#define PEM_COLUMN 64u
#define PEM_MARK   64u

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct hm_bytes trim(struct hm_bytes s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* "-----BEGIN LABEL-----", without a line break. */
static struct hm_bytes mark(char to[static PEM_MARK], const char *word,
                            const char *label)
{
    (void)snprintf(to, PEM_MARK, "-----%s %s-----", word, label);
    return hm_bytes_str(to);
}

bool hm_pem_find(struct hm_bytes text, const char *label,
                 struct hm_bytes *letters)
{
    char begin_text[PEM_MARK];
    char end_text[PEM_MARK];
    const struct hm_bytes begin = mark(begin_text, "BEGIN", label);
    const struct hm_bytes end = mark(end_text, "END", label);

    text = trim(text);
    if (text.n < begin.n + end.n || memcmp(text.p, begin.p, begin.n) != 0 ||
        memcmp(text.p + text.n - end.n, end.p, end.n) != 0)
        return false;
    *letters = (struct hm_bytes){text.p + begin.n, text.n - begin.n - end.n};
    return true;
}

hm_rc hm_pem_read(struct hm_buf *der, struct hm_bytes letters, struct hm_err *e)
{
    HM_OWN(hm_buf) base64 = HM_BUF_INIT(letters.n);

    for (size_t i = 0; i < letters.n; i++)
        if (!is_blank(letters.p[i]))
            HM_TRY(hm_buf_add(&base64, (struct hm_bytes){letters.p + i, 1}, e));
    return hm_base64_read(der, hm_buf_view(&base64), e);
}

HM_MUST static hm_rc add_line(struct hm_buf *to, struct hm_bytes line,
                              struct hm_err *e)
{
    HM_TRY(hm_buf_add(to, line, e));
    return hm_buf_add(to, HM_LIT("\n"), e);
}

hm_rc hm_pem_add(struct hm_buf *to, const char *label, struct hm_bytes der,
                 struct hm_err *e)
{
    HM_OWN(hm_buf) letters = HM_BUF_INIT(2 * der.n + 4);
    char text[PEM_MARK];

    HM_TRY(hm_base64_add(&letters, der, e));
    HM_TRY(add_line(to, mark(text, "BEGIN", label), e));
    for (size_t at = 0; at < letters.n; at += PEM_COLUMN) {
        const size_t left = letters.n - at;
        const size_t n = left < PEM_COLUMN ? left : PEM_COLUMN;

        HM_TRY(add_line(to, (struct hm_bytes){letters.p + at, n}, e));
    }
    return add_line(to, mark(text, "END", label), e);
}
