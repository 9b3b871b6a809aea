/* The first byte chooses the kind; the rest is the document. */
#include "hm_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_json_doc) doc = HM_JSON_DOC_INIT;
    HM_OWN(hm_buf) once = HM_BUF_INIT((size_t)64 << 20);
    struct hm_json_writer w;
    struct hm_bytes span;
    struct hm_err e = {0};
    const struct hm_bytes text = {data + 1, size - 1};

    if (size == 0)
        return 0;
    if (hm_json_parse(&doc, text, data[0] % 2 ? HM_JSON_OURS : HM_JSON_FOREIGN,
                      1u << 16, &e) != HM_OK) {
        must(e.reason[0] != '\0' && doc.root == NULL);
        return 0;
    }
    hm_json_span(text, "", &span);
    must(span.n > 0 && span.n <= text.n);
    hm_json_begin(&w, &once, false);
    hm_json_put_json(&w, NULL, span);
    must(hm_json_finish(&w, &e) == HM_OK);
    must(hm_json_check(hm_buf_view(&once), HM_JSON_FOREIGN, once.max, &e) ==
         HM_OK);
    return 0;
}
