#include "evidence_cli_priv.h"

static void put_claim(struct hm_json_writer *w,
                      const struct hm_evidence_claim *c)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "id", c->id);
    hm_json_put_text(w, "claim", c->title);
    for (unsigned s = 0; s <= HM_EVIDENCE_NOT_APPLICABLE; s++)
        hm_json_put_uint(w, hm_evidence_status_name(s), c->count[s]);
    hm_json_close_object(w);
}

HM_MUST static hm_rc put_result(struct hm_cli *cli, const char *path,
                                const struct hm_evidence_summary *s,
                                struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "pack", path);
    hm_json_put_hex(&w, "sha256sums_sha256",
                    (struct hm_bytes){s->list_sha256, sizeof(s->list_sha256)});
    hm_json_put_time(&w, "as_of", s->as_of);
    hm_json_put_uint(&w, "releases", s->releases);
    hm_json_put_uint(&w, "manifests", s->manifests);
    hm_json_put_uint(&w, "keys", s->keys);
    hm_json_put_uint(&w, "files", s->files);
    hm_json_put_uint(&w, "signatures", s->signatures);
    hm_json_put_uint(&w, "withheld", s->withheld);
    hm_json_open_array(&w, "claims");
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        put_claim(&w, &s->claim[i]);
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

static void say_claim(const struct hm_cli *cli,
                      const struct hm_evidence_claim *c)
{
    hm_cli_say(cli, "  %u proven, %u attached, %u absent%s  %s",
               c->count[HM_EVIDENCE_PROVEN], c->count[HM_EVIDENCE_ATTACHED],
               c->count[HM_EVIDENCE_ABSENT],
               c->count[HM_EVIDENCE_NOT_APPLICABLE] > 0 ? ", 1 not applicable"
                                                        : "",
               c->title);
}

hm_rc evidence_report(struct hm_cli *cli, const char *path,
                      const struct hm_evidence_summary *s, struct hm_err *e)
{
    hm_cli_say(cli,
               "%s: %zu releases, %zu served manifests, %zu keys, %zu "
               "signatures, as of %s",
               hm_show_str(path), s->releases, s->manifests, s->keys,
               s->signatures, hm_time_show(s->as_of));
    hm_cli_say(cli, "%zu files: %zu listed in SHA256SUMS, the list, verify.sh",
               s->files, s->files - 2);
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        say_claim(cli, &s->claim[i]);
    if (s->withheld > 0)
        hm_cli_warn(cli,
                    "%zu private file%s of the releases %s not in this "
                    "repository; the pack lists what was withheld by digest",
                    s->withheld, s->withheld == 1 ? "" : "s",
                    s->withheld == 1 ? "is" : "are");
    return cli->json ? put_result(cli, path, s, e) : HM_OK;
}
