/*
 * Copying text and telling in the same pass whether it is plain: ASCII without
 * control bytes, quotes and backslashes, fit for JSON as it is. In a header, as
 * it is done for each attendee: a call costs as much as the copying.
 */
#ifndef DT_TEXT_PLAIN_H
#define DT_TEXT_PLAIN_H

#include "dt_inline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define DT_EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/*
 * No top bit is set when all eight bytes can be copied as they are: ASCII, no
 * control byte, no quote, no backslash. A byte below 0x80 minus more than itself
 * sets its top bit, and so does 0x7F plus one; a carry or a borrow can only
 * spread from a byte that is itself refused.
 */
static DT_INLINE uint64_t dt_text_marks(uint64_t w) {
  return w | (w + DT_EACH_BYTE(1)) | (w - DT_EACH_BYTE(0x20)) |
         ((w ^ DT_EACH_BYTE('"')) - DT_EACH_BYTE(1)) | ((w ^ DT_EACH_BYTE('\\')) - DT_EACH_BYTE(1));
}

static DT_INLINE uint64_t dt_text_copy_eight(char *out, const char *text) {
  uint64_t w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  return dt_text_marks(w);
}

static DT_INLINE bool dt_text_copy_eights(char *out, const char *text, size_t length) {
  uint64_t bad = dt_text_copy_eight(out + length - 8, text + length - 8);
  for (size_t i = 0; i + 8 < length; i += 8)
    bad |= dt_text_copy_eight(out + i, text + i);
  return (bad & DT_EACH_BYTE(0x80)) == 0;
}

#if defined(__GNUC__)
typedef signed char dt_text_block __attribute__((vector_size(16)));
typedef unsigned char dt_text_ublock __attribute__((vector_size(16)));

/* The same for sixteen bytes: all bits of a byte are set where it is refused. One more than itself
   is below 0x21, as a signed number, for each byte that is no visible ASCII. */
static DT_INLINE dt_text_block dt_text_copy_sixteen(char *out, const char *text) {
  dt_text_block w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  dt_text_block invisible = (dt_text_block)((dt_text_ublock)w + 1) < 0x21;
  return invisible | (dt_text_block)(w == '"') | (dt_text_block)(w == '\\');
}

static DT_INLINE bool dt_text_is_zero(dt_text_block block) {
  uint64_t halves[2];
  memcpy(halves, &block, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

/* The two steps that most ids take are no loop. */
static DT_INLINE bool dt_text_copy_sixteens(char *out, const char *text, size_t length) {
  dt_text_block bad = dt_text_copy_sixteen(out, text);
  bad |= dt_text_copy_sixteen(out + length - 16, text + length - 16);
  for (size_t i = 16; i + 16 < length; i += 16)
    bad |= dt_text_copy_sixteen(out + i, text + i);
  return dt_text_is_zero(bad);
}
#else
#define dt_text_copy_sixteens dt_text_copy_eights
#endif

/* Most ids are plain ASCII of 13 to 40 bytes: a step a word, the last step overlapping, and one
   look at the end whether there was anything else. */
static DT_INLINE bool dt_text_copy_plain(char *out, const char *text, size_t length) {
  if (length >= 16)
    return dt_text_copy_sixteens(out, text, length);
  return length >= 8 && dt_text_copy_eights(out, text, length);
}

/*
 * The same for many texts of 16 to 32 bytes, as most ids are, which are asked once, at the end,
 * whether all were plain. Some are doubted without need: those with a space or an exclamation mark.
 */
enum { DT_TEXT_SHORTEST_DOUBTED = 16, DT_TEXT_LONGEST_DOUBTED = 32 };

#if defined(__SSE2__)
typedef struct dt_text_doubts {
  __m128i least; /* of the bytes seen */
  __m128i most;
  __m128i backslash;
} dt_text_doubts;

static DT_INLINE dt_text_doubts dt_text_no_doubts(void) {
  __m128i good = _mm_set1_epi8('0');
  return (dt_text_doubts){good, good, _mm_setzero_si128()};
}

static DT_INLINE void dt_text_doubt(dt_text_doubts *doubts, dt_text_block w) {
  __m128i bytes = (__m128i)w;
  doubts->least = _mm_min_epu8(doubts->least, bytes);
  doubts->most = _mm_max_epu8(doubts->most, bytes);
  doubts->backslash = _mm_or_si128(doubts->backslash, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
}

static DT_INLINE bool dt_text_is_plain(const dt_text_doubts *doubts) {
  __m128i low = _mm_cmplt_epi8(doubts->least, _mm_set1_epi8('"' + 1));
  __m128i high = _mm_cmpgt_epi8(_mm_add_epi8(doubts->most, _mm_set1_epi8(1)), _mm_set1_epi8(0));
  return _mm_movemask_epi8(low) == 0 && _mm_movemask_epi8(high) == 0xFFFF &&
         _mm_movemask_epi8(doubts->backslash) == 0;
}
#else
typedef struct dt_text_doubts {
  dt_text_block bad;
} dt_text_doubts;

static DT_INLINE dt_text_doubts dt_text_no_doubts(void) {
  return (dt_text_doubts){{0}};
}

static DT_INLINE void dt_text_doubt(dt_text_doubts *doubts, dt_text_block w) {
  doubts->bad |= (dt_text_block)((dt_text_block)((dt_text_ublock)w + 1) < '"' + 2) |
                 (dt_text_block)(w == '\\');
}

static DT_INLINE bool dt_text_is_plain(const dt_text_doubts *doubts) {
  return dt_text_is_zero(doubts->bad);
}
#endif

static DT_INLINE void dt_text_copy_doubted(char *out, const char *text, dt_text_doubts *doubts) {
  dt_text_block w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  dt_text_doubt(doubts, w);
}

static DT_INLINE void dt_text_copy_doubting(char *out, const char *text, size_t length,
                                            dt_text_doubts *doubts) {
  dt_text_copy_doubted(out, text, doubts);
  dt_text_copy_doubted(out + length - 16, text + length - 16, doubts);
}

#endif
