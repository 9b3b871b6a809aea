/* The seven claims of ENISA's closing table, what supports each, and the legal
 * points that the means were chosen for.  The wording of the law is not copied:
 * points are named and what they are about is said in a few words. */
#include "claims_priv.h"

#define DEVICE_SIDE "lies on the device or in the fleet's back end"

static const struct ev_item origin[] = {
    {"sbom", "Software bill of materials of each release, bound to its files",
     EV_SCOPE_RELEASES, "sbom.", "repository/releases/*/sbom/*", NULL,
     "a release holds no bill of materials"},
    {"provenance", "Signed provenance of each artefact: source and build",
     EV_SCOPE_RELEASES, "attestations.",
     "repository/releases/*/attestations/* statements/*", NULL,
     "a release holds no signed provenance"},
    {"closed-release", "Every file of each release, by digest",
     EV_SCOPE_RELEASES, "release. index.",
     "repository/releases/*/index.json repository/releases/*/records/*", NULL,
     "the files of a release could not be accounted for"},
    {"build-log", "Build logs", EV_SCOPE_HANDED_IN, NULL, NULL, "build-log",
     "the builder's log was not handed in"},
    {"ci-record", "Records of the pipeline that built and released",
     EV_SCOPE_HANDED_IN, NULL, NULL, "ci-record",
     "no record of a pipeline was handed in"},
    {"sca", "Results of the check for known vulnerabilities",
     EV_SCOPE_HANDED_IN, NULL, NULL, "sca", "no scanner result was handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item release_control[] = {
    {"signed-manifests", "Each manifest ever served, and its signatures",
     EV_SCOPE_SERVED, "manifest.signature",
     "repository/history/*/manifest.json*", NULL,
     "a served manifest has no valid signature"},
    {"authorisations", "Root-signed authorisation of each signing key",
     EV_SCOPE_SERVED, "authorisation.",
     "repository/history/*/authorisation.json*", NULL,
     "a served manifest came without a valid authorisation"},
    {"public-keys", "Root and vendor public keys, with their history",
     EV_SCOPE_HISTORY, "evidence.key.", "trust/*", NULL,
     "what a key signed could not be placed before its retirement"},
    {"signing-log", "Log of every signing act", EV_SCOPE_HANDED_IN, NULL, NULL,
     "signing-log", "no signing log was handed in"},
    {"key-ceremony", "Record of the making of the root key", EV_SCOPE_HANDED_IN,
     NULL, NULL, "key-ceremony", "no record of the ceremony was handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item fixes[] = {
    {"security-updates",
     "Security updates say so: type, severity, advisories, action",
     EV_SCOPE_SECURITY, "evidence.security. manifest.advisories",
     "repository/releases/*/manifest.json", NULL,
     "a security update names no advisory"},
    {"kept-available", "Every update is still published, with all its files",
     EV_SCOPE_HISTORY, "evidence.history.release",
     "repository/releases/*/artefacts/*", NULL, "a release is no longer there"},
    {"release-notes",
     "Release notes that show security fixes apart from new functions",
     EV_SCOPE_HANDED_IN, NULL, NULL, "release-notes",
     "whether an update holds only fixes cannot be seen from its files"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item channel[] = {
    {"tls-settings", "TLS settings of the update server", EV_SCOPE_HANDED_IN,
     NULL, NULL, "tls-settings",
     "the server's settings lie outside the release and were not handed in"},
    {"ca", "The certification authority that devices accept (ca.pem)",
     EV_SCOPE_HANDED_IN, NULL, NULL, "ca",
     "what devices accept " DEVICE_SIDE " and was not handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item freshness[] = {
    {"expiry", "Each manifest carries its time and an expiry", EV_SCOPE_SERVED,
     "manifest.window", "repository/history/*/manifest.json", NULL,
     "a served manifest has no window of validity"},
    {"sequence", "Epoch and sequence rose with every manifest served",
     EV_SCOPE_HISTORY, "evidence.history.order",
     "repository/history/*/manifest.json", NULL,
     "the manifests served are not in order"},
    {"validation-log", "Devices' logs of the checks they made",
     EV_SCOPE_HANDED_IN, NULL, NULL, "validation-log",
     "it " DEVICE_SIDE " and was not handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item activation[] = {
    {"signatures", "Public keys and signatures that a device verifies first",
     EV_SCOPE_SERVED, "authorisation. manifest.signature",
     "trust/keys/* repository/history/*/*.sig*", NULL,
     "a signature that a device needs is missing"},
    {"integrity",
     "Size and digest of each artefact, as the manifest binds them",
     EV_SCOPE_RELEASES, "artefacts.", "repository/releases/*/artefacts/*", NULL,
     "an artefact is not the file that its manifest names"},
    {"rollback-counter", "The rollback counter never fell and is authorised",
     EV_SCOPE_HISTORY, "evidence.history.rollback",
     "repository/history/*/manifest.json", NULL,
     "a rollback counter fell or is above what the root allows"},
    {"device-state", "Anti-rollback state stored in devices",
     EV_SCOPE_HANDED_IN, NULL, NULL, "device-state",
     "it " DEVICE_SIDE " and was not handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_item recovery[] = {
    {"update-log", "Devices' update.log: every attempt and its outcome",
     EV_SCOPE_HANDED_IN, NULL, NULL, "update-log",
     "it " DEVICE_SIDE " and was not handed in"},
    {"health-check-log", "Health checks after the first boot",
     EV_SCOPE_HANDED_IN, NULL, NULL, "health-check-log",
     "it " DEVICE_SIDE " and was not handed in"},
    {"rollback-record", "Records of returns to the version before",
     EV_SCOPE_HANDED_IN, NULL, NULL, "rollback-record",
     "it " DEVICE_SIDE " and was not handed in"},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct ev_law origin_law[] = {
    {"Annex I, Part II, point (1)", "components documented, with an SBOM"},
    {"Annex I, Part I, point (2)(a)", "no known exploitable vulnerabilities"},
    {"Annex I, Part I, point (2)(f)", "integrity of programs and data"},
    {"Article 13(5)", "due diligence on third-party components"},
    {"Annex VII, point 2(b) and (c)", "technical documentation of the above"},
    {NULL, NULL},
};

static const struct ev_law release_law[] = {
    {"Annex I, Part II, point (7)", "secure distribution of updates"},
    {"Annex I, Part I, point (2)(d)", "protection from unauthorised access"},
    {"Annex I, Part I, point (2)(f)", "integrity of programs and data"},
    {"Annex VII, point 2(b)", "description of the distribution of updates"},
    {NULL, NULL},
};

static const struct ev_law fixes_law[] = {
    {"Annex I, Part II, point (2)",
     "remedy without delay, apart from functions"},
    {"Annex I, Part II, point (4)", "disclosure of fixed vulnerabilities"},
    {"Annex I, Part II, point (8)", "dissemination with advisory messages"},
    {"Annex I, Part I, point (2)(c)", "vulnerabilities addressed by updates"},
    {"Article 13(9)", "updates stay available, ten years or longer"},
    {NULL, NULL},
};

static const struct ev_law channel_law[] = {
    {"Annex I, Part I, point (2)(e)", "confidentiality of data in transit"},
    {"Annex I, Part II, point (7)", "secure distribution of updates"},
    {NULL, NULL},
};

static const struct ev_law freshness_law[] = {
    {"Annex I, Part II, point (7)", "secure distribution of updates"},
    {"Annex I, Part I, point (2)(c)", "vulnerabilities addressed by updates"},
    {NULL, NULL},
};

static const struct ev_law activation_law[] = {
    {"Annex I, Part I, point (2)(f)", "integrity of programs and data"},
    {"Annex I, Part II, point (7)", "secure distribution of updates"},
    {NULL, NULL},
};

static const struct ev_law recovery_law[] = {
    {"Annex I, Part I, point (2)(f)", "reporting of corruptions"},
    {"Annex I, Part I, point (2)(h)", "availability after an incident"},
    {"Annex I, Part I, point (2)(k)", "reduced impact of incidents"},
    {"Annex I, Part I, point (2)(l)", "recording of relevant activity"},
    {NULL, NULL},
};

static const struct ev_claim claims[HM_EVIDENCE_CLAIMS] = {
    {"trusted-origin", "The update can be trusted: its origin and composition",
     origin, origin_law},
    {"authorised-release",
     "It is protected from unauthorised release and impersonation",
     release_control, release_law},
    {"security-fixes", "Security fixes reach devices without operational delay",
     fixes, fixes_law},
    {"channel", "The channel is authenticated and private", channel,
     channel_law},
    {"not-frozen", "A device cannot be kept frozen on a vulnerable version",
     freshness, freshness_law},
    {"no-downgrade", "An update is verified before activation; no downgrade",
     activation, activation_law},
    {"recoverable", "Failures are detected and recoverable", recovery,
     recovery_law},
};

const struct ev_claim *ev_claim_at(size_t i)
{
    return &claims[i];
}
