/* What a repository offers, read as a device would fetch it: the names at its
 * top, which are links through `live`.  The link is followed once, so that all
 * four names come from one moment. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "slots_priv.h"

#define LIVE "live"

enum { AUTHORISATION, MANIFEST };

static const struct {
    const char *name;
    size_t max;
    const char *missing;
} documents[SLOTS_SIGNED] = {
    {"authorisation.json", HM_DEVICE_AUTHORISATION_MAX,
     "authorisation.missing"},
    {"manifest.json", HM_DEVICE_MANIFEST_MAX, "manifest.missing"},
};

/* Where the names are looked for. */
struct places {
    const struct hm_dir *top;
    struct hm_dir live; /* owned; fd -1 when there is no such link */
};

static void places_clear(struct places *p)
{
    hm_dir_clear(&p->live);
}

#define PLACES_INIT                      \
    {                                    \
        .top = NULL, .live = HM_DIR_INIT \
    }

/* The target of a link, or "". */
static void read_link(const struct hm_dir *at, const char *name, char *to,
                      size_t size)
{
    const ssize_t n = readlinkat(at->fd, name, to, size);

    to[n > 0 && (size_t)n < size ? n : 0] = '\0';
}

HM_MUST static hm_rc open_live(struct places *p, struct hm_err *e)
{
    char target[HM_NAME_MAX + 2];

    read_link(p->top, LIVE, target, sizeof(target));
    if (target[0] == '\0')
        return HM_OK;
    HM_TRY(hm_context(e, hm_name_check(hm_bytes_str(target), e),
                      "the repository's link 'live'"));
    return hm_dir_open_at(&p->live, p->top, target, e);
}

/* A plain file at the top, or exactly the link that a repository has there. */
static const struct hm_dir *place_of(const struct places *p, const char *name)
{
    char target[HM_NAME_MAX + 32];
    char wanted[HM_NAME_MAX + 32];

    read_link(p->top, name, target, sizeof(target));
    (void)snprintf(wanted, sizeof(wanted), LIVE "/%s", name);
    return p->live.fd >= 0 && strcmp(target, wanted) == 0 ? &p->live : p->top;
}

/* At most max bytes; more is not read, only its length is told. */
HM_MUST static hm_rc load(const struct places *p, const char *name,
                          struct hm_buf *to, uint64_t *size, struct hm_err *e)
{
    HM_OWN(hm_file) f = HM_FILE_INIT;
    hm_rc rc;

    HM_TRY(hm_file_open_at(&f, place_of(p, name), name, e));
    HM_TRY(hm_file_size(&f, size, e));
    if (*size > to->max)
        return HM_OK;
    rc = hm_file_read_all(&f, to, e);
    if (rc == HM_E_LIMIT) { /* it grew meanwhile */
        hm_buf_clear(to);
        *size = (uint64_t)to->max + 1;
        return HM_OK;
    }
    *size = to->n;
    return rc;
}

HM_MUST static hm_rc load_signatures(const struct places *p, const char *name,
                                     struct slots_document *d, struct hm_err *e)
{
    for (unsigned i = 0; i < SLOTS_SIGS_MAX; i++) {
        char file[HM_NAME_MAX];
        uint64_t size = 0;
        struct hm_buf *to = &d->sig[d->sigs];

        if (i == 0)
            (void)snprintf(file, sizeof(file), "%s.sig", name);
        else
            (void)snprintf(file, sizeof(file), "%s.sig.%u", name, i + 1);
        if (!hm_file_exists_at(place_of(p, file), file))
            continue;
        to->max = HM_DEVICE_SIGNATURE_MAX;
        HM_TRY(load(p, file, to, &size, e));
        if (size > to->max) /* an empty one is malformed just as well */
            hm_buf_clear(to);
        d->sigs++;
    }
    return HM_OK;
}

HM_MUST static hm_rc load_document(const struct places *p, unsigned which,
                                   struct slots_document *d, struct hm_err *e)
{
    const char *name = documents[which].name;

    if (!hm_file_exists_at(place_of(p, name), name))
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, documents[which].missing,
                               "the repository offers no %s", name),
                       "name the folder that hallmark-publish wrote");
    d->bytes.max = documents[which].max;
    HM_TRY(load(p, name, &d->bytes, &d->size, e));
    return load_signatures(p, name, d, e);
}

HM_MUST static hm_rc load_root(struct slots_offer *o, const struct hm_slots *s,
                               struct hm_err *e)
{
    if (o->root.n > 0)
        return HM_OK; /* of a device that is not made yet */
    return hm_context(e, hm_file_load_at(&s->dir, SLOTS_ROOT, &o->root, e),
                      "the device's root set");
}

hm_rc slots_offer_read(struct slots_offer *o, const struct hm_slots *s,
                       const struct hm_slots_judging *how, struct hm_err *e)
{
    __attribute__((cleanup(places_clear))) struct places p = PLACES_INIT;

    if (how->repository == NULL)
        return hm_fail(e, HM_E_USAGE, "device.repository.missing",
                       "no repository was named: --from REPOSITORY");
    HM_TRY(load_root(o, s, e));
    HM_TRY(hm_dir_open(&o->dir, how->repository, e));
    p.top = &o->dir;
    HM_TRY(open_live(&p, e));
    HM_TRY(load_document(&p, AUTHORISATION, &o->doc[AUTHORISATION], e));
    return load_document(&p, MANIFEST, &o->doc[MANIFEST], e);
}

/* A release directory offers its artefacts without releases/VERSION. */
hm_rc slots_offer_open(const struct slots_offer *o, const char *version,
                       const char *name, struct hm_file *f, struct hm_err *e)
{
    char path[HM_NAME_MAX + HM_VERSION_TEXT + 16];

    (void)snprintf(path, sizeof(path), "releases/%s/%s", version, name);
    if (!hm_file_exists_at(&o->dir, path))
        (void)snprintf(path, sizeof(path), "%s", name);
    if (!hm_file_exists_at(&o->dir, path))
        return hm_fail(e, HM_E_REJECTED, "artefact.missing",
                       "check 5 (integrity) said no: the repository has no "
                       "'%s' of version %s",
                       name, version);
    return hm_file_open_at(f, &o->dir, path, e);
}

void slots_offer_clear(struct slots_offer *o)
{
    hm_buf_clear(&o->root);
    hm_dir_clear(&o->dir);
    for (unsigned d = 0; d < SLOTS_SIGNED; d++) {
        hm_buf_clear(&o->doc[d].bytes);
        for (unsigned i = 0; i < SLOTS_SIGS_MAX; i++)
            hm_buf_clear(&o->doc[d].sig[i]);
        o->doc[d].sigs = 0;
    }
}
