/** @file
 * All that the device verifier needs of a C library.  <string.h> is not among
 * the headers of a freestanding compiler.
 */
#ifndef HM_DEVICE_MEMORY_H
#define HM_DEVICE_MEMORY_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif /* HM_DEVICE_MEMORY_H */
