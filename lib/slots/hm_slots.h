/** @file
 * The host around the device verifier: two slots, staging, one state file, the
 * log of every attempt.
 *
 *     DIR/state.json   hallmark-device-state/1, replaced as a whole
 *     DIR/root.json    the provisioned root set, held against its digest
 *     DIR/update.log   one JSON line an attempt, each with the digest of the
 *                      line before
 *     DIR/slots/a, b   images/ (as verified) and rootfs/ (extracted)
 *     DIR/staging/     what is being installed; removed at the next start
 *     DIR/lock
 *
 * Every verdict is lib/device's; here files are carried to it and away from it.
 * kill -9 at any moment leaves the old state or the new one, and the slot that
 * is known to be good is never written to.
 *
 * What is not done here: nothing is fetched from a network; deltas are not
 * applied.
 *
 * @source docs/formats.md "The device"
 */
#ifndef HM_SLOTS_H
#define HM_SLOTS_H

#include "hm_crypto.h"
#include "hm_device.h"
#include "hm_file.h"
#include "hm_json.h"
#include "hm_time.h"

#define HM_SLOTS_FORMAT    "hallmark-device-state/1"
#define HM_SLOTS_BOOTS_MAX 3u /**< unconfirmed starts of a pending slot */
#define HM_SLOTS_NAME      64 /**< vendor, product, model…; NUL included */
#define HM_SLOTS_NONE      (-1)

/** lib/device's table of functions over OpenSSL. */
struct hm_slots_crypto {
    struct hm_digest digest; /**< owned: the running SHA-256 */
    struct hm_device_crypto device;
};

#define HM_SLOTS_CRYPTO_INIT      \
    {                             \
        .digest = HM_DIGEST_INIT, \
    }

/** Fill the table; @p c must stay where it is. */
void hm_slots_crypto_begin(struct hm_slots_crypto *c);
void hm_slots_crypto_clear(struct hm_slots_crypto *c);

/** An installed file as it was verified. */
struct hm_slots_file {
    char name[HM_NAME_MAX + 1];
    uint64_t size;
    uint8_t sha256[HM_SHA256_SIZE];
};

struct hm_slot {
    bool is_used;
    bool is_confirmed;
    char version[HM_VERSION_TEXT];
    uint64_t rollback_counter;
    uint8_t manifest_sha256[HM_SHA256_SIZE];
    uint8_t rootfs_sha256[HM_SHA256_SIZE]; /**< hm_slots_digest_tree() */
    struct hm_slots_file *files;           /**< owned */
    size_t files_n;
};

/** state.json. */
struct hm_slots_state {
    char vendor[HM_SLOTS_NAME];
    char product[HM_SLOTS_NAME];
    char model[HM_SLOTS_NAME];
    char hardware[HM_SLOTS_NAME];
    bool accept_stale;
    struct hm_device_state device;
    struct hm_slot slot[2]; /**< a and b */
    int active;             /**< known to be good: 0, 1 or HM_SLOTS_NONE */
    int pending;            /**< waits for confirmation, or HM_SLOTS_NONE */
    unsigned boots;         /**< of the pending slot */
    bool is_healthy;        /**< its last start was */
    bool has_failed;
    uint8_t failed_sha256[HM_SHA256_SIZE]; /**< manifest that was given up */
    unsigned failed_tries;                 /**< starts it was given */
    uint8_t log_head[HM_SHA256_SIZE];      /**< digest of the last line */
    uint64_t log_length;                   /**< bytes */
};

#define HM_SLOTS_STATE_INIT                               \
    {                                                     \
        .active = HM_SLOTS_NONE, .pending = HM_SLOTS_NONE \
    }

/** Read state.json, strictly.
 * @return HM_E_FORMAT, HM_E_LIMIT `json.*`, `base.*`, `device.name.syntax`,
 *         `device.state.slots` (active or pending names an empty slot) */
HM_MUST hm_rc hm_slots_read_state(struct hm_slots_state *s,
                                  struct hm_bytes bytes, struct hm_err *e);
HM_MUST hm_rc hm_slots_write_state(const struct hm_slots_state *s,
                                   struct hm_buf *to, struct hm_err *e);
void hm_slots_state_clear(struct hm_slots_state *s);

/** 'a' or 'b'. */
char hm_slots_letter(int slot);

/** An open device. */
struct hm_slots {
    struct hm_dir dir; /**< owned */
    int lock;          /**< owned descriptor; -1: opened for reading */
    struct hm_slots_state state;
};

#define HM_SLOTS_INIT                                                \
    {                                                                \
        .dir = HM_DIR_INIT, .lock = -1, .state = HM_SLOTS_STATE_INIT \
    }

/** Open the device in the folder @p path.
 *
 * @param to_change  take the lock (waiting at most ten seconds) and remove what
 *                   an interrupted run left in staging/
 * @return HM_E_USAGE `device.state.missing` (not provisioned);
 *         HM_E_IO `device.state.locked`, `base.*`; as hm_slots_read_state()
 */
HM_MUST hm_rc hm_slots_open(struct hm_slots *s, const char *path,
                            bool to_change, struct hm_err *e);
void hm_slots_clear(struct hm_slots *s);

/** What the act is judged with. */
struct hm_slots_judging {
    const char *repository; /**< folder that --from named; NULL: none */
    hm_time clock;          /**< seconds, or HM_DEVICE_NO_CLOCK */
    bool dry_run; /**< decide, but store, log, write and start nothing */
};

/** What came of looking at an offer. */
enum hm_slots_answer {
    HM_SLOTS_NEW,    /**< it may be installed */
    HM_SLOTS_STAGED, /**< it is installed already and waits for boot, confirm */
    HM_SLOTS_CURRENT, /**< its version is what runs */
};

