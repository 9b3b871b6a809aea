#include <stdlib.h>

#include "hm_incident.h"
#include "key_priv.h"

/* All that an incident rests on; too large for a stack. */
struct story {
    struct hm_authorisation last; /* owned */
    struct hm_authorisation next; /* owned */
    struct hm_incident incident;  /* owned */
};

static void story_free(struct story **s)
{
    if (*s == NULL)
        return;
    hm_authorisation_clear(&(*s)->last);
    hm_authorisation_clear(&(*s)->next);
    hm_incident_clear(&(*s)->incident);
    free(*s);
}

/* The one key that this change takes away because it is not to be believed any
 * more. */
HM_MUST static hm_rc find_key(struct story *s, struct hm_err *e)
{
    for (size_t i = 0; i < s->next.retired_n; i++) {
        const struct hm_retired_key *key = &s->next.retired[i];

        if (hm_authorisation_find_retired(&s->last, key->entry.key.key.keyid) !=
            NULL)
            continue;
        if (s->incident.key != NULL)
            return hm_fail(e, HM_E_USAGE, "key.incident.many",
                           "one key makes one incident: revoke the others by "
                           "a call of their own, or without --repository");
        s->incident.key = key;
    }
    if (s->incident.key != NULL)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "key.incident.none",
                   "no key is revoked: there is no incident");
}

HM_MUST static hm_rc take_text(const char *option, const char *text,
                               char to[static HM_INCIDENT_TEXT],
                               struct hm_err *e)
{
    if (text == NULL)
        return HM_OK;
    if (strlen(text) >= HM_INCIDENT_TEXT)
        return hm_fail(e, HM_E_USAGE, "key.prepare.text",
                       "--%s has %zu bytes, at most %d are taken", option,
                       strlen(text), HM_INCIDENT_TEXT - 1);
    memcpy(to, text, strlen(text) + 1);
    return HM_OK;
}

HM_MUST static hm_rc take_cohorts(const struct key_change *c,
                                  const struct hm_root *root,
                                  struct hm_incident *incident,
                                  struct hm_err *e)
{
    HM_OWN(hm_buf) bytes = HM_BUF_INIT(HM_COHORTS_BYTES_MAX);
    hm_rc rc;

    if (c->cohorts == NULL)
        return hm_cohorts_from_history(&incident->cohorts, c->repository, root,
                                       e);
    HM_TRY(hm_cli_input(c->cohorts, &bytes, e));
    rc = hm_cohorts_read(&incident->cohorts, hm_buf_view(&bytes), root, e);
    return hm_as_usage(
        e, hm_context(e, rc, "cohorts '%s'", hm_show_str(c->cohorts)));
}

HM_MUST static hm_rc tell_story(const struct key_change *c,
                                const struct hm_root *root, struct story *s,
                                struct hm_err *e)
{
    struct hm_incident *incident = &s->incident;

    incident->last = &s->last;
    incident->next = &s->next;
    incident->aware = s->next.issued;
    memcpy(incident->vendor, s->next.vendor, sizeof(incident->vendor));
    HM_TRY(take_text("by", c->by, incident->by, e));
    HM_TRY(take_text("why", c->why, incident->why, e));
    HM_TRY(find_key(s, e));
    HM_TRY(hm_incident_find(incident, c->repository, e));
    HM_TRY(take_cohorts(c, root, incident, e));
    return hm_incident_judge(incident, c->repository, root, e);
}

/* --- said -------------------------------------------------------------------- */

static void say_touched(const struct hm_cli *cli, const struct hm_touched *t)
{
    const char *advice = hm_touched_advice(t);

    hm_cli_say(cli, "  %-50s %s%s%s%s%s", hm_show_str(t->name), t->version.text,
               t->timestamp == 0 ? "" : ", of ",
               t->timestamp == 0 ? "" : hm_time_show(t->timestamp),
               t->is_served ? ", served now" : "",
               t->is_after ? ", after the theft" : "");
    if (advice[0] != '\0')
        hm_cli_say(cli, "      to do: %s", advice);
}

static void say_cohort(const struct hm_cli *cli, const struct hm_cohort *c,
                       const struct hm_cohort_verdict *v)
{
    const char *name = hm_show_str(c->name);

    if (v->check == HM_REHEARSE_YES)
        hm_cli_say(cli, "  reached  %s", name);
    else
        hm_cli_say(cli, "  stuck    %s\n             %s: %s [%s]", name,
                   hm_rehearse_check_name(v->check), v->text, v->reason);
}

static void say(const struct hm_cli *cli, const struct hm_incident *i)
{
    hm_cli_say(cli, "key %.16s (%s) signed %zu published file%s:",
               i->key->entry.key.key.keyid, hm_role_name(i->key->entry.role),
               i->touched.n, i->touched.n == 1 ? "" : "s");
    for (size_t k = 0; k < i->touched.n; k++)
        say_touched(cli, &i->touched.touched[k]);
    hm_cli_say(cli, "once a manifest is issued anew under authorisation %llu:",
               (unsigned long long)i->next->sequence);
    for (size_t k = 0; k < i->cohorts.n; k++)
        say_cohort(cli, &i->cohorts.cohort[k], &i->verdicts[k]);
}

HM_MUST static hm_rc run(struct hm_cli *cli, const struct key_change *c,
                         const struct hm_root *root, struct story *s,
                         struct hm_buf *record, struct hm_err *e)
{
    HM_TRY(tell_story(c, root, s, e));
    say(cli, &s->incident);
    return c->incident == NULL ? HM_OK
                               : hm_incident_write(&s->incident, record, e);
}

HM_MUST static hm_rc check_call(const struct key_change *c, struct hm_err *e)
{
    if (c->repository == NULL)
        return hm_fail(e, HM_E_USAGE, "cli.option.missing",
                       "--incident and --cohorts need --repository DIR: what "
                       "the key signed lies there");
    if (hm_cli_is_stdout(c->incident))
        return hm_fail(e, HM_E_USAGE, "key.incident.output",
                       "--incident names a file: standard output has the "
                       "account for people");
    return HM_OK;
}

hm_rc key_incident(struct hm_cli *cli, const struct key_change *c,
                   const struct key_step *step, struct hm_buf *record,
                   struct hm_err *e)
{
    __attribute__((cleanup(story_free))) struct story *s =
        calloc(1, sizeof(*s));

    if (c->repository == NULL && c->incident == NULL && c->cohorts == NULL)
        return HM_OK;
    HM_TRY(check_call(c, e));
    if (s == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for an incident");
    hm_incident_begin(&s->incident);
    HM_TRY(hm_authorisation_read(&s->last, step->before, e));
    HM_TRY(hm_authorisation_read(&s->next, step->after, e));
    return run(cli, c, step->root, s, record, e);
}

hm_rc key_incident_check(const struct key_change *c, struct hm_err *e)
{
    HM_OWN(hm_out) probe = HM_OUT_INIT;

    if (c->incident == NULL)
        return HM_OK;
    return hm_out_begin(&probe, c->incident,
                        c->force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e);
}

hm_rc key_incident_save(const struct key_change *c, struct hm_bytes record,
                        struct hm_err *e)
{
    if (c->incident == NULL)
        return HM_OK;
    return hm_file_save(c->incident, record,
                        c->force ? HM_OUT_REPLACE : HM_OUT_NEW, e);
}
