/** @file
 * Archives: a directory becomes the same bytes anywhere; an archive from
 * outside is read without believing it; two archives are compared and the first
 * difference is said in words.
 *
 * What is not done here: signatures, digests as decisions (the caller compares
 * them).
 *
 * @source POSIX.1-2017 pax "ustar Interchange Format" and "pax Interchange
 *         Format"; GNU tar 1.34 (long names); RFC 1951, RFC 1952
 */
#ifndef HM_ARCHIVE_H
#define HM_ARCHIVE_H

#include "hm_archive_input.h"
#include "hm_crypto.h"
#include "hm_file.h"
#include "hm_progress.h"
#include "hm_time.h"

#define HM_ARCHIVE_PATH_MAX    4095u    /**< bytes of a member's path */
#define HM_ARCHIVE_DEPTH_MAX   128u     /**< directories inside each other */
#define HM_ARCHIVE_ENTRIES_MAX 1000000u /**< members of one archive */
#define HM_ARCHIVE_THREADS_MAX 32u

/** Latest mtime that a ustar header holds: 2242-03-16T12:56:31Z. */
#define HM_ARCHIVE_TIME_MAX ((hm_time)8589934591)

/* ---- writing ---- */

enum hm_archive_form {
    HM_ARCHIVE_TAR,   /**< the tar as it is */
    HM_ARCHIVE_TAR_GZ /**< one gzip member around it */
};

/** The form that the name of a file asks for: `.tar`, `.tar.gz`, `.tgz`.
 * @return HM_E_USAGE `archive.name.suffix` */
HM_MUST hm_rc hm_archive_form_of(const char *name, enum hm_archive_form *form,
                                 struct hm_err *e);

/** Level at which libdeflate compresses a `.tar.gz`. */
#define HM_ARCHIVE_LEVEL 6

/** What a cache may grow to, unless one archive needs more. */
#define HM_ARCHIVE_CACHE_MAX ((uint64_t)4 << 30)

/** Compressed blocks kept in a directory from one run to the next.  They change
 * how long packing takes and never what is packed: each is authenticated, with
 * a secret that lies in the directory, and made anew when it is not as it was
 * written.  Whoever can write to the directory can read that secret. */
struct hm_archive_cache {
    const char *dir; /**< made when it is not there, for its owner alone */
    /* What came of it: */
    uint64_t blocks;
    uint64_t hits;         /**< blocks that were taken from the cache */
    uint64_t damaged;      /**< blocks that were there and not as written */
    struct hm_err trouble; /**< why it could not be used, or not in full;
                                rc is HM_OK when there was none */
};

struct hm_archive_options {
    enum hm_archive_form form;
    hm_time time;     /**< mtime of every member, 0..HM_ARCHIVE_TIME_MAX */
    unsigned threads; /**< 0: one a CPU; at most HM_ARCHIVE_THREADS_MAX */
    /** Rules overruled: "RULE" everywhere, "RULE:PATH" for one member. */
    const char *const *allow;
    size_t allow_n;
    struct hm_archive_pattern
        *patterns; /**< borrowed; their hits are counted */
    size_t patterns_n;
    bool keep_modes;  /**< as found, else 0755 and 0644 */
    bool keep_owners; /**< as found, else 0 */
    bool keep_xattrs; /**< extended attributes as found, else none */
    const struct hm_archive_permissions *permissions; /**< borrowed; or NULL */
    /** Of a directory: pack only these (and the directories above them); as
     * hm_archive_list_read() gives them.  NULL: everything. */
    const struct hm_names *only;
    const struct hm_progress *progress; /**< bytes of the tree; or NULL */
    struct hm_archive_cache *cache;     /**< for a `.tar.gz`; NULL: none */
};

/** What was packed, or read. */
struct hm_archive_result {
    struct hm_digests file;    /**< of the archive's own bytes */
    struct hm_digests content; /**< of the uncompressed tar */
    uint64_t entries;          /**< members: files, directories, links */
    uint64_t left_out;         /**< by patterns while packing; a directory that
                                    was not entered counts once */
    /* Only after reading: */
    uint64_t rights; /**< members that give rights: setuid and setgid files,
                          and what has attributes that only root may set */
    char rights_first[HM_SHOW_MAX]; /**< the first of them; "": none */
};

/** A rule that keeps a file out of a release unless it is overruled by name. */
struct hm_archive_rule {
    const char *name;   /**< e.g. "private-key" */
    const char *reason; /**< e.g. "archive.input.private-key" */
    const char *what;   /**< what it refuses, one line */
};

/** All rules that HM_ARCHIVE options' `allow` may name.
 * @param[out] n  how many */
const struct hm_archive_rule *hm_archive_rules(size_t *n);

