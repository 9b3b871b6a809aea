#include "whole_docs.h"

#include "hm_test.h"

/* Distinct digests to look at. */
static void fill(uint8_t *digest, size_t n, uint8_t first)
{
    for (size_t i = 0; i < n; i++)
        digest[i] = (uint8_t)(first + i);
}

void whole_root(const struct maker *m, struct hm_buf *out)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(root.vendor, sizeof(root.vendor), "acme");
    root.threshold = 2;
    assert_ok(hm_root_add(&root, &m->keys[MAKER_ROOT_1].key, "a", &e), &e);
    assert_ok(hm_root_add(&root, &m->keys[MAKER_ROOT_2].key, "B_2.x-y", &e),
              &e);
    assert_ok(hm_root_add(&root, &m->keys[MAKER_ROOT_3].key, "c", &e), &e);
    (void)snprintf(root.keys[2].key.scheme, sizeof(root.keys[2].key.scheme),
                   "ml-dsa-44");
    assert_ok(hm_root_write(&root, out, &e), &e);
}

/* --- authorisation.json -------------------------------------------------------- */

static void fill_token(struct hm_token_claims *t)
{
    (void)snprintf(t->module, sizeof(t->module), "SoftHSM");
    (void)snprintf(t->token, sizeof(t->token), "Jeton d'\xc3\xa9t\xc3\xa9");
    (void)snprintf(t->protection, sizeof(t->protection), "hardware");
    (void)snprintf(t->local, sizeof(t->local), "yes");
    (void)snprintf(t->always_sensitive, sizeof(t->always_sensitive), "no");
    (void)snprintf(t->hardware_slot, sizeof(t->hardware_slot), "yes");
    (void)snprintf(t->hardware_mechanism, sizeof(t->hardware_mechanism), "no");
    (void)snprintf(t->key_gen_mechanism, sizeof(t->key_gen_mechanism),
                   "CKM_EC_KEY_PAIR_GEN");
}

static void fill_limits(struct hm_authorisation *a)
{
    a->limits[0] = (struct hm_limit){"thermostat", 1, 12};
    a->limits[1] = (struct hm_limit){"boiler", 0, HM_COUNTER_MAX};
    a->limits_n = 2;
    a->require[0] = HM_ROLE_MANIFEST;
    a->require[1] = HM_ROLE_VERIFICATION;
    a->require_n = 2;
}

static void retire(const struct maker *m, struct hm_authorisation *a,
                   enum maker_name key, enum hm_retire_reason why)
{
    struct hm_err e = {.rc = HM_OK};

    maker_authorise(m, a, key, HM_ROLE_MANIFEST, "thermostat");
    assert_ok(
        hm_authorisation_retire(a, m->keys[key].key.keyid, MAKER_TIME, why, &e),
        &e);
}

void whole_authorisation(const struct maker *m, struct hm_buf *out)
{
    HM_OWN(hm_authorisation) a = HM_AUTHORISATION_INIT;
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(a.vendor, sizeof(a.vendor), "acme");
    assert_ok(hm_sha256(hm_buf_view(&m->root), a.root_sha256, &e), &e);
    a.sequence = 3;
    a.issued = MAKER_TIME;
    a.expires = MAKER_TIME + 365 * MAKER_DAY;
    maker_authorise(m, &a, MAKER_VENDOR, HM_ROLE_MANIFEST, "thermostat");
    maker_authorise(m, &a, MAKER_VERIFICATION, HM_ROLE_VERIFICATION, "boiler");
    (void)snprintf(a.keys[0].products[1], sizeof(a.keys[0].products[1]),
                   "boiler");
    a.keys[0].products_n = 2;
    fill_token(&a.keys[0].token);
    (void)snprintf(a.keys[1].key.scheme, sizeof(a.keys[1].key.scheme),
                   "ml-dsa-44");
    fill_limits(&a);
    retire(m, &a, MAKER_RETIRED, HM_ROTATED);
    retire(m, &a, MAKER_PROVENANCE, HM_COMPROMISED);
    a.retired[1].has_ledger = true;
    a.retired[1].ledger_size = HM_JSON_INT_MAX;
    fill(a.retired[1].ledger_root, sizeof(a.retired[1].ledger_root), 1);
    assert_ok(hm_authorisation_write(&a, out, &e), &e);
}

/* --- manifest.json --------------------------------------------------------------- */

