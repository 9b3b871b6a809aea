/** @file
 * Where the members of an archive come from.
 *
 * A source names what it holds once, in any order; hm_archive_pack_source()
 * sorts it, chooses by patterns, judges it by rules, and then asks for the
 * content of each file in turn.  The source tells when something is no longer
 * what it named.
 */
#ifndef HM_ARCHIVE_INPUT_H
#define HM_ARCHIVE_INPUT_H

#include "hm_file.h"

/** A commit of another repository, in the word that git keeps beside kinds of
 * files; written as an empty directory when it is allowed. */
#define HM_ARCHIVE_GITLINK 0160000u

/** One thing that a source holds. */
struct hm_archive_item {
    char *path;    /**< owned by the list; below the root, no slash at an end */
    char *target;  /**< the same; of a symlink, else NULL */
    uint64_t size; /**< of a file */
    uint32_t mode; /**< kind and permissions as stat(2) and git say it */
    uint32_t uid;
    uint32_t gid;
    uint8_t id[32]; /**< by what the source knows it again */
    /* Not for sources: */
    bool is_chosen; /**< else only a directory on the way to what is */
    bool has_mode;  /**< a line of a permissions table says it */
    bool has_owner; /**< the same */
};

struct hm_archive_items; /**< what was named so far */

/** Name one more.
 *
 * @param item  copied, the strings too
 * @param[out] enter  of a directory: something below it may be chosen; or NULL
 * @return HM_E_LIMIT `archive.input.depth|long|entries`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_items_add(struct hm_archive_items *items,
                                   const struct hm_archive_item *item,
                                   bool *enter, struct hm_err *e);

/** Functions of one source; all get its context. */
struct hm_archive_source {
    void *context;
    /** Name everything, a directory before what it holds. */
    hm_rc (*list)(void *context, struct hm_archive_items *to, struct hm_err *e);
    /** Begin to read a file. @return also HM_E_IO `archive.input.changed` */
    hm_rc (*open)(void *context, const struct hm_archive_item *item,
                  struct hm_err *e);
    /** Read on in the open file; *got is 0 at its end. */
    hm_rc (*read)(void *context, uint8_t *to, size_t max, size_t *got,
                  struct hm_err *e);
    /** Append the extended attributes of a directory, or of the open file, as
     * pax records.  NULL: there are none. */
    hm_rc (*xattrs)(void *context, const struct hm_archive_item *item,
                    struct hm_buf *records, struct hm_err *e);
    /** Is it still what was named?  Asked of a file after its end, of a link
     * when it is written, of directories at the very end, and then of the root
     * (@p item is NULL). @return HM_E_IO `archive.input.changed` */
    hm_rc (*check)(void *context, const struct hm_archive_item *item,
                   struct hm_err *e);
};

/** HM_E_IO `archive.input.changed`: "'PATH' WHAT while it was being packed".
 * @param path  "" or NULL: the root */
HM_MUST hm_rc hm_archive_changed(const char *path, const char *what,
                                 struct hm_err *e);

/* ---- which of them ---- */

/** One pattern.  Judged in order, the last one that matches a path or a
 * directory above it decides; what none matches is packed, unless the first
 * pattern is an include.
 *
 *     ?       one character but '/'            *      any, also none, but '/'
 *     [abc]   one of these; ranges `a-z`       [!abc] [^abc] none of these
 *     \x      x itself                         **     as a whole segment: any
 *                                                     directories, also none
 *     /x      at the top only                  x/     directories only
 *     x/y     a slash inside: from the top     x      at any depth
 *
 * A character is one of UTF-8, or a byte where a name is not UTF-8.
 */
struct hm_archive_pattern {
    const char *text;
    bool is_include;
    uint64_t hits; /**< counted while packing: what it matched itself */
};

#define HM_ARCHIVE_PATTERNS_MAX 128u

/** Is it a pattern?
 * @return HM_E_USAGE `archive.pattern.syntax` */
HM_MUST hm_rc hm_archive_pattern_check(const char *text, struct hm_err *e);

/** Does it, which was checked, match @p path itself? */
bool hm_archive_pattern_matches(const char *text, const char *path,
                                bool is_dir);

/** The names in a list file: one a line, or each ended by NUL.  Relative paths
 * below the directory; "./" before one and, of a directory, a slash behind it
 * are dropped.
 *
 * @param nul  names end in NUL, not in a newline
 * @param[out] names  in the order of the file; emptied on failure
 * @return HM_E_USAGE `archive.list.name` (empty, absolute, "..", too long),
 *         `archive.list.twice`, `archive.list.empty`; HM_E_NOMEM
 */
HM_MUST hm_rc hm_archive_list_read(struct hm_bytes text, bool nul,
                                   struct hm_names *names, struct hm_err *e);

/* ---- with which permissions ---- */

/** A permissions table in the form of Buildroot's makedevs:
 *
 *     <name> <type> <mode> <uid> <gid> <major> <minor> <start> <inc> <count>
 *
 * Types f (a file), F (a file that may be missing), d (a directory) and r (a
 * directory and all below it); mode octal, -1 leaves it as it is; ids are
 * numbers; the last five are '-'.  Blank lines and those that begin with '#'
 * say nothing.  The table makes nothing: what a line names must be in the
 * tree.
 */
struct hm_archive_permissions {
    struct hm_archive_permission *line; /**< owned */
    size_t n;
    size_t cap;
};

struct hm_archive_permission {
    char *path;    /**< owned; below the root; "" is the root (r only) */
    unsigned at;   /**< line, from 1 */
    char type;     /**< 'f', 'F', 'd', 'r' */
    bool has_mode; /**< else as it is */
    unsigned mode; /**< 0..07777 */
    uint32_t uid;
    uint32_t gid;
};

#define HM_ARCHIVE_PERMISSIONS_INIT    \
    {                                  \
        .line = NULL, .n = 0, .cap = 0 \
    }

#define HM_ARCHIVE_PERMISSIONS_BYTES ((size_t)1 << 22) /**< of a table */

/** Read a table; the text of a failure names the line.
 * @return HM_E_USAGE `archive.permissions.syntax` (what is no such line),
 *         `archive.permissions.type` (a device node, FIFO or xattr);
 *         HM_E_NOMEM */
HM_MUST hm_rc hm_archive_permissions_read(struct hm_archive_permissions *p,
                                          struct hm_bytes text,
                                          struct hm_err *e);

void hm_archive_permissions_clear(struct hm_archive_permissions *p);

#endif /* HM_ARCHIVE_INPUT_H */
