#include <fnmatch.h>
#include <stdio.h>

#include "archive_priv.h"

/* In the order of enum archive_rule. */
static const struct hm_archive_rule rules[ARCHIVE_RULES] = {
    {"private-key", "archive.input.private-key",
     "a private key (PEM, OpenSSH, PGP, PuTTY) in the first 64 KiB of a file"},
    {"version-control", "archive.input.version-control",
     ".git, .hg, .svn, .bzr, _darcs, CVS"},
    {"editor-backup", "archive.input.editor-backup",
     "what editors leave: *~ #*# .#* .*.swp .*.swo *.bak"},
    {"core-file", "archive.input.core-file", "an ELF core file"},
    {"special-bits", "archive.input.special-bits",
     "setuid, setgid or sticky, which would be dropped; with kept modes, a "
     "setuid or setgid file"},
    {"xattrs", "archive.input.xattrs",
     "extended attributes (capabilities, ACLs, user.*), which would be "
     "dropped; with kept attributes, a capability"},
    {"case-collision", "archive.input.case-collision",
     "two names in one directory that differ only in case"},
    {"unicode-collision", "archive.input.unicode-collision",
     "two names in one directory that are one in Unicode (NFC and NFD)"},
    {"control-name", "archive.input.control-name",
     "a newline or another control character in a name or link target"},
    {"name-encoding", "archive.input.name-encoding",
     "a name or link target that is not UTF-8"},
    {"submodule", "archive.input.submodule",
     "a git submodule, whose files are in another repository; it would be an "
     "empty directory"},
    {"lfs-pointer", "archive.input.lfs-pointer",
     "a Git LFS pointer where the file itself should be"},
};

const struct hm_archive_rule *hm_archive_rules(size_t *n)
{
    *n = ARCHIVE_RULES;
    return rules;
}

static size_t rule_length(const char *allow)
{
    return strcspn(allow, ":");
}

static bool names_rule(const char *allow, const struct hm_archive_rule *rule)
{
    const size_t n = rule_length(allow);

    return strlen(rule->name) == n && memcmp(allow, rule->name, n) == 0;
}

/* "RULE:" and "RULE:/x" would overrule nothing, without a word. */
HM_MUST static hm_rc check_path(const char *allow, struct hm_err *e)
{
    const char *rest = allow + rule_length(allow);

    if (rest[0] == '\0' || (rest[1] != '\0' && rest[1] != '/'))
        return HM_OK;
    return hm_fail(e, HM_E_USAGE, "archive.rule.path",
                   "'%s' names no member: expected a path as the archive has "
                   "it, without a slash before it",
                   hm_show_str(allow));
}

hm_rc archive_rules_known(const struct hm_archive_options *o, struct hm_err *e)
{
    for (size_t i = 0; i < o->allow_n; i++) {
        size_t k = 0;

        while (k < ARCHIVE_RULES && !names_rule(o->allow[i], &rules[k]))
            k++;
        if (k == ARCHIVE_RULES)
            return hm_hint(e,
                           hm_fail(e, HM_E_USAGE, "archive.rule.unknown",
                                   "no rule is called '%s'",
                                   hm_show_str(o->allow[i])),
                           "the rules are private-key, version-control, "
                           "editor-backup, core-file, special-bits, xattrs, "
                           "case-collision, unicode-collision, control-name, "
                           "name-encoding, submodule and lfs-pointer");
        HM_TRY(check_path(o->allow[i], e));
    }
    return HM_OK;
}

bool archive_rule_allowed(const struct hm_archive_options *o,
                          enum archive_rule rule, const char *path)
{
    for (size_t i = 0; i < o->allow_n; i++) {
        const char *rest = o->allow[i] + rule_length(o->allow[i]);

        if (names_rule(o->allow[i], &rules[rule]) &&
            (*rest == '\0' || strcmp(rest + 1, path) == 0))
            return true;
    }
    return false;
}

hm_rc archive_rule_fail(enum archive_rule rule, const char *path,
                        const char *why, struct hm_err *e)
{
    const char *shown = hm_show_str(path);

    /* A path that is shown otherwise than it is, or cut, would not match. */
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, rules[rule].reason,
                           "cannot pack '%s': %s", shown, why),
                   "remove it from the tree, or overrule with --allow %s:%s",
                   rules[rule].name, strcmp(shown, path) == 0 ? path : "PATH");
}

