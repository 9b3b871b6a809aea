/** @file
 * The archives that other projects test themselves with, as bytes.
 */
#ifndef ARCHIVE_CORPUS_H
#define ARCHIVE_CORPUS_H

#include "archive_build.h"

#include "hm_run.h"

#define CORPUS_GO    "archives-go-tar/archive/tar/testdata/"
#define CORPUS_GO_GZ "archives-go-tar/tar/asm/testdata/"
#define CORPUS_RS    "archives-tar-rs/tests/archives/"
#define CORPUS_LA    "archives-libarchive/libarchive/test/"

static inline unsigned uu_value(uint8_t c)
{
    return ((unsigned)c - ' ') & 63;
}

/* One line: its length, then four characters for each three bytes. */
static inline void uu_line(struct hm_buf *out, const uint8_t *p, size_t n)
{
    const unsigned want = uu_value(p[0]);

    for (unsigned done = 0; done < want; done += 3) {
        unsigned v = 0;
        uint8_t bytes[3];

        for (unsigned i = 0; i < 4; i++) {
            const size_t at = 1 + done / 3 * 4 + i;

            v = v << 6 | (at < n ? uu_value(p[at]) : 0);
        }
        for (unsigned i = 0; i < 3; i++)
            bytes[i] = (uint8_t)(v >> (16 - 8 * i));
        build_add(out, bytes, want - done < 3 ? want - done : 3);
    }
}

static inline void uu_decode(struct hm_bytes in, struct hm_buf *out)
{
    bool began = false;

    while (in.n > 0) {
        const uint8_t *eol = memchr(in.p, '\n', in.n);
        size_t n = eol == NULL ? in.n : (size_t)(eol - in.p);

        if (n >= 3 && memcmp(in.p, "end", 3) == 0 && began)
            return;
        if (began && n > 0)
            uu_line(out, in.p, n);
        began |= n >= 6 && memcmp(in.p, "begin ", 6) == 0;
        n += eol != NULL;
        in.p += n;
        in.n -= n;
    }
}

/* A file of one of the folders above; .uu: uuencoded. */
static inline void corpus_load(const char *folder, const char *name,
                               struct hm_buf *out)
{
    HM_OWN(hm_buf) raw = HM_BUF_INIT(BUILD_MAX);
    char path[512];
    struct hm_err e = {0};

    (void)snprintf(path, sizeof(path), "%s/third-party/%s%s", HM_TESTDATA,
                   folder, name);
    assert_ok(hm_file_load(path, &raw, &e), &e);
    if (strstr(name, ".uu") != NULL)
        uu_decode(hm_buf_view(&raw), out);
    else
        hm_buf_move(out, &raw);
}

#endif /* ARCHIVE_CORPUS_H */
