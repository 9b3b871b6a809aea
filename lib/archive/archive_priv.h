/** @file
 * What the parts of this room share.
 */
#ifndef HM_ARCHIVE_PRIV_H
#define HM_ARCHIVE_PRIV_H

#include <sys/stat.h>

#define ZLIB_CONST
#include <zlib.h>

#include "hm_archive.h"

/* ---- tar_header.c, tar_parse.c, tar_pax.c: one format, no files ---- */

#define TAR_BLOCK  512u
#define TAR_RECORD 10240u /**< an archive's length is a multiple of it */

/** Where a header's fields start. @source POSIX.1-2017 pax, table 4-13 */
enum tar_field {
    TAR_NAME = 0,
    TAR_MODE = 100,
    TAR_UID = 108,
    TAR_GID = 116,
    TAR_SIZE = 124,
    TAR_MTIME = 136,
    TAR_CHECKSUM = 148,
    TAR_TYPE = 156,
    TAR_LINK = 157,
    TAR_MAGIC = 257,
    TAR_UNAME = 265,
    TAR_GNAME = 297,
    TAR_MAJOR = 329,
    TAR_MINOR = 337,
    TAR_PREFIX = 345,
    TAR_TAIL = 500
};

#define TAR_OCTAL_MAX 077777777777ULL /**< 11 octal digits: 8 GiB - 1 */
#define TAR_ID_MAX    07777777u       /**< 7 octal digits */

/** What one member's headers say. */
struct tar_entry {
    char type;          /**< '0' file, '2' symlink, '5' directory */
    const char *path;   /**< a directory's ends in a slash */
    const char *target; /**< of a symlink, else "" */
    uint64_t size;      /**< of a file, else 0 */
    hm_time mtime;
    unsigned mode; /**< 0..07777; beyond 0777 with TAR_ALLOWED before it */
    uint32_t uid;
    uint32_t gid;
    struct hm_bytes xattrs; /**< pax records, with TAR_ALLOWED before them */
};

/** Append one pax record. */
HM_MUST hm_rc tar_record_add(struct hm_buf *to, const char *key,
                             struct hm_bytes value, struct hm_err *e);

/** Take one pax record off the front. @return HM_E_FORMAT `archive.pax.syntax` */
HM_MUST hm_rc tar_record_take(struct hm_bytes *rest, struct hm_bytes *key,
                              struct hm_bytes *value, struct hm_err *e);

/** The pax comment of a member with setuid, setgid, sticky or extended
 * attributes: whoever packed it asked for that, or allowed it by name. */
#define TAR_ALLOWED "hallmark: allowed by name"

/** Before the name of an extended attribute. @source star, GNU tar */
#define TAR_XATTR "SCHILY.xattr."

/** Append the header of a member, a pax header before it where ustar cannot
 * say it.  The bytes are GNU tar's: --format=posix for short paths,
 * --format=ustar for those that a prefix makes fit. */
HM_MUST hm_rc tar_header_add(struct hm_buf *to, const struct tar_entry *entry,
                             struct hm_err *e);

/** Sum of a header with its checksum field as blanks. */
unsigned tar_checksum(const uint8_t block[static TAR_BLOCK]);

/** A header block as it stands, before pax and GNU headers are applied. */
struct tar_raw {
    char type;
    char name[257]; /**< prefix, slash, name */
    char link[101];
    char uname[33];
    char gname[33];
    unsigned mode; /**< 0..07777 */
    uint64_t uid;
    uint64_t gid;
    uint64_t size;
    uint64_t mtime;
};

/** @return HM_E_FORMAT `archive.tar.magic|checksum|number|field` */
HM_MUST hm_rc tar_header_read(const uint8_t block[static TAR_BLOCK],
                              struct tar_raw *raw, struct hm_err *e);

#define TAR_PAX_MAX  65536u /**< bytes of one pax header's records */
#define TAR_USER_MAX 255u

