#include <inttypes.h>

#include "request_priv.h"

static const char *const acts[] = {"authorise", "rotate", "revoke"};

const char *hm_request_act_name(enum hm_request_act act)
{
    return (unsigned)act < 3 ? acts[act] : "unknown";
}

/* --- what must not happen ------------------------------------------------------- */

/* U+0080 to U+009F, in UTF-8: to some terminals they are what ESC begins. */
static bool is_c1(const char *p)
{
    return (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] >= 0x80 &&
           (unsigned char)p[1] <= 0x9f;
}

HM_MUST static hm_rc check_utf8(const char *text, bool *is_good,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) quoted = HM_BUF_INIT((size_t)8 * HM_REQUEST_TEXT);
    struct hm_json_writer w;
    hm_rc rc;

    hm_json_begin(&w, &quoted, true);
    hm_json_put_text(&w, NULL, text);
    rc = hm_json_finish(&w, e);
    *is_good = rc == HM_OK;
    return rc == HM_E_FORMAT ? HM_OK : rc;
}

/* Shown to people on a terminal, so nothing that moves the cursor. */
hm_rc hm_request_check_text(const char *name, const char *text,
                            struct hm_err *e)
{
    bool is_good = false;

    HM_TRY(check_utf8(text, &is_good, e));
    for (const char *p = text; *p != '\0'; p++)
        is_good =
            is_good && (unsigned char)*p >= 0x20 && *p != 0x7f && !is_c1(p);
    if (is_good && text[0] != '\0')
        return HM_OK;
    return hm_fail(e, HM_E_FORMAT, "request.text.syntax",
                   "'%s' is '%s': expected 1 to %d bytes of UTF-8 without "
                   "control characters",
                   name, hm_show_str(text), HM_REQUEST_TEXT - 1);
}

uint64_t hm_request_skipped(const struct hm_request *r)
{
    return r->next.sequence <= r->last.sequence
               ? 0
               : r->next.sequence - r->last.sequence - 1;
}

/* A number that is left out is gone for ever: who signs is told why. */
HM_MUST static hm_rc check_skip(const struct hm_request *r, struct hm_err *e)
{
    const uint64_t skipped = hm_request_skipped(r);

    if (skipped == 0 && r->skip_reason[0] == '\0')
        return HM_OK;
    if (skipped == 0)
        return hm_fail(e, HM_E_REJECTED, "request.skip.none",
                       "there is a reason for numbers that are left out, but "
                       "sequence %" PRIu64 " follows %" PRIu64,
                       r->next.sequence, r->last.sequence);
    if (r->skip_reason[0] == '\0')
        return hm_fail(e, HM_E_REJECTED, "request.skip.reason",
                       "sequence %" PRIu64 " follows %" PRIu64
                       " without a reason for the numbers between them",
                       r->next.sequence, r->last.sequence);
    return hm_request_check_text("skip_reason", r->skip_reason, e);
}

HM_MUST static hm_rc check_order(const struct hm_request *r, struct hm_err *e)
{
    if (r->next.sequence <= r->last.sequence)
        return hm_fail(e, HM_E_REJECTED, "request.sequence.lower",
                       "the next authorisation has sequence %" PRIu64
                       ", the one in force has %" PRIu64
                       ": devices never go back",
                       r->next.sequence, r->last.sequence);
    if (r->next.issued < r->last.issued)
        return hm_fail(e, HM_E_REJECTED, "request.issued.older",
                       "the next authorisation is issued at %s, before the one "
                       "in force (%s)",
                       hm_time_show(r->next.issued),
                       hm_time_show(r->last.issued));
    return HM_OK;
}

/* Year ten must still be able to judge what a key signed. */
HM_MUST static hm_rc check_keys(const struct hm_request *r, struct hm_err *e)
{
    for (size_t i = 0; i < r->last.keys_n; i++) {
        const char *keyid = r->last.keys[i].key.key.keyid;

        if (hm_authorisation_find(&r->next, keyid) == NULL &&
            hm_authorisation_find_retired(&r->next, keyid) == NULL)
            return hm_fail(e, HM_E_REJECTED, "request.key.vanished",
                           "key %s is in force and neither kept nor retired",
                           keyid);
    }
    for (size_t i = 0; i < r->last.retired_n; i++) {
        const char *keyid = r->last.retired[i].entry.key.key.keyid;

        if (hm_authorisation_find_retired(&r->next, keyid) == NULL)
            return hm_fail(e, HM_E_REJECTED, "request.retired.vanished",
                           "key %s is retired and would be forgotten", keyid);
    }
    return HM_OK;
}

