/* The accepted pairs, compared byte by byte: no prefix, no other spelling. */
#include "attest_priv.h"

#define STATEMENT_V01 "https://in-toto.io/Statement/v0.1"

static const struct {
    const char *type;
    const char *predicate;
    enum hm_attest_dialect dialect;
} pairs[] = {
    {HM_ATTEST_STATEMENT_TYPE, HM_ATTEST_PROVENANCE, HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE, HM_ATTEST_SUMMARY, HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE, "https://cyclonedx.org/bom", HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/link/v0.3",
     HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE,
     "https://in-toto.io/attestation/test-result/v0.1", HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/vulns/v0.2",
     HM_ATTEST_OURS},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/release/v0.1",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/reference/v0.1",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/scai/v0.3",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/svr/v0.2",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://in-toto.io/attestation/vulns/v0.1",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE,
     "https://in-toto.io/attestation/runtime-trace/v0.1", HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://openvex.dev/ns", HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://spdx.dev/Document", HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://spdx.dev/Document/v2.3",
     HM_ATTEST_FOREIGN},
    {HM_ATTEST_STATEMENT_TYPE, "https://spdx.dev/Document/v3",
     HM_ATTEST_FOREIGN},
    /* What the SLSA generators of GitHub emit to this day. */
    {STATEMENT_V01, "https://slsa.dev/provenance/v0.2", HM_ATTEST_FOREIGN},
    {STATEMENT_V01, HM_ATTEST_PROVENANCE, HM_ATTEST_FOREIGN},
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

hm_rc attest_check_types(const char *type, const char *predicate_type,
                         enum hm_attest_dialect dialect, const char **predicate,
                         struct hm_err *e)
{
    bool is_known = false;

    *predicate = NULL;
    for (size_t i = 0; i < PAIRS; i++) {
        if (dialect == HM_ATTEST_OURS && pairs[i].dialect != HM_ATTEST_OURS)
            continue;
        if (strcmp(pairs[i].type, type) != 0)
            continue;
        is_known = true;
        if (strcmp(pairs[i].predicate, predicate_type) != 0)
            continue;
        *predicate = pairs[i].predicate;
        return HM_OK;
    }
    if (!is_known)
        return hm_fail(e, HM_E_FORMAT, "attest.statement.type",
                       "_type is '%s', expected '" HM_ATTEST_STATEMENT_TYPE "'",
                       hm_show_str(type));
    return hm_fail(e, HM_E_FORMAT, "attest.predicate.type",
                   "predicateType '%s' is not on the list of accepted ones",
                   hm_show_str(predicate_type));
}
