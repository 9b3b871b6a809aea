/* status and log: looking, changing nothing. */
#include "dev_cli_priv.h"

static struct dev_call call;

const struct hm_opt dev_status_opts[] = {
    DEV_OPT_STATE(call),
    HM_OPT_END,
};

const struct hm_opt dev_log_opts[] = {
    DEV_OPT_STATE(call),
    HM_OPT_END,
};

static void say_slot(const struct hm_cli *cli, const struct hm_slots_state *s,
                     int which)
{
    const struct hm_slot *slot = &s->slot[which];

    if (!slot->is_used) {
        hm_cli_say(cli, "slot %c      empty", hm_slots_letter(which));
        return;
    }
    hm_cli_say(cli, "slot %c      %s, counter %llu, %s%s",
               hm_slots_letter(which), slot->version,
               (unsigned long long)slot->rollback_counter,
               slot->is_confirmed ? "confirmed" : "not confirmed",
               which == s->active    ? ", runs"
               : which == s->pending ? ", pending"
                                     : "");
}

static void say_status(const struct hm_cli *cli, const struct hm_slots_state *s)
{
    char hex[HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){s->device.root_sha256, HM_SHA256_SIZE}, hex);
    hm_cli_say(cli, "device      %s %s %s %s", s->vendor, s->product, s->model,
               s->hardware);
    hm_cli_say(cli, "root set    %s", hex);
    say_slot(cli, s, 0);
    say_slot(cli, s, 1);
    if (s->pending != HM_SLOTS_NONE)
        hm_cli_say(cli, "pending     slot %c, %u of %u starts used, %s",
                   hm_slots_letter(s->pending), s->boots, HM_SLOTS_BOOTS_MAX,
                   s->is_healthy ? "healthy: confirm it" : "boot it");
    if (s->device.has_manifest)
        hm_cli_say(cli, "manifest    epoch %llu, sequence %llu, %s",
                   (unsigned long long)s->device.epoch,
                   (unsigned long long)s->device.sequence,
                   hm_time_show(s->device.timestamp));
    if (s->device.has_authorisation)
        hm_cli_say(cli, "authorised  sequence %llu",
                   (unsigned long long)s->device.authorisation_sequence);
    hm_cli_say(cli, "rollback    %llu",
               (unsigned long long)s->device.rollback_counter);
    if (s->has_failed) {
        hm_hex_write((struct hm_bytes){s->failed_sha256, HM_SHA256_SIZE}, hex);
        hm_cli_say(cli, "given up    manifest %.16s after %u starts", hex,
                   s->failed_tries);
    }
}

hm_rc dev_status_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    HM_OWN(hm_buf) state = HM_BUF_INIT((size_t)1 << 20);
    struct hm_json_writer w;

    HM_TRY(hm_slots_open(&s, call.state, false, e));
    say_status(cli, &s.state);
    HM_TRY(hm_slots_write_state(&s.state, &state, e));
    hm_cli_result(cli, &w, true);
    hm_json_put_json(&w, "state",
                     (struct hm_bytes){state.p, state.n - 1}); /* no newline */
    return dev_end_result(&w, HM_OK, e);
}

/* --- log --------------------------------------------------------------------- */

static struct hm_bytes text_of(struct hm_json line, const char *name)
{
    return hm_json_view(hm_json_find(line, name));
}

static void say_line(const struct hm_cli *cli, struct hm_bytes text)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    struct hm_json line;

    if (hm_json_parse(&doc, text, HM_JSON_OURS, text.n, NULL) != HM_OK)
        return;
    line = hm_json_root(&doc);
    hm_cli_say(
        cli, "%-20s  %-9s  %-5s  %-8s  %s", hm_show(text_of(line, "time")),
        hm_show(text_of(line, "verb")), hm_show(text_of(line, "result")),
        hm_show(text_of(line, "version")), hm_show(text_of(line, "reason")));
}

/* Hand out the next line without its newline. */
static bool next_line(struct hm_bytes *rest, struct hm_bytes *line)
{
    const uint8_t *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);

    if (end == NULL)
        return false;
    *line = (struct hm_bytes){rest->p, (size_t)(end - rest->p)};
    rest->p += line->n + 1;
    rest->n -= line->n + 1;
    return true;
}

hm_rc dev_log_run(struct hm_cli *cli, struct hm_err *e)
{
    HM_OWN(hm_slots) s = HM_SLOTS_INIT;
    HM_OWN(hm_buf) lines = HM_BUF_INIT(0);
    struct hm_json_writer w;
    struct hm_bytes rest;
    struct hm_bytes line;
    uint64_t extra = 0;

    HM_TRY(hm_slots_open(&s, call.state, false, e));
    HM_TRY(hm_slots_read_log(&s, &lines, &extra, e));
    if (extra > 0)
        hm_cli_warn(cli,
                    "%llu bytes behind the last recorded line: an attempt was "
                    "cut short, or they were added",
                    (unsigned long long)extra);
    rest = hm_buf_view(&lines);
    hm_cli_result(cli, &w, true);
    hm_json_put_uint(&w, "extra_bytes", extra);
    hm_json_open_array(&w, "lines");
    while (next_line(&rest, &line)) {
        say_line(cli, line);
        hm_json_put_json(&w, NULL, line);
    }
    hm_json_close_array(&w);
    return dev_end_result(&w, HM_OK, e);
}
