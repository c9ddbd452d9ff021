/* What we tell the compiler where instructions count. */
#ifndef DT_INLINE_H
#define DT_INLINE_H

#include <stdint.h>

#if defined(__GNUC__)
#define DT_INLINE \
  inline __attribute__((always_inline))         /* a part of what is done for each attendee */
#define DT_RARE __attribute__((cold, noinline)) /* keeps such code out of the way */
#define DT_APART __attribute__((noinline))      /* a loop that needs all registers */
#define DT_LIKELY(condition) __builtin_expect(!!(condition), 1)
#else
#define DT_INLINE inline
#define DT_RARE
#define DT_APART
#define DT_LIKELY(condition) (condition)
#endif

/* GCC's vectors of sixteen bytes, which clang has too. On i386 without SSE they would change the
   way functions are called. */
#if defined(__GNUC__) && (defined(__SSE2__) || !defined(__i386__))
#define DT_HAS_VECTORS 1
#endif

/* A uint64_t whose eight bytes are all `b`. */
#define DT_EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

#endif
