#include "cli_priv.h"

static const struct hm_command *find_named(const struct hm_program *program,
                                           const char *name)
{
    for (const struct hm_command *c = program->commands; c->run != NULL; c++)
        if (c->name != NULL && strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* The command of a program, or of a call, without a verb. */
static const struct hm_command *find_unnamed(const struct hm_program *program)
{
    for (const struct hm_command *c = program->commands; c->run != NULL; c++)
        if (c->name == NULL)
            return c;
    return NULL;
}

/* Which options take a value depends on the verb, and which word is the verb on
 * the options before it.  A word is it when its own table says so. */
HM_MUST static hm_rc find_by_own_table(struct cli_tables t, int argc,
                                       char *const argv[],
                                       struct cli_verb *verb, struct hm_err *e)
{
    for (t.command = t.program->commands; t.command->run != NULL; t.command++) {
        const char *unknown = NULL;
        const int at = cli_first_operand(&t, argc, argv, &unknown);

        if (t.command->name == NULL || unknown != NULL || at == argc ||
            strcmp(t.command->name, argv[at]) != 0)
            continue;
        if (verb->command != NULL)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "cli.command.ambiguous",
                                   "both '%s' and '%s' can be the command here",
                                   verb->command->name, t.command->name),
                           "put the command before its options");
        verb->command = t.command;
        verb->at = at;
    }
    return HM_OK;
}

HM_MUST static hm_rc refuse_option(const char *option, struct hm_err *e)
{
    return hm_fail(e, HM_E_USAGE, "cli.option.unknown", "unknown option '%s'",
                   hm_show_str(option));
}

/* No word is a verb by its own table: find what is wrong.  A verb whose table
 * lacks an option before it is handed out all the same, since the parser says
 * that best. */
HM_MUST static hm_rc explain(struct cli_tables t, int argc, char *const argv[],
                             struct cli_verb *verb, struct hm_err *e)
{
    const char *unknown = NULL;
    const int at = cli_first_operand(&t, argc, argv, &unknown);
    const char *missing = NULL;

    t.command = at == argc ? NULL : find_named(t.program, argv[at]);
    if (t.command != NULL)
        (void)cli_first_operand(&t, argc, argv, &missing);
    if (missing != NULL) {
        verb->command = t.command;
        verb->at = at;
        return HM_OK;
    }
    if (t.command != NULL)
        return hm_fail(e, HM_E_USAGE, "cli.command.ambiguous",
                       "'%s' can be the command or the value of an option: put "
                       "the command before its options",
                       t.command->name);
    if (unknown != NULL)
        return refuse_option(unknown, e);
    if (at == argc)
        return hm_fail(e, HM_E_USAGE, "cli.command.missing",
                       "expected a command");
    verb->stray = at;
    return hm_fail(e, HM_E_USAGE, "cli.command.unknown", "unknown command '%s'",
                   hm_show_str(argv[at]));
}

hm_rc cli_find_command(const struct hm_program *program,
                       const struct hm_opt *common, int argc,
                       char *const argv[], struct cli_verb *verb,
                       struct hm_err *e)
{
    const struct cli_tables all = {.program = program, .common = common};

    *verb = (struct cli_verb){.command = NULL};
    HM_TRY(find_by_own_table(all, argc, argv, verb, e));
    if (verb->command == NULL)
        verb->command = find_unnamed(program);
    return verb->command != NULL ? HM_OK : explain(all, argc, argv, verb, e);
}
