#include <stdio.h>
#include <stdlib.h>

#include "document_priv.h"

const char *ev_vendor(const struct ev_facts *facts)
{
    return facts->served[0].manifest.vendor;
}

const char *ev_product(const struct ev_facts *facts)
{
    return facts->served[0].manifest.product;
}

const char *ev_short_id(char out[static EV_SHORT_ID], const struct ev_key *key)
{
    (void)snprintf(out, EV_SHORT_ID, "%.*s", EV_SHORT_ID - 1, key->keyid);
    return out;
}

const char *ev_named(const struct ev_key *key)
{
    if (key->name[0] == '\0')
        return "";
    return key->first_sequence == 0 ? "called " : "on token ";
}

const char *ev_retired_word(const struct ev_key *key)
{
    static const char *const words[] = {"rotated", "compromised", "lost"};

    return words[key->retired_reason];
}

void ev_facts_clear(struct ev_facts *f)
{
    for (size_t i = 0; i < f->n_served; i++)
        ev_document_clear(&f->served[i]);
    for (size_t i = 0; i < f->n_release; i++)
        ev_document_clear(&f->release[i]);
    for (size_t i = 0; i < f->n_key; i++)
        hm_buf_clear(&f->key[i].pem);
    free(f->served);
    free(f->release);
    free(f->key);
    free(f->findings.finding);
    hm_root_clear(&f->root);
    hm_buf_clear(&f->root_bytes);
    *f = (struct ev_facts)EV_FACTS_INIT;
}

HM_MUST static hm_rc load_pair(struct ev_facts *f, struct ev_document *d,
                               const struct hm_repository *repository,
                               const char *folder, struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;

    (void)snprintf(d->folder, sizeof(d->folder), "repository/%.80s", folder);
    HM_TRY(hm_dir_open_at(&dir, &repository->dir, folder, e));
    return ev_document_load(d, &dir, &f->root, e);
}

HM_MUST static hm_rc load_served(struct ev_facts *f,
                                 const struct hm_repository *repository,
                                 struct hm_err *e)
{
    HM_OWN(hm_release_history) history = HM_RELEASE_HISTORY_INIT;

    HM_TRY(hm_release_list_history(repository, &history, e));
    if (history.n == 0)
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "evidence.repository.empty",
                               "nothing was published in this repository"),
                       "publish a release first (hallmark release)");
    HM_TRY(
        ev_make_array((void **)&f->served, history.n, sizeof(*f->served), e));
    for (size_t i = 0; i < history.n; i++) {
        f->n_served = i + 1;
        HM_TRY(load_pair(f, &f->served[i], repository, history.served[i].folder,
                         e));
    }
    return HM_OK;
}

HM_MUST static hm_rc load_release(struct ev_facts *f, struct ev_document *d,
                                  const struct hm_repository *repository,
                                  const char *version, struct ev_pack *pack,
                                  struct hm_err *e)
{
    HM_OWN(hm_dir) dir = HM_DIR_INIT;
    char folder[80];

    (void)snprintf(folder, sizeof(folder), HM_REPOSITORY_RELEASES "/%s",
                   version);
    d->is_release = true;
    HM_TRY(load_pair(f, d, repository, folder, e));
    memcpy(d->files, d->folder, sizeof(d->files));
    if (strcmp(d->manifest.version.text, version) != 0)
        return hm_fail(e, HM_E_REJECTED, "evidence.history.release",
                       "%s holds version %s", d->folder,
                       d->manifest.version.text);
    HM_TRY(hm_dir_open_at(&dir, &repository->dir, folder, e));
    return ev_release_load(d, &dir, hm_buf_view(&f->root_bytes), pack, e);
}

HM_MUST static hm_rc load_releases(struct ev_facts *f,
                                   const struct hm_repository *repository,
                                   struct ev_pack *pack, struct hm_err *e)
{
    HM_OWN(hm_names) versions = HM_NAMES_INIT;

    HM_TRY(hm_release_list_versions(repository, &versions, e));
    HM_TRY(ev_make_array((void **)&f->release, versions.n, sizeof(*f->release),
                         e));
    for (size_t i = 0; i < versions.n; i++) {
        f->n_release = i + 1;
        HM_TRY(load_release(f, &f->release[i], repository, versions.name[i],
                            pack, e));
    }
    return HM_OK;
}

hm_rc ev_facts_gather(struct ev_facts *f,
                      const struct hm_repository *repository,
                      struct ev_pack *pack, struct hm_err *e)
{
    HM_TRY(load_served(f, repository, e));
    HM_TRY(load_releases(f, repository, pack, e));
    HM_TRY(ev_keys_gather(f, e));
    return ev_history_check(f, e);
}