/** Pack what @p source holds.
 *
 * Members are named by their path below the root, without "./"; directories end
 * in a slash and come before what they hold; the names in a directory are in
 * byte order (as `LC_ALL=C tar --sort=name`).  Unless options say otherwise
 * owners are 0, modes 0755 or 0644 by the owner's exec bit (directories and
 * links 0755); owners have no names, all times are options->time.  Plain ustar;
 * a pax header only for what ustar cannot say.  A file with several names is
 * written once for each name.  The end is padded to 10240 bytes.  Same source,
 * same options, same libdeflate: same
 * bytes, whatever the machine, user, path or
 * number of threads.
 *
 * A member with setuid, setgid, sticky or extended attributes (as
 * `SCHILY.xattr.NAME` records, sorted) has the pax record
 * `comment=hallmark: allowed by name`: somebody asked for it, and the reader
 * here takes bits and attributes only then.
 *
 * Names, kinds, modes and links are judged before anything is written; then
 * everything is read once.
 *
 * @param fd  where the archive goes, written in order; not closed
 * @param[out] result  zero on failure
 * @return HM_E_REJECTED `archive.input.kind` (device, FIFO, socket),
 *         `archive.input.link` (a link that climbs above the root),
 *         `archive.input.name` (a name that the reader here refuses),
 *         `archive.input.duplicate` (the source names a path twice),
 *         `archive.input.empty` (nothing to pack), `archive.output.inside` (the
 *         output lies in the tree), `archive.cache.inside` (so does the cache), the reason of a rule (hm_archive_rules());
 *         HM_E_LIMIT `archive.input.depth|long|entries`;
 *         HM_E_USAGE `archive.time.range`, `archive.threads.range`,
 *         `archive.rule.unknown|path`, `archive.pattern.syntax`,
 *         `archive.pattern.unmatched` (of an include),
 *         `archive.permissions.unmatched`, `archive.list.missing`;
 *         HM_E_IO `archive.input.changed` (it changed while being read),
 *         `base.*`, what the source says; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_pack_source(const struct hm_archive_source *source,
                                     const struct hm_archive_options *options,
                                     int fd, struct hm_archive_result *result,
                                     struct hm_err *e);

/** hm_archive_pack_source() of everything below @p tree, or of options->only.
 * Links are recorded, never followed. */
HM_MUST hm_rc hm_archive_pack(const struct hm_dir *tree,
                              const struct hm_archive_options *options, int fd,
                              struct hm_archive_result *result,
                              struct hm_err *e);

/** Version of the zlib in use, e.g. "1.2.13": it inflates. */
const char *hm_archive_zlib_version(void);

/** Version of the utf8proc in use, e.g. "2.8.0": what names collide. */
const char *hm_archive_utf8proc_version(void);

/** Version of the libdeflate that is linked in, e.g. "1.14": with
 * HM_ARCHIVE_LEVEL, what decides the bytes of a `.tar.gz`. */
const char *hm_archive_libdeflate_version(void);

/* ---- reading ---- */

/** What the reader may be made to do. */
struct hm_archive_limits {
    uint64_t bytes_max;   /**< of the uncompressed tar */
    uint64_t entries_max; /**< at most HM_ARCHIVE_ENTRIES_MAX */
};

/** For people's own files: 1 TiB, HM_ARCHIVE_ENTRIES_MAX. */
#define HM_ARCHIVE_LIMITS_LARGE                                               \
    {                                                                         \
        .bytes_max = (uint64_t)1 << 40, .entries_max = HM_ARCHIVE_ENTRIES_MAX \
    }

/** What hallmark-device lets a root file system grow to. */
#define HM_ARCHIVE_LIMITS_ROOTFS                              \
    {                                                         \
        .bytes_max = (uint64_t)8 << 30, .entries_max = 500000 \
    }

enum hm_archive_kind {
    HM_ARCHIVE_FILE,
    HM_ARCHIVE_DIR,
    HM_ARCHIVE_SYMLINK,
    HM_ARCHIVE_HARDLINK /**< another name of an earlier file */
};

/** "file", "directory", "symlink", "hard link". */
const char *hm_archive_kind_name(enum hm_archive_kind kind);

/** One member.  Strings are borrowed from the reader until its next call. */
struct hm_archive_member {
    enum hm_archive_kind kind;
    const char *path;   /**< relative, no "." or "..", no slash at the end;
                             "." for the root itself */
    const char *target; /**< of a link, as written; "" otherwise */
    uint64_t size;      /**< of a file; 0 otherwise */
    unsigned mode;      /**< 0..07777 */
    int64_t mtime;      /**< seconds; fractions are dropped */
    uint64_t uid;
    uint64_t gid;
    const char *uname;
    const char *gname;
    struct hm_bytes xattrs; /**< see hm_archive_take_xattr() */
    uint64_t offset;        /**< of its first header in the uncompressed tar */
};

