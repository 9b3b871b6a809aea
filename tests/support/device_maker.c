#include "device_maker.h"

#include "hm_test.h"

#define TEXT_MAX ((size_t)1 << 20)

void dm_init(struct dm *d)
{
    static const struct dm none = {.sigs = {0}};

    *d = none;
    maker_init(&d->keys, 2, 3);
    hm_slots_crypto_begin(&d->crypto);
    for (unsigned i = 0; i < DM_DOCUMENTS; i++) {
        d->doc[i] = (struct hm_buf)HM_BUF_INIT(TEXT_MAX);
        for (unsigned k = 0; k < HM_SIGNATURES_MAX; k++)
            d->sig[i][k] = (struct hm_buf)HM_BUF_INIT(HM_SIGNATURE_MAX);
    }
}

void dm_clear(struct dm *d)
{
    maker_clear(&d->keys);
    hm_slots_crypto_clear(&d->crypto);
    for (unsigned i = 0; i < DM_DOCUMENTS; i++) {
        hm_buf_clear(&d->doc[i]);
        for (unsigned k = 0; k < HM_SIGNATURES_MAX; k++)
            hm_buf_clear(&d->sig[i][k]);
    }
}

/* $iN, $pN, $R. */
static size_t expand_one(struct dm *d, const char *at, struct hm_buf *to)
{
    const struct hm_public_key *key = &d->keys.keys[at[2] & 7].key;
    uint8_t digest[HM_SHA256_SIZE];
    char hex[HM_SHA256_HEX];
    struct hm_err e = {.rc = HM_OK};

    if (at[1] == 'R') {
        assert_ok(hm_sha256(hm_buf_view(&d->doc[DM_ROOT]), digest, &e), &e);
        hm_hex_write((struct hm_bytes){digest, sizeof(digest)}, hex);
        assert_ok(hm_buf_add(to, hm_bytes_str(hex), &e), &e);
        return 2;
    }
    if (at[1] == 'i')
        assert_ok(hm_buf_add(to, hm_bytes_str(key->keyid), &e), &e);
    else
        assert_ok(
            hm_base64_add(to, (struct hm_bytes){key->spki, key->spki_n}, &e),
            &e);
    return 3;
}

static void expand(struct dm *d, struct hm_bytes from, struct hm_buf *to)
{
    struct hm_err e = {.rc = HM_OK};

    hm_buf_clear(to);
    while (from.n > 0) {
        const uint8_t *dollar = memchr(from.p, '$', from.n);
        const size_t n = dollar == NULL ? from.n : (size_t)(dollar - from.p);
        size_t used = 0;

        assert_ok(hm_buf_add(to, (struct hm_bytes){from.p, n}, &e), &e);
        if (dollar != NULL)
            used = expand_one(d, (const char *)dollar, to);
        from.p += n + used;
        from.n -= n + used;
    }
}

static void make_document(struct dm *d, enum dm_document which,
                          const struct dm_plan *plan)
{
    static const char *const names[] = {HM_TESTDATA "/device/root.json.in",
                                        HM_TESTDATA
                                        "/device/authorisation.json.in",
                                        HM_TESTDATA "/device/manifest.json.in"};
    HM_OWN(hm_buf) text = HM_BUF_INIT(TEXT_MAX);
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_file_load(names[which], &text, &e), &e);
    for (const struct dm_edit *x = plan->edit; x->from != NULL; x++)
        if (x->in == which)
            maker_replace(&text, x->from, x->to);
    expand(d, hm_buf_view(&text), &d->doc[which]);
}

void dm_sign(struct dm *d, enum dm_document which,
             const struct maker_signers *who)
{
    d->sigs[which] = 0;
    if (who->nobody)
        return;
    for (unsigned i = 0; i < who->n; i++)
        maker_signature(&d->keys, who->key[i], hm_buf_view(&d->doc[which]),
                        &d->sig[which][d->sigs[which]++]);
}

/* The device before the update. */
static void make_self(struct dm *d)
{
    struct hm_device_state *s = &d->self.state;
    struct hm_err e = {.rc = HM_OK};

    d->self = (struct hm_device_self){.vendor = "acme",
                                      .product = "thermostat",
                                      .model = "T100",
                                      .hardware = "rev-b",
                                      .version = "1.0.0",
                                      .updater = "0.1.0",
                                      .clock = DM_CLOCK};
    assert_ok(hm_sha256(hm_buf_view(&d->doc[DM_ROOT]), s->root_sha256, &e), &e);
    s->has_authorisation = true;
    s->authorisation_sequence = 3;
    s->has_manifest = true;
    s->epoch = 1;
    s->sequence = 6;
    s->timestamp = MAKER_TIME - MAKER_DAY;
    s->rollback_counter = 1;
}

void dm_make(struct dm *d, const struct dm_plan *plan)
{
    static const struct dm_plan plain = {.authorisation = {.n = 0}};
    static const struct maker_signers roots = {
        .n = 2, .key = {MAKER_ROOT_1, MAKER_ROOT_2}};
    static const struct maker_signers vendor = {.n = 1, .key = {MAKER_VENDOR}};
    const struct dm_plan *p = plan == NULL ? &plain : plan;
    const bool other_roots = p->authorisation.n > 0 || p->authorisation.nobody;
    const bool other_vendor = p->manifest.n > 0 || p->manifest.nobody;

    for (unsigned i = 0; i < DM_DOCUMENTS; i++)
        make_document(d, (enum dm_document)i, p);
    dm_sign(d, DM_AUTHORISATION, other_roots ? &p->authorisation : &roots);
    dm_sign(d, DM_MANIFEST, other_vendor ? &p->manifest : &vendor);
    make_self(d);
    dm_offer(d);
}

void dm_offer(struct dm *d)
{
    struct hm_device_offer *o = &d->offer;

    *o = (struct hm_device_offer){
        .root = {d->doc[DM_ROOT].p, d->doc[DM_ROOT].n},
        .authorisation = {d->doc[DM_AUTHORISATION].p,
                          d->doc[DM_AUTHORISATION].n},
        .authorisation_sigs = d->sigs[DM_AUTHORISATION],
        .manifest = {d->doc[DM_MANIFEST].p, d->doc[DM_MANIFEST].n},
        .manifest_sigs = d->sigs[DM_MANIFEST],
    };
    for (unsigned i = 0; i < HM_SIGNATURES_MAX; i++) {
        const struct hm_buf *a = &d->sig[DM_AUTHORISATION][i];
        const struct hm_buf *m = &d->sig[DM_MANIFEST][i];

        o->authorisation_sig[i] = (struct hm_device_bytes){a->p, a->n};
        o->manifest_sig[i] = (struct hm_device_bytes){m->p, m->n};
    }
}

const char *dm_check(struct dm *d)
{
    (void)hm_device_check(&d->crypto.device, &d->self, &d->offer, &d->result);
    return d->result.reason;
}