/** What headers in front of a member say instead of its own. */
struct tar_extra {
    unsigned said;   /**< bit of each pax key that was there */
    bool pax;        /**< an 'x' header was there */
    bool has_path;   /**< pax path or GNU 'L' */
    bool has_target; /**< pax linkpath or GNU 'K' */
    bool has_size;
    bool has_mtime;
    bool has_uid;
    bool has_gid;
    bool has_uname;
    bool has_gname;
    bool is_allowed;        /**< its comment is TAR_ALLOWED */
    struct hm_bytes xattrs; /**< borrowed: records beside each other, sorted */
    struct hm_bytes xattr_key; /**< borrowed: the last one's */
    uint64_t size;
    int64_t mtime;
    uint64_t uid;
    uint64_t gid;
    char path[HM_ARCHIVE_PATH_MAX + 2]; /**< room for a slash and the NUL */
    char target[HM_ARCHIVE_PATH_MAX + 1];
    char uname[TAR_USER_MAX + 1];
    char gname[TAR_USER_MAX + 1];
};

/** Take the records of one pax header.
 *
 * @param global  of a 'g' header: only comments are taken
 * @return HM_E_FORMAT `archive.pax.syntax|key|value|duplicate`;
 *         HM_E_LIMIT `archive.limit.path`
 */
HM_MUST hm_rc tar_pax_read(struct hm_bytes records, bool global,
                           struct tar_extra *extra, struct hm_err *e);

/* ---- archive_rules.c: what a release holds ---- */

/** Does a symlink at @p path to @p target climb above the root?  Absolute
 * targets do not: they are the device's own. */
bool archive_target_climbs(const char *path, const char *target);

/** @return HM_E_USAGE `archive.rule.unknown` */
HM_MUST hm_rc archive_rules_known(const struct hm_archive_options *o,
                                  struct hm_err *e);

enum archive_rule {
    ARCHIVE_RULE_KEY,
    ARCHIVE_RULE_VCS,
    ARCHIVE_RULE_BACKUP,
    ARCHIVE_RULE_CORE,
    ARCHIVE_RULE_BITS,
    ARCHIVE_RULE_XATTRS,
    ARCHIVE_RULE_CASE,
    ARCHIVE_RULE_UNICODE,
    ARCHIVE_RULE_CONTROL,
    ARCHIVE_RULE_ENCODING,
    ARCHIVE_RULE_SUBMODULE,
    ARCHIVE_RULE_LFS,
    ARCHIVE_RULES
};

bool archive_rule_allowed(const struct hm_archive_options *o,
                          enum archive_rule rule, const char *path);

/** Fail with @p rule's reason: "cannot pack 'PATH': <why>". */
HM_MUST hm_rc archive_rule_fail(enum archive_rule rule, const char *path,
                                const char *why, struct hm_err *e);

bool archive_is_ascii(const char *s);

/** Length of the UTF-8 sequence at @p text, which ends in NUL; 0: none. */
size_t archive_utf8_length(const char *text);

/** Rules on the name and kind of an item, and on where a link leads.
 * @return also HM_E_REJECTED `archive.input.kind|name|link` */
HM_MUST hm_rc archive_rules_item(const struct hm_archive_options *o,
                                 const struct hm_archive_item *item,
                                 struct hm_err *e);

/** Rules on the first bytes of a file. */
HM_MUST hm_rc archive_rules_content(const struct hm_archive_options *o,
                                    const char *path, struct hm_bytes start,
                                    struct hm_err *e);

/* ---- archive_xattrs.c ---- */

/** Rule on the extended attributes of an open file or directory. */
HM_MUST hm_rc archive_xattrs_judge(const struct hm_archive_options *o,
                                   const char *path, int fd, struct hm_err *e);

/** Append them as pax records, sorted.
 * @return HM_E_LIMIT `archive.input.attributes`, `base.buf.limit`; HM_E_IO */
HM_MUST hm_rc archive_xattrs_read(const char *path, int fd,
                                  struct hm_buf *records, struct hm_err *e);

/* ---- archive_items.c: what will be packed ---- */

struct hm_archive_items {
    struct hm_archive_item *item; /**< owned */
    size_t n;
    size_t cap;
    const struct hm_archive_options *options;
    dev_t output_dev; /**< of the archive that is written */
    ino_t output_ino;
    struct stat cache; /**< where it is or will be, when there is one */
    uint64_t left_out;
};

