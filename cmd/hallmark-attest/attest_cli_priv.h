/** @file
 * What the parts of `hallmark-attest` share.
 */
#ifndef ATTEST_CLI_PRIV_H
#define ATTEST_CLI_PRIV_H

#include "hm_attest.h"
#include "hm_cli.h"
#include "hm_release.h"
#include "hm_source.h"

hm_rc attest_provenance_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt attest_provenance_opts[];

/** A file of the release directory. */
struct attest_file {
    char name[HM_NAME_MAX + 1]; /**< in the release: "artefacts/x.tar.gz" */
    struct hm_digests digests;
    char sha256[HM_SHA256_HEX];
    char sha512[HM_SHA512_HEX];
};

struct attest_files {
    struct attest_file *file; /**< owned array, sorted by name */
    size_t n;
};

#define ATTEST_FILES_INIT    \
    {                        \
        .file = NULL, .n = 0 \
    }

/** Digest every file below @p folder of the release directory @p dir; a folder
 * that does not exist is empty.
 * @return HM_E_REJECTED `attest.file.kind` (a link, device, pipe or socket);
 *         HM_E_FORMAT `base.name.syntax`; HM_E_LIMIT; HM_E_IO */
HM_MUST hm_rc attest_read_files(struct attest_files *files,
                                const struct hm_dir *dir, const char *folder,
                                struct hm_err *e);

bool attest_has_file(const struct attest_files *files, const char *folder,
                     const char *name);

void attest_files_clear(struct attest_files *files);

/** Names and values on their way into the predicate; all borrowed. */
struct attest_pairs {
    struct hm_attest_pair pair[HM_ATTEST_PAIRS_MAX];
    size_t n;
};

/** Append, unless @p value is NULL or empty. */
void attest_add_pair(struct attest_pairs *to, const char *name,
                     const char *value);

/** What the pipeline says of itself, in named variables only. */
struct attest_ci {
    const char *name; /**< "github-actions", "gitlab-ci", "jenkins" or NULL */
    char invocation[HM_SOURCE_URL_MAX + 1]; /**< "" when there is none */
    const char *commit; /**< commit that the pipeline says it builds, or NULL */
};

/** Recognise the pipeline and append its variables to @p internal.
 * @return HM_E_USAGE `attest.variable.syntax` (a variable that is not printable
 *         ASCII or too long) */
HM_MUST hm_rc attest_read_ci(struct attest_ci *ci,
                             struct attest_pairs *internal, struct hm_err *e);

/** Everything that is known of a build. */
struct attest_build {
    struct hm_release release;     /**< owned */
    struct hm_source source;       /**< owned */
    struct attest_files artefacts; /**< owned */
    struct attest_files sboms;     /**< owned */
    struct hm_buf uri; /**< owned: git+URL@REF and a NUL, or empty */
    struct attest_ci ci;
    hm_time epoch; /**< SOURCE_DATE_EPOCH, else the commit's time */
    hm_time started, finished;
    char numbers[5][24]; /**< the numbers below as text */
    char config_sha256[HM_SHA256_HEX];
    struct attest_pairs external, internal, version;
};

/** Make the facts empty: the struct is too large to be initialised from a
 * temporary. */
void attest_build_begin(struct attest_build *b);

/** What the command line asks of the facts; members may be NULL. */
struct attest_ask {
    const char *release;    /**< path of release.json; never NULL */
    const char *dir;        /**< release directory; else release.json's */
    const char *repository; /**< git work tree */
    const char *started, *finished;
    bool allow_dirty;
};

/** Gather the facts.
 * @return HM_E_REJECTED `source.tree.dirty`, `attest.artefact.missing`,
 *         `attest.file.kind`; HM_E_USAGE `attest.time.order`, `base.time.*`,
 *         `attest.variable.syntax`, what hm_release_load() and hm_source_read()
 *         say; HM_E_IO */
HM_MUST hm_rc attest_gather(struct attest_build *b,
                            const struct attest_ask *ask, struct hm_err *e);

/** The Statement of these facts. */
HM_MUST hm_rc attest_write(struct attest_build *b, struct hm_buf *out,
                           struct hm_err *e);

void attest_build_clear(struct attest_build *b);

#endif /* ATTEST_CLI_PRIV_H */
