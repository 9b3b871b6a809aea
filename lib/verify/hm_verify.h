/** @file
 * The gate before publication: every check of a release directory, one after
 * the other, each listed with its result.
 *
 * What is not done here: nothing is signed or changed, no network is asked, no
 * ledger is read.  A check that could not run because an earlier one failed is
 * listed as not-run, which never counts as a pass.
 *
 * Order: nothing but an envelope is parsed before its signature is verified
 * over exact bytes, and the bytes verified are the bytes used: each document is
 * read once.
 *
 * @source docs/formats.md
 */
#ifndef HM_VERIFY_H
#define HM_VERIFY_H

#include "hm_file.h"
#include "hm_json.h"
#include "hm_manifest.h"
#include "hm_trust.h"

enum hm_result {
    HM_RESULT_PASS,
    HM_RESULT_FAIL,
    HM_RESULT_WARN,
    HM_RESULT_NOT_RUN
};

/** "pass", "fail", "warn", "not-run" */
const char *hm_result_name(enum hm_result result);

/** One result of one check. */
struct hm_finding {
    const char *check; /**< stable word, e.g. "manifest.freshness"; static */
    enum hm_result result;
    bool is_excused; /**< not-run because it is to be signed later */
    char reason[64]; /**< stable word of a fail or warn; "" otherwise */
    char file[160];  /**< printable name in the release; "" when none */
    char text[768];  /**< what was expected and found, or what was checked */
    char hint[384];  /**< what to do next; "" when nothing helps */
};

/** All results, in the order of the checks. */
struct hm_report {
    struct hm_finding *findings; /**< owned */
    size_t n;
    size_t count[4]; /**< by enum hm_result */
    size_t excused;  /**< of the not-run ones */
    hm_time at;      /**< judged as of */
    bool before_signing;
    bool rehearsal;
    bool public_copy;
    bool has_manifest; /**< the next ones are known */
    char product[HM_MANIFEST_NAME];
    char version[HM_VERSION_TEXT];
    uint64_t epoch;
    uint64_t sequence;
    char manifest_sha256[HM_SHA256_HEX];
    struct hm_signers manifest_signers;
};

#define HM_REPORT_INIT           \
    {                            \
        .findings = NULL, .n = 0 \
    }

struct hm_verify_options {
    hm_time at;          /**< judge as of this time */
    bool before_signing; /**< the manifest may be unsigned: its signature is
                              not-run and excused, all else must pass */
    bool rehearsal; /**< before_signing, and provenance may be missing for want
                         of a key: not-run and excused; a yes is none for
                         signing */
    bool public_copy; /**< files that the index does not call public may be
                           missing; each is a warning of its own,
                           `release.file.withheld`, with its SHA-256.  Not
                           together with before_signing */
};

/** One row of the table of checks, for manuals and evidence. */
struct hm_verify_check {
    const char *id;
    const char *title; /**< what is checked */
    const char *means; /**< what a no means for a device or an operator */
};

/** The i-th check in their order; NULL behind the last. */
const struct hm_verify_check *hm_verify_check_at(size_t i);

/** Check the release directory @p dir against the root set @p root.
 *
 * @param root         bytes of root.json
 * @param[out] report  cleared, then filled; complete whenever the result is
 *                     HM_OK or HM_E_REJECTED
 * @return HM_OK only when every check passed (or warned; or was excused);
 *         HM_E_REJECTED with the reason and text of the first failed check;
 *         HM_E_USAGE when root.json is wrong, or `verify.options.conflict`; HM_E_IO when the system, not the
 *         release, is to blame (a missing file is the release); HM_E_NOMEM
 */
HM_MUST hm_rc hm_verify_release(const struct hm_dir *dir, struct hm_bytes root,
                                const struct hm_verify_options *options,
                                struct hm_report *report, struct hm_err *e);

/** Add the report to a JSON result: at, before_signing, release{}, counts{},
 * checks[]. */
void hm_report_put(const struct hm_report *report, struct hm_json_writer *w);

/** How the report is written for people. */
struct hm_report_style {
    bool colour; /**< use terminal colours */
    bool brief;  /**< leave out the checks that passed or are excused */
};

/** Append the report for people: one line a check, more for what failed, and
 * the counts behind a yes or no. */
HM_MUST hm_rc hm_report_write(const struct hm_report *report,
                              const struct hm_report_style *style,
                              struct hm_buf *to, struct hm_err *e);

void hm_report_clear(struct hm_report *report);

#endif /* HM_VERIFY_H */