static void fill_head(struct hm_manifest *m)
{
    struct hm_err e = {.rc = HM_OK};

    (void)snprintf(m->vendor, sizeof(m->vendor), "acme");
    (void)snprintf(m->product, sizeof(m->product), "thermostat");
    assert_ok(hm_version_read(HM_LIT("1.0.1"), &m->version, &e), &e);
    (void)snprintf(m->label, sizeof(m->label), "1.0.1 \"\xc3\xa9t\xc3\xa9\"");
    (void)snprintf(m->channel, sizeof(m->channel), "stable");
    m->epoch = 1;
    m->sequence = HM_MANIFEST_COUNTER_MAX;
    m->rollback_counter = 2;
    m->timestamp = MAKER_TIME;
    m->expires = MAKER_TIME + 30 * MAKER_DAY;
    m->support_until = HM_TIME_MAX;
    (void)snprintf(m->min_updater, sizeof(m->min_updater), "2.0");
    m->has_install = true;
    m->postpone_max_s = 3600;
    m->critical = true;
    m->update_type = HM_UPDATE_EMERGENCY;
    m->severity = HM_SEVERITY_CRITICAL;
    m->index_size = 4096;
    fill(m->index_sha256, sizeof(m->index_sha256), 3);
}

static void add_advisory(struct hm_manifest *m, const char *id)
{
    struct hm_advisory *a = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_add_advisory(m, &a, &e), &e);
    (void)snprintf(a->id, sizeof(a->id), "%s", id);
    assert_ok(hm_words_add(&a->aliases, "EUVD-2026-0001", &e), &e);
    assert_ok(hm_words_add(&a->aliases, "CVE-2026-0001", &e), &e);
    a->severity = HM_SEVERITY_HIGH;
    (void)snprintf(a->cvss, sizeof(a->cvss),
                   "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N");
    (void)snprintf(a->url, sizeof(a->url), "https://acme.example/sa/%s", id);
    a->fixed_in = m->version;
    (void)snprintf(a->action, sizeof(a->action), "Install 1.0.1.");
}

static struct hm_artefact *add_artefact(struct hm_update *u, const char *name)
{
    struct hm_artefact *a = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_update_add_artefact(u, &a, &e), &e);
    (void)snprintf(a->name, sizeof(a->name), "%s", name);
    a->role = HM_ARTEFACT_FIRMWARE;
    (void)snprintf(a->slot, sizeof(a->slot), "rootfs");
    a->size = 1048576;
    fill(a->sha256, sizeof(a->sha256), 4);
    return a;
}

static struct hm_update *add_update(struct hm_manifest *m, const char *hardware)
{
    struct hm_update *u = NULL;
    struct hm_err e = {.rc = HM_OK};

    assert_ok(hm_manifest_add_update(m, &u, &e), &e);
    assert_ok(hm_words_add(&u->models, "T100", &e), &e);
    assert_ok(hm_words_add(&u->models, "T200", &e), &e);
    assert_ok(hm_words_add(&u->hardware, hardware, &e), &e);
    u->any_version = true;
    return u;
}

static void add_delta(struct hm_manifest *m)
{
    struct hm_update *u = add_update(m, "rev-b");
    struct hm_artefact *a = add_artefact(u, "artefacts/1.0.0-1.0.1.delta");
    struct hm_err e = {.rc = HM_OK};

    u->any_version = false;
    assert_ok(hm_version_read(HM_LIT("1.0"), &u->from_min, &e), &e);
    assert_ok(hm_version_read(HM_LIT("1.0.0"), &u->from_max, &e), &e);
    a->kind = HM_ARTEFACT_DELTA;
    fill(a->base_sha256, sizeof(a->base_sha256), 5);
    a->target_size = 1048576;
    fill(a->target_sha256, sizeof(a->target_sha256), 6);
}

void whole_manifest(struct hm_buf *out)
{
    HM_OWN(hm_manifest) m = HM_MANIFEST_INIT;
    struct hm_artefact *a = NULL;
    struct hm_err e = {.rc = HM_OK};

    fill_head(&m);
    add_advisory(&m, "ACME-SA-2026-0001");
    add_advisory(&m, "ACME-SA-2026-0002");
    add_delta(&m);
    a = add_artefact(add_update(&m, "rev-c"), "artefacts/full.tar.gz");
    a->has_content = true;
    fill(a->content_sha256, sizeof(a->content_sha256), 7);
    assert_ok(hm_manifest_write(&m, out, &e), &e);
}

void whole_index(struct hm_buf *out)
{
    static const char *const names[] = {"a", "b", "c/d", "e", "f", "g", "h"};
    HM_OWN(hm_index) index = HM_INDEX_INIT;
    struct hm_err e = {.rc = HM_OK};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct hm_index_file f = {.kind = i, .is_public = i % 2 == 0};

        (void)snprintf(f.name, sizeof(f.name), "%s", names[i]);
        f.digests.size = (uint64_t)i * 1000;
        fill(f.digests.sha256, sizeof(f.digests.sha256), (uint8_t)(i + 8));
        fill(f.digests.sha512, sizeof(f.digests.sha512), (uint8_t)(i + 9));
        assert_ok(hm_index_add(&index, &f, &e), &e);
    }
    assert_ok(hm_index_write(&index, out, &e), &e);
}