/** Filled also on failure, as far as it came. */
struct hm_slots_outcome {
    enum hm_slots_answer answer;
    int check;      /**< the one that said no, 0..5; HM_SLOTS_NONE: none did */
    bool is_signed; /**< the members below are what a signed manifest says */
    char version[HM_VERSION_TEXT];
    uint64_t epoch;
    uint64_t sequence;
    uint64_t rollback_counter;
    uint8_t manifest_sha256[HM_SHA256_SIZE];
    int slot; /**< written, started or confirmed; HM_SLOTS_NONE */
};

#define HM_SLOTS_OUTCOME_INIT                         \
    {                                                 \
        .check = HM_SLOTS_NONE, .slot = HM_SLOTS_NONE \
    }

/** "size", "signature", "applicability", "freshness", "anti-rollback",
 * "integrity" */
const char *hm_slots_check_name(int check);

/** Checks 0 to 4 on what the repository offers.  The stored authorisation and
 * manifest sequence rise as the checks pass; the attempt is logged.
 *
 * @return HM_E_REJECTED with the reason of the check that said no (see
 *         hm_device_check()), `device.update.failed` (this manifest was given
 *         up after its starts failed); HM_E_IO, HM_E_NOMEM
 */
HM_MUST hm_rc hm_slots_check(struct hm_slots *s,
                             const struct hm_slots_judging *how,
                             struct hm_slots_outcome *out, struct hm_err *e);

/** All five checks; then the inactive slot is written and becomes pending.
 *
 * @return as hm_slots_check(); also HM_E_REJECTED `artefact.size`,
 *         `artefact.digest`, `artefact.missing`, `device.artefact.delta`,
 *         `device.image.missing` (no archive for the root file system),
 *         `device.image.twice`, `archive.*`; HM_E_IO
 */
HM_MUST hm_rc hm_slots_install(struct hm_slots *s,
                               const struct hm_slots_judging *how,
                               struct hm_slots_outcome *out, struct hm_err *e);

/** What a new device is. */
struct hm_slots_setup {
    const char *vendor; /**< NULL: the one that the root set names */
    const char *product;
    const char *model;
    const char *hardware;
    const char *root; /**< path of root.json */
    bool accept_stale;
};

/** Make a device in the folder @p path, new or empty.  With a repository its
 * release is installed into slot a as confirmed, by the same checks.
 *
 * @return HM_E_USAGE `device.state.exists`, `device.state.stranger` (a folder
 *         with other files), `device.name.syntax`, `device.root.vendor`, the reasons
 *         of hm_device_check_root(); as hm_slots_install()
 */
HM_MUST hm_rc hm_slots_provision(const char *path,
                                 const struct hm_slots_setup *setup,
                                 const struct hm_slots_judging *how,
                                 struct hm_slots_outcome *out,
                                 struct hm_err *e);

/** How the firmware was started. */
enum hm_slots_cage {
    HM_SLOTS_CHROOT,    /**< chroot, as root */
    HM_SLOTS_NAMESPACE, /**< chroot in a user namespace */
    HM_SLOTS_FOLDER     /**< from its folder, nothing around it */
};

/** How the firmware is run. */
struct hm_slots_start {
    int console;      /**< descriptor for what it prints; borrowed */
    unsigned seconds; /**< it is stopped after as many */
};

struct hm_slots_boot {
    enum hm_slots_cage cage;
    int status;      /**< exit status of the firmware; 128 + signal */
    bool fell_back;  /**< the pending slot was given up by this boot */
    bool is_pending; /**< the slot that ran waits for confirmation */
    unsigned boots;
};

/** Be the boot loader: choose a slot, check what was verified again, start
 * rootfs/sbin/init as @p start says and wait for it.
 *
 * A pending slot is counted before it is started; after HM_SLOTS_BOOTS_MAX
 * unconfirmed starts, or when its bytes changed, it is given up and the known
 * good one is started.  It is started as well, and the pending one waits, when
 * the count cannot be stored.
 *
 * @return HM_E_REJECTED `device.boot.unhealthy` (it ran and said no),
 *         `device.boot.none` (no slot may be started); HM_E_IO
 */
HM_MUST hm_rc hm_slots_boot(struct hm_slots *s,
                            const struct hm_slots_judging *how,
                            const struct hm_slots_start *start,
                            struct hm_slots_boot *boot,
                            struct hm_slots_outcome *out, struct hm_err *e);

/** After a healthy start of the pending slot: it is the good one from now on,
 * and the rollback counter rises to its own.
 *
 * @return HM_E_REJECTED `device.confirm.nothing`, `device.confirm.unhealthy`
 */
HM_MUST hm_rc hm_slots_confirm(struct hm_slots *s,
                               const struct hm_slots_judging *how,
                               struct hm_slots_outcome *out, struct hm_err *e);

/** Digest of a tree: names, kinds, modes, contents, targets of links; no times,
 * no owners. */
HM_MUST hm_rc hm_slots_digest_tree(const struct hm_dir *dir,
                                   uint8_t out[static HM_SHA256_SIZE],
                                   struct hm_err *e);

/** Read update.log as far as the state vouches for it and check its chain.
 *
 * @param[out] lines  JSON lines
 * @param[out] extra  bytes behind them that no state vouches for
 * @return HM_E_REJECTED `device.log.chain` (a line changed, was removed or
 *         added), `device.log.short`; HM_E_IO
 */
HM_MUST hm_rc hm_slots_read_log(const struct hm_slots *s, struct hm_buf *lines,
                                uint64_t *extra, struct hm_err *e);

#endif /* HM_SLOTS_H */
