#include "dev_cli_priv.h"

static struct {
    struct dev_call common;
    const char *root;
    const char *vendor;
    const char *product;
    const char *model;
    const char *hardware;
    const char *stale;
} call;

const struct hm_opt dev_provision_opts[] = {
    DEV_OPT_STATE(call.common),
    {"root", 'r', HM_OPT_VALUE, true, &call.root, "FILE",
     "root.json that the device trusts for its whole life"},
    {"vendor", 0, HM_OPT_VALUE, false, &call.vendor, "NAME",
     "must be the vendor that root.json names"},
    {"product", 0, HM_OPT_VALUE, true, &call.product, "NAME",
     "what the device is"},
    {"model", 0, HM_OPT_VALUE, true, &call.model, "NAME", "its model"},
    {"hardware", 0, HM_OPT_VALUE, true, &call.hardware, "NAME",
     "its hardware revision"},
    {"stale", 0, HM_OPT_VALUE, false, &call.stale, "POLICY",
     "refuse (default) or accept-if-sequence-rises: what an authorisation past "
     "its expiry is good for"},
    {"from", 'f', HM_OPT_VALUE, false, &call.common.from, "REPOSITORY",
     "install its release at the factory, confirmed, by the same checks"},
    DEV_OPT_TIME(call.common),
    DEV_OPT_DRY_RUN(call.common),
    HM_OPT_END,
};

HM_MUST static hm_rc read_stale(bool *accept, struct hm_err *e)
{
    *accept = call.stale != NULL &&
              strcmp(call.stale, "accept-if-sequence-rises") == 0;
    if (call.stale == NULL || *accept || strcmp(call.stale, "refuse") == 0)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "device.stale.word",
                   "--stale takes refuse or accept-if-sequence-rises, not '%s'",
                   hm_show_str(call.stale));
}

static void say(const struct hm_cli *cli, const struct hm_slots_setup *setup,
                const struct hm_slots_outcome *out)
{
    hm_cli_say(cli, "%sa %s %s %s, which trusts the root set of '%s'",
               call.common.dry_run ? "would make " : "", setup->product,
               setup->model, setup->hardware, hm_show_str(setup->root));
    if (out->slot != HM_SLOTS_NONE)
        hm_cli_say(cli, "%s is installed in slot %c, confirmed", out->version,
                   hm_slots_letter(out->slot));
    else if (call.common.from != NULL)
        hm_cli_say(cli, "checks 0 to 4 passed: %s may be installed",
                   out->version);
}

hm_rc dev_provision_run(struct hm_cli *cli, struct hm_err *e)
{
    struct hm_slots_setup setup = {.vendor = call.vendor,
                                   .product = call.product,
                                   .model = call.model,
                                   .hardware = call.hardware,
                                   .root = call.root};
    struct hm_slots_outcome out;
    struct hm_slots_judging how;
    struct hm_json_writer w;
    hm_rc rc;

    HM_TRY(read_stale(&setup.accept_stale, e));
    HM_TRY(dev_judging(&call.common, &how, e));
    rc = hm_slots_provision(call.common.state, &setup, &how, &out, e);
    if (rc == HM_OK)
        say(cli, &setup, &out);
    dev_begin_result(cli, &w, &out, rc, e);
    hm_json_put_bool(&w, "dry_run", how.dry_run);
    return dev_end_result(&w, rc, e);
}
