#include "cli_priv.h"

#define COLUMN 30

static void print_option(FILE *to, const struct hm_opt *o)
{
    const bool has_letter = o->letter != '\0';
    const int n = fprintf(to, "  %c%c%c --%s%s%s", has_letter ? '-' : ' ',
                          has_letter ? o->letter : ' ', has_letter ? ',' : ' ',
                          o->name, o->kind == HM_OPT_FLAG ? "" : " ",
                          o->kind == HM_OPT_FLAG ? "" : o->arg);

    (void)fprintf(to, "%*s %s%s%s\n", n < COLUMN ? COLUMN - n : 0, "", o->help,
                  o->required ? " (required)" : "",
                  o->kind == HM_OPT_LIST ? " (may be given again)" : "");
}

static void print_options(FILE *to, const struct hm_opt *opts)
{
    for (const struct hm_opt *o = opts; o != NULL && o->name != NULL; o++)
        print_option(to, o);
}

static void print_commands(FILE *to, const struct hm_program *program)
{
    (void)fprintf(to, "usage: %s COMMAND [options] ...\n\n%s.\n\ncommands:\n",
                  program->name, program->summary);
    for (const struct hm_command *c = program->commands; c->run != NULL; c++)
        (void)fprintf(to, "  %-16s %s\n", c->name, c->summary);
    (void)fprintf(to, "\n'%s COMMAND --help' tells more of one.\n",
                  program->name);
}

void cli_usage(FILE *to, const struct hm_program *program,
               const struct hm_command *command, const struct hm_opt *common)
{
    if (command == NULL) {
        print_commands(to, program);
        return;
    }
    (void)fprintf(to, "usage: %s%s%s [options]%s%s\n\n%s.\n\noptions:\n",
                  program->name, command->name == NULL ? "" : " ",
                  command->name == NULL ? "" : command->name,
                  command->operands[0] == '\0' ? "" : " ", command->operands,
                  command->summary);
    print_options(to, command->opts);
    print_options(to, common);
}
