#include "evidence_cli_priv.h"

const struct hm_opt evidence_diff_opts[] = {HM_OPT_END};

struct telling {
    const struct hm_cli *cli;
    struct hm_json_writer *w;
    size_t n;
};

static hm_rc tell(void *context, enum hm_evidence_change change,
                  const char *what, const char *name,
                  const char *const from_to[2], struct hm_err *e)
{
    static const char *const words[] = {"added", "removed", "changed"};
    struct telling *t = context;

    (void)e;
    t->n++;
    hm_cli_say(t->cli, "%-8s %s %s%s%s%s%s", words[change], what,
               hm_show_str(name), from_to[0][0] ? "  from " : "",
               hm_show_str(from_to[0]), from_to[1][0] ? "  to " : "",
               hm_show_str(from_to[1]));
    hm_json_open_object(t->w, NULL);
    hm_json_put_text(t->w, "change", words[change]);
    hm_json_put_text(t->w, "what", what);
    hm_json_put_text(t->w, "name", name);
    hm_json_put_optional(t->w, "from", from_to[0]);
    hm_json_put_optional(t->w, "to", from_to[1]);
    hm_json_close_object(t->w);
    return HM_OK;
}

/* Like diff(1): 0 the same, 1 different. */
hm_rc evidence_diff_run(struct hm_cli *cli, struct hm_err *e)
{
    struct hm_json_writer w;
    struct telling t = {cli, &w, 0};
    hm_rc rc;

    hm_cli_result(cli, &w, true);
    hm_json_open_array(&w, "differences");
    rc = hm_evidence_compare(cli->argv[0], cli->argv[1], tell, &t, e);
    if (rc != HM_OK)
        hm_buf_clear(&cli->result);
    HM_TRY(rc);
    hm_json_close_array(&w);
    hm_json_put_bool(&w, "same", t.n == 0);
    hm_json_close_object(&w);
    HM_TRY(hm_json_finish(&w, e));
    if (t.n == 0)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "evidence.pack.differs",
                   "the packs differ in %zu places", t.n);
}
