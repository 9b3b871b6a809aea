#include "key_priv.h"

hm_rc key_warn_idle(const struct hm_cli *cli, const struct hm_authorisation *a,
                    struct hm_err *e)
{
    HM_OWN(hm_names) idle = HM_NAMES_INIT;

    HM_TRY(hm_authorisation_list_idle(a, &idle, e));
    for (size_t i = 0; i < idle.n; i++)
        hm_cli_warn(cli, "%s", idle.name[i]);
    return HM_OK;
}
