/* The rehearsal as a page: a picture in which each row is a cohort and each
 * column a check, and the same in words below. */
#include <inttypes.h>
#include <stdio.h>

#include "hm_html.h"
#include "hm_rehearse.h"

#define ROW    30u  /* height of a row of the picture */
#define TOP    46u  /* of the first row */
#define NAMES  330u /* width of the names */
#define COLUMN 92u
#define WIDTH  1010u

/* What one cell of the picture says. */
enum cell { CELL_YES, CELL_NO, CELL_NOT_ASKED };

static enum cell cell_of(const struct hm_cohort_verdict *v, unsigned check)
{
    if (check < v->check)
        return CELL_YES;
    return check == v->check ? CELL_NO : CELL_NOT_ASKED;
}

static const char *word_of(const struct hm_cohort_verdict *v)
{
    if (v->is_installed)
        return "has it";
    return v->check == HM_REHEARSE_YES ? "takes it" : "refuses";
}

/* --- the picture ------------------------------------------------------------------ */

static void draw_mark(struct hm_html *w, enum cell cell, unsigned x, unsigned y)
{
    static const char *const colours[] = {"#12724a", "#a04309", "#c7ced5"};
    const char *cx = HM_HTML_NUMBER(x);
    const char *cy = HM_HTML_NUMBER(y);

    if (cell == CELL_NOT_ASKED) {
        hm_html_put(w,
                    "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"%s\"></circle>",
                    cx, cy, colours[cell]);
        return;
    }
    hm_html_put(w, "<circle cx=\"%s\" cy=\"%s\" r=\"9\" fill=\"%s\"></circle>",
                cx, cy, colours[cell]);
    /* Not by colour alone: a tick, or a cross. */
    hm_html_put(w,
                "<path d=\"M%s %s%s\" stroke=\"#fff\" stroke-width=\"2\" "
                "fill=\"none\"></path>",
                HM_HTML_NUMBER(x - 4),
                HM_HTML_NUMBER(y - (cell == CELL_YES ? 0 : 4)),
                cell == CELL_YES ? "l3 4 5 -8" : "l8 8m0 -8l-8 8");
}

static void draw_cohort(struct hm_html *w, const struct hm_cohort *c,
                        const struct hm_cohort_verdict *v, unsigned y)
{
    hm_html_put(w, "<text x=\"12\" y=\"%s\">%s</text>\n", HM_HTML_NUMBER(y + 4),
                c->name);
    for (unsigned check = 1; check < HM_REHEARSE_YES; check++)
        draw_mark(w, v->is_installed ? CELL_NOT_ASKED : cell_of(v, check),
                  NAMES + check * COLUMN - COLUMN / 2, y);
    hm_html_put(w, "<text class=\"b\" x=\"%s\" y=\"%s\">%s</text>",
                HM_HTML_NUMBER(NAMES + 4 * COLUMN + 12), HM_HTML_NUMBER(y + 4),
                word_of(v));
    if (v->check != HM_REHEARSE_YES && !v->is_installed)
        hm_html_put(w, "<text class=\"s\" x=\"%s\" y=\"%s\">%s</text>",
                    HM_HTML_NUMBER(NAMES + 4 * COLUMN + 74),
                    HM_HTML_NUMBER(y + 4), v->reason);
    hm_html_put(w, "\n");
}

static void draw_head(struct hm_html *w, size_t rows)
{
    hm_html_put(w,
                "<figure>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
                "viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"One row for "
                "each cohort, one column for each check of a device\">\n",
                HM_HTML_NUMBER(WIDTH), HM_HTML_NUMBER(TOP + rows * ROW + 8));
    for (unsigned check = 1; check < HM_REHEARSE_YES; check++)
        hm_html_put(w,
                    "<text class=\"s\" x=\"%s\" y=\"22\" "
                    "text-anchor=\"middle\">%s</text>\n",
                    HM_HTML_NUMBER(NAMES + check * COLUMN - COLUMN / 2),
                    hm_rehearse_check_name(check));
}

static void draw(struct hm_html *w, const struct hm_cohorts *cohorts,
                 const struct hm_cohort_verdict *v)
{
    draw_head(w, cohorts->n);
    for (size_t i = 0; i < cohorts->n; i++) {
        const unsigned y = TOP + (unsigned)i * ROW;

        hm_html_put(w,
                    "<line x1=\"12\" y1=\"%s\" x2=\"%s\" y2=\"%s\" "
                    "stroke=\"#d8dee4\"></line>\n",
                    HM_HTML_NUMBER(y - ROW / 2), HM_HTML_NUMBER(WIDTH - 12),
                    HM_HTML_NUMBER(y - ROW / 2));
        draw_cohort(w, &cohorts->cohort[i], &v[i], y);
    }
    hm_html_put(w, "</svg>\n<figcaption>A device asks from left to right and "
                   "stops at the first no. A dot was not asked.</figcaption>\n"
                   "</figure>\n");
}