struct hm_archive_xattr {
    struct hm_bytes name; /**< 1 to 255 bytes, no NUL */
    struct hm_bytes value;
};

/** Take one extended attribute off the front of a copy of member->xattrs, in
 * the order of names. @return false when none is left */
bool hm_archive_take_xattr(struct hm_bytes *rest, struct hm_archive_xattr *out);

/** A strict reader of tar (ustar, pax, GNU long names), plain or in one gzip
 * member, forward only, in constant memory but for 50 to 100 bytes a member. */
struct hm_archive_reader {
    struct archive_reader *impl; /**< owned; NULL when closed */
};

#define HM_ARCHIVE_READER_INIT \
    {                          \
        .impl = NULL           \
    }

/** Begin to read @p f from its first byte (rewound if it can be); @p f is
 * borrowed and must outlive the reader.
 *
 * @return HM_E_FORMAT `archive.file.empty`; HM_E_IO; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_open(struct hm_archive_reader *r,
                              const struct hm_file *f,
                              const struct hm_archive_limits *limits,
                              struct hm_err *e);

/** The same over bytes in memory, which are borrowed. */
HM_MUST hm_rc hm_archive_open_bytes(struct hm_archive_reader *r,
                                    struct hm_bytes bytes,
                                    const struct hm_archive_limits *limits,
                                    struct hm_err *e);

/** Go to the next member; what is left of the one before is skipped.
 *
 * The end is reached (*member is NULL) only after both end blocks, nothing but
 * zeros behind them (at most 1 MiB), the gzip checksum and length, and nothing
 * behind that.
 *
 * @return HM_E_FORMAT
 *         `archive.gzip.data|checksum|truncated|trailing`,
 *         `archive.tar.truncated|magic|checksum|number|field|padding|end|
 *         trailing|prefix` (a pax or GNU header that repeats or precedes
 *         nothing),
 *         `archive.pax.syntax|key|value|duplicate`;
 *         HM_E_REJECTED
 *         `archive.member.name` (empty, absolute, "..", "." inside, drive
 *         letters), `archive.member.kind` (devices, FIFOs, sparse files and
 *         whatever else is no file, directory or link), `archive.member.mode`
 *         (setuid, setgid, sticky, and no record that allows it),
 *         `archive.member.duplicate`,
 *         `archive.member.through` (below something that is no directory),
 *         `archive.member.target` (a link to above the root; a hard link to
 *         what is no earlier file), `archive.member.size` (a link or directory
 *         with content);
 *         HM_E_LIMIT `archive.limit.bytes|entries|path|pax`; HM_E_IO; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_next(struct hm_archive_reader *r,
                              const struct hm_archive_member **member,
                              struct hm_err *e);

/** Read from the content of the current member; *got is 0 at its end.
 * @return as hm_archive_next() for what lies in the content */
HM_MUST hm_rc hm_archive_read(struct hm_archive_reader *r, uint8_t *to,
                              size_t max, size_t *got, struct hm_err *e);

/** After hm_archive_next() reached the end: digests of exactly the bytes that
 * were read, and how many members they held.
 * @return HM_E_INTERNAL `archive.read.unfinished` before that */
HM_MUST hm_rc hm_archive_finish(struct hm_archive_reader *r,
                                struct hm_archive_result *result,
                                struct hm_err *e);

/** Close; may be called twice. */
void hm_archive_reader_clear(struct hm_archive_reader *r);

/** Is @p s UTF-8, in shortest forms and without surrogates? */
bool hm_archive_is_utf8(const char *s);

/** Is a block of 512 bytes a header of a tar, of whatever age: does it match its
 * own checksum?  Or all zeros, as behind the last member? */
bool hm_archive_is_header(const uint8_t block[static 512]);

struct archive_seen;

/** The names that one archive, of whatever format, has used so far. */
struct hm_archive_names {
    struct archive_seen *seen; /**< owned */
};

/** @p names must be zero. @return HM_E_NOMEM `archive.memory` */
HM_MUST hm_rc hm_archive_names_begin(struct hm_archive_names *names,
                                     const struct hm_archive_limits *limits,
                                     struct hm_err *e);

/** Enter one more member, by the rules of hm_archive_next(): its kind is set,
 * its path and target become @p path and @p target.
 *
 * @param path  tidied in place: no "./" before it, no slash behind it
 * @param target  of a link; "" otherwise
 * @return HM_E_REJECTED `archive.member.name|duplicate|through|target`;
 *         HM_E_LIMIT `archive.limit.entries|path`; HM_E_NOMEM */
HM_MUST hm_rc hm_archive_names_enter(struct hm_archive_names *names,
                                     struct hm_archive_member *m, char *path,
                                     char *target, struct hm_err *e);

/** May be called twice. */
void hm_archive_names_clear(struct hm_archive_names *names);