bool archive_target_climbs(const char *path, const char *target)
{
    size_t depth = 0;

    if (target[0] == '/')
        return false;
    for (; *path != '\0'; path++)
        depth += *path == '/';
    while (*target != '\0') {
        const size_t n = strcspn(target, "/");

        if (n == 2 && target[0] == '.' && target[1] == '.') {
            if (depth == 0)
                return true;
            depth--;
        } else if (n > 1 || (n == 1 && target[0] != '.')) {
            depth++;
        }
        target += n;
        target += *target == '/';
    }
    return false;
}

bool archive_is_ascii(const char *s)
{
    while (*s != '\0' && (*s & 0x80) == 0)
        s++;
    return *s == '\0';
}

size_t archive_utf8_length(const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t n = s[0] < 0x80             ? 1
                     : (s[0] & 0xe0) == 0xc0 ? 2
                     : (s[0] & 0xf0) == 0xe0 ? 3
                     : (s[0] & 0xf8) == 0xf0 ? 4
                                             : 0;
    uint32_t c = n < 2 ? s[0] : s[0] & (0x7fu >> n);

    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) /* the NUL at the end stops here too */
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return n;
}

bool hm_archive_is_utf8(const char *s)
{
    while (*s != '\0') {
        const size_t n = archive_utf8_length(s);

        if (n == 0)
            return false;
        s += n;
    }
    return true;
}

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if ((uint8_t)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static bool matches_any(const char *const *patterns, const char *name)
{
    for (; *patterns != NULL; patterns++)
        if (fnmatch(*patterns, name, 0) == 0)
            return true;
    return false;
}

/* The first rule that a name breaks and nobody overruled. */
struct broken {
    enum archive_rule rule;
    const char *why;
};

static const char *kind_of(uint32_t mode)
{
    return S_ISFIFO(mode) ? "FIFO" : S_ISSOCK(mode) ? "socket" : "device node";
}

static bool is_packable(uint32_t mode)
{
    return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
           mode == HM_ARCHIVE_GITLINK;
}

static bool find_broken(const struct hm_archive_options *o,
                        const struct hm_archive_item *item,
                        struct broken *found)
{
    static const char *const vcs[] = {".git",   ".hg", ".svn", ".bzr",
                                      "_darcs", "CVS", NULL};
    static const char *const backup[] = {"*~",     "#*#",   ".#*", ".*.swp",
                                         ".*.swo", "*.bak", NULL};
    const char *slash = strrchr(item->path, '/');
    const char *name = slash == NULL ? item->path : slash + 1;
    const char *target = item->target == NULL ? "" : item->target;
    const struct {
        bool broken;
        struct broken is;
    } checks[] = {
        {has_control(name),
         {ARCHIVE_RULE_CONTROL, "a control character is in its name"}},
        {!hm_archive_is_utf8(name),
         {ARCHIVE_RULE_ENCODING, "its name is not UTF-8"}},
        {matches_any(vcs, name),
         {ARCHIVE_RULE_VCS, "it belongs to a version control system"}},
        {!S_ISDIR(item->mode) && matches_any(backup, name),
         {ARCHIVE_RULE_BACKUP, "it is named like an editor's backup"}},
        {item->mode == HM_ARCHIVE_GITLINK,
         {ARCHIVE_RULE_SUBMODULE, "it is a git submodule"}},
        {has_control(target),
         {ARCHIVE_RULE_CONTROL, "a control character is in its target"}},
        {!hm_archive_is_utf8(target),
         {ARCHIVE_RULE_ENCODING, "its target is not UTF-8"}},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        *found = checks[i].is;
        if (checks[i].broken &&
            !archive_rule_allowed(o, found->rule, item->path))
            return true;
    }
    return false;
}

HM_MUST static hm_rc check_target(const struct hm_archive_item *item,
                                  struct hm_err *e)
{
    if (!archive_target_climbs(item->path, item->target))
        return HM_OK;
    return hm_hint(e,
                   hm_fail(e, HM_E_REJECTED, "archive.input.link",
                           "cannot pack '%s': it points to '%s', above the "
                           "tree",
                           hm_show_str(item->path), hm_show_str(item->target)),
                   "let it point inside the tree, or write the absolute path "
                   "that it has on the device");
}

hm_rc archive_rules_item(const struct hm_archive_options *o,
                         const struct hm_archive_item *item, struct hm_err *e)
{
    struct broken found;

    if (!is_packable(item->mode))
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "archive.input.kind",
                               "cannot pack '%s': it is a %s",
                               hm_show_str(item->path), kind_of(item->mode)),
                       "remove it from the tree and let the device make it");
    if (archive_name_is_foreign(item->path))
        return hm_hint(e,
                       hm_fail(e, HM_E_REJECTED, "archive.input.name",
                               "cannot pack '%s': other systems would take the "
                               "name for an absolute one or a way up",
                               hm_show_str(item->path)),
                       "rename it: no reader of ours takes it out of an "
                       "archive");
    if (item->target != NULL)
        HM_TRY(check_target(item, e));
    if (find_broken(o, item, &found))
        return archive_rule_fail(found.rule, item->path, found.why, e);
    return HM_OK;
}

