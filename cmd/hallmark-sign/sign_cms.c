/* Files of any kind in the envelope of X.509 ecosystems.  Only a key of role x509
 * signs them, so that no key of a Hallmark role ever signs bytes of others. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign_priv.h"

#define STEP ((size_t)64 << 10)

/* A signature on its way; too large for a stack. */
struct act {
    struct sign_trust trust;                        /* owned */
    struct hm_certificate leaf;                     /* owned */
    struct hm_certificate above[HM_X509_CHAIN_MAX]; /* owned */
    struct hm_certificate_chain chain;              /* borrows the two */
    enum hm_x509_purpose purpose;
    hm_time at;
    struct hm_file file; /* owned: what is signed */
    struct hm_rauc rauc; /* owned: with --rauc */
    struct hm_out out;   /* owned: the bundle, with --rauc */
    struct hm_buf cms;   /* owned */
};

static struct act *act_new(void)
{
    struct act *a = calloc(1, sizeof(*a));

    if (a == NULL)
        return NULL;
    a->file = (struct hm_file)HM_FILE_INIT;
    a->out = (struct hm_out)HM_OUT_INIT;
    a->rauc = (struct hm_rauc)HM_RAUC_INIT;
    a->cms = (struct hm_buf)HM_BUF_INIT(HM_CMS_BYTES_MAX);
    return a;
}

static void act_free(struct act *a)
{
    sign_trust_clear(&a->trust);
    hm_certificate_clear(&a->leaf);
    for (size_t i = 0; i < HM_X509_CHAIN_MAX; i++)
        hm_certificate_clear(&a->above[i]);
    hm_file_clear(&a->file);
    hm_rauc_clear(&a->rauc);
    hm_out_clear(&a->out);
    hm_buf_clear(&a->cms);
    free(a);
}

/* --- what can be refused without a PIN --------------------------------------------- */

HM_MUST static hm_rc load_chain(const struct sign_options *o, struct act *a,
                                struct hm_err *e)
{
    HM_TRY(hm_certificate_load(&a->leaf, o->certificate, e));
    if (o->chain.n > HM_X509_CHAIN_MAX)
        return hm_fail(e, HM_E_USAGE, "sign.cms.chain",
                       "expected at most %u certificates with --chain, got %zu",
                       HM_X509_CHAIN_MAX, o->chain.n);
    for (size_t i = 0; i < o->chain.n; i++)
        HM_TRY(hm_certificate_load(&a->above[i], o->chain.value[i], e));
    a->chain = (struct hm_certificate_chain){&a->leaf, a->above, o->chain.n};
    if (hm_certificate_is_self_issued(&a->above[o->chain.n - 1]))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_USAGE, "sign.cms.chain",
                           "the last certificate of --chain, '%s', is no "
                           "root's: its issuer is another",
                           a->above[o->chain.n - 1].name),
                   "give each issuer with --chain in order, the one of "
                   "--certificate first and the root's own last");
}

/* A file names no product: any product of the key will do. */
HM_MUST static hm_rc judge(const struct act *a, struct hm_err *e)
{
    const char *keyid = a->leaf.key.keyid;
    const struct hm_authorised_key *key =
        hm_authorisation_find(&a->trust.authorisation, keyid);
    const struct hm_key_use use = {
        .role = HM_ROLE_X509,
        .product = key == NULL ? "" : key->products[0],
        .at = a->at,
    };

    if (hm_root_find(&a->trust.root, keyid) != NULL)
        return hm_fail(e, HM_E_REJECTED, "sign.key.root",
                       "key %.16s is a root key, which signs authorisations "
                       "only",
                       keyid);
    HM_TRY(hm_authorisation_judge(&a->trust.authorisation, keyid, &use, e));
    return hm_certificate_chain_check(&a->chain, a->purpose, a->at, e);
}

/* With --force the output could take the place of what is signed; only a bundle
 * may, which holds it. */
HM_MUST static hm_rc refuse_same(const struct sign_options *o,
                                 const struct act *a, struct hm_err *e)
{
    const char *to = o->bytes != NULL ? o->bytes : o->output;
    struct stat in;
    struct stat out;

    if ((o->rauc && o->bytes == NULL) || fstat(a->file.fd, &in) != 0 ||
        stat(to, &out) != 0 || in.st_dev != out.st_dev ||
        in.st_ino != out.st_ino)
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "sign.cms.same",
                   "'%s' is the file to sign, and would be replaced",
                   hm_show_str(to));
}

HM_MUST static hm_rc prepare(const struct sign_options *o, struct act *a,
                             struct hm_err *e)
{
    hm_rc rc;

