#include <unistd.h>

#include "x509_priv.h"

#define SUPERBLOCK  96u
#define BYTES_USED  40u /* where the superblock says how long the image is */
#define LENGTH_SIZE 8u

HM_MUST static hm_rc fail_malformed(const char *why, struct hm_err *e)
{
    return hm_hint(e,
                   hm_fail(e, HM_E_FORMAT, "x509.rauc.malformed",
                           "it is no RAUC bundle, and no squashfs image that "
                           "could become one: %s",
                           why),
                   "make it with 'rauc bundle' and a development key, or with "
                   "mksquashfs");
}

HM_MUST static hm_rc read_at(const struct hm_file *f, uint64_t at, uint8_t *to,
                             size_t n, struct hm_err *e)
{
    for (size_t done = 0; done < n;) {
        const ssize_t got =
            pread(f->fd, to + done, n - done, (off_t)(at + done));

        if (got < 0)
            return hm_fail_errno(e, "base.file.read", "cannot read a bundle");
        if (got == 0)
            return fail_malformed("it ends too early", e);
        done += (size_t)got;
    }
    return HM_OK;
}

static uint64_t number_of(const uint8_t b[static LENGTH_SIZE], bool is_big)
{
    uint64_t n = 0;

    for (size_t i = 0; i < LENGTH_SIZE; i++)
        n = n << 8 | b[is_big ? i : LENGTH_SIZE - 1 - i];
    return n;
}

/* The bytes of the image, and those with what fills its last block. */
HM_MUST static hm_rc read_image(const struct hm_file *f, uint64_t size,
                                uint64_t *used, uint64_t *padded,
                                struct hm_err *e)
{
    uint8_t head[SUPERBLOCK];

    if (size < SUPERBLOCK)
        return fail_malformed("it is too short", e);
    HM_TRY(read_at(f, 0, head, sizeof(head), e));
    if (memcmp(head, "hsqs", 4) != 0)
        return fail_malformed("it does not begin as squashfs does", e);
    *used = number_of(head + BYTES_USED, false);
    if (*used < SUPERBLOCK || *used > size)
        return fail_malformed("its superblock says another length", e);
    *padded = (*used + HM_RAUC_BLOCK - 1) / HM_RAUC_BLOCK * HM_RAUC_BLOCK;
    return HM_OK;
}

/* What stands behind `key=` on the first line that begins so; empty: on none. */
static struct hm_bytes value_of(struct hm_bytes text, struct hm_bytes key)
{
    while (text.n > 0) {
        const uint8_t *eol = memchr(text.p, '\n', text.n);
        const size_t n = eol == NULL ? text.n : (size_t)(eol - text.p);

        if (n > key.n && memcmp(text.p, key.p, key.n) == 0)
            return (struct hm_bytes){text.p + key.n, n - key.n};
        text.p += n + (eol != NULL);
        text.n -= n + (eol != NULL);
    }
    return (struct hm_bytes){NULL, 0};
}

/* The tree is what lies behind the image, and all of it. */
HM_MUST static hm_rc check_tree(const struct hm_rauc *r, uint64_t padded,
                                struct hm_err *e)
{
    uint64_t n = 0;

    if (hm_number_read(
            value_of(hm_buf_view(&r->manifest), HM_LIT("verity-size=")),
            INT64_MAX, &n, NULL) == HM_OK &&
        n > 0 && n % HM_RAUC_BLOCK == 0 && r->payload > padded &&
        r->payload - padded == n)
        return HM_OK;
    return fail_malformed("its hash tree is missing, or is not as long as the "
                          "manifest's verity-size",
                          e);
}

HM_MUST static hm_rc check_parts(const struct hm_rauc *r, uint64_t used,
                                 uint64_t padded, struct hm_err *e)
{
    if (r->manifest.n == 0)
        return r->payload == used || r->payload == padded
                   ? HM_OK
                   : fail_malformed("there are bytes between the image and a "
                                    "signature that is over the image",
                                    e);
    if (!hm_bytes_eq(value_of(hm_buf_view(&r->manifest), HM_LIT("format=")),
                     HM_LIT("verity")))
        return fail_malformed("its signature carries no manifest with the line "
                              "'format=verity'",
                              e);
    return check_tree(r, padded, e);
}

HM_MUST static hm_rc read_parts(const struct hm_file *f, struct hm_rauc *out,
                                struct hm_err *e)
{
    HM_OWN(hm_buf) cms = HM_BUF_INIT(HM_CMS_BYTES_MAX);
    uint8_t length[LENGTH_SIZE];
    uint64_t size = 0;
    uint64_t used = 0;
    uint64_t padded = 0;
    uint64_t n = 0;

    HM_TRY(hm_file_size(f, &size, e));
    HM_TRY(read_image(f, size, &used, &padded, e));
    out->payload = size;
    if (size == used || size == padded)
        return HM_OK;
    if (size - used < LENGTH_SIZE)
        return fail_malformed("bytes behind the image", e);
    HM_TRY(read_at(f, size - LENGTH_SIZE, length, sizeof(length), e));
    n = number_of(length, true);
    if (n == 0 || n > HM_CMS_BYTES_MAX || n > size - used - LENGTH_SIZE)
        return fail_malformed("its last 8 bytes are not the length of a "
                              "signature",
                              e);
    out->payload = size - LENGTH_SIZE - n;
    for (uint64_t at = 0; at < n;) { /* in steps that fit a stack */
        uint8_t step[1024];
        const size_t want =
            n - at < sizeof(step) ? (size_t)(n - at) : sizeof(step);

        HM_TRY(read_at(f, out->payload + at, step, want, e));
        HM_TRY(hm_buf_add(&cms, (struct hm_bytes){step, want}, e));
        at += want;
    }
    HM_TRY(hm_cms_read_embedded(hm_buf_view(&cms), &out->manifest, e));
    return check_parts(out, used, padded, e);
}

hm_rc hm_rauc_read(const struct hm_file *f, struct hm_rauc *out,
                   struct hm_err *e)
{
    hm_rc rc;

    hm_rauc_clear(out);
    rc = read_parts(f, out, e);
    if (rc != HM_OK)
        hm_rauc_clear(out);
    return rc;
}

hm_rc hm_rauc_make_trailer(struct hm_bytes cms, struct hm_buf *to,
                           struct hm_err *e)
{
    uint8_t length[LENGTH_SIZE];

    for (size_t i = 0; i < LENGTH_SIZE; i++)
        length[i] = (uint8_t)((uint64_t)cms.n >> 8 * (LENGTH_SIZE - 1 - i));
    hm_buf_clear(to);
    HM_TRY(hm_buf_add(to, cms, e));
    return hm_buf_add(to, (struct hm_bytes){length, sizeof(length)}, e);
}

void hm_rauc_clear(struct hm_rauc *r)
{
    r->payload = 0;
    hm_buf_clear(&r->manifest);
}
