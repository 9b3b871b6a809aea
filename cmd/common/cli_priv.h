/** @file
 * Parsing and usage, shared by the parts of this room.
 */
#ifndef HM_CLI_PRIV_H
#define HM_CLI_PRIV_H

#include "hm_cli.h"

#define CLI_OPTS_MAX 64u

/** Where an option is looked up. */
struct cli_tables {
    const struct hm_program *program;
    const struct hm_command *command; /**< NULL: those of every command */
    const struct hm_opt *common;
};

/** The first argument that is neither an option nor the value of one.
 *
 * @param[out] unknown  the first option before it that no table knows, or NULL
 * @return its place; @p argc when there is none */
int cli_first_operand(const struct cli_tables *t, int argc, char *const argv[],
                      const char **unknown);

/** Which command an argument vector means. */
struct cli_verb {
    const struct hm_command *command; /**< NULL: none */
    int at;                           /**< place of its word; 0: it has none */
    int stray; /**< no command: place of the word that is none, or 0 */
};

/** Find the verb: the word that is the first operand by its own option table.
 *
 * @return HM_E_USAGE `cli.command.missing|unknown|ambiguous`,
 *         `cli.option.unknown` */
HM_MUST hm_rc cli_find_command(const struct hm_program *program,
                               const struct hm_opt *common, int argc,
                               char *const argv[], struct cli_verb *verb,
                               struct hm_err *e);

/** One run over the arguments.  operands has room for argc of them. */
struct cli_parse {
    int argc;
    char *const *argv;
    int at;   /**< next argument */
    int verb; /**< place of the verb, which is passed over; 0: none */
    struct cli_tables tables;
    const struct hm_opt *seen[CLI_OPTS_MAX];
    size_t seen_n;
    unsigned listed;       /**< values of lists so far */
    const char **operands; /**< borrowed */
    int operands_n;
};

/** Sort arguments into options (stored) and operands.
 * @return HM_E_USAGE `cli.option.unknown|twice|value|count` */
HM_MUST hm_rc cli_parse_run(struct cli_parse *p, struct hm_err *e);

/** Are all required options and the right number of operands there, and does
 * at most one of them want standard output?
 * @return HM_E_USAGE `cli.option.missing|value`, `cli.operand.missing|extra` */
HM_MUST hm_rc cli_parse_check(const struct cli_parse *p, struct hm_cli *cli,
                              struct hm_err *e);

/** Usage of one command, or of the program when @p command is NULL. */
void cli_usage(FILE *to, const struct hm_program *program,
               const struct hm_command *command, const struct hm_opt *common);

#endif /* HM_CLI_PRIV_H */
