/* A record, and evidence: what is accepted as a record is written, read and
 * written again to the same bytes; what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_ceremony.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_evidence(struct hm_bytes text)
{
    struct hm_signer s;
    struct hm_err e = {.rc = HM_OK};

    if (hm_signer_read(&s, text, &e) != HM_OK) {
        if (e.reason[0] == '\0')
            abort();
        return;
    }
    if (strlen(s.keyid) != HM_SHA256_HEX - 1 ||
        s.text[HM_SIGNER_MODULE][0] == '\0' || !hm_signer_is_same(&s, &s))
        abort();
}

static void check_record(struct hm_ceremony *c, struct hm_bytes text)
{
    HM_OWN(hm_buf) first = HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    HM_OWN(hm_buf) second = HM_BUF_INIT(HM_CEREMONY_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    if (hm_ceremony_read(c, text, &e) != HM_OK) {
        if (e.reason[0] == '\0' || c->part_n > 0 || c->by[0] != '\0')
            abort();
        return;
    }
    if (c->root_n == 0 || c->root_n > c->part_n ||
        c->part_n > HM_SIGNATURES_MAX)
        abort();
    /* A file without blanks may be one that does not fit with them. */
    if (hm_ceremony_write(c, &first, &e) == HM_E_LIMIT)
        return;
    if (first.n == 0 || hm_ceremony_read(c, hm_buf_view(&first), &e) != HM_OK ||
        hm_ceremony_write(c, &second, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&first), hm_buf_view(&second)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hm_ceremony *c = malloc(sizeof(*c));

    if (c == NULL)
        return 0;
    check_record(c, (struct hm_bytes){data, size});
    check_evidence((struct hm_bytes){data, size});
    free(c);
    return 0;
}
