/* Each block is deflated by itself, inflated again and compared, and then made
 * to be followed by another: libdeflate marks the last deflate block of what it
 * compresses as the last of the stream and may end in the middle of a byte.
 * zlib, which proves that the block is right, tells where that mark and that
 * end are. @source RFC 1951, 3.2.3 and 3.2.4; zlib.h, inflate(), Z_BLOCK */
#include <libdeflate.h>
#include <stdlib.h>

#include "archive_priv.h"

#define RAW (-15)

/* What inflate() says in data_type. @source zlib.h */
#define UNUSED_BITS 7
#define LAST_BLOCK  64
#define AT_BOUNDARY 128

size_t archive_deflate_bound(void)
{
    return libdeflate_deflate_compress_bound(NULL, ARCHIVE_BLOCK) + 5;
}

HM_MUST static hm_rc no_memory(struct hm_err *e)
{
    return hm_fail(e, HM_E_NOMEM, "archive.memory",
                   "out of memory for packing");
}

hm_rc archive_deflater_begin(struct archive_deflater *d, struct hm_err *e)
{
    d->compressor = libdeflate_alloc_compressor(HM_ARCHIVE_LEVEL);
    d->again = malloc(ARCHIVE_BLOCK);
    if (d->compressor == NULL || d->again == NULL)
        return no_memory(e);
    d->inflating = inflateInit2(&d->z, RAW) == Z_OK;
    return d->inflating ? HM_OK : no_memory(e);
}

void archive_deflater_clear(struct archive_deflater *d)
{
    libdeflate_free_compressor(d->compressor);
    if (d->inflating)
        (void)inflateEnd(&d->z);
    free(d->again);
    *d = (struct archive_deflater)ARCHIVE_DEFLATER_INIT;
}

uint32_t archive_crc(struct hm_bytes in)
{
    return libdeflate_crc32(0, in.p, in.n);
}

/* Inflate from one deflate block to the next.
 * @param[out] start, end  bits: of the last one's header, behind its data */
static bool find_last(z_stream *z, struct hm_bytes deflated, size_t *start,
                      size_t *end)
{
    *end = 0;
    do {
        *start = *end;
        if (inflate(z, Z_BLOCK) != Z_OK || (z->data_type & AT_BOUNDARY) == 0)
            return false;
        *end = 8 * (deflated.n - z->avail_in) -
               (size_t)(z->data_type & UNUSED_BITS);
    } while ((z->data_type & LAST_BLOCK) == 0);
    return z->avail_in == 0;
}

static bool inflates_to(struct archive_deflater *d, struct hm_bytes deflated,
                        struct hm_bytes in, size_t *start, size_t *end)
{
    if (inflateReset(&d->z) != Z_OK)
        return false;
    d->z.next_in = deflated.p;
    d->z.avail_in = (uInt)deflated.n;
    d->z.next_out = d->again;
    d->z.avail_out = (uInt)in.n;
    return find_last(&d->z, deflated, start, end) && d->z.avail_out == 0 &&
           memcmp(d->again, in.p, in.n) == 0;
}

/* Nothing is the last block any more, and an empty stored block fills the byte:
 * three bits of header, zeros to the byte's end, length 0, its complement. */
static size_t join(uint8_t *out, size_t start, size_t end)
{
    static const uint8_t empty[] = {0, 0, 0xff, 0xff};
    size_t n = end / 8;

    out[start / 8] &= (uint8_t) ~(1u << start % 8);
    if (end % 8 == 0)
        out[n] = 0;
    out[n] &= (uint8_t)((1u << end % 8) - 1);
    n++;
    if (end % 8 > 5)
        out[n++] = 0;
    memcpy(out + n, empty, sizeof(empty));
    return n + sizeof(empty);
}

bool archive_deflate(struct archive_deflater *d, struct hm_bytes in,
                     uint8_t *out, size_t *n)
{
    const size_t size = libdeflate_deflate_compress(
        d->compressor, in.p, in.n, out, archive_deflate_bound() - 5);
    size_t start = 0;
    size_t end = 0;

    if (size == 0 ||
        !inflates_to(d, (struct hm_bytes){out, size}, in, &start, &end))
        return false;
    *n = join(out, start, end);
    return true;
}
