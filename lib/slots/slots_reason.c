/* What a no of the device verifier means, in sentences. */
#include <stdio.h>

#include "slots_priv.h"

#define FETCH   "offer the device what hallmark-publish wrote, unchanged"
#define RELEASE "publish a newer release, made for this device"
/* Honest or not, the device cannot tell: say both. */
#define STAY                                                                  \
    "; if it does not, somebody offers what was replaced, and the device is " \
    "right to stay as it is"
#define NEWER "if the vendor serves this, publish a newer release" STAY
#define AGAIN                                                             \
    "if the vendor serves this, refresh the manifest (hallmark-manifest " \
    "refresh), sign and publish it" STAY
#define REFRESH                                                               \
    "refresh the manifest: hallmark-manifest refresh, then sign and publish " \
    "it"
#define RENEW \
    "have the root keys sign a new authorisation: hallmark-key authorise"

struct sentence {
    const char *reason;
    const char *text;
    const char *hint;
};

/* What is not here (json.*, base.*, …) is a signed document that is not well
 * formed. */
static const struct sentence sentences[] = {
    {"json.size", "a document is longer than any that is read", FETCH},
    {"trust.signature.count", "there are more than eight signatures", FETCH},
    {"trust.signature.malformed",
     "a signature file holds no signature: expected one DER ECDSA-Sig-Value "
     "and nothing else",
     FETCH},
    {"root.format", "the device's root set is no root set",
     "provision the device again"},
    {"trust.root.digest",
     "the device's root set is not the one it was provisioned with",
     "provision the device again"},
    {"trust.authorisation.signature",
     "too few of the device's root keys sign the authorisation", FETCH},
    {"trust.authorisation.root", "the authorisation names another root set",
     FETCH},
    {"trust.authorisation.sequence",
     "the authorisation is older than one this device has seen, or has its "
     "number and other bytes",
     "if the vendor serves this, publish the newest authorisation" STAY},
    {"trust.authorisation.expired", "the authorisation has expired", RENEW},
    {"trust.key.retired",
     "the manifest is signed by a key that was retired or revoked",
     "if the vendor signed it, sign with the key that is in force; if not, "
     "somebody has the old key, and the device is right to refuse it"},
    {"trust.key.role",
     "the manifest is signed by a key that may not sign manifests",
     "sign it with a key of the role 'manifest'"},
    {"trust.key.product",
     "the manifest is signed by a key that is not for this product",
     "authorise the key for this product"},
    {"trust.key.early",
     "the manifest is dated before its key was allowed to sign", RELEASE},
    {"trust.key.expired",
     "the manifest is dated after its key was allowed to sign", RENEW},
    {"trust.manifest.signature",
     "no authorised key of each required role signs these bytes", FETCH},
    {"trust.limit.missing", "the authorisation has no limits for this product",
     RENEW " --max-rollback-counter N"},
    {"manifest.vendor", "the manifest is another vendor's", RELEASE},
    {"manifest.product", "the manifest is for another product", RELEASE},
    {"manifest.updater.older", "the manifest asks for a newer updater",
     "update this program"},
    {"manifest.applicability.none",
     "no entry of updates is for this model, hardware and version", RELEASE},
    {"manifest.sequence.lower",
     "the manifest is older than one this device has accepted", NEWER},
    {"manifest.sequence.same",
     "the manifest has the number of one this device has accepted, and other "
     "bytes",
     AGAIN},
    {"manifest.epoch", "the epoch is not the one that root authorised", RENEW},
    {"manifest.timestamp.older",
     "the manifest is dated before one this device has accepted", AGAIN},
    {"manifest.expired", "the manifest has expired", REFRESH},
    {"manifest.rollback.lower",
     "the rollback counter is below the device's: it would go back to what "
     "was given up for good",
     NEWER},
    {"manifest.rollback.above",
     "the rollback counter is above what root authorised", RENEW},
    {"device.crypto.failed", "the crypto library failed", "try again"},
};

static const struct sentence malformed = {
    "", "a document is signed, but not well formed",
    "let hallmark-verify look at the release: it names the place"};

/* A device without firmware fits only entries that ask for no version. */
static const struct sentence empty = {
    "manifest.applicability.none",
    "this device is empty, and no entry of updates for its model and hardware "
    "is for an empty one: each has from_versions",
    "publish a release with an entry without from_versions, or provision the "
    "device from one"};

static const struct sentence *find(const struct hm_slots_state *state,
                                   const char *reason)
{
    if (state->active == HM_SLOTS_NONE && strcmp(reason, empty.reason) == 0)
        return &empty;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
        if (strcmp(sentences[i].reason, reason) == 0)
            return &sentences[i];
    return &malformed;
}

const char *hm_slots_check_name(int check)
{
    static const char *const names[] = {"size",          "signature",
                                        "applicability", "freshness",
                                        "anti-rollback", "integrity"};

    return check >= 0 && check < 6 ? names[check] : "none";
}

/* Expected and found, as far as it may be believed. */
static void compare(const struct hm_slots_state *state,
                    const struct hm_device_result *r, char *to, size_t size)
{
    const char *version = state->active == HM_SLOTS_NONE
                              ? ""
                              : state->slot[state->active].version;

    to[0] = '\0';
    if (r->is_signed)
        (void)snprintf(
            to, size,
            "; offered: %s, epoch %llu, sequence %llu, counter %llu, %s; the "
            "device: %s %s %s, %s, epoch %llu, sequence %llu, counter %llu",
            r->version, (unsigned long long)r->epoch,
            (unsigned long long)r->sequence,
            (unsigned long long)r->rollback_counter, hm_time_show(r->timestamp),
            state->product, state->model, state->hardware,
            version[0] == '\0' ? "empty" : version,
            (unsigned long long)state->device.epoch,
            (unsigned long long)state->device.sequence,
            (unsigned long long)state->device.rollback_counter);
}

hm_rc slots_refuse(const struct hm_slots_state *state,
                   const struct hm_device_result *r, struct hm_err *e)
{
    const struct sentence *s = find(state, r->reason);
    char more[400];

    compare(state, r, more, sizeof(more));
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, r->reason,
                           "check %u (%s) said no: %s%s", r->check,
                           hm_slots_check_name((int)r->check), s->text, more),
                   "%s", s->hint);
}

hm_rc slots_refuse_artefact(const char *reason,
                            const struct hm_device_artefact *a, uint64_t found,
                            struct hm_err *e)
{
    const bool is_size = strcmp(reason, "artefact.size") == 0;
    hm_rc rc;

    if (is_size)
        rc = hm_fail(e, HM_E_REJECTED, reason,
                     "check 5 (integrity) said no: '%s' has %llu bytes, the "
                     "manifest says %llu; nothing was installed",
                     a->name, (unsigned long long)found,
                     (unsigned long long)a->size);
    else
        rc = hm_fail(e, HM_E_REJECTED, reason,
                     "check 5 (integrity) said no: '%s' is not the file that "
                     "the manifest names; nothing was installed",
                     a->name);
    return hm_hint(e, rc, FETCH);
}
