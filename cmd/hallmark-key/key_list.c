#include "key_priv.h"

static struct {
    struct hm_hsm_where where;
} opt;

const struct hm_opt key_list_opts[] = {
    KEY_WHERE(opt.where),
    HM_OPT_END,
};

static void put_entry(struct hm_cli *cli, struct hm_json_writer *w,
                      const struct hm_hsm_entry *entry, const char *uri)
{
    hm_json_open_object(w, NULL);
    hm_json_put_text(w, "kind", entry->is_key ? "key" : "token");
    hm_json_put_text(w, "uri", uri);
    if (!entry->is_key) {
        hm_cli_say(cli, "token %s%s\n      claimed  hardware_slot: %s", uri,
                   entry->is_software ? " (software)" : "",
                   hm_hsm_claim_name(entry->hardware_slot));
        hm_json_put_bool(w, "software", entry->is_software);
        hm_json_put_text(w, "hardware_slot",
                         hm_hsm_claim_name(entry->hardware_slot));
    } else if (entry->keyid[0] != '\0') {
        hm_cli_say(cli, "  key %s\n      %s %s", uri,
                   hm_scheme_name(entry->scheme), entry->keyid);
        hm_json_put_text(w, "keyid", entry->keyid);
        hm_json_put_text(w, "scheme", hm_scheme_name(entry->scheme));
    } else {
        hm_cli_say(cli, "  key %s\n      not usable: %s", uri, entry->problem);
        hm_json_put_text(w, "problem", entry->problem);
    }
    hm_json_close_object(w);
}

hm_rc key_list_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_entries) entries = HM_HSM_ENTRIES_INIT;
    struct hm_json_writer w;
    bool was_said = false;

    HM_TRY(key_hsm_open(cli, &hsm, &opt.where, HM_HSM_USE, e));
    was_said = hm_hsm_note(&hsm)[0] != '\0';
    HM_TRY(hm_hsm_list(&hsm, &entries, e));
    if (!was_said && hm_hsm_note(&hsm)[0] != '\0')
        hm_cli_warn(cli, "%s", hm_hsm_note(&hsm));
    hm_cli_result(cli, &w, true);
    hm_json_open_array(&w, "entries");
    for (size_t i = 0; i < entries.n; i++) {
        HM_OWN(hm_buf) uri = HM_BUF_INIT(4096);

        HM_TRY(key_uri_text(&entries.entry[i].uri, &uri, e));
        put_entry(cli, &w, &entries.entry[i], (const char *)uri.p);
    }
    if (entries.n == 0)
        hm_cli_say(cli, "no token found");
    hm_json_close_array(&w);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