HM_MUST static hm_rc check_limits(const struct hm_request *r, struct hm_err *e)
{
    for (size_t i = 0; i < r->last.limits_n; i++) {
        const struct hm_limit *old = &r->last.limits[i];
        const struct hm_limit *new =
            hm_authorisation_limit(&r->next, old->product);

        if (new == NULL || new->epoch < old->epoch)
            return hm_fail(e, HM_E_REJECTED, "request.epoch.lower",
                           "the epoch of '%s' is %" PRIu64
                           " and would fall or be forgotten",
                           old->product, old->epoch);
    }
    return HM_OK;
}

/* The act that retires a key for this reason. */
static enum hm_request_act act_of(enum hm_retire_reason reason)
{
    return reason == HM_ROTATED ? HM_ACT_ROTATE : HM_ACT_REVOKE;
}

/* What becomes of the keys; two answers are none. */
static bool find_act(const struct hm_request *r, enum hm_request_act *act)
{
    bool is_one = true;

    *act = HM_ACT_AUTHORISE;
    for (size_t i = 0; i < r->next.retired_n; i++) {
        const struct hm_retired_key *key = &r->next.retired[i];

        if (hm_authorisation_find_retired(&r->last, key->entry.key.key.keyid) !=
            NULL)
            continue;
        is_one =
            is_one && (*act == HM_ACT_AUTHORISE || *act == act_of(key->reason));
        *act = act_of(key->reason);
    }
    return is_one;
}

/* The first word that a signer reads: a revocation is not to be shown as a
 * rotation, nor either as a mere authorisation. */
HM_MUST static hm_rc check_act(struct hm_request *r, struct hm_err *e)
{
    enum hm_request_act act;
    const bool is_one = find_act(r, &act);

    if (is_one && r->act == HM_ACT_FIND)
        r->act = act;
    if (is_one && r->act == act)
        return HM_OK;
    return hm_fail(e, HM_E_REJECTED, "request.act.differs",
                   "the request says '%s', but that is not what becomes of the "
                   "keys",
                   hm_request_act_name(r->act));
}

/* --- made from the documents ---------------------------------------------------- */

HM_MUST static hm_rc read_before(struct hm_request *r,
                                 const struct hm_root *root, struct hm_err *e)
{
    const struct hm_bytes bytes = hm_buf_view(&r->before);

    if (bytes.n == 0)
        return HM_OK;
    HM_TRY(hm_root_verify(root, bytes, &r->signatures, NULL, e));
    HM_TRY(hm_authorisation_read(&r->last, bytes, e));
    return hm_authorisation_check_root(&r->last, root, e);
}

static void clear_made(struct hm_request *r)
{
    hm_authorisation_clear(&r->next);
    hm_authorisation_clear(&r->last);
    hm_names_clear(&r->meaning);
    hm_names_clear(&r->careful);
    hm_changes_clear(&r->changes);
}

hm_rc hm_request_make(struct hm_request *r, const struct hm_root *root,
                      struct hm_err *e)
{
    clear_made(r);
    HM_TRY(hm_request_check_text("by", r->by, e));
    HM_TRY(hm_request_check_text("why", r->why, e));
    HM_TRY(
        hm_context(e, read_before(r, root, e), "the authorisation in force"));
    HM_TRY(hm_authorisation_read(&r->next, hm_buf_view(&r->document), e));
    HM_TRY(hm_authorisation_check_root(&r->next, root, e));
    HM_TRY(hm_authorisation_check_published(&r->next, e));
    HM_TRY(check_order(r, e));
    HM_TRY(check_skip(r, e));
    HM_TRY(check_keys(r, e));
    HM_TRY(check_limits(r, e));
    HM_TRY(check_act(r, e));
    HM_TRY(request_compare(r, e));
    return request_explain(r, root, e);
}

void hm_request_begin(struct hm_request *r)
{
    memset(r, 0, sizeof(*r));
    r->document = (struct hm_buf)HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
    r->before = (struct hm_buf)HM_BUF_INIT(HM_AUTHORISATION_BYTES_MAX);
}

void hm_request_clear(struct hm_request *r)
{
    clear_made(r);
    hm_buf_clear(&r->document);
    hm_buf_clear(&r->before);
    hm_signatures_clear(&r->signatures);
    r->act = HM_ACT_AUTHORISE;
    r->by[0] = '\0';
    r->why[0] = '\0';
    r->skip_reason[0] = '\0';
    r->requested = 0;
}