#define ARCHIVE_ITEMS_INIT                                                \
    {                                                                     \
        .item = NULL, .n = 0, .cap = 0, .options = NULL, .output_dev = 0, \
        .output_ino = 0, .cache = {.st_ino = 0}, .left_out = 0            \
    }

/** Everything was named: sort it, drop what is not chosen, judge it by the
 * rules, give it the modes and owners that will be written.
 * @return see hm_archive_pack_source() */
HM_MUST hm_rc archive_items_settle(struct hm_archive_items *items,
                                   struct hm_err *e);

/** The order of members, as strcmp(): segment by segment, so that a directory
 * comes before what it holds and that before names that only begin alike. */
int archive_compare_paths(const char *a, const char *b);

/** The item with this path, in sorted items; NULL: none. */
struct hm_archive_item *archive_items_find(const struct hm_archive_items *items,
                                           const char *path);

/** Does @p path lie below the directory @p above ("": everything does)? */
bool archive_is_below(const char *path, const char *above);

void archive_items_clear(struct hm_archive_items *items);

/* ---- archive_collide.c ---- */

/** Refuse two names in one directory that some file systems take for one.
 * @param items  sorted */
HM_MUST hm_rc archive_rules_collide(const struct hm_archive_items *items,
                                    struct hm_err *e);

/* ---- archive_modes.c ---- */

/** Final modes and owners.
 * @return HM_E_USAGE `archive.permissions.unmatched`; the rule special-bits */
HM_MUST hm_rc archive_modes_settle(struct hm_archive_items *items,
                                   struct hm_err *e);

/* ---- archive_pattern.c ---- */

/** What the patterns say of a path. */
struct archive_choice {
    bool is_chosen;
    bool may_hold; /**< a directory: something below may be chosen */
};

/** Judge @p path, and count what matched it. */
struct archive_choice archive_patterns_judge(const struct hm_archive_options *o,
                                             const char *path, bool is_dir);

/* ---- archive_tree.c: the source that is a directory ---- */

struct archive_tree {
    const struct hm_dir *root; /**< borrowed */
    const struct hm_archive_options *options;
    struct hm_dir parent; /**< owned: the directory of the last file */
    char *parent_path;    /**< owned: HM_ARCHIVE_PATH_MAX + 1 bytes */
    char *path;           /**< owned: the same */
    char *target;         /**< owned: the same */
    uint8_t root_id[32];
    struct hm_file file; /**< owned: the one being read */
};

#define ARCHIVE_TREE_INIT                                     \
    {                                                         \
        .root = NULL, .options = NULL, .parent = HM_DIR_INIT, \
        .parent_path = NULL, .path = NULL, .target = NULL,    \
        .file = HM_FILE_INIT                                  \
    }

/** @param[out] source  works as long as @p t stays where it is */
HM_MUST hm_rc archive_tree_begin(struct archive_tree *t,
                                 const struct hm_dir *root,
                                 const struct hm_archive_options *options,
                                 struct hm_archive_source *source,
                                 struct hm_err *e);

void archive_tree_clear(struct archive_tree *t);

/* ---- archive_deflate.c: one block of the tar, compressed ---- */

#define ARCHIVE_BLOCK ((size_t)256 * 1024) /**< a block has no more bytes */

struct libdeflate_compressor;

/** What one thread deflates with. */
struct archive_deflater {
    struct libdeflate_compressor *compressor; /**< owned */
    uint8_t *again;                           /**< owned; a block, inflated */
    bool inflating;                           /**< z is open */
    z_stream z;
};

#define ARCHIVE_DEFLATER_INIT                                 \
    {                                                         \
        .compressor = NULL, .again = NULL, .inflating = false \
    }

/** @return HM_E_NOMEM `archive.memory`; cleared by the caller then, too */
HM_MUST hm_rc archive_deflater_begin(struct archive_deflater *d,
                                     struct hm_err *e);
void archive_deflater_clear(struct archive_deflater *d);

/** Most bytes that archive_deflate() writes. */
size_t archive_deflate_bound(void);

/** Deflate 1 to ARCHIVE_BLOCK bytes so that whole bytes come out, to which any
 * other block can be joined; the same for the same bytes, whatever came before.
 * A stream of them ends with ARCHIVE_DEFLATE_END.
 *
 * @param[out] out  of archive_deflate_bound() bytes
 * @return false when what was written does not inflate to @p in
 */