    a->purpose = HM_X509_EMAIL_PROTECTION;
    if (o->purpose != NULL)
        HM_TRY(hm_x509_purpose_find(o->purpose, &a->purpose, e));
    HM_TRY(sign_trust_load_named(o, &a->trust, e));
    HM_TRY(hm_time_act(o->issue_time, 0, &a->at, e));
    HM_TRY(load_chain(o, a, e));
    HM_TRY(judge(a, e));
    HM_TRY(hm_file_open(&a->file, o->cms, e));
    HM_TRY(refuse_same(o, a, e));
    if (!o->rauc)
        return HM_OK;
    rc = hm_rauc_read(&a->file, &a->rauc, e);
    return hm_context(e, rc, "'%s'", hm_show_str(o->cms));
}

/* --- a bundle ------------------------------------------------------------------------- */

/* What is verified is what was written: it does not matter who changes the file of
 * the build meanwhile. */
HM_MUST static hm_rc copy_payload(struct act *a, uint8_t *step,
                                  struct hm_err *e)
{
    uint64_t left = a->rauc.payload;

    if (lseek(a->file.fd, 0, SEEK_SET) != 0)
        return hm_fail_errno(e, "base.file.read", "cannot read a bundle again");
    while (left > 0) {
        size_t got = 0;

        HM_TRY(hm_file_read(&a->file, step, left < STEP ? (size_t)left : STEP,
                            &got, e));
        if (got == 0)
            return hm_fail(e, HM_E_FORMAT, "x509.rauc.malformed",
                           "the bundle became shorter while it was read");
        HM_TRY(hm_out_write(&a->out, (struct hm_bytes){step, got}, e));
        left -= got;
    }
    return HM_OK;
}

/* From here on the file is the copy. */
HM_MUST static hm_rc begin_bundle(const struct sign_options *o, struct act *a,
                                  struct hm_err *e)
{
    uint8_t *step = malloc(STEP);
    hm_rc rc;

    if (step == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for a bundle");
    rc = hm_out_begin(&a->out, o->output,
                      o->force ? HM_OUT_REPLACE : HM_OUT_NEW, 0644, e);
    if (rc == HM_OK)
        rc = copy_payload(a, step, e);
    free(step);
    HM_TRY(rc);
    return hm_file_open_at(&a->file, &a->out.dir, a->out.temporary, e);
}

HM_MUST static hm_rc end_bundle(struct act *a, struct hm_err *e)
{
    HM_OWN(hm_buf) trailer = HM_BUF_INIT(HM_CMS_BYTES_MAX + 8);

    HM_TRY(hm_rauc_make_trailer(hm_buf_view(&a->cms), &trailer, e));
    HM_TRY(hm_out_write(&a->out, hm_buf_view(&trailer), e));
    return hm_out_commit(&a->out, e);
}

/* --- the act --------------------------------------------------------------------------- */

HM_MUST static hm_rc make_attributes(const struct sign_options *o,
                                     struct act *a, struct hm_buf *attributes,
                                     struct hm_err *e)
{
    const struct hm_bytes inside = hm_buf_view(&a->rauc.manifest);
    const enum hm_scheme scheme = a->leaf.key.scheme;
    struct hm_cms_digest digest = {.n = 0};

    HM_TRY(inside.n > 0 ? hm_cms_digest(inside, scheme, &digest, e)
                        : hm_cms_digest_file(
                              &a->file, o->rauc ? a->rauc.payload : UINT64_MAX,
                              scheme, &digest, e));
    return hm_cms_make(&digest, a->at, attributes, e);
}

/* The key as the authorisation has it; judged current, so it is there. */
static const struct hm_public_key *pinned_of(const struct act *a)
{
    return &hm_authorisation_find(&a->trust.authorisation, a->leaf.key.keyid)
                ->key.key;
}

HM_MUST static hm_rc sign_here(struct hm_cli *cli, const struct sign_options *o,
                               const struct act *a, struct hm_bytes attributes,
                               struct hm_buf *sig, struct hm_err *e)
{
    HM_OWN(hm_hsm) hsm = HM_HSM_INIT;
    HM_OWN(hm_hsm_key) key = HM_HSM_KEY_INIT;

    HM_TRY(sign_key_open(cli, o, false, &hsm, &key, e));
    HM_TRY(hm_certificate_check_key(&a->leaf, &key.public_key, e));
    if (o->dry_run)
        return HM_OK;
    return hm_hsm_sign(&hsm, &key, pinned_of(a), attributes, sig, e);
}

HM_MUST static hm_rc take_foreign(const struct sign_options *o,
                                  const struct act *a,
                                  struct hm_bytes attributes,
                                  struct hm_buf *sig, struct hm_err *e)
{
    HM_TRY(sign_foreign_load(o, sig, e));
    if (hm_signature_verify(pinned_of(a), attributes, hm_buf_view(sig), NULL) ==
        HM_OK)
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "sign.attach.stranger",
                           "'%s' is no signature of '%s' at %s by key %.16s of "
                           "the certificate",
                           hm_show_str(o->attach), hm_show_str(o->cms),
                           hm_time_show(a->at), a->leaf.key.keyid),
                   "sign exactly the bytes that --bytes FILE writes for this "
                   "file and --issue-time; a signature as r || s needs --raw");
}

