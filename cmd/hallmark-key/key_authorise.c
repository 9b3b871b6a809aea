#include "key_priv.h"

static struct key_change opt;
static const char *reason;
static struct hm_cli_list compromised;

/* A row each, because the verbs differ in one or two of them. */
#define VALUE(name, member, arg, help)                       \
    {                                                        \
        name, 0, HM_OPT_VALUE, false, &opt.member, arg, help \
    }
#define LIST(name, member, arg, help)                       \
    {                                                       \
        name, 0, HM_OPT_LIST, false, &opt.member, arg, help \
    }
#define NEEDED(name, letter, member, arg, help)                  \
    {                                                            \
        name, letter, HM_OPT_VALUE, true, &opt.member, arg, help \
    }

#define ROOT           NEEDED("root", 'r', root, "FILE", "root.json")
#define FROM           "the authorisation before, with its signatures"
#define KEY_PEM        LIST("key", keys, "ROLE=PEM", "public key to authorise")
#define PRODUCT(which) LIST("product", products, "NAME", which)
#define UNTIL                                 \
    VALUE("valid-until", valid_until, "TIME", \
          "end of the authorisation and of the new keys")
#define DAYS VALUE("days", days, "N", "the same, in days from now")
#define CLAIMS                     \
    LIST("claims", claims, "FILE", \
         "what 'show URI --pin SOURCE --json' printed of a new key")
#define COUNTER                                     \
    VALUE("max-rollback-counter", max_counter, "N", \
          "highest rollback counter of the products")
#define EPOCH                  \
    VALUE("epoch", epoch, "N", \
          "epoch of the products; a higher one resets sequences")
#define ISSUE_TIME                          \
    VALUE("issue-time", issue_time, "TIME", \
          "time of this act (default: the clock)")
#define SEQUENCE                     \
    VALUE("sequence", sequence, "N", \
          "number of the authorisation (default: one more than before)")
#define SKIP_REASON                           \
    VALUE("skip-reason", skip_reason, "TEXT", \
          "why the sequence skips numbers; needs --force")
#define SIGN VALUE("sign", sign, "URI", "root key that signs at once")
#define PIN                     \
    VALUE("pin", pin, "SOURCE", \
          "its PIN: fd:N, file:PATH, credential:NAME or tty")
#define ACCEPT                                                           \
    {                                                                    \
        "accept-claims", 0, HM_OPT_FLAG, false, &opt.accept_claims, "",  \
            "sign although the token claims that the root key may leave" \
    }
#define DOCUMENT(arg, help)                                        \
    {                                                              \
        "output", 'o', HM_OPT_OUTPUT, true, &opt.output, arg, help \
    }
#define OUTPUT \
    DOCUMENT("FILE", "write authorisation.json, and FILE.sig when signed")
#define FORCE                                                     \
    {                                                             \
        "force", 'f', HM_OPT_FLAG, false, &opt.force, "",         \
            "replace FILE and its signatures when they are there" \
    }
#define REFUSE                                                              \
    {                                                                       \
        "refuse-software", 0, HM_OPT_FLAG, false, &opt.refuse_software, "", \
            "refuse new keys without good claims, or of a software token"   \
    }
#define DRY_RUN                                               \
    {                                                         \
        "dry-run", 'n', HM_OPT_FLAG, false, &opt.dry_run, "", \
            "show what would be written, sign nothing"        \
    }

const struct hm_opt key_authorise_opts[] = {
    ROOT,
    VALUE("from", from, "FILE", FROM " (default: this is the first)"),
    KEY_PEM,
    PRODUCT("product that the keys are for, exact name"),
    UNTIL,
    DAYS,
    CLAIMS,
    REFUSE,
    COUNTER,
    EPOCH,
    LIST("require", require, "ROLE",
         "role that must sign a manifest (default: as before, first manifest)"),
    SEQUENCE,
    SKIP_REASON,
    ISSUE_TIME,
    SIGN,
    PIN,
    ACCEPT,
    KEY_WHERE(opt.where),
    OUTPUT,
    FORCE,
    DRY_RUN,
    HM_OPT_END,
};

