/* The picture: a column for each manifest served, oldest left; a lane for each
 * authorisation and key.  Columns are evenly spaced, whatever the time between
 * them: an hour of rotation is as visible as a year of quiet. */
#include <stdio.h>

#include "document_priv.h"

enum { GUTTER = 230, COLUMN = 150, HEADER = 78, LANE = 44, BAR = 14 };

#define X(column) (GUTTER + (column)*COLUMN)

static const char *colour(const char *update_type)
{
    if (strcmp(update_type, "security") == 0)
        return "#b3400f";
    return strcmp(update_type, "emergency") == 0 ? "#96173a" : "#3a5a78";
}

static void label(struct hm_html *w, size_t x, size_t y, const char *class,
                  const char *text)
{
    hm_html_put(w, "<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n",
                HM_HTML_NUMBER(x), HM_HTML_NUMBER(y), class, text);
}

static void bar(struct hm_html *w, size_t from, size_t to, size_t y,
                const char *fill)
{
    hm_html_put(w,
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"4\" "
                "fill=\"%s\"/>\n",
                HM_HTML_NUMBER(X(from) + 4), HM_HTML_NUMBER(y),
                HM_HTML_NUMBER((to - from + 1) * COLUMN - 8),
                HM_HTML_NUMBER(BAR), fill);
}

static void dot(struct hm_html *w, size_t column, size_t y, const char *fill)
{
    hm_html_put(w,
                "<circle cx=\"%s\" cy=\"%s\" r=\"5\" fill=\"%s\" "
                "stroke=\"#ffffff\" stroke-width=\"2\"/>\n",
                HM_HTML_NUMBER(X(column) + COLUMN / 2),
                HM_HTML_NUMBER(y + BAR / 2), fill);
}

/* What was served: version, when, and its place in the order. */
static void column_head(struct hm_html *w, const struct ev_document *d,
                        size_t i)
{
    char text[HM_TIME_TEXT];

    hm_time_format(d->manifest.timestamp, text);
    text[10] = '\0';
    text[19] = '\0';
    hm_html_put(w,
                "<g><title>%s, %s, severity %s</title><rect x=\"%s\" y=\"8\" "
                "width=\"%s\" height=\"24\" rx=\"6\" fill=\"%s\"/>"
                "<text x=\"%s\" y=\"25\" text-anchor=\"middle\" class=\"b\" "
                "style=\"fill:#ffffff\">%s</text></g>\n",
                d->manifest.version.text,
                hm_update_type_name(d->manifest.update_type),
                hm_severity_name(d->manifest.severity),
                HM_HTML_NUMBER(X(i) + 4), HM_HTML_NUMBER(COLUMN - 8),
                colour(hm_update_type_name(d->manifest.update_type)),
                HM_HTML_NUMBER(X(i) + COLUMN / 2), d->manifest.version.text);
    hm_html_put(
        w,
        "<text x=\"%s\" y=\"48\" class=\"s\">%s %s</text>\n"
        "<text x=\"%s\" y=\"64\" class=\"s\">%s, sequence %s/%s</text>\n",
        HM_HTML_NUMBER(X(i) + 6), text, text + 11, HM_HTML_NUMBER(X(i) + 6),
        hm_update_type_name(d->manifest.update_type),
        HM_HTML_NUMBER(d->manifest.epoch),
        HM_HTML_NUMBER(d->manifest.sequence));
}

/* One bar for each authorisation, over the manifests served with it. */
static void authorisations(struct hm_html *w, const struct ev_facts *f,
                           size_t y)
{
    for (size_t from = 0, to; from < f->n_served; from = to + 1) {
        const uint64_t sequence = f->served[from].authorisation.sequence;

        for (to = from; to + 1 < f->n_served &&
                        f->served[to + 1].authorisation.sequence == sequence;)
            to++;
        bar(w, from, to, y, "#7a6aa8");
        hm_html_put(w,
                    "<text x=\"%s\" y=\"%s\" class=\"s\" "
                    "style=\"fill:#ffffff\">no. %s</text>\n",
                    HM_HTML_NUMBER(X(from) + 10), HM_HTML_NUMBER(y + 11),
                    HM_HTML_NUMBER(sequence));
    }
}

