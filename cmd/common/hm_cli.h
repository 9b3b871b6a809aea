/** @file
 * One table per command: parsing, usage text and the check of the manual page
 * come from it.  One way to end: hm_cli_main() turns a failure into the message
 * on standard error, the JSON result and the exit status.
 */
#ifndef HM_CLI_H
#define HM_CLI_H

#include <stdio.h>

#include "hm_file.h"
#include "hm_json.h"
#include "hm_progress.h"

enum hm_opt_kind {
    HM_OPT_FLAG,   /**< into: bool * */
    HM_OPT_VALUE,  /**< into: const char ** */
    HM_OPT_OUTPUT, /**< into: const char **; a file to write.  "-" is standard
                        output, which is refused together with --json and sends
                        hm_cli_say() to standard error */
    HM_OPT_PLACE,  /**< into: const char **; what is written there is more than
                        one file, so "-" is refused */
    HM_OPT_LIST    /**< into: struct hm_cli_list *; may be given again */
};

#define HM_CLI_LIST_MAX 64

/** Values of an option that may be given more than once, in order. */
struct hm_cli_list {
    const char *value[HM_CLI_LIST_MAX];
    unsigned at[HM_CLI_LIST_MAX]; /**< place among the values of all lists */
    size_t n;
};

struct hm_opt {
    const char *name; /**< long name without dashes; NULL ends the table */
    char letter;      /**< short form, or 0 */
    enum hm_opt_kind kind;
    bool required;
    void *into;
    const char *arg;  /**< how usage shows the value, e.g. "FILE" */
    const char *help; /**< one line, no full stop */
};

#define HM_OPT_END                                    \
    {                                                 \
        NULL, 0, HM_OPT_FLAG, false, NULL, NULL, NULL \
    }

/** What every command has; hm_cli_main() parses it for all. */
struct hm_cli {
    const char *program; /**< e.g. "hallmark-sign" */
    bool json;           /**< --json: one object on stdout, no text */
    bool quiet;          /**< --quiet: no progress, no text for people */
    bool stdout_taken;   /**< a HM_OPT_OUTPUT is "-" */
    int argc;            /**< operands left after parsing */
    const char *const *argv;
    struct hm_buf result; /**< what --json prints; see hm_cli_result() */
};

/** One verb of a program, or the whole program if it has no verbs. */
struct hm_command {
    const char *name;     /**< the verb; NULL: the program has no verbs */
    const char *operands; /**< e.g. "DIR", "URI…", or "" */
    int operands_min;
    int operands_max;    /**< -1: no limit */
    const char *summary; /**< one line, no full stop */
    const struct hm_opt *opts;
    hm_rc (*run)(struct hm_cli *cli, struct hm_err *e);
};

/** A library of others that the program links, for --version; the room that
 * uses it offers the function. */
struct hm_cli_library {
    const char *name;
    const char *(*version)(void);
};

struct hm_program {
    const char *name;                       /**< e.g. "hallmark-sign" */
    const char *summary;                    /**< one line, no full stop */
    const struct hm_command *commands;      /**< ends with run == NULL */
    const struct hm_cli_library *libraries; /**< ends with name == NULL */
    /** What --help without a verb prints; NULL: the commands */
    void (*help)(FILE *to, const struct hm_program *program);
    /** Give a word that is no verb to another program; returns only when that
     * fails.  @p at is its place in @p argv.  NULL: it is refused */
    hm_rc (*other)(int argc, char *argv[], int at, struct hm_err *e);
};

/** The whole of main(): find the verb, parse, run, report.
 *
 * Options may stand before or after the verb and operands; long names in full,
 * values as `--key FILE` or `--key=FILE`, letters also together and with their
 * value (`-nf`, `-kFILE`); `--` ends options.  An option that is no HM_OPT_LIST
 * may be given once.  Every command also takes --help, --version, --json,
 * --quiet.
 *
 * On failure: `program: text [reason]` and the hint on stderr; with --json also
 * { "schema_version": 1, "program", "ok": false, "reason", "message", "hint" }
 * on stdout unless the command made a result of its own.
 *
 * @return the exit status: 0 yes, 1 no, 2 usage, 3 environment, 4 token
 */
int hm_cli_main(const struct hm_program *program, int argc, char *argv[]);

/** A line for people on stdout, or on stderr when stdout is taken by a document;
 * nothing with --json or --quiet.  Bytes from
 * outside must have passed hm_show(). */
void hm_cli_say(const struct hm_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** A warning on stderr, `program: warning: text`. */
void hm_cli_warn(const struct hm_cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** A line that shows how far an operation has come; only when standard error
 * is a terminal, and not with --json or --quiet. */
struct hm_cli_progress {
    struct hm_progress progress; /**< hand this to the operation */
    const char *what;            /**< e.g. "packing"; borrowed */
    uint64_t shown_ms;
    bool is_shown;
};

/** @p p must stay where it is until hm_cli_progress_clear(). */
void hm_cli_progress_begin(const struct hm_cli *cli, struct hm_cli_progress *p,
                           const char *what);

/** Wipe the line. */
void hm_cli_progress_clear(struct hm_cli_progress *p);

/** Begin the JSON result: writes schema_version, program and "ok": true.  The
 * command adds members and calls hm_json_close_object() and
 * hm_json_finish(); hm_cli_main() prints it when --json was given. */
void hm_cli_result(struct hm_cli *cli, struct hm_json_writer *w, bool ok);

/** Does @p path, which may be NULL, mean standard output? */
bool hm_cli_is_stdout(const char *path);

/** Write @p bytes to the file that -o named ("-": stdout), never over an
 * existing file without @p force.
 * @return HM_E_USAGE `base.out.exists`; HM_E_IO */
HM_MUST hm_rc hm_cli_output(const char *path, struct hm_bytes bytes, bool force,
                            struct hm_err *e);

/** Would hm_cli_output() refuse @p path?  For a dry run: leaves nothing. */
HM_MUST hm_rc hm_cli_output_check(const char *path, bool force,
                                  struct hm_err *e);

/** Load the file that an operand named ("-": stdin), at most out->max bytes. */
HM_MUST hm_rc hm_cli_input(const char *path, struct hm_buf *out,
                           struct hm_err *e);

#endif /* HM_CLI_H */
