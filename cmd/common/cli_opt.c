#include <stdlib.h>

#include "cli_priv.h"

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

/* One option of an argument.  A long one is the whole argument; letters stand
 * together, and a value may follow its letter directly (POSIX). */
struct option {
    const struct hm_opt *o; /* NULL: no table knows it */
    char letter;            /* or 0: a long one */
    const char *value;      /* in the same argument; NULL: none */
    const char *rest;       /* letters behind it; NULL: none */
};

static const struct hm_opt *find_in(const struct hm_opt *opts,
                                    struct hm_bytes name, char letter)
{
    for (const struct hm_opt *o = opts; o != NULL && o->name != NULL; o++)
        if (letter != '\0' ? o->letter == letter
                           : hm_bytes_eq(name, hm_bytes_str(o->name)))
            return o;
    return NULL;
}

static const struct hm_opt *find(const struct cli_tables *t,
                                 struct hm_bytes name, char letter)
{
    const struct hm_command *first =
        t->command != NULL ? t->command : t->program->commands;
    const struct hm_opt *o = find_in(first->opts, name, letter);

    for (const struct hm_command *c = first;
         o == NULL && t->command == NULL && c->run != NULL; c++)
        o = find_in(c->opts, name, letter);
    return o != NULL ? o : find_in(t->common, name, letter);
}

static struct option read_letter(const struct cli_tables *t, const char *at)
{
    const char *rest = at[1] == '\0' ? NULL : at + 1;
    struct option it = {.letter = at[0], .rest = rest};

    it.o = find(t, (struct hm_bytes){NULL, 0}, at[0]);
    if (it.o == NULL || it.o->kind == HM_OPT_FLAG)
        return it;
    it.value = rest;
    it.rest = NULL;
    return it;
}

/* The first option of an argument. */
static struct option read_option(const struct cli_tables *t, const char *arg)
{
    const size_t n = arg[1] == '-' ? strcspn(arg + 2, "=") : 0;
    struct option it = {.o = NULL};

    if (arg[1] != '-')
        return read_letter(t, arg + 1);
    it.o = find(t, (struct hm_bytes){(const uint8_t *)arg + 2, n}, '\0');
    if (arg[2 + n] == '=')
        it.value = arg + 3 + n;
    return it;
}

/* How many arguments an option is: with its value, when that stands apart. */
static int count_arguments(const struct cli_tables *t, const char *arg,
                           bool *known)
{
    struct option it = read_option(t, arg);

    *known = it.o != NULL;
    while (it.rest != NULL) {
        it = read_letter(t, it.rest);
        *known &= it.o != NULL;
    }
    return it.o != NULL && it.o->kind != HM_OPT_FLAG && it.value == NULL ? 2
                                                                         : 1;
}

int cli_first_operand(const struct cli_tables *t, int argc, char *const argv[],
                      const char **unknown)
{
    int at = 1;

    *unknown = NULL;
    while (at < argc && is_option(argv[at])) {
        const char *arg = argv[at];
        bool known = false;

        if (strcmp(arg, "--") == 0)
            return at + 1;
        at += count_arguments(t, arg, &known);
        if (!known && *unknown == NULL)
            *unknown = arg;
    }
    return at < argc ? at : argc;
}

static bool is_given(const struct cli_parse *p, const struct hm_opt *o)
{
    for (size_t i = 0; i < p->seen_n; i++)
        if (p->seen[i] == o)
            return true;
    return false;
}

/* Seen already?  Remembers. */
static bool seen_before(struct cli_parse *p, const struct hm_opt *o)
{
    const bool seen = is_given(p, o);

    if (!seen && p->seen_n < CLI_OPTS_MAX)
        p->seen[p->seen_n++] = o;
    return seen;
}

HM_MUST static hm_rc store_value(struct cli_parse *p, const struct hm_opt *o,
                                 const char *value, struct hm_err *e)
{
    struct hm_cli_list *list = o->into;

    if (o->kind != HM_OPT_LIST) {
        *(const char **)o->into = value;
        return HM_OK;
    }
    if (list->n == HM_CLI_LIST_MAX)
        return hm_fail(e, HM_E_USAGE, "cli.option.count",
                       "option '--%s' is given more than %d times", o->name,
                       HM_CLI_LIST_MAX);
    list->at[list->n] = p->listed++;
    list->value[list->n++] = value;
    return HM_OK;
}

