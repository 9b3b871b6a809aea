/** @file
 * Parsing and usage, shared by the parts of this room.
 */
#ifndef HM_CLI_PRIV_H
#define HM_CLI_PRIV_H

#include "hm_cli.h"

#define CLI_OPTS_MAX 64u

/** One run over the arguments.  operands has room for argc of them. */
struct cli_parse {
    int argc;
    char *const *argv;
    int at; /**< next argument */
    const struct hm_opt *own;
    const struct hm_opt *common;
    const struct hm_opt *seen[CLI_OPTS_MAX];
    size_t seen_n;
    const char **operands; /**< borrowed */
    int operands_n;
};

/** Sort arguments into options (stored) and operands.
 * @return HM_E_USAGE `cli.option.unknown|twice|value|count` */
HM_MUST hm_rc cli_parse_run(struct cli_parse *p, struct hm_err *e);

/** Are all required options and the right number of operands there?
 * @return HM_E_USAGE `cli.option.missing`, `cli.operand.missing|extra` */
HM_MUST hm_rc cli_parse_check(const struct cli_parse *p,
                              const struct hm_command *command,
                              struct hm_err *e);

/** Usage of one command, or of the program when @p command is NULL. */
void cli_usage(FILE *to, const struct hm_program *program,
               const struct hm_command *command, const struct hm_opt *common);

#endif /* HM_CLI_PRIV_H */