bool archive_deflate(struct archive_deflater *d, struct hm_bytes in,
                     uint8_t *out, size_t *n);

/** An empty block that is the last one: 1, 01, end of block, zeros. */
#define ARCHIVE_DEFLATE_END ((const uint8_t[2]){3, 0})

/** CRC-32 as in gzip. */
uint32_t archive_crc(struct hm_bytes in);

enum archive_cached {
    ARCHIVE_NOT_CACHED,
    ARCHIVE_CACHED,
    ARCHIVE_CACHE_DAMAGED /**< there, and not what was put there */
};

/** One block on its way. */
struct archive_job {
    uint8_t *in;
    size_t n;
    uint8_t *out; /**< NULL when nothing is deflated; else with
                       ARCHIVE_CACHE_TAIL bytes more than out_n */
    size_t out_n;
    uint32_t crc; /**< of the block; when deflated */
    enum archive_cached cached;
    bool is_deflated;
    struct hm_err trouble; /**< why it was not stored; rc HM_OK: it was */
};

/* ---- archive_cache.c: blocks kept from one run to the next ---- */

#define ARCHIVE_CACHE_TAIL 20u /**< bytes behind each block in its file */

struct archive_cache {
    struct hm_dir dir;
    uint8_t secret[32];
    struct timespec began; /**< what was used since is not removed */
};

#define ARCHIVE_CACHE_INIT \
    {                      \
        .dir = HM_DIR_INIT \
    }

/** Make or open the directory @p path.
 * @return HM_E_REJECTED `archive.cache.owner`, `archive.cache.secret`; HM_E_IO */
HM_MUST hm_rc archive_cache_open(struct archive_cache *c, const char *path,
                                 struct hm_err *e);
void archive_cache_clear(struct archive_cache *c);

/** Where @p path is or would be made: its own place, else its parent's. */
HM_MUST hm_rc archive_cache_place(const char *path, struct stat *sb,
                                  struct hm_err *e);

/** By what a block is found again: its bytes and what deflates them. */
HM_MUST hm_rc archive_cache_key(struct hm_digest *d, struct hm_bytes block,
                                uint8_t key[static HM_SHA256_SIZE],
                                struct hm_err *e);

/** Find what archive_cache_put() kept: out, of archive_deflate_bound() +
 * ARCHIVE_CACHE_TAIL bytes, out_n and crc, which mean nothing unless it is
 * ARCHIVE_CACHED. */
enum archive_cached archive_cache_get(const struct archive_cache *c,
                                      const uint8_t key[static HM_SHA256_SIZE],
                                      struct archive_job *job);

/** Keep out and crc.  @return HM_E_IO; HM_E_INTERNAL */
HM_MUST hm_rc archive_cache_put(const struct archive_cache *c,
                                const uint8_t key[static HM_SHA256_SIZE],
                                struct archive_job *job, struct hm_err *e);

/** Remove what was not used since archive_cache_open(), the oldest first, until
 * @p bytes_max bytes are left or nothing more can go.
 * @return HM_E_IO; HM_E_NOMEM */
HM_MUST hm_rc archive_cache_trim(const struct archive_cache *c,
                                 uint64_t bytes_max, struct hm_err *e);

/* ---- archive_pool.c: blocks of the tar, on all cores ---- */

struct archive_pool; /**< threads and a ring of jobs */

struct archive_pool_plan {
    unsigned threads;
    bool deflates;
    struct hm_digest *content;         /**< of all blocks in order; borrowed */
    struct hm_digest *file;            /**< the same of all that is deflated */
    const struct archive_cache *cache; /**< borrowed; NULL: none */
};

HM_MUST hm_rc archive_pool_new(struct archive_pool **pool,
                               const struct archive_pool_plan *plan,
                               struct hm_err *e);

/** The job to be filled next; borrowed.  There is always one. */
struct archive_job *archive_pool_open(struct archive_pool *pool);

/** Hand the open job, which is not empty, to the workers. */
void archive_pool_submit(struct archive_pool *pool);

