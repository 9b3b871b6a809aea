#include "key_priv.h"

static struct {
    const char *root;
    const char *from;
    const char *output;
    bool force;
} opt;

const struct hm_opt key_review_opts[] = {
    {"root", 'r', HM_OPT_VALUE, true, &opt.root, "FILE",
     "root.json, from where you trust it"},
    {"from", 0, HM_OPT_VALUE, false, &opt.from, "FILE",
     "the authorisation in force, to see that the request changes that one"},
    {"output", 'o', HM_OPT_OUTPUT, false, &opt.output, "FILE",
     "write the exact bytes to sign, for a signer of another make"},
    {"force", 'f', HM_OPT_FLAG, false, &opt.force, "",
     "replace FILE when it is there"},
    HM_OPT_END,
};

/* Whole where it is harmless, as lists of names are: hm_show() cuts. */
static const char *show_whole(const char *text, char shown[static HM_SHOW_MAX])
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return hm_show_into(shown, hm_bytes_str(text));
    return text;
}

/* The length of "/keys/KEYID" in "/keys/KEYID/role"; 0: of no single key. */
static size_t key_part(const char *at)
{
    const size_t list = strncmp(at, "/keys/", 6) == 0      ? 6
                        : strncmp(at, "/retired/", 9) == 0 ? 9
                                                           : 0;
    const size_t n = list + strcspn(at + list, "/");

    return list == 0 || at[n] == '\0' ? 0 : n;
}

static void say_change(const struct hm_cli *cli, const char *at,
                       const char *indent, const struct hm_change *c)
{
    char shown[2][HM_SHOW_MAX];
    const char *before = show_whole(c->before, shown[0]);
    const char *after = show_whole(c->after, shown[1]);

    if (c->before[0] == '\0')
        hm_cli_say(cli, "%s+ %s: %s", indent, at, after);
    else if (c->after[0] == '\0')
        hm_cli_say(cli, "%s- %s: %s", indent, at, before);
    else
        hm_cli_say(cli, "%s~ %s: %s -> %s", indent, at, before, after);
}

/* A key's id stands once, and whole: who signs may compare it. */
static void say_changes(const struct hm_cli *cli, const struct hm_changes *all)
{
    const char *last = "";

    for (size_t i = 0; i < all->n; i++) {
        const char *at = all->change[i].at;
        const size_t n = key_part(at);

        if (n > 0 && (key_part(last) != n || strncmp(at, last, n) != 0))
            hm_cli_say(cli, "  %.*s:", (int)n, at);
        say_change(cli, hm_show_str(n > 0 ? at + n + 1 : at),
                   n > 0 ? "    " : "  ", &all->change[i]);
        last = at;
    }
}

static void say(const struct hm_cli *cli, const struct key_asked *asked)
{
    const struct hm_request *r = &asked->request;
    char hex[HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){asked->sha256, sizeof(asked->sha256)}, hex);
    hm_cli_say(cli, "%s, asked for by %s at %s", hm_request_act_name(r->act),
               hm_show_str(r->by), hm_time_show(r->requested));
    hm_cli_say(cli, "because: %s", hm_show_str(r->why));
    if (r->skip_reason[0] != '\0')
        hm_cli_say(cli, "numbers are skipped because: %s",
                   hm_show_str(r->skip_reason));
    hm_cli_say(cli, "\nWhat it means:");
    for (size_t i = 0; i < r->meaning.n; i++)
        hm_cli_say(cli, "  %s", r->meaning.name[i]);
    if (r->careful.n > 0)
        hm_cli_say(cli, "\nLook twice:");
    for (size_t i = 0; i < r->careful.n; i++)
        hm_cli_say(cli, "  ! %s", r->careful.name[i]);
    hm_cli_say(cli, "\nWhat changes, member by member:");
    say_changes(cli, &r->changes);
    hm_cli_say(cli, "\nWhat is signed: %zu bytes, sha256 %s", r->document.n,
               hex);
}

static void put_sentences(struct hm_json_writer *w, const char *name,
                          const struct hm_names *list)
{
    hm_json_open_array(w, name);
    for (size_t i = 0; i < list->n; i++)
        hm_json_put_text(w, NULL, list->name[i]);
    hm_json_close_array(w);
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct key_asked *asked,
                            struct hm_err *e)
{
    const struct hm_request *r = &asked->request;
    struct hm_json_writer w;

    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "act", hm_request_act_name(r->act));
    hm_json_put_text(&w, "by", r->by);
    hm_json_put_text(&w, "why", r->why);
    hm_json_put_optional(&w, "skip_reason", r->skip_reason);
    hm_json_put_uint(&w, "sequence", r->next.sequence);
    hm_json_put_hex(&w, "document_sha256",
                    (struct hm_bytes){asked->sha256, sizeof(asked->sha256)});
    put_sentences(&w, "careful", &r->careful);
    put_sentences(&w, "meaning", &r->meaning);
    hm_json_open_array(&w, "changes");
    for (size_t i = 0; i < r->changes.n; i++) {
        hm_json_open_object(&w, NULL);
        hm_json_put_text(&w, "at", r->changes.change[i].at);
        hm_json_put_text(&w, "before", r->changes.change[i].before);
        hm_json_put_text(&w, "after", r->changes.change[i].after);
        hm_json_close_object(&w);
    }
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

hm_rc key_review_run(struct hm_cli *cli, struct hm_err *e)
{
    OWN_KEY_ASKED *asked = key_asked_new();

    if (asked == NULL)
        return hm_fail(e, HM_E_NOMEM, "key.change.nomem",
                       "out of memory for a request");
    HM_TRY(key_asked_load(asked, cli->argv[0], opt.root, e));
    if (opt.from != NULL)
        HM_TRY(key_asked_check(asked, opt.from, e));
    if (opt.output != NULL)
        HM_TRY(hm_cli_output(opt.output, hm_buf_view(&asked->request.document),
                             opt.force, e));
    say(cli, asked);
    return report(cli, asked, e);
}
