/** @file
 * Text files that the program carries; the build makes their C from them.
 */
#ifndef EMBEDDED_PRIV_H
#define EMBEDDED_PRIV_H

#include "hm_bytes.h"

struct hm_bytes hm_embedded_verify_head_sh(void); /**< verify_head.sh */

#endif /* EMBEDDED_PRIV_H */
