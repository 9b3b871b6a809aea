/** @file
 * What the parts of `hallmark` share: the programs beside it, one child at a
 * time, and the staging folder.
 */
#ifndef HALLMARK_PRIV_H
#define HALLMARK_PRIV_H

#include "hm_cli.h"
#include "hm_release.h"

/** One program of the family. */
struct family {
    const char *name; /**< without "hallmark-" */
    const char *summary;
};

/** Ends with name == NULL. */
extern const struct family hallmark_family[];

/** Folder of the running program, from /proc/self/exe: never PATH.
 * @param[out] out  path with a NUL behind it */
HM_MUST hm_rc hallmark_find_folder(struct hm_buf *out, struct hm_err *e);

/** Become `hallmark-WORD`, the program beside this one; returns only on
 * failure: HM_E_USAGE `cli.command.unknown`, HM_E_IO `hallmark.program.start`
 *
 * @param argv  of main(): argv[at] is the word */
hm_rc hallmark_become(int argc, char *argv[], int at, struct hm_err *e);

/** The text of --help: verbs and programs. */
void hallmark_print_help(FILE *to, const struct hm_program *program);

#define HALLMARK_KEYS 3 /**< that release.json may name */

/** How children run. */
struct child_how {
    const char *folder; /**< borrowed: where the programs are */
    bool silent;        /**< standard output of children is thrown away */
    int closed
        [HALLMARK_KEYS];  /**< descriptors kept from this child; -1: none */
    const char *variable; /**< NAME=VALUE put into the environment, or NULL */
    const char *zone;     /**< another one, "TZ=…", or NULL */
};

/** Run a program beside this one to its end.  What it says on standard error
 * is passed on as it comes.
 *
 * @param words  the argument vector; words->name[0] is the program's name
 * @return HM_OK for exit status 0; else HM_E_REJECTED, HM_E_USAGE, HM_E_IO or
 *         HM_E_TOKEN as the status says, with the reason, sentence and hint
 *         that the child gave, else `hallmark.step.failed`; HM_E_IO `hallmark.program.start` or
 *         `hallmark.program.killed`
 */
HM_MUST hm_rc hallmark_run_child(const struct child_how *how,
                                 const struct hm_names *words,
                                 struct hm_err *e);

/** Append words to an argument vector, up to a NULL. */
HM_MUST hm_rc hallmark_add_words(struct hm_names *to, struct hm_err *e, ...);

/** Append @p name and @p value, or nothing when there is no value. */
HM_MUST hm_rc hallmark_add_option(struct hm_names *to, const char *name,
                                  const char *value, struct hm_err *e);

/** The same for a path of release.json, made absolute. */
HM_MUST hm_rc hallmark_add_path(struct hm_names *to, const char *name,
                                const struct hm_release *r, const char *path,
                                struct hm_err *e);

/** Append what says where the token of @p key is: its module and store. */
HM_MUST hm_rc hallmark_add_where(struct hm_names *to,
                                 const struct hm_release *r,
                                 const struct hm_release_key *key,
                                 struct hm_err *e);

/** Append @p words as a line that a shell would read back. */
HM_MUST hm_rc hallmark_add_line(const struct hm_names *words, struct hm_buf *to,
                                struct hm_err *e);

/** The staging folder: `.hallmark-stage/VERSION/` beside release.json, a
 * release directory while it grows.  One `hallmark release` at a time. */
struct stage {
    struct hm_dir base; /**< owned: .hallmark-stage */
    struct hm_dir dir;  /**< owned: .hallmark-stage/VERSION */
    int lock;           /**< owned; -1: not begun */
    char version[HM_VERSION_TEXT];
    struct hm_buf folder;    /**< owned: of base, with a NUL behind it */
    struct hm_buf path;      /**< owned: of dir, likewise */
    struct hm_buf statement; /**< owned: where the Statement goes, likewise */
};

#define STAGE_INIT                                              \
    {                                                           \
        .base = HM_DIR_INIT, .dir = HM_DIR_INIT, .lock = -1,    \
        .folder = HM_BUF_INIT(8192), .path = HM_BUF_INIT(8192), \
        .statement = HM_BUF_INIT(8192)                          \
    }

/** Make it, replacing what an earlier run left.
 * @return HM_E_REJECTED `hallmark.stage.stranger` (a folder of that name that
 *         is not ours); HM_E_IO `hallmark.stage.locked`, `base.*` */
HM_MUST hm_rc stage_begin(struct stage *s, const struct hm_release *r,
                          struct hm_err *e);

/** Remove it, unless @p keep. */
HM_MUST hm_rc stage_end(struct stage *s, bool keep, struct hm_err *e);

/** Path of @p name beside the stage's release directory, with a NUL behind it:
 * gone when the stage is. */
HM_MUST hm_rc stage_path_beside(const struct stage *s, const char *name,
                                struct hm_buf *out, struct hm_err *e);

/** Path of @p name in the stage, with a NUL behind it. */
HM_MUST hm_rc stage_path(const struct stage *s, const char *name,
                         struct hm_buf *out, struct hm_err *e);

void stage_clear(struct stage *s);

/** What is to be done once `hallmark init` wrote release.json. */
struct next {
    const char *dir; /**< borrowed: folder of release.json, as given */
    const char *vendor, *product; /**< borrowed: as release.json has them */
    bool in_git;                  /**< it lies in a git work tree */
    bool has_ignored;             /**< we wrote its .gitignore */
};

/** Text of a .gitignore for the folder of a release.json. */
extern const char hallmark_ignored[];

/** The lines for a shell, in their order: tokens, keys, root.json,
 * authorisation, release; with the names of the release.json that init wrote.
 * @param[out] out  appended to */
HM_MUST hm_rc hallmark_next_find(const struct next *n, struct hm_names *out,
                                 struct hm_err *e);

/** Is @p dir in a git work tree, with or without a commit? */
bool hallmark_is_in_git(const char *dir);

hm_rc hallmark_init_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt hallmark_init_opts[];

hm_rc hallmark_release_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt hallmark_release_opts[];

hm_rc hallmark_doctor_run(struct hm_cli *cli, struct hm_err *e);
extern const struct hm_opt hallmark_doctor_opts[];

#endif /* HALLMARK_PRIV_H */