const struct hm_opt key_rotate_opts[] = {
    ROOT,
    NEEDED("from", 0, from, "FILE", FROM),
    {"retire", 0, HM_OPT_LIST, true, &opt.retire, "PEM|KEYID",
     "key that goes: what it signs from now on is refused"},
    {"key", 0, HM_OPT_LIST, true, &opt.keys, "ROLE=PEM",
     "public key that takes its place"},
    PRODUCT("product of the new key (default: those of the old one)"),
    UNTIL,
    DAYS,
    CLAIMS,
    REFUSE,
    COUNTER,
    EPOCH,
    SEQUENCE,
    SKIP_REASON,
    ISSUE_TIME,
    SIGN,
    PIN,
    ACCEPT,
    KEY_WHERE(opt.where),
    OUTPUT,
    FORCE,
    DRY_RUN,
    HM_OPT_END,
};

/* The key that is not to be believed any more, and what is known of it. */
#define REVOKED                                                              \
    {"compromised",                                                          \
     0,                                                                      \
     HM_OPT_LIST,                                                            \
     false,                                                                  \
     &compromised,                                                           \
     "PEM|KEYID",                                                            \
     "revoke: --retire KEY --reason compromised"},                           \
        {"reason",                                                           \
         0,                                                                  \
         HM_OPT_VALUE,                                                       \
         false,                                                              \
         &reason,                                                            \
         "WORD",                                                             \
         "revoke: compromised or lost"},                                     \
        VALUE("since", since, "TIME",                                        \
              "revoke: when it was stolen or lost (default: now)"),          \
        VALUE("repository", repository, "DIR",                               \
              "revoke: tell what the key signed there, and who is reached"), \
        VALUE("cohorts", cohorts, "FILE",                                    \
              "revoke: states of devices (default: of the repository)"),     \
        VALUE("incident", incident, "FILE",                                  \
              "revoke: write a record of it all, a hallmark-incident/1")

const struct hm_opt key_revoke_opts[] = {
    ROOT,
    NEEDED("from", 0, from, "FILE", FROM),
    LIST("retire", retire, "PEM|KEYID", "key that is to be revoked"),
    REVOKED,
    VALUE("by", by, "NAME", "who noticed, for the record"),
    VALUE("why", why, "TEXT", "the ticket or the reason, for the record"),
    KEY_PEM,
    PRODUCT("product of the new key (default: those of the old one)"),
    UNTIL,
    DAYS,
    CLAIMS,
    REFUSE,
    COUNTER,
    EPOCH,
    SEQUENCE,
    SKIP_REASON,
    ISSUE_TIME,
    SIGN,
    PIN,
    ACCEPT,
    KEY_WHERE(opt.where),
    OUTPUT,
    FORCE,
    DRY_RUN,
    HM_OPT_END,
};

const struct hm_opt key_prepare_opts[] = {
    ROOT,
    VALUE("from", from, "FILE", FROM " (authorise: default: none)"),
    NEEDED("by", 0, by, "NAME", "who asks for it"),
    NEEDED("why", 0, why, "TEXT", "the ticket or the reason, for the signers"),
    LIST("retire", retire, "PEM|KEYID", "rotate, revoke: key that goes"),
    REVOKED,
    KEY_PEM,
    PRODUCT("product of new keys (default: those of the key that goes)"),
    UNTIL,
    DAYS,
    CLAIMS,
    REFUSE,
    COUNTER,
    EPOCH,
    LIST("require", require, "ROLE",
         "role that must sign a manifest (default: as before)"),
    SEQUENCE,
    SKIP_REASON,
    ISSUE_TIME,
    DOCUMENT("REQUEST", "write the request"),
    FORCE,
    DRY_RUN,
    HM_OPT_END,
};