static bool has_signed(const struct ev_key *k, const struct ev_signatures *by)
{
    for (size_t i = 0; i < by->n; i++)
        if (strcmp(by->sig[i].keyid, k->keyid) == 0)
            return true;
    return false;
}

/* Did it sign a statement of the release that is served in this column? */
static bool key_attests(const struct ev_facts *f, const struct ev_key *k,
                        const struct ev_document *served)
{
    for (size_t i = 0; i < f->n_release; i++)
        for (size_t s = 0; s < f->release[i].n_statement; s++)
            if (strcmp(f->release[i].folder, served->files) == 0 &&
                strcmp(f->release[i].statement[s].by.keyid, k->keyid) == 0)
                return true;
    return false;
}

static bool key_acts(const struct ev_facts *f, const struct ev_key *k, size_t i)
{
    const struct ev_document *d = &f->served[i];

    if (k->first_sequence == 0) /* what is served has its authorisation */
        return has_signed(k, &d->by_root);
    return has_signed(k, &d->by_vendor) || key_attests(f, k, d);
}

static bool key_listed(const struct ev_key *k, const struct ev_document *d)
{
    return k->first_sequence == 0 ||
           (d->authorisation.sequence >= k->first_sequence &&
            d->authorisation.sequence <= k->last_sequence);
}

static void retirement(struct hm_html *w, const struct ev_facts *f,
                       const struct ev_key *k, size_t y)
{
    size_t i = 0;

    while (i < f->n_served &&
           f->served[i].authorisation.sequence < k->retired_sequence)
        i++;
    if (k->retired_sequence == 0 || i == f->n_served)
        return;
    hm_html_put(w,
                "<path d=\"M%s %sl10 10m0 -10l-10 10\" stroke=\"#a04309\" "
                "stroke-width=\"2.5\" fill=\"none\"/>\n",
                HM_HTML_NUMBER(X(i) + 8), HM_HTML_NUMBER(y + 2));
    hm_html_put(w,
                "<text x=\"%s\" y=\"%s\" class=\"s\" "
                "style=\"fill:#a04309\">retired: %s</text>\n",
                HM_HTML_NUMBER(X(i) + 24), HM_HTML_NUMBER(y + 11),
                ev_retired_word(k));
}

static void key_lane(struct hm_html *w, const struct ev_facts *f,
                     const struct ev_key *k, size_t y)
{
    const bool root = k->first_sequence == 0;

    hm_html_put(w,
                "<text x=\"4\" y=\"%s\">%s key %s&#8230;</text>\n"
                "<text x=\"4\" y=\"%s\" class=\"s\">%s%s</text>\n",
                HM_HTML_NUMBER(y + 6), k->role,
                ev_short_id((char[EV_SHORT_ID]){0}, k), HM_HTML_NUMBER(y + 21),
                ev_named(k), k->name);
    for (size_t i = 0; i < f->n_served; i++) {
        if (key_listed(k, &f->served[i]))
            bar(w, i, i, y, root ? "#e3ddf3" : "#cfe6da");
        if (key_acts(f, k, i))
            dot(w, i, y, root ? "#4d3c85" : "#12724a");
    }
    retirement(w, f, k, y);
}

void ev_draw_timeline(struct hm_html *w, const struct ev_facts *f)
{
    const size_t width = X(f->n_served) + 4;
    const size_t height = HEADER + LANE * (f->n_key + 1);

    hm_html_put(w,
                "<figure>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                "role=\"img\" aria-label=\"Releases, authorisations and keys\" "
                "width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\">\n",
                HM_HTML_NUMBER(width), HM_HTML_NUMBER(height),
                HM_HTML_NUMBER(width), HM_HTML_NUMBER(height));
    label(w, 4, 25, "b", "Served to devices");
    for (size_t i = 0; i < f->n_served; i++)
        column_head(w, &f->served[i], i);
    label(w, 4, HEADER + 11, "", "Authorisation by the root");
    authorisations(w, f, HEADER);
    for (size_t i = 0; i < f->n_key; i++)
        key_lane(w, f, &f->key[i], HEADER + LANE * (i + 1));
    hm_html_put(w, "</svg>\n<figcaption>One column for each manifest served, "
                   "oldest left, not to scale in time. A bar: the key is "
                   "listed. A dot: it signed what is served in that column, a "
                   "root key the authorisation. A cross: it was "
                   "retired.</figcaption>\n</figure>\n");
}
