#include <stdio.h>

#include "request_priv.h"

#define MEMBERS                                                        \
    "format act by why requested skip_reason careful meaning changes " \
    "signers document before"

HM_MUST static hm_rc read_base64(struct hm_json at, struct hm_buf *to,
                                 struct hm_err *e)
{
    hm_buf_clear(to);
    return hm_base64_read(to, hm_json_view(at), e);
}

HM_MUST static hm_rc read_content(struct hm_json root, const char *name,
                                  struct hm_buf *to, struct hm_json *at,
                                  struct hm_err *e)
{
    struct hm_json content;

    HM_TRY(hm_json_get_object(root, name, at, e));
    HM_TRY(hm_json_get(*at, "content", &content, e));
    HM_TRY(hm_context(e, read_base64(content, to, e), "/%s/content", name));
    if (to->n > 0)
        return HM_OK;
    return hm_json_fail(content, e, HM_E_FORMAT, "json.member.empty",
                        "expected a document");
}

HM_MUST static hm_rc read_signatures(struct hm_request *r, struct hm_json at,
                                     struct hm_err *e)
{
    struct hm_json list;
    unsigned n = 0;

    HM_TRY(hm_json_get_array(at, "signatures", 1, HM_SIGNATURES_MAX, &list, e));
    for (struct hm_json i = hm_json_first(list); i.item != NULL;
         i = hm_json_next(i)) {
        HM_OWN(hm_buf) sig = HM_BUF_INIT(HM_SIGNATURE_MAX);
        char name[48];

        (void)snprintf(name, sizeof(name), "/before/signatures/%u", n++);
        HM_TRY(hm_context(e, read_base64(i, &sig, e), "%s", name));
        HM_TRY(hm_signatures_add(&r->signatures, name, hm_buf_view(&sig), e));
    }
    return HM_OK;
}

HM_MUST static hm_rc read_documents(struct hm_request *r, struct hm_json root,
                                    struct hm_err *e)
{
    struct hm_json at;

    HM_TRY(read_content(root, "document", &r->document, &at, e));
    if (hm_json_find(root, "before").item == NULL)
        return HM_OK;
    HM_TRY(read_content(root, "before", &r->before, &at, e));
    return read_signatures(r, at, e);
}

/* Words for another root set would be other words; say what is behind it. */
HM_MUST static hm_rc check_signers(struct hm_json at,
                                   const struct hm_root *root, struct hm_err *e)
{
    uint8_t digest[HM_SHA256_SIZE];
    struct hm_json signers;

    HM_TRY(hm_json_get_object(at, "signers", &signers, e));
    HM_TRY(hm_json_get_hex(signers, "root_sha256", digest, sizeof(digest), e));
    if (memcmp(digest, root->sha256, sizeof(digest)) == 0)
        return HM_OK;
    return hm_json_fail(signers, e, HM_E_REJECTED, "request.root.differs",
                        "the request was made for another root.json");
}

HM_MUST static hm_rc read_members(struct hm_request *r, struct hm_bytes bytes,
                                  const struct hm_root *root, struct hm_err *e)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    unsigned act = 0;
    struct hm_json at;

    HM_TRY(hm_json_format(bytes, HM_REQUEST_FORMAT, e));
    HM_TRY(hm_json_parse(&doc, bytes, HM_JSON_OURS, HM_REQUEST_BYTES_MAX, e));
    at = hm_json_root(&doc);
    HM_TRY(hm_json_keys(at, MEMBERS, e));
    HM_TRY(hm_json_get_word(at, "act", HM_ACT_WORDS, &act, e));
    r->act = (enum hm_request_act)act;
    HM_TRY(hm_json_get_text(at, "by", r->by, sizeof(r->by), e));
    HM_TRY(hm_json_get_text(at, "why", r->why, sizeof(r->why), e));
    HM_TRY(hm_json_get_time(at, "requested", &r->requested, e));
    if (hm_json_find(at, "skip_reason").item != NULL)
        HM_TRY(hm_json_get_text(at, "skip_reason", r->skip_reason,
                                sizeof(r->skip_reason), e));
    HM_TRY(check_signers(at, root, e));
    return read_documents(r, at, e);
}

/* One way to say it: whatever else stands in the file is not believed. */
HM_MUST static hm_rc check_words(const struct hm_request *r,
                                 struct hm_bytes bytes,
                                 const struct hm_root *root, struct hm_err *e)
{
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    size_t at = 0;

    HM_TRY(hm_request_write(r, root, &again, e));
    if (hm_bytes_eq(hm_buf_view(&again), bytes))
        return HM_OK;
    while (at < again.n && at < bytes.n && again.p[at] == bytes.p[at])
        at++;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "request.words.differ",
                           "what the request says is not what its documents "
                           "say, from byte %zu on: do not sign it",
                           at),
                   "ask for the request again, as hallmark-key prepare wrote "
                   "it");
}

HM_MUST static hm_rc read_all(struct hm_request *r, struct hm_bytes bytes,
                              const struct hm_root *root, struct hm_err *e)
{
    HM_TRY(read_members(r, bytes, root, e));
    HM_TRY(hm_request_make(r, root, e));
    return check_words(r, bytes, root, e);
}

hm_rc hm_request_read(struct hm_request *r, struct hm_bytes bytes,
                      const struct hm_root *root, struct hm_err *e)
{
    hm_rc rc;

    hm_request_clear(r);
    rc = read_all(r, bytes, root, e);
    if (rc != HM_OK)
        hm_request_clear(r);
    return rc;
}
