/* An SBOM that reads is judged; a bound copy of it is bound. */
#include "hm_sbom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_sbom) s = HM_SBOM_INIT;
    HM_OWN(hm_sbom) again = HM_SBOM_INIT;
    HM_OWN(hm_sbom_verdict) v = HM_SBOM_VERDICT_INIT;
    HM_OWN(hm_buf) copy = HM_BUF_INIT(1u << 24);
    const struct hm_digests d = {.size = 1};
    struct hm_sbom_wanted wanted = {NULL, NULL, &d};
    struct hm_err e = {0};

    if (hm_sbom_read(&s, (struct hm_bytes){data, size}, &e) != HM_OK) {
        must(e.reason[0] != '\0' && s.doc.root == NULL);
        return 0;
    }
    must(hm_sbom_judge(&s, &wanted, &v, &e) == HM_OK && v.n > 0);
    if (s.version == NULL || hm_sbom_bind(&s, &d, &copy, &e) != HM_OK)
        return 0;
    wanted = (struct hm_sbom_wanted){s.name, s.version, &d};
    must(hm_sbom_read(&again, hm_buf_view(&copy), &e) == HM_OK);
    must(hm_sbom_check_binding(&again, &wanted, &e) == HM_OK);
    return 0;
}
