/* What the reader takes and what it refuses, each with its neighbour. */
#include "archive_build.h"

/* One header with its content; a pax body is one record without its length. */
struct part {
    char type;
    const char *name;
    const char *link;
    const char *body;
};

struct row {
    const char *title;
    const char *reason;
    struct part parts[4];
};

static void build_part(struct hm_buf *tar, const struct part *p)
{
    const char *body = p->body == NULL ? "" : p->body;

    if (p->type == 'x' || p->type == 'g') {
        build_pax(tar, p->type, body);
        return;
    }
    /* GNU long names carry their NUL. */
    build_header(tar, p->type, p->name, p->link == NULL ? "" : p->link,
                 strlen(body) + (p->type == 'L' || p->type == 'K'));
    if (p->type == 'L' || p->type == 'K')
        build_body(tar, body, strlen(body) + 1);
    else
        build_body(tar, body, strlen(body));
}

static const struct row rows[] = {
    {"a file", "", {{'0', "a", "", "text"}}},
    {"names below a directory",
     "",
     {{'5', "d/", "", ""}, {'0', "d/a", "", "x"}}},
    {"a directory after what it holds",
     "",
     {{'0', "d/a", "", ""}, {'5', "d/", "", ""}}},
    {"a leading ./", "", {{'5', "./", "", ""}, {'0', "./a", "", ""}}},
    {"a name of systemd's", "", {{'0', "system\\x2dfoo", "", ""}}},
    {"a dash, a newline, no UTF-8", "", {{'0', "-a\nb\xff", "", ""}}},
    {"dots that are no way up", "", {{'0', "..a/b..", "", ""}}},
    {"an absolute name", "archive.member.name", {{'0', "/x", "", ""}}},
    {"a way up", "archive.member.name", {{'0', "../x", "", ""}}},
    {"a way up inside", "archive.member.name", {{'0', "a/../../x", "", ""}}},
    {"a way up at the end", "archive.member.name", {{'5', "a/..", "", ""}}},
    {"a dot inside", "archive.member.name", {{'0', "a/./x", "", ""}}},
    {"two slashes", "archive.member.name", {{'0', "a//x", "", ""}}},
    {"a drive letter", "archive.member.name", {{'0', "C:\\x", "", ""}}},
    {"a backslash way up", "archive.member.name", {{'0', "..\\x", "", ""}}},
    {"no name", "archive.member.name", {{'0', "", "", "x"}}},
    {"a file that ends in a slash",
     "archive.member.name",
     {{'0', "a/", "", ""}}},
    {"the root as a file", "archive.member.name", {{'0', ".", "", ""}}},
    {"an absolute name by pax",
     "archive.member.name",
     {{'x', "", "", "path=/etc/passwd"}, {'0', "a", "", ""}}},
    {"a way up by GNU long name",
     "archive.member.name",
     {{'L', "././@LongLink", "", "../x"}, {'0', "a", "", ""}}},
    {"a name by pax", "", {{'x', "", "", "path=b"}, {'0', "a", "", ""}}},
    {"a name by GNU long name",
     "",
     {{'L', "././@LongLink", "", "b"}, {'0', "a", "", ""}}},
    {"a link inside", "", {{'2', "d/l", "../a", ""}}},
    {"a link to the device's own", "", {{'2', "l", "/etc/passwd", ""}}},
    {"a link to above the root",
     "archive.member.target",
     {{'2', "d/l", "../../a", ""}}},
    {"a link to above the root, by a detour",
     "archive.member.target",
     {{'2', "l", "a/../../b", ""}}},
    {"a link to nothing", "archive.member.target", {{'2', "l", "", ""}}},
    {"writing through a link",
     "archive.member.through",
     {{'2', "a", "/tmp", ""}, {'0', "a/x", "", "x"}}},
    {"writing through a link, deeper",
     "archive.member.through",
     {{'2', "a", "b", ""}, {'0', "a/b/x", "", "x"}}},
    {"a directory through a link",
     "archive.member.through",
     {{'2', "a", "b", ""}, {'5', "a/b/", "", ""}}},
    {"a name below a file",
     "archive.member.through",
     {{'0', "a", "", ""}, {'0', "a/x", "", ""}}},
    {"a link where a directory is needed already",
     "archive.member.duplicate",
     {{'0', "a/x", "", ""}, {'2', "a", "/tmp", ""}}},
    {"a directory becomes a link",
     "archive.member.duplicate",
     {{'5', "a/", "", ""}, {'2', "a", "/tmp", ""}}},
    {"a link becomes a directory",
     "archive.member.duplicate",
     {{'2', "a", "/tmp", ""}, {'5', "a/", "", ""}}},
    {"a link whose name ends in a slash",
     "archive.member.name",
     {{'2', "a/", "/tmp", ""}}},
    {"a file twice",
     "archive.member.duplicate",
     {{'0', "a", "", "1"}, {'0', "a", "", "2"}}},
    {"a file twice, once with ./",
     "archive.member.duplicate",
     {{'0', "a", "", "1"}, {'0', "./a", "", "2"}}},
    {"a directory twice",
     "archive.member.duplicate",
     {{'5', "a/", "", ""}, {'5', "a/", "", ""}}},
    {"a hard link to an earlier file",
     "",
     {{'0', "a", "", "x"}, {'1', "b", "a", ""}}},
    {"a hard link to outside",
     "archive.member.name",
     {{'1', "b", "/etc/passwd", ""}}},
    {"a hard link to what is not there",
     "archive.member.target",
     {{'1', "b", "a", ""}, {'0', "a", "", "x"}}},
    {"a hard link to a link",
     "archive.member.target",
     {{'2', "a", "/etc/passwd", ""}, {'1', "b", "a", ""}}},
    {"a hard link to itself", "archive.member.target", {{'1', "b", "b", ""}}},
    {"a hard link with content",
     "archive.member.size",
     {{'0', "a", "", "x"}, {'1', "b", "a", "y"}}},
    {"a directory with content", "archive.member.size", {{'5', "a/", "", "y"}}},
    {"a character device", "archive.member.kind", {{'3', "a", "", ""}}},
    {"a block device", "archive.member.kind", {{'4', "a", "", ""}}},
    {"a FIFO", "archive.member.kind", {{'6', "a", "", ""}}},
    {"a contiguous file", "archive.member.kind", {{'7', "a", "", ""}}},
    {"a sparse file", "archive.member.kind", {{'S', "a", "", ""}}},
    {"a volume label", "archive.member.kind", {{'V', "a", "", ""}}},
    {"a comment for all",
     "",
     {{'g', "", "", "comment=0123"}, {'0', "a", "", ""}}},
    {"a path for all",
     "archive.pax.key",
     {{'g', "", "", "path=b"}, {'0', "a", "", ""}}},
    {"an extended attribute",
     "archive.pax.key",
     {{'x', "", "", "SCHILY.xattr.user.a=b"}, {'0', "a", "", ""}}},
    {"a sparse map",
     "archive.pax.key",
     {{'x', "", "", "GNU.sparse.map=0,1"}, {'0', "a", "", ""}}},
    {"an empty path by pax",
     "archive.pax.value",
     {{'x', "", "", "path="}, {'0', "a", "", ""}}},
    {"a negative size by pax",
     "archive.pax.value",
     {{'x', "", "", "size=-1"}, {'0', "a", "", ""}}},
    {"an overflowing size by pax",
     "archive.pax.value",
     {{'x', "", "", "size=9223372036854775808"}, {'0', "a", "", ""}}},
    {"the same size by pax",
     "",
     {{'x', "", "", "size=4"}, {'0', "a", "", "text"}}},
    {"another size by pax",
     "archive.pax.value",
     {{'x', "", "", "size=5"}, {'0', "a", "", "text"}}},
    {"a size that only pax readers see",
     "archive.pax.value",
     {{'x', "", "", "size=1024"}, {'0', "a", "", ""}}},
    {"another character set",
     "archive.pax.value",
     {{'x', "", "", "hdrcharset=EBCDIC"}, {'0', "a", "", ""}}},
    {"bytes as character set",
     "",
     {{'x', "", "", "hdrcharset=BINARY"}, {'0', "a", "", ""}}},
    {"a time with fraction",
     "",
     {{'x', "", "", "mtime=-12.5"}, {'0', "a", "", ""}}},
    {"a time that is none",
     "archive.pax.value",
     {{'x', "", "", "mtime=1e9"}, {'0', "a", "", ""}}},
    {"two pax headers",
     "archive.tar.prefix",
     {{'x', "", "", "path=b"}, {'x', "", "", "path=c"}, {'0', "a", "", ""}}},
    {"pax and GNU long name",
     "archive.tar.prefix",
     {{'L', "", "", "b"}, {'x', "", "", "path=c"}, {'0', "a", "", ""}}},
    {"two GNU long names",
     "archive.tar.prefix",
     {{'L', "", "", "b"}, {'L', "", "", "c"}, {'0', "a", "", ""}}},
    {"a pax header without member",
     "archive.tar.prefix",
     {{'0', "a", "", ""}, {'x', "", "", "path=c"}}},
    {"a GNU long name without member",
     "archive.tar.prefix",
     {{'L', "", "", "b"}}},
};

static void each_kind_of_member_is_taken_or_refused_for_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        HM_OWN(hm_buf) tar = HM_BUF_INIT(BUILD_MAX);

        for (size_t k = 0; k < 4 && rows[i].parts[k].name != NULL; k++)
            build_part(&tar, &rows[i].parts[k]);
        build_end(&tar);
        assert_reads(hm_buf_view(&tar), rows[i].reason, rows[i].title);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            each_kind_of_member_is_taken_or_refused_for_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
