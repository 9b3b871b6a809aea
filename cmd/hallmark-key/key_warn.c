#include "key_priv.h"

void key_warn_published(const struct hm_cli *cli,
                        const struct hm_public_key *key)
{
    struct hm_err why = {.rc = HM_OK};

    if (hm_public_key_check_published(key, &why) != HM_OK)
        hm_cli_warn(cli, "%s", why.text);
}

hm_rc key_warn_idle(const struct hm_cli *cli, const struct hm_authorisation *a,
                    struct hm_err *e)
{
    HM_OWN(hm_names) idle = HM_NAMES_INIT;

    HM_TRY(hm_authorisation_list_idle(a, &idle, e));
    for (size_t i = 0; i < idle.n; i++)
        hm_cli_warn(cli, "%s", idle.name[i]);
    return HM_OK;
}