/* --- the words ---------------------------------------------------------------------- */

static void fact(struct hm_html *w, uint64_t n, const char *what)
{
    hm_html_put(w, "<li><b>%s</b><span>%s</span></li>\n", HM_HTML_NUMBER(n),
                what);
}

/* How many cohorts, and devices of those that say how many. */
struct sum {
    uint64_t cohorts[3]; /* yes, no, has it */
    uint64_t devices[3];
};

static void add_up(const struct hm_cohorts *cohorts,
                   const struct hm_cohort_verdict *v, struct sum *s)
{
    *s = (struct sum){.cohorts = {0}};
    for (size_t i = 0; i < cohorts->n; i++) {
        const unsigned which = v[i].is_installed               ? 2
                               : v[i].check == HM_REHEARSE_YES ? 0
                                                               : 1;

        s->cohorts[which]++;
        s->devices[which] += cohorts->cohort[i].devices;
    }
}

static void introduction(struct hm_html *w, const struct hm_offer *o,
                         const struct sum *s)
{
    static const char *const words[] = {"cohorts: take it", "cohorts: refuse",
                                        "cohorts: have it"};
    static const char *const devices[] = {"devices: take it", "devices: refuse",
                                          "devices: have it"};
    const struct hm_manifest *m = o->manifest;
    char offer[200];

    (void)snprintf(offer, sizeof(offer),
                   "manifest %" PRIu64 "-%" PRIu64
                   " under authorisation %" PRIu64 ", judged at %s",
                   m->epoch, m->sequence, o->authorisation->sequence,
                   hm_time_show(o->now));
    hm_html_put(w,
                "<p class=\"eyebrow\">Rehearsal</p>\n<h1>%s %s</h1>\n"
                "<p class=\"lead\">Who would take it: %s. Nothing was signed "
                "for this.</p>\n<ul class=\"facts\">\n",
                m->product, m->version.text, offer);
    for (unsigned i = 0; i < 3; i++)
        fact(w, s->cohorts[i], words[i]);
    for (unsigned i = 0; i < 3; i++)
        if (s->devices[i] > 0)
            fact(w, s->devices[i], devices[i]);
    hm_html_put(w, "</ul>\n");
}

static void put_cohort(struct hm_html *w, const struct hm_cohort *c,
                       const struct hm_cohort_verdict *v)
{
    const bool is_no = v->check != HM_REHEARSE_YES && !v->is_installed;

    hm_html_put(w, "<tr><td><span class=\"badge b-%s\">%s</span></td><td>%s",
                is_no             ? "fail"
                : v->is_installed ? "not-run"
                                  : "pass",
                word_of(v), c->name);
    if (is_no)
        hm_html_put(w, "<p class=\"why\">%s: %s <code>%s</code></p>",
                    hm_rehearse_check_name(v->check), v->text, v->reason);
    hm_html_put(w, "</td><td class=\"num\">%s</td></tr>\n",
                c->devices == 0 ? "" : HM_HTML_NUMBER(c->devices));
}

static void signers(struct hm_html *w, const struct hm_offer *o)
{
    hm_html_put(w, "<h2>Who signs</h2>\n<ul>\n");
    for (size_t i = 0; i < o->signers; i++) {
        const struct hm_authorised_key *key =
            hm_authorisation_find(o->authorisation, o->signer[i]);

        hm_html_put(w, "<li>%s <code class=\"hash\">%s</code></li>\n",
                    key == NULL ? "not in force" : hm_role_name(key->role),
                    o->signer[i]);
    }
    hm_html_put(w, "</ul>\n");
}

hm_rc hm_rehearse_write_page(const struct hm_offer *offer,
                             const struct hm_cohorts *cohorts,
                             const struct hm_cohort_verdict *verdicts,
                             struct hm_buf *to, struct hm_err *e)
{
    struct hm_html w;
    struct sum s;

    hm_buf_clear(to);
    hm_html_begin(&w, to);
    add_up(cohorts, verdicts, &s);
    hm_html_head(&w, "Rehearsal:", offer->manifest->product);
    introduction(&w, offer, &s);
    hm_html_put(&w, "<h2>Who would take it</h2>\n");
    draw(&w, cohorts, verdicts);
    hm_html_put(&w, "<table>\n<tr><th>verdict</th><th>cohort</th>"
                    "<th>devices</th></tr>\n");
    for (size_t i = 0; i < cohorts->n; i++)
        put_cohort(&w, &cohorts->cohort[i], &verdicts[i]);
    hm_html_put(&w, "</table>\n");
    signers(&w, offer);
    hm_html_put(&w, "<footer>Made by hallmark-key rehearse. The verdicts are "
                    "those of the device verifier for checks 1 to 4; the "
                    "artefacts themselves (check 5) were not "
                    "read.</footer>\n</body>\n</html>\n");
    return hm_html_end(&w, e);
}
