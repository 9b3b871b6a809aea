#include <stdio.h>

#include "document_priv.h"
#include "hm_text.h"

#define TIME(t) show_time((char[HM_TIME_TEXT + 4]){0}, (t))

/* "2026-05-12 08:00:00 UTC" reads better than the form of the documents. */
static const char *show_time(char out[static HM_TIME_TEXT + 4], hm_time t)
{
    char text[HM_TIME_TEXT];

    hm_time_format(t, text);
    (void)snprintf(out, HM_TIME_TEXT + 4, "%.10s %.8s UTC", text, text + 11);
    return out;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void head(struct hm_html *w, const struct ev_facts *f)
{
    char which[2 * HM_TRUST_TEXT + 2];

    (void)snprintf(which, sizeof(which), "%s %s", ev_vendor(f), ev_product(f));
    hm_html_head(w, "Evidence:", which);
}

static void fact(struct hm_html *w, size_t n, const char *what)
{
    hm_html_put(w, "<li><b>%s</b><span>%s%s</span></li>\n", HM_HTML_NUMBER(n),
                what, plural(n));
}

static void introduction(struct hm_html *w, const struct ev_content *c)
{
    const struct ev_facts *f = c->facts;

    hm_html_put(w,
                "<p class=\"eyebrow\">Evidence of the update channel</p>\n"
                "<h1>%s %s</h1>\n",
                ev_vendor(f), ev_product(f));
    hm_html_put(w,
                "<p class=\"lead\">What this repository shows about seven "
                "claims, as of %s. Every file that a claim rests on is in this "
                "folder, and <a href=\"" EV_SCRIPT_NAME "\">" EV_SCRIPT_NAME
                "</a> repeats each digest and signature with sh, openssl and "
                "sha256sum alone. What was not handed in says so.</p>\n",
                TIME(f->as_of));
    hm_html_put(w, "<ul class=\"facts\">\n");
    fact(w, f->n_release, "release");
    fact(w, f->n_served, "served manifest");
    fact(w, f->n_key, "public key");
    fact(w, c->pack->n, "file");
    hm_html_put(w, "</ul>\n");
}

static void overview_claim(struct hm_html *w, size_t n,
                           const struct ev_verdict *v)
{
    unsigned proven = 0;

    for (size_t i = 0; i < v->n; i++)
        proven += v->row[i].status == HM_EVIDENCE_PROVEN;
    hm_html_put(w,
                "<li><span class=\"number\">%s</span>"
                "<a href=\"#%s\">%s</a><span class=\"cells\">",
                HM_HTML_NUMBER(n), v->claim->id, v->claim->title);
    hm_html_put(w, "<small>%s of %s proven</small>", HM_HTML_NUMBER(proven),
                HM_HTML_NUMBER(v->n));
    for (size_t i = 0; i < v->n; i++) {
        const char *status = hm_evidence_status_name(v->row[i].status);

        hm_html_put(w, "<i class=\"c-%s\" title=\"%s: %s\"></i>", status,
                    v->row[i].item->title, status);
    }
    hm_html_put(w, "</span></li>\n");
}

static void overview(struct hm_html *w, const struct ev_content *c)
{
    hm_html_put(w, "<h2>The seven claims</h2>\n<ol class=\"overview\">\n");
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        overview_claim(w, i + 1, &c->verdicts->claim[i]);
    hm_html_put(
        w,
        "</ol>\n<p class=\"why\">"
        "<span class=\"badge b-proven\">proven</span> checked when this pack "
        "was made; " EV_SCRIPT_NAME " repeats its digests and signatures "
        "&nbsp; "
        "<span class=\"badge b-attached\">attached</span> handed in, content "
        "not examined &nbsp; "
        "<span class=\"badge b-absent\">absent</span> not shown &nbsp; "
        "<span class=\"badge b-not-applicable\">not-applicable</span> with the "
        "reason</p>\n");
}

static void file_list(struct hm_html *w, const struct ev_content *c,
                      const struct hm_names *files)
{
    char hex[HM_SHA256_HEX];

    if (files->n == 0)
        return;
    hm_html_put(w, "<details><summary>%s file%s</summary><ul class=\"files\">",
                HM_HTML_NUMBER(files->n), plural(files->n));
    for (size_t i = 0; i < files->n; i++) {
        const struct ev_entry *f = ev_pack_find(c->pack, files->name[i]);

        hm_hex_write((struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE}, hex);
        hm_html_put(w,
                    "<li><a class=\"mono\" href=\"%s\">%s</a> "
                    "<span class=\"mono hash\">%s</span></li>\n",
                    f->name, f->name, hex);
    }
    hm_html_put(w, "</ul></details>");
}

static void row(struct hm_html *w, const struct ev_content *c,
                const struct ev_row *r)
{
    const char *status = hm_evidence_status_name(r->status);

    hm_html_put(w,
                "<tr><td><span class=\"badge b-%s\">%s</span></td>"
                "<td>%s",
                status, status, r->item->title);
    if (r->reason[0] != '\0')
        hm_html_put(w, "<p class=\"why\">%s%s%s</p>", r->reason,
                    r->detail[0] ? ": " : "", r->detail);
    if (r->status == HM_EVIDENCE_ABSENT && r->item->kind)
        hm_html_put(w,
                    "<p class=\"why\">Hand it in with <code>--attach "
                    "%s=FILE</code>.</p>",
                    r->item->kind);
    if (r->passed > 0)
        hm_html_put(w, "<p class=\"why\">%s check%s passed</p>",
                    HM_HTML_NUMBER(r->passed), plural(r->passed));
    file_list(w, c, &r->files);
    hm_html_put(w, "</td></tr>\n");
}

static void claim(struct hm_html *w, const struct ev_content *c, size_t n)
{
    const struct ev_verdict *v = &c->verdicts->claim[n];

    hm_html_put(w,
                "<section class=\"claim\" id=\"%s\">\n<header><h3>%s. %s</h3>\n"
                "<p class=\"law\">Means chosen for ",
                v->claim->id, HM_HTML_NUMBER(n + 1), v->claim->title);
    for (const struct ev_law *law = v->claim->law; law->point; law++)
        hm_html_put(w, "%s<b>%s</b> (%s)", law == v->claim->law ? "" : "; ",
                    law->point, law->about);
    hm_html_put(w, "</p></header>\n<table>\n");
    for (size_t i = 0; i < v->n; i++)
        row(w, c, &v->row[i]);
    hm_html_put(w, "</table>\n</section>\n");
}

static void claims(struct hm_html *w, const struct ev_content *c)
{
    hm_html_put(w, "<h2>Evidence for each claim</h2>\n"
                   "<p>Legal points are those of <a href=\"" EV_LAW_ELI
                   "\">" EV_LAW_TITLE "</a> in the text of " EV_LAW_DATE
                   "; the claims follow the " EV_GUIDE_TITLE
                   " (draft 0.1 of " EV_GUIDE_DATE ").</p>\n");
    for (size_t i = 0; i < HM_EVIDENCE_CLAIMS; i++)
        claim(w, c, i);
}

static void limitations(struct hm_html *w)
{
    hm_html_put(w, "<h2 id=\"limitations\">Limitations</h2>\n<ul>\n");
    for (const char *const *line = ev_limitations(); *line; line++)
        hm_html_put(w, "<li>%s</li>\n", *line);
    hm_html_put(w, "</ul>\n");
}

static void repeat(struct hm_html *w, const struct ev_facts *f)
{
    char root[HM_SHA256_HEX];

    hm_hex_write((struct hm_bytes){f->root.sha256, HM_SHA256_SIZE}, root);
    hm_html_put(w, "<h2>How to repeat the checks</h2>\n"
                   "<p>In this folder, wherever it was copied:</p>\n"
                   "<pre>env -i PATH=/usr/bin:/bin sh ./" EV_SCRIPT_NAME
                   "</pre>\n");
    if (f->n_served > 0 && f->served[f->n_served - 1].by_vendor.n > 0) {
        const struct ev_document *d = &f->served[f->n_served - 1];

        hm_html_put(w,
                    "<p>One signature by hand, the newest manifest under its "
                    "key:</p>\n<pre>openssl dgst -%s -verify trust/keys/%s.pem "
                    "\\\n    -signature %s \\\n    %s/manifest.json</pre>\n",
                    d->by_vendor.sig[0].digest, d->by_vendor.sig[0].keyid,
                    d->by_vendor.sig[0].file, d->folder);
    }
    hm_html_put(w,
                "<p>Everything hangs on <a href=\"trust/root.json\">"
                "trust/root.json</a>, SHA-256 <code class=\"hash\">%s</code>. "
                "Compare it with the root that your devices were given.</p>\n",
                root);
}

hm_rc ev_write_page(const struct ev_content *c, struct hm_buf *out,
                    struct hm_err *e)
{
    struct hm_html w;

    hm_html_begin(&w, out);
    head(&w, c->facts);
    introduction(&w, c);
    overview(&w, c);
    hm_html_put(&w, "<h2>What was served, and under whose keys</h2>\n");
    ev_draw_timeline(&w, c->facts);
    claims(&w, c);
    ev_page_releases(&w, c->facts);
    ev_page_keys(&w, c->facts);
    repeat(&w, c->facts);
    limitations(&w);
    ev_page_files(&w, c->pack);
    hm_html_put(&w,
                "<footer>The same for programs: <a href=\"" EV_INDEX_NAME
                "\">" EV_INDEX_NAME "</a>. Made by hallmark-evidence from the "
                "published repository; the same inputs give the same "
                "bytes.</footer>\n</body>\n</html>\n");
    return hm_html_end(&w, e);
}
