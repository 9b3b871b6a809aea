#include "manifest_cli_priv.h"

const struct hm_opt manifest_show_opts[] = {HM_OPT_END};

/* A repository serves its manifest through live; a release holds it. */
HM_MUST static hm_rc load(const char *path, struct hm_buf *text,
                          struct hm_err *e)
{
    HM_OWN(hm_repository) repo = HM_REPOSITORY_INIT;
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    struct hm_release_state state;

    HM_TRY(hm_dir_open(&dir, path, e));
    if (!hm_file_exists_at(&dir, HM_REPOSITORY_LIVE))
        return hm_file_load_at(&dir, HM_RELEASE_MANIFEST, text, e);
    HM_TRY(hm_release_open_repository(&repo, path, e));
    HM_TRY(hm_release_read_state(&repo, &state, e));
    HM_TRY(hm_dir_open_at(&dir, &repo.dir, state.live.folder, e));
    return hm_file_load_at(&dir, HM_RELEASE_MANIFEST, text, e);
}

static void say_words(struct hm_cli *cli, const char *what,
                      const struct hm_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        hm_cli_say(cli, "    %-9s %s", i == 0 ? what : "", words->word[i]);
}

static void say_update(struct hm_cli *cli, const struct hm_update *u)
{
    hm_cli_say(cli, "  update");
    say_words(cli, "models", &u->models);
    say_words(cli, "hardware", &u->hardware);
    if (u->any_version)
        hm_cli_say(cli, "    from      every version");
    else
        hm_cli_say(cli, "    from      %s to %s", u->from_min.text,
                   u->from_max.text);
    for (size_t i = 0; i < u->n; i++) {
        const struct hm_artefact *a = &u->artefacts[i];
        char digest[HM_SHA256_HEX];

        hm_hex_write((struct hm_bytes){a->sha256, sizeof(a->sha256)}, digest);
        hm_cli_say(
            cli, "    %-9s %s (%s, %s%s%s), %llu bytes",
            i == 0 ? "artefacts" : "", a->name, hm_artefact_role_name(a->role),
            hm_artefact_kind_name(a->kind), a->slot[0] == '\0' ? "" : ", slot ",
            a->slot, (unsigned long long)a->size);
        hm_cli_say(cli, "              sha256 %s", digest);
    }
}

static void say_advisory(struct hm_cli *cli, const struct hm_advisory *a)
{
    hm_cli_say(cli, "  advisory    %s, %s, fixed in %s", a->id,
               hm_severity_name(a->severity), a->fixed_in.text);
    say_words(cli, "aliases", &a->aliases);
    hm_cli_say(cli, "    url       %s", hm_show_str(a->url));
    hm_cli_say(cli, "    action    %s", hm_show_str(a->action));
}

static void say_manifest(struct hm_cli *cli, const struct hm_manifest *m)
{
    hm_cli_say(cli, "NOT VERIFIED: nothing below was checked against a "
                    "signature; hallmark-verify decides.");
    hm_cli_say(cli, "%s %s of %s%s%s", m->product, m->version.text, m->vendor,
               m->label[0] == '\0' ? "" : ", called ", hm_show_str(m->label));
    hm_cli_say(cli, "  epoch       %llu", (unsigned long long)m->epoch);
    hm_cli_say(cli, "  sequence    %llu", (unsigned long long)m->sequence);
    hm_cli_say(cli, "  rollback    %llu",
               (unsigned long long)m->rollback_counter);
    hm_cli_say(cli, "  timestamp   %s", hm_time_show(m->timestamp));
    hm_cli_say(cli, "  expires     %s", hm_time_show(m->expires));
    hm_cli_say(cli, "  type        %s, severity %s",
               hm_update_type_name(m->update_type),
               hm_severity_name(m->severity));
    for (size_t i = 0; i < m->advisories_n; i++)
        say_advisory(cli, &m->advisories[i]);
    for (size_t i = 0; i < m->updates_n; i++)
        say_update(cli, &m->updates[i]);
}

hm_rc manifest_show_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    HM_OWN(hm_buf) text = HM_BUF_INIT(HM_MANIFEST_BYTES_MAX);
    struct hm_json_writer w;

    HM_TRY(load(cli->argv[0], &text, e));
    HM_TRY(hm_manifest_read(&m, hm_buf_view(&text), e));
    say_manifest(cli, &m);
    hm_cli_result(cli, &w, true);
    hm_json_put_bool(&w, "verified", false);
    hm_json_put_json(&w, "manifest", hm_buf_view(&text));
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}