/* --compromised KEY says both. */
HM_MUST static hm_rc take_compromised(struct hm_err *e)
{
    if (compromised.n == 0)
        return HM_OK;
    if (reason != NULL || opt.retire.n > 0)
        return hm_fail(e, HM_E_USAGE, "key.prepare.option",
                       "--compromised goes with neither --retire nor --reason");
    opt.retire = compromised;
    reason = "compromised";
    return HM_OK;
}

HM_MUST static hm_rc take_reason(struct hm_err *e)
{
    opt.act = HM_ACT_REVOKE;
    if (opt.retire.n == 0)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "expected --compromised PEM|KEYID, or --retire "
                       "PEM|KEYID with --reason WORD");
    if (reason != NULL && strcmp(reason, "compromised") == 0)
        opt.reason = HM_COMPROMISED;
    else if (reason != NULL && strcmp(reason, "lost") == 0)
        opt.reason = HM_LOST;
    else
        return hm_fail(e, HM_E_USAGE, "key.revoke.reason",
                       "'--reason %s': expected compromised or lost",
                       reason == NULL ? "" : hm_show_str(reason));
    return HM_OK;
}

HM_MUST static hm_rc check_authorise(struct hm_err *e)
{
    opt.act = HM_ACT_AUTHORISE;
    if (opt.retire.n > 0 || reason != NULL || opt.since != NULL ||
        opt.repository != NULL)
        return hm_fail(e, HM_E_USAGE, "key.prepare.option",
                       "authorise takes neither --retire nor --reason nor "
                       "--since nor --repository: say rotate or revoke");
    if (opt.from != NULL || opt.keys.n > 0)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.authorise.empty",
                   "the first authorisation needs --key ROLE=PEM");
}

HM_MUST static hm_rc check_rotate(struct hm_err *e)
{
    opt.act = HM_ACT_ROTATE;
    opt.reason = HM_ROTATED;
    if (reason != NULL || opt.since != NULL || opt.repository != NULL)
        return hm_fail(e, HM_E_USAGE, "key.prepare.option",
                       "rotate takes neither --reason nor --since nor "
                       "--repository: say revoke");
    if (opt.keys.n > 0)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                   "rotate needs --key ROLE=PEM: the key that takes its place");
}

/* What the tables of rotate and revoke demand of themselves. */
HM_MUST static hm_rc check_change(const char *act, struct hm_err *e)
{
    if (opt.from == NULL || opt.retire.n == 0)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "%s needs --from FILE and --retire PEM|KEYID", act);
    return HM_OK;
}

hm_rc key_prepare_run(struct hm_cli *cli, struct hm_err *e)
{
    const char *act = cli->argv[0];

    HM_TRY(take_compromised(e));
    if (strcmp(act, "authorise") == 0) {
        HM_TRY(check_authorise(e));
    } else if (strcmp(act, "rotate") == 0) {
        HM_TRY(check_change(act, e));
        HM_TRY(check_rotate(e));
    } else if (strcmp(act, "revoke") == 0) {
        HM_TRY(check_change(act, e));
        HM_TRY(take_reason(e));
    } else {
        return hm_fail(e, HM_E_USAGE, "key.prepare.act",
                       "unknown act '%s': expected authorise, rotate or revoke",
                       hm_show_str(act));
    }
    return key_prepare(cli, &opt, e);
}

/* Standard output takes the document, but not a signature beside it. */
HM_MUST static hm_rc run_change(struct hm_cli *cli, struct hm_err *e)
{
    if (opt.sign == NULL || !cli->stdout_taken)
        return key_change_run(cli, &opt, e);
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "cli.option.value",
                           "'-o -' does not go with --sign: the document and "
                           "its signature are two files"),
                   "name a file, or sign the document later with "
                   "hallmark-sign");
}

hm_rc key_authorise_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_TRY(check_authorise(e));
    return run_change(cli, e);
}

hm_rc key_rotate_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_TRY(check_rotate(e));
    return run_change(cli, e);
}

hm_rc key_revoke_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_TRY(take_compromised(e));
    HM_TRY(take_reason(e));
    return run_change(cli, e);
}
