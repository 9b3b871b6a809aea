/* Whatever a file is said to be, its facts are printable and end in their
 * buffers; whatever its members are, they stay below the root; whatever is
 * refused has a reason. */
#include <stdlib.h>

#include "image_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *s)
{
    check(strnlen(s, HM_SHOW_MAX) < HM_SHOW_MAX);
    for (; *s != '\0'; s++)
        check(*s >= ' ' && *s < 0x7f);
}

HM_MUST static hm_rc visit(void *ctx, const struct hm_image_member *member,
                           struct hm_err *e)
{
    const struct hm_archive_member *m = member->m;

    (void)e;
    ++*(uint64_t *)ctx;
    check(m->path[0] != '\0' && m->path[0] != '/' && m->mode <= 0777);
    check(strncmp(m->path, "../", 3) != 0 && !strstr(m->path, "/../"));
    check(m->kind == HM_ARCHIVE_FILE || m->size == 0);
    check(member->method != NULL);
    return HM_OK;
}

static void list(struct hm_bytes in, const struct hm_image *image)
{
    static const struct hm_archive_limits limits = {1u << 22, 1000};
    uint64_t members = 0;
    const struct hm_image_visitor visitor = {visit, &members};
    struct hm_archive_result result;
    struct hm_err e = {.rc = HM_OK};

    if (hm_image_list_bytes(in, image, &limits, &visitor, &result, &e) == HM_OK)
        check(result.file.size == in.n && result.entries == members);
    else
        check(e.reason[0] != '\0' && result.entries == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hm_bytes in = {data, size};
    HM_OWN(hm_image) image = HM_IMAGE_INIT;
    struct hm_err e = {.rc = HM_OK};

    if (hm_image_read_bytes(in, &image, &e) != HM_OK) {
        check(e.reason[0] != '\0' && image.kind == NULL);
        return 0;
    }
    check(image.facts <= HM_IMAGE_FACTS_MAX && e.reason[0] == '\0');
    for (size_t i = 0; i < image.facts; i++)
        check_text(image.fact[i].text);
    list(in, &image);
    return 0;
}
