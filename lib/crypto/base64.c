#include <openssl/evp.h>
#include <stdlib.h>

#include "hm_crypto.h"

/* EVP_EncodeBlock counts in int and writes a NUL behind its text: 48 bytes, 64
 * letters a step keep both small. */
#define STEP_BYTES   48u
#define STEP_LETTERS 64u

hm_rc hm_base64_add(struct hm_buf *to, struct hm_bytes in, struct hm_err *e)
{
    while (in.n > 0) {
        const size_t n = in.n < STEP_BYTES ? in.n : STEP_BYTES;
        uint8_t text[STEP_LETTERS + 1];
        const int letters = EVP_EncodeBlock(text, in.p, (int)n);

        HM_TRY(hm_buf_add(to, (struct hm_bytes){text, (size_t)letters}, e));
        in.p += n;
        in.n -= n;
    }
    return HM_OK;
}

HM_MUST static hm_rc bad_base64(size_t at, struct hm_err *e)
{
    return hm_fail(e, HM_E_FORMAT, "crypto.base64.syntax",
                   "not standard padded base64 near letter %zu", at);
}

/* OpenSSL's decoder is lenient (blanks, loose bits); what it made must encode
 * to the very same letters. */
HM_MUST static hm_rc read_step(struct hm_buf *to, const uint8_t *text, size_t n,
                               bool is_last, size_t at, struct hm_err *e)
{
    uint8_t bytes[STEP_BYTES];
    uint8_t again[STEP_LETTERS + 1];
    const size_t padding = (size_t)(text[n - 1] == '=') +
                           (size_t)(text[n - 1] == '=' && text[n - 2] == '=');
    int got = EVP_DecodeBlock(bytes, text, (int)n);

    if (got < 0 || (size_t)got != n / 4 * 3 || (padding > 0 && !is_last))
        return bad_base64(at, e);
    got -= (int)padding;
    if (EVP_EncodeBlock(again, bytes, got) != (int)n ||
        memcmp(again, text, n) != 0)
        return bad_base64(at, e);
    return hm_buf_add(to, (struct hm_bytes){bytes, (size_t)got}, e);
}

hm_rc hm_base64_read(struct hm_buf *to, struct hm_bytes text, struct hm_err *e)
{
    size_t at = 0;

    if (text.n % 4 != 0)
        return hm_fail(e, HM_E_FORMAT, "crypto.base64.syntax",
                       "%zu letters are not padded base64", text.n);
    while (at < text.n) {
        const size_t n =
            text.n - at < STEP_LETTERS ? text.n - at : STEP_LETTERS;

        HM_TRY(read_step(to, text.p + at, n, at + n == text.n, at, e));
        at += n;
    }
    return HM_OK;
}
