#include "dev_cli_priv.h"

hm_rc dev_judging(const struct dev_call *call, struct hm_slots_judging *how,
                  struct hm_err *e)
{
    *how = (struct hm_slots_judging){.repository = call->from,
                                     .clock = HM_DEVICE_NO_CLOCK,
                                     .dry_run = call->dry_run};
    if (call->no_clock && call->at != NULL)
        return hm_fail(e, HM_E_USAGE, "device.time.both",
                       "--at and --no-clock exclude each other");
    if (call->no_clock)
        return HM_OK;
    how->clock = hm_time_now();
    if (call->at == NULL)
        return HM_OK;
    return hm_context(
        e,
        hm_as_usage(e, hm_time_parse(hm_bytes_str(call->at), &how->clock, e)),
        "--at");
}

static void put_outcome(struct hm_json_writer *w,
                        const struct hm_slots_outcome *out)
{
    const char letter[] = {hm_slots_letter(out->slot), '\0'};

    if (out->check != HM_SLOTS_NONE) {
        hm_json_put_uint(w, "check", (uint64_t)out->check);
        hm_json_put_text(w, "check_name", hm_slots_check_name(out->check));
    }
    if (out->version[0] != '\0') {
        hm_json_put_text(w, "version", out->version);
        hm_json_put_uint(w, "rollback_counter", out->rollback_counter);
        hm_json_put_hex(
            w, "manifest_sha256",
            (struct hm_bytes){out->manifest_sha256, HM_SHA256_SIZE});
    }
    if (out->is_signed) {
        hm_json_put_uint(w, "epoch", out->epoch);
        hm_json_put_uint(w, "sequence", out->sequence);
    }
    if (out->slot != HM_SLOTS_NONE)
        hm_json_put_text(w, "slot", letter);
}

void dev_begin_result(struct hm_cli *cli, struct hm_json_writer *w,
                      const struct hm_slots_outcome *out, hm_rc rc,
                      const struct hm_err *e)
{
    hm_cli_result(cli, w, rc == HM_OK);
    if (rc != HM_OK) {
        hm_json_put_text(w, "reason", e->reason);
        hm_json_put_text(w, "message", e->text);
        hm_json_put_optional(w, "hint", e->hint);
    }
    put_outcome(w, out);
}

hm_rc dev_end_result(struct hm_json_writer *w, hm_rc rc, struct hm_err *e)
{
    struct hm_err inner = {.rc = HM_OK};
    hm_rc written;

    hm_json_close_object(w);
    written = hm_json_finish(w, &inner);
    if (rc != HM_OK || written == HM_OK)
        return rc;
    *e = inner;
    return written;
}
