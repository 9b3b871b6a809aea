/** @file
 * verify.sh: the fixed half that knows how, and the half that says what.
 */
#ifndef SCRIPT_PRIV_H
#define SCRIPT_PRIV_H

#include "evidence_priv.h"

/** How much verify.sh will check, promised by its last line. */
struct ev_promise {
    uint64_t files, signatures, digests;
};

/** Write the script.
 *
 * @param list_sha256  SHA-256 of SHA256SUMS
 * @param n_files      files that it lists
 * @return HM_E_INTERNAL `evidence.script.word`; HM_E_LIMIT; HM_E_NOMEM
 */
HM_MUST hm_rc ev_write_script(const struct ev_facts *facts, size_t n_files,
                              const uint8_t list_sha256[HM_SHA256_SIZE],
                              struct hm_buf *out, struct ev_promise *promise,
                              struct hm_err *e);

#endif /* SCRIPT_PRIV_H */