/* Held against OpenSSL, as a device would, before anybody gets it. */
HM_MUST static hm_rc finish(const struct sign_options *o, struct act *a,
                            struct hm_bytes attributes, struct hm_bytes sig,
                            struct hm_err *e)
{
    const struct hm_bytes inside = hm_buf_view(&a->rauc.manifest);

    HM_TRY(hm_cms_join(&a->chain, attributes, sig, inside, &a->cms, e));
    if (o->rauc)
        HM_TRY(begin_bundle(o, a, e));
    HM_TRY(hm_cms_verify(hm_buf_view(&a->cms), inside.n > 0 ? NULL : &a->file,
                         &a->chain, a->purpose, a->at, e));
    return o->rauc
               ? end_bundle(a, e)
               : hm_cli_output(o->output, hm_buf_view(&a->cms), o->force, e);
}

static const char *form_of(const struct sign_options *o, const struct act *a)
{
    if (!o->rauc)
        return "detached";
    return a->rauc.manifest.n > 0 ? "rauc-verity" : "rauc-plain";
}

/* A company may have a CA of its own; who trusts root.json only should know. */
static bool is_root_ours(const struct hm_cli *cli, const struct act *a)
{
    const struct hm_certificate *last = &a->above[a->chain.n - 1];

    if (hm_root_find(&a->trust.root, last->key.keyid) != NULL)
        return true;
    hm_cli_warn(cli,
                "the root certificate '%s' is of a key that root.json does not "
                "name: devices must trust that one",
                last->name);
    return false;
}

HM_MUST static hm_rc report(struct hm_cli *cli, const struct sign_options *o,
                            const struct act *a, struct hm_err *e)
{
    struct hm_json_writer w;

    hm_cli_say(cli, "%s %s (%s) with key %.16s of '%s': %s",
               o->dry_run ? "would sign" : "signed", hm_show_str(o->cms),
               form_of(o, a), a->leaf.key.keyid, a->leaf.name,
               hm_show_str(o->output));
    hm_cli_result(cli, &w, true);
    hm_json_put_text(&w, "keyid", a->leaf.key.keyid);
    hm_json_put_text(&w, "role", hm_role_name(HM_ROLE_X509));
    hm_json_put_text(&w, "certificate", a->leaf.name);
    hm_json_put_text(&w, "root_keyid", a->above[a->chain.n - 1].key.keyid);
    hm_json_put_bool(&w, "root_is_ours", is_root_ours(cli, a));
    hm_json_put_text(&w, "purpose", hm_x509_purpose_name(a->purpose));
    hm_json_put_text(&w, "form", form_of(o, a));
    hm_json_put_time(&w, "signing_time", a->at);
    hm_json_put_bool(&w, "written", !o->dry_run);
    hm_json_put_text(&w, "path", o->output);
    hm_json_close_object(&w);
    return hm_json_finish(&w, e);
}

HM_MUST static hm_rc sign(struct hm_cli *cli, const struct sign_options *o,
                          struct act *a, struct hm_err *e)
{
    HM_OWN(hm_buf) attributes = HM_BUF_INIT(1024);
    HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);

    HM_TRY(prepare(o, a, e));
    HM_TRY(make_attributes(o, a, &attributes, e));
    if (o->bytes != NULL)
        return sign_bytes_save(cli, o, hm_buf_view(&attributes), e);
    HM_TRY(o->attach != NULL
               ? take_foreign(o, a, hm_buf_view(&attributes), &sig, e)
               : sign_here(cli, o, a, hm_buf_view(&attributes), &sig, e));
    if (!o->dry_run)
        HM_TRY(finish(o, a, hm_buf_view(&attributes), hm_buf_view(&sig), e));
    return report(cli, o, a, e);
}

hm_rc sign_cms_run(struct hm_cli *cli, const struct sign_options *o,
                   struct hm_err *e)
{
    struct act *a = act_new();
    hm_rc rc;

    if (a == NULL)
        return hm_fail(e, HM_E_NOMEM, "sign.document.nomem",
                       "out of memory for a signature");
    rc = sign(cli, o, a, e);
    act_free(a);
    return rc;
}