/** The oldest submitted job if it is finished; waited for when the ring is full,
 * or for @p all.  NULL: none.  Valid until the next call.
 * @return the first failure of a worker: HM_E_INTERNAL */
HM_MUST hm_rc archive_pool_collect(struct archive_pool *pool, bool all,
                                   struct archive_job **job, struct hm_err *e);

void archive_pool_free(struct archive_pool *pool);

/* ---- archive_sink.c: where a tar goes ---- */

struct archive_sink {
    int fd; /**< borrowed */
    enum hm_archive_form form;
    struct hm_digest file;
    struct hm_digest content;  /**< the pool's until it is freed */
    struct archive_pool *pool; /**< owned */
    struct archive_cache cache;
    struct hm_archive_cache *told; /**< borrowed; NULL: no cache is wanted */
    uint64_t size;                 /**< of the tar so far */
    uint64_t written;              /**< of the archive so far */
    uint64_t early; /**< of that, what the disk was asked to take */
    uint32_t crc;
};

#define ARCHIVE_SINK_INIT                                            \
    {                                                                \
        .fd = -1, .file = HM_DIGEST_INIT, .content = HM_DIGEST_INIT, \
        .pool = NULL, .cache = ARCHIVE_CACHE_INIT, .told = NULL      \
    }

HM_MUST hm_rc archive_sink_begin(struct archive_sink *s, int fd,
                                 const struct hm_archive_options *o,
                                 struct hm_err *e);

/** A member begins that has @p size bytes with its headers and padding.  Blocks
 * are cut here, where it can be, so that what changes in one member changes few
 * blocks. */
HM_MUST hm_rc archive_sink_member(struct archive_sink *s, const char *path,
                                  uint64_t size, struct hm_err *e);
HM_MUST hm_rc archive_sink_add(struct archive_sink *s, struct hm_bytes in,
                               struct hm_err *e);

/** Where to put what comes next: *n bytes, at least one.  All of a member, or
 * its first 128 KiB, fit in what is given at its beginning. */
HM_MUST hm_rc archive_sink_room(struct archive_sink *s, uint8_t **to, size_t *n,
                                struct hm_err *e);
/** @p n bytes were put there. */
void archive_sink_took(struct archive_sink *s, size_t n);

/** Bytes of the tar so far. */
uint64_t archive_sink_size(const struct archive_sink *s);
HM_MUST hm_rc archive_sink_end(struct archive_sink *s,
                               struct hm_archive_result *result,
                               struct hm_err *e);
void archive_sink_clear(struct archive_sink *s);

/* ---- archive_stream.c: the tar inside a file ---- */

struct archive_stream {
    const struct hm_file *file; /**< borrowed; NULL: bytes */
    struct hm_bytes bytes;      /**< borrowed; what is left of them */
    uint8_t *in;                /**< owned */
    size_t in_n;
    size_t in_at;
    bool in_end;
    bool gzip;
    bool inflating; /**< z is open */
    bool inflated;  /**< the end of the gzip member was seen */
    z_stream z;
    uint64_t bytes_max;
    struct hm_digest file_digest;
    struct hm_digest content_digest;
};

#define ARCHIVE_STREAM_INIT                                      \
    {                                                            \
        .file = NULL, .in = NULL, .file_digest = HM_DIGEST_INIT, \
        .content_digest = HM_DIGEST_INIT                         \
    }

/** @param file  NULL: read @p bytes */
HM_MUST hm_rc archive_stream_open(struct archive_stream *s,
                                  const struct hm_file *file,
                                  struct hm_bytes bytes, uint64_t bytes_max,
                                  struct hm_err *e);

/** Read @p max bytes of the tar; *got is less only at its end, which is
 * reached only when the gzip member is right and nothing is behind it. */
HM_MUST hm_rc archive_stream_read(struct archive_stream *s, uint8_t *to,
                                  size_t max, size_t *got, struct hm_err *e);

/** Bytes of the tar read so far. */
uint64_t archive_stream_at(const struct archive_stream *s);

HM_MUST hm_rc archive_stream_finish(struct archive_stream *s,
                                    struct hm_archive_result *result,
                                    struct hm_err *e);