/* --- rules on what is in a file --------------------------------------------- */

/* Behind nothing, an end of line, or a UTF-8 byte-order mark. */
static bool begins_line(struct hm_bytes in, const uint8_t *at)
{
    const uint8_t last_of_mark = 0xbf;

    return at == in.p || at[-1] == '\n' || at[-1] == '\r' ||
           at[-1] == last_of_mark;
}

/* A PEM or PGP private key begins a line, not always the first one: openssl
 * writes "EC PARAMETERS" before it, and bundles put certificates there. */
static bool holds_private_key(struct hm_bytes in)
{
    static const char begin[] = "-----BEGIN ";
    static const char key[] = "PRIVATE KEY";
    static const char putty[] = "PuTTY-User-Key-File-";
    const uint8_t *const end = in.p + in.n;
    const uint8_t *at = in.p;

    if (in.n >= sizeof(putty) && memcmp(in.p, putty, sizeof(putty) - 1) == 0)
        return true;
    while ((at = memmem(at, (size_t)(end - at), begin, sizeof(begin) - 1)) !=
           NULL) {
        const uint8_t *eol = memchr(at, '\n', (size_t)(end - at));

        eol = eol == NULL ? end : eol;
        if (begins_line(in, at) &&
            memmem(at, (size_t)(eol - at), key, sizeof(key) - 1) != NULL)
            return true;
        at = eol;
    }
    return false;
}

static bool is_core_file(struct hm_bytes in)
{
    static const uint8_t elf[] = {0x7f, 'E', 'L', 'F'};
    const uint8_t core = 4; /* ET_CORE */

    if (in.n < 18 || memcmp(in.p, elf, sizeof(elf)) != 0)
        return false;
    return in.p[5] == 2 ? in.p[16] == 0 && in.p[17] == core
                        : in.p[16] == core && in.p[17] == 0;
}

/* @source git-lfs docs/spec.md, "The Pointer": the version line is first */
static bool is_lfs_pointer(struct hm_bytes in)
{
    static const char first[] = "version https://git-lfs.github.com/spec/v";

    return in.n < 1024 && in.n >= sizeof(first) &&
           memcmp(in.p, first, sizeof(first) - 1) == 0;
}

hm_rc archive_rules_content(const struct hm_archive_options *o,
                            const char *path, struct hm_bytes start,
                            struct hm_err *e)
{
    if (holds_private_key(start) &&
        !archive_rule_allowed(o, ARCHIVE_RULE_KEY, path))
        return archive_rule_fail(ARCHIVE_RULE_KEY, path,
                                 "it holds a private key", e);
    if (is_core_file(start) &&
        !archive_rule_allowed(o, ARCHIVE_RULE_CORE, path))
        return archive_rule_fail(ARCHIVE_RULE_CORE, path, "it is a core file",
                                 e);
    if (is_lfs_pointer(start) &&
        !archive_rule_allowed(o, ARCHIVE_RULE_LFS, path))
        return archive_rule_fail(ARCHIVE_RULE_LFS, path,
                                 "it is a Git LFS pointer, not the file", e);
    return HM_OK;
}
