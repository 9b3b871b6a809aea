/* The tables of the page: releases, keys, files. */
#include <stdio.h>

#include "document_priv.h"
#include "hm_text.h"

#define DAY(t) day((char[HM_TIME_TEXT]){0}, (t))

static const char *day(char out[static HM_TIME_TEXT], hm_time t)
{
    hm_time_format(t, out);
    out[10] = '\0';
    return out;
}

/* A link only where it can do nothing but open a page of the web. */
static void link_or_text(struct hm_html *w, const char *url, const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/?=&+:";
    const bool https = strncmp(url, "https://", 8) == 0;

    if (https && url[strspn(url, safe)] == '\0')
        hm_html_put(w, "<a rel=\"noreferrer\" href=\"%s\">%s</a>", url, text);
    else
        hm_html_put(w, "%s", text);
}

static void advisories(struct hm_html *w, const struct ev_document *d)
{
    for (size_t i = 0; i < d->manifest.advisories_n; i++) {
        hm_html_put(w, "<br>");
        link_or_text(w, d->manifest.advisories[i].url,
                     d->manifest.advisories[i].id);
        hm_html_put(w, " <span class=\"why\">%s. %s</span>",
                    hm_severity_name(d->manifest.advisories[i].severity),
                    d->manifest.advisories[i].action);
    }
}

static void findings(struct hm_html *w, const struct hm_finding *finding,
                     size_t n)
{
    size_t passed = 0;

    for (size_t i = 0; i < n; i++)
        passed += finding[i].result == HM_RESULT_PASS;
    hm_html_put(w,
                "<details><summary>%s of %s checks passed</summary>"
                "<table>\n",
                HM_HTML_NUMBER(passed), HM_HTML_NUMBER(n));
    for (size_t i = 0; i < n; i++) {
        const char *result = hm_result_name(finding[i].result);

        hm_html_put(w,
                    "<tr><td><span class=\"badge b-%s\">%s</span></td>"
                    "<td class=\"mono\">%s</td><td>%s</td></tr>\n",
                    result, result, finding[i].check, finding[i].text);
    }
    hm_html_put(w, "</table></details>");
}

static void withheld(struct hm_html *w, const struct hm_names *names)
{
    if (names->n == 0)
        return;
    hm_html_put(w, "<p class=\"why\">withheld from this copy, known by their "
                   "digests in index.json:");
    for (size_t i = 0; i < names->n; i++)
        hm_html_put(w, "%s <span class=\"mono\">%s</span>", i == 0 ? "" : ",",
                    names->name[i]);
    hm_html_put(w, "</p>");
}

static void release(struct hm_html *w, const struct ev_document *d)
{
    const struct hm_manifest *m = &d->manifest;

    hm_html_put(w,
                "<tr><td class=\"num\"><b>%s</b> %s</td>"
                "<td>%s, severity %s",
                m->version.text, m->label, hm_update_type_name(m->update_type),
                hm_severity_name(m->severity));
    advisories(w, d);
    hm_html_put(w,
                "</td><td class=\"num\">%s/%s</td><td class=\"num\">%s</td>"
                "<td class=\"num\">%s</td>",
                HM_HTML_NUMBER(m->epoch), HM_HTML_NUMBER(m->sequence),
                HM_HTML_NUMBER(m->rollback_counter), DAY(m->timestamp));
    hm_html_put(w,
                "<td class=\"num\">%s</td><td class=\"num\">%s</td></tr>\n"
                "<tr class=\"more\"><td></td><td colspan=\"6\">",
                DAY(m->expires), DAY(ev_keep_until(m->timestamp)));
    withheld(w, &d->withheld);
    findings(w, d->findings.finding, d->findings.n);
    hm_html_put(w, "</td></tr>\n");
}

void ev_page_releases(struct hm_html *w, const struct ev_facts *f)
{
    hm_html_put(w,
                "<h2>Releases</h2>\n<p>Each judged as of the time its manifest "
                "was issued. &ldquo;Keep until&rdquo; is ten years later "
                "(Article 13(9)); the remainder of the support period counts "
                "where it is longer.</p>\n<div class=\"wide\"><table>\n"
                "<tr><th>Version</th><th>Update</th><th>Epoch/seq.</th>"
                "<th>Counter</th><th>Issued</th><th>Expires</th>"
                "<th>Keep until</th></tr>\n");
    for (size_t i = 0; i < f->n_release; i++)
        release(w, &f->release[i]);
    hm_html_put(w, "</table></div>\n<h3>The history as a whole</h3>\n");
    findings(w, f->findings.finding, f->findings.n);
}

static void key(struct hm_html *w, const struct ev_key *k)
{
    hm_html_put(w,
                "<tr><td>%s</td><td>%s&#8230; %s%s <a class=\"mono hash\" "
                "href=\"trust/keys/%s.pem\">%s</a></td><td>%s</td><td>",
                k->role, ev_short_id((char[EV_SHORT_ID]){0}, k), ev_named(k),
                k->name, k->keyid, k->keyid, k->scheme);
    if (k->first_sequence == 0)
        hm_html_put(w, "trust anchor, given to devices");
    else
        hm_html_put(w, "authorisation %s to %s, valid %s to %s",
                    HM_HTML_NUMBER(k->first_sequence),
                    HM_HTML_NUMBER(k->last_sequence), DAY(k->valid_from),
                    DAY(k->valid_until));
    if (k->retired_sequence != 0)
        hm_html_put(w,
                    "<p class=\"why\">retired by authorisation %s since %s: "
                    "%s</p>",
                    HM_HTML_NUMBER(k->retired_sequence), DAY(k->retired_since),
                    ev_retired_word(k));
    hm_html_put(w, "</td></tr>\n");
}

void ev_page_keys(struct hm_html *w, const struct ev_facts *f)
{
    hm_html_put(w, "<h2>Keys</h2>\n<p>Public keys only; a key id is the "
                   "SHA-256 of the key as the signed documents carry it.</p>\n"
                   "<div class=\"wide\"><table>\n<tr><th>Role</th><th>Key</th>"
                   "<th>Scheme</th><th>Standing</th></tr>\n");
    for (size_t i = 0; i < f->n_key; i++)
        key(w, &f->key[i]);
    hm_html_put(w, "</table></div>\n");
}

void ev_page_files(struct hm_html *w, const struct ev_pack *pack)
{
    char hex[HM_SHA256_HEX];

    hm_html_put(
        w,
        "<h2>Files</h2>\n<p><code>" EV_LIST_NAME
        "</code> lists these, and two more: this page and the index. "
        "Beside what it lists there are that list and <code>" EV_SCRIPT_NAME
        "</code>, and nothing else.</p>\n"
        "<details><summary>%s files</summary>"
        "<div class=\"wide\"><table>\n<tr><th>Name</th><th>From</th>"
        "<th>Bytes</th><th>SHA-256</th></tr>\n",
        HM_HTML_NUMBER(pack->n));
    for (size_t i = 0; i < pack->n; i++) {
        const struct ev_entry *f = &pack->entry[i];

        hm_hex_write((struct hm_bytes){f->digests.sha256, HM_SHA256_SIZE}, hex);
        hm_html_put(w,
                    "<tr><td><a class=\"mono\" href=\"%s\">%s</a></td>"
                    "<td>%s</td><td class=\"num\">%s</td>"
                    "<td class=\"mono hash\">%s</td></tr>\n",
                    f->name, f->name, ev_origin_name(f->origin),
                    HM_HTML_NUMBER(f->digests.size), hex);
    }
    hm_html_put(w, "</table></div></details>\n");
}
