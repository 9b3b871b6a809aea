/** @file
 * What the build makes of page.css.
 */
#ifndef HTML_PRIV_H
#define HTML_PRIV_H

#include "hm_html.h"

struct hm_bytes hm_embedded_page_css(void); /**< page.css */

#endif /* HTML_PRIV_H */
