/** @file
 * Signed documents for the device verifier, wrong in whatever a test wants:
 * the text of testdata/device is edited before it is signed.
 */
#ifndef DEVICE_MAKER_H
#define DEVICE_MAKER_H

#include "hm_slots.h"
#include "release_maker.h"

#define DM_CLOCK (MAKER_TIME + MAKER_DAY)

enum dm_document { DM_ROOT, DM_AUTHORISATION, DM_MANIFEST, DM_DOCUMENTS };

/** The one occurrence of @p from in a document becomes @p to. */
struct dm_edit {
    enum dm_document in;
    const char *from; /**< NULL ends the list */
    const char *to;
};

#define DM_EDITS 4

/** What differs from the good documents; zero: nothing. */
struct dm_plan {
    struct dm_edit edit[DM_EDITS + 1];
    struct maker_signers authorisation; /**< ROOT_1 and ROOT_2 */
    struct maker_signers manifest;      /**< VENDOR */
};

/** Keys, documents, and the device that they are offered to: a thermostat T100
 * rev-b at 1.0.0 that has seen authorisation 3 and manifest 1/6, counter 1. */
struct dm {
    struct maker keys;
    struct hm_slots_crypto crypto;
    struct hm_buf doc[DM_DOCUMENTS];
    struct hm_buf sig[DM_DOCUMENTS][HM_SIGNATURES_MAX];
    size_t sigs[DM_DOCUMENTS];
    struct hm_device_self self;
    struct hm_device_offer offer; /**< views of the above */
    struct hm_device_result result;
};

void dm_init(struct dm *d);
/** Make the documents and the offer; the device is as new again. */
void dm_make(struct dm *d, const struct dm_plan *plan);
/** Sign a document again as it is now. */
void dm_sign(struct dm *d, enum dm_document which,
             const struct maker_signers *who);
/** Point the offer at the documents as they are now. */
void dm_offer(struct dm *d);
/** hm_device_check(). @return the reason */
const char *dm_check(struct dm *d);
void dm_clear(struct dm *d);

/** The check said no, with this reason. */
#define assert_refused(d, want_check, why)                 \
    do {                                                   \
        assert_string_equal(dm_check(d), (why));           \
        assert_true((d)->result.verdict == HM_DEVICE_NO);  \
        assert_int_equal((d)->result.check, (want_check)); \
        assert_int_equal((d)->result.artefacts.n, 0);      \
    } while (0)

#define assert_accepted(d)                                 \
    do {                                                   \
        assert_string_equal(dm_check(d), "yes");           \
        assert_true((d)->result.verdict == HM_DEVICE_YES); \
    } while (0)

#endif /* DEVICE_MAKER_H */