void archive_stream_clear(struct archive_stream *s);

/* ---- archive_seen.c: which names an archive has used ---- */

enum archive_seen_kind {
    ARCHIVE_SEEN_NOT,
    ARCHIVE_SEEN_FILE,
    ARCHIVE_SEEN_LINK,
    ARCHIVE_SEEN_DIR,
    ARCHIVE_SEEN_IMPLIED /**< a directory that only has members so far */
};

struct archive_seen_slot {
    uint8_t key[23]; /**< start of the path's SHA-256 */
    uint8_t kind;    /**< ARCHIVE_SEEN_NOT: free */
};

/** Paths by digest, open addressing, at most half full. */
struct archive_seen {
    struct archive_seen_slot *slot; /**< owned */
    size_t cap;                     /**< 0 or a power of two */
    size_t n;
    size_t max; /**< ceiling of n */
};

HM_MUST hm_rc archive_seen_find(const struct archive_seen *s,
                                struct hm_bytes path,
                                enum archive_seen_kind *kind, struct hm_err *e);
/** Enter or change. @return HM_E_LIMIT `archive.limit.entries`; HM_E_NOMEM */
HM_MUST hm_rc archive_seen_set(struct archive_seen *s, struct hm_bytes path,
                               enum archive_seen_kind kind, struct hm_err *e);
/** How many names @p limits leave: directories that are only implied count
 * too. */
size_t archive_seen_max(const struct hm_archive_limits *limits);
void archive_seen_clear(struct archive_seen *s);

/* ---- archive_names.c: may this member have this name, and go there? ---- */

/** Would other systems take it for an absolute name or a way up?  Neither
 * written nor read. */
bool archive_name_is_foreign(const char *path);

/** Check a member's path and bring it into our form: no "./" before it, no
 * slash behind it, "." for the root.
 *
 * @param kind  a slash behind it is good for a directory only
 * @return HM_E_REJECTED `archive.member.name`; HM_E_LIMIT `archive.limit.path`
 */
HM_MUST hm_rc archive_name_tidy(char *path, enum hm_archive_kind kind,
                                struct hm_err *e);

/** Enter a member among those seen, or say why it may not be there. */
HM_MUST hm_rc archive_name_enter(struct archive_seen *seen,
                                 const struct hm_archive_member *member,
                                 struct hm_err *e);

/* ---- archive_read.c, archive_take.c: the members of a tar ---- */

struct archive_reader {
    struct archive_stream stream;
    struct archive_seen seen;
    struct hm_archive_limits limits;
    struct hm_archive_member member;
    struct tar_raw raw;
    struct tar_extra extra;
    uint64_t left; /* of the current member's content */
    size_t padding;
    uint64_t entries;
    uint64_t header_at; /* of the member's first header */
    bool ended;
    hm_rc failed;
    struct hm_err err; /* of the failure, repeated from then on */
    uint8_t pax[TAR_PAX_MAX + TAR_BLOCK];
};

/** Read @p n bytes. @return also HM_E_FORMAT `archive.tar.truncated` */
HM_MUST hm_rc archive_read_exactly(struct archive_reader *r, uint8_t *to,
                                   size_t n, struct hm_err *e);

bool archive_is_zero(const uint8_t *p, size_t n);

/** Is it the type of a header that says something of the next one? */
bool archive_is_meta(char type);

/** Take what such a header (reader->raw) says. */
HM_MUST hm_rc archive_take_meta(struct archive_reader *r, struct hm_err *e);

/** Make reader->raw and what was said before it into reader->member. */
HM_MUST hm_rc archive_take_member(struct archive_reader *r, struct hm_err *e);

/* ---- archive_causes.c: what usually makes a difference ---- */

/** All that is known of d->field. */
void archive_causes_find(struct hm_archive_difference *d);

/** Two mtimes: do they look like two time zones? */
void archive_causes_time(struct hm_archive_difference *d, int64_t a, int64_t b);

/** "0x61 at byte 12", or that there is nothing. @param at  of the content */
void archive_show_byte(char out[static HM_SHOW_MAX], struct hm_bytes in,
                       size_t i, uint64_t at);

#endif /* HM_ARCHIVE_PRIV_H */