HM_MUST static hm_rc store(struct cli_parse *p, const struct option *it,
                           struct hm_err *e)
{
    const struct hm_opt *o = it->o;

    if (o->kind == HM_OPT_FLAG && it->value != NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "option '--%s' takes no value", o->name);
    if (o->kind == HM_OPT_FLAG) {
        *(bool *)o->into = true;
        return HM_OK;
    }
    if (it->value != NULL)
        return store_value(p, o, it->value, e);
    if (p->at + 1 >= p->argc)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "option '--%s' needs %s", o->name, o->arg);
    return store_value(p, o, p->argv[++p->at], e);
}

HM_MUST static hm_rc refuse_unknown(const char *arg, char letter,
                                    struct hm_err *e)
{
    const char name[] = {'-', letter, '\0'};

    if (letter == '\0' || arg[2] == '\0')
        return hm_fail(e, HM_E_USAGE, "cli.option.unknown",
                       "unknown option '%s'", hm_show_str(arg));
    return hm_fail(e, HM_E_USAGE, "cli.option.unknown",
                   "unknown option '%s' in '%s'", hm_show_str(name),
                   hm_show_str(arg));
}

HM_MUST static hm_rc take_option(struct cli_parse *p, const char *arg,
                                 struct hm_err *e)
{
    struct option it = read_option(&p->tables, arg);

    for (;;) {
        if (it.o == NULL)
            return refuse_unknown(arg, it.letter, e);
        if (seen_before(p, it.o) && it.o->kind != HM_OPT_LIST)
            return hm_fail(e, HM_E_USAGE, "cli.option.twice",
                           "option '--%s' is given twice", it.o->name);
        HM_TRY(store(p, &it, e));
        if (it.rest == NULL)
            return HM_OK;
        it = read_letter(&p->tables, it.rest);
    }
}

hm_rc cli_parse_run(struct cli_parse *p, struct hm_err *e)
{
    bool options_ended = false;

    for (; p->at < p->argc; p->at++) {
        const char *arg = p->argv[p->at];

        if (p->verb > 0 && p->at == p->verb)
            continue;
        if (!options_ended && strcmp(arg, "--") == 0)
            options_ended = true;
        else if (!options_ended && is_option(arg))
            HM_TRY(take_option(p, arg, e));
        else
            p->operands[p->operands_n++] = arg;
    }
    return HM_OK;
}

/* The option's value is "-". */
HM_MUST static hm_rc take_stdout(const struct hm_opt *o, struct hm_cli *cli,
                                 struct hm_err *e)
{
    if (o->kind == HM_OPT_PLACE)
        return hm_hint(e,
                       hm_fail(e, HM_E_USAGE, "cli.option.value",
                               "'--%s -': what is written there is more than "
                               "one file, and standard output is one",
                               o->name),
                       "name a %s", o->arg);
    if (cli->json)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "'--%s -' does not go with --json: both write standard "
                       "output",
                       o->name);
    cli->stdout_taken = true;
    return HM_OK;
}

HM_MUST static hm_rc check_option(const struct cli_parse *p,
                                  const struct hm_opt *o, struct hm_cli *cli,
                                  struct hm_err *e)
{
    const bool given = is_given(p, o);

    if (o->required && !given)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "option '--%s %s' is required", o->name, o->arg);
    if (!given || (o->kind != HM_OPT_OUTPUT && o->kind != HM_OPT_PLACE) ||
        !hm_cli_is_stdout(*(const char **)o->into))
        return HM_OK;
    return take_stdout(o, cli, e);
}

hm_rc cli_parse_check(const struct cli_parse *p, struct hm_cli *cli,
                      struct hm_err *e)
{
    const struct hm_command *command = p->tables.command;

    for (const struct hm_opt *o = command->opts; o->name != NULL; o++)
        HM_TRY(check_option(p, o, cli, e));
    if (p->operands_n < command->operands_min)
        return hm_fail(e, HM_E_USAGE, "cli.operand.missing",
                       "expected %s, got %d operands", command->operands,
                       p->operands_n);
    if (command->operands_max >= 0 && p->operands_n > command->operands_max)
        return hm_fail(e, HM_E_USAGE, "cli.operand.extra",
                       "unexpected operand '%s'",
                       hm_show_str(p->operands[command->operands_max]));
    return HM_OK;
}
