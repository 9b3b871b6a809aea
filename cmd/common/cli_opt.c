#include <stdlib.h>

#include "cli_priv.h"

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

/* The option that arg names in one table; NULL when none does. */
static const struct hm_opt *find_in(const struct hm_opt *opts, const char *arg)
{
    const bool is_long = arg[1] == '-';
    const struct hm_bytes name = {(const uint8_t *)arg + 2,
                                  is_long ? strcspn(arg + 2, "=") : 0};

    for (const struct hm_opt *o = opts; o != NULL && o->name != NULL; o++) {
        if (is_long && hm_bytes_eq(name, hm_bytes_str(o->name)))
            return o;
        if (!is_long && o->letter != '\0' && arg[1] == o->letter &&
            arg[2] == '\0')
            return o;
    }
    return NULL;
}

/* Seen already?  Remembers. */
static bool seen_before(struct cli_parse *p, const struct hm_opt *o)
{
    for (size_t i = 0; i < p->seen_n; i++)
        if (p->seen[i] == o)
            return true;
    if (p->seen_n < CLI_OPTS_MAX)
        p->seen[p->seen_n++] = o;
    return false;
}

HM_MUST static hm_rc store_value(const struct hm_opt *o, const char *value,
                                 struct hm_err *e)
{
    struct hm_cli_list *list = o->into;

    if (o->kind == HM_OPT_VALUE) {
        *(const char **)o->into = value;
        return HM_OK;
    }
    if (list->n == HM_CLI_LIST_MAX)
        return hm_fail(e, HM_E_USAGE, "cli.option.count",
                       "option '--%s' is given more than %d times", o->name,
                       HM_CLI_LIST_MAX);
    list->value[list->n++] = value;
    return HM_OK;
}

HM_MUST static hm_rc store(const struct hm_opt *o, struct cli_parse *p,
                           const char *arg, struct hm_err *e)
{
    const char *equals = arg[1] == '-' ? strchr(arg, '=') : NULL;

    if (o->kind == HM_OPT_FLAG) {
        if (equals != NULL)
            return hm_fail(e, HM_E_USAGE, "cli.option.value",
                           "option '--%s' takes no value", o->name);
        *(bool *)o->into = true;
        return HM_OK;
    }
    if (equals != NULL)
        return store_value(o, equals + 1, e);
    if (p->at + 1 >= p->argc)
        return hm_fail(e, HM_E_USAGE, "cli.option.value",
                       "option '--%s' needs %s", o->name, o->arg);
    return store_value(o, p->argv[++p->at], e);
}

HM_MUST static hm_rc take_option(struct cli_parse *p, const char *arg,
                                 struct hm_err *e)
{
    const struct hm_opt *o = find_in(p->own, arg);

    if (o == NULL)
        o = find_in(p->common, arg);
    if (o == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.unknown",
                       "unknown option '%s'", hm_show_str(arg));
    if (seen_before(p, o) && o->kind != HM_OPT_LIST)
        return hm_fail(e, HM_E_USAGE, "cli.option.twice",
                       "option '--%s' is given twice", o->name);
    return store(o, p, arg, e);
}

hm_rc cli_parse_run(struct cli_parse *p, struct hm_err *e)
{
    bool options_ended = false;

    for (; p->at < p->argc; p->at++) {
        const char *arg = p->argv[p->at];

        if (!options_ended && strcmp(arg, "--") == 0)
            options_ended = true;
        else if (!options_ended && is_option(arg))
            HM_TRY(take_option(p, arg, e));
        else
            p->operands[p->operands_n++] = arg;
    }
    return HM_OK;
}

hm_rc cli_parse_check(const struct cli_parse *p,
                      const struct hm_command *command, struct hm_err *e)
{
    for (const struct hm_opt *o = p->own; o != NULL && o->name != NULL; o++) {
        bool given = false;

        for (size_t i = 0; i < p->seen_n; i++)
            given |= p->seen[i] == o;
        if (o->required && !given)
            return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                           "option '--%s %s' is required", o->name, o->arg);
    }
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
