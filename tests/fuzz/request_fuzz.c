/* A root.json and a request behind it: what is accepted is written again to the
 * same bytes; what is refused leaves nothing and a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "hm_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct hm_request *r, struct hm_bytes text,
                  const struct hm_root *root)
{
    HM_OWN(hm_buf) again = HM_BUF_INIT(HM_REQUEST_BYTES_MAX);
    struct hm_err e = {.rc = HM_OK};

    if (hm_request_read(r, text, root, &e) != HM_OK) {
        if (e.reason[0] == '\0' || r->document.n > 0 || r->meaning.n > 0)
            abort();
        return;
    }
    if (r->next.sequence <= r->last.sequence || r->meaning.n == 0 ||
        hm_request_write(r, root, &again, &e) != HM_OK ||
        !hm_bytes_eq(hm_buf_view(&again), text))
        abort();
}

/* The first document ends where its last line is "}". */
static size_t split(const uint8_t *data, size_t size)
{
    const uint8_t *end = memmem(data, size, "\n}\n", 3);

    return end == NULL ? size : (size_t)(end - data) + 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HM_OWN(hm_root) root = HM_ROOT_INIT;
    const size_t n = split(data, size);
    struct hm_request *r = NULL;

    if (hm_root_read(&root, (struct hm_bytes){data, n}, NULL) != HM_OK)
        return 0;
    r = malloc(sizeof(*r));
    if (r == NULL)
        return 0;
    hm_request_begin(r);
    check(r, (struct hm_bytes){data + n, size - n}, &root);
    hm_request_clear(r);
    free(r);
    return 0;
}