/** Digests of the file and of the tar inside it (the same when it is not
 * compressed), streamed.  The tar itself is not looked into.
 *
 * @param bytes_max  most bytes of the uncompressed tar
 * @param[out] result  entries is 0; zero on failure
 * @return as hm_archive_next() for gzip and limits
 */
HM_MUST hm_rc hm_archive_content_digest(const struct hm_file *f,
                                        uint64_t bytes_max,
                                        struct hm_archive_result *result,
                                        struct hm_err *e);

/** hm_archive_content_digest() of bytes in memory. */
HM_MUST hm_rc hm_archive_content_digest_bytes(struct hm_bytes bytes,
                                              uint64_t bytes_max,
                                              struct hm_archive_result *result,
                                              struct hm_err *e);

/** The first bytes of what is in a gzip member, or of the file when it is none.
 *
 * @param f  NULL: @p bytes
 * @param[out] got  less than @p max only when there is no more
 * @return as hm_archive_next() for gzip */
HM_MUST hm_rc hm_archive_content_start(const struct hm_file *f,
                                       struct hm_bytes bytes, uint8_t *to,
                                       size_t max, size_t *got,
                                       struct hm_err *e);

/** Would hm_archive_extract() take it?  The same reader goes through the same
 * bytes to the end, once, and nothing is written.
 *
 * @param[out] result  of the bytes that were read; zero on failure
 * @return as hm_archive_next()
 */
HM_MUST hm_rc hm_archive_check(const struct hm_file *f,
                               const struct hm_archive_limits *limits,
                               struct hm_archive_result *result,
                               struct hm_err *e);

/** Extract below @p target, an empty directory, and nowhere else: every name is
 * opened segment by segment below its descriptor, no link is followed, nothing
 * that exists is opened or replaced.  Modes are those of the archive (a
 * directory always usable by its owner), mtimes of files too.  To root, owners
 * are those of the archive; to anybody else, they are the caller's, and a
 * setuid or setgid file is refused.  What was written is synced before success
 * is told.
 *
 * The digests in @p result are of the bytes that were extracted: a caller that
 * verified @p f before compares result->file.sha256 again, and then no change
 * in between can have gone unseen.
 *
 * On failure what was extracted so far stays; the caller removes @p target.
 *
 * @return as hm_archive_next(); HM_E_IO `archive.extract.exists` (the name is
 *         taken), `archive.extract.owner` (a setuid or setgid file, and the
 *         caller is not root; an owner that no system has),
 *         `archive.extract.write`
 */
HM_MUST hm_rc hm_archive_extract(const struct hm_file *f,
                                 const struct hm_dir *target,
                                 const struct hm_archive_limits *limits,
                                 struct hm_archive_result *result,
                                 struct hm_err *e);

/* ---- comparing ---- */

enum hm_archive_verdict {
    HM_ARCHIVE_SAME,             /**< byte for byte */
    HM_ARCHIVE_SAME_CONTENT,     /**< same tar, other compression */
    HM_ARCHIVE_SAME_MEMBERS,     /**< same members, written in another form */
    HM_ARCHIVE_DIFFERENT_MEMBERS /**< something that a device would see */
};

#define HM_ARCHIVE_CAUSES_MAX 6u

/** The first difference, for a person. */
struct hm_archive_difference {
    enum hm_archive_verdict verdict;
    char member[HM_SHOW_MAX]; /**< printable path; "" when it is no member's */
    char field[24];           /**< "mtime", "mode", "content", "gzip os" … */
    uint64_t offset; /**< of the first other byte: in the uncompressed tars, or
                          in the files */
    bool in_files;   /**< offset is one in the files: only the compression
                          differs, or they are no tars */
    char a[HM_SHOW_MAX]; /**< printable value in A; "" when there is none */
    char b[HM_SHOW_MAX];
    /** What usually makes such a difference, the likeliest first; static
     * texts, NULL behind the last. */
    const char *cause[HM_ARCHIVE_CAUSES_MAX];
};

/** Compare two archives as far as their first difference.
 *
 * @return HM_OK also when they differ (see @p d); HM_E_FORMAT, HM_E_REJECTED
 *         and HM_E_LIMIT when one cannot be read (the text begins with "A" or
 *         "B"); HM_E_IO; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_compare(const struct hm_file *a,
                                 const struct hm_file *b,
                                 struct hm_archive_difference *d,
                                 struct hm_err *e);

/** Say that the content differs at byte @p at of the pieces @p a and @p b (one of
 * which may end there): field, both values with the text around them, causes.
 *
 * @param base  where both pieces begin in the content
 * @param[in,out] d  member, offset and verdict stay */
void hm_archive_explain_content(struct hm_archive_difference *d,
                                struct hm_bytes a, struct hm_bytes b, size_t at,
                                uint64_t base);

#endif /* HM_ARCHIVE_H */
