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

/* The same for sixteen bytes: all bits of a byte are set where it is refused. A control byte, and
   one that is no ASCII, is less than 0x21 as a signed number once 1 is added; a space is not. */
static DT_INLINE dt_text_block dt_text_copy_sixteen(char *out, const char *text) {
  dt_text_block w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  dt_text_block unfit = (dt_text_block)((dt_text_ublock)w + 1) < 0x21;
  return unfit | (dt_text_block)(w == '"') | (dt_text_block)(w == '\\');
}

/* The two steps that most ids take are no loop. */
static DT_INLINE bool dt_text_copy_sixteens(char *out, const char *text, size_t length) {
  dt_text_block bad = dt_text_copy_sixteen(out, text);
  bad |= dt_text_copy_sixteen(out + length - 16, text + length - 16);
  for (size_t i = 16; i + 16 < length; i += 16)
    bad |= dt_text_copy_sixteen(out + i, text + i);
  uint64_t halves[2];
  memcpy(halves, &bad, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}
#else
#define dt_text_copy_sixteens dt_text_copy_eights
#endif

/* Copies a text and tells whether it is plain; false also for one of less than 8 bytes, which the
   caller writes the long way. Steps of 16 or 8 bytes, the last one overlapping, and one look at the
   end whether there was anything else. */
static DT_INLINE bool dt_text_copy_plain(char *out, const char *text, size_t length) {
  if (length >= 16)
    return dt_text_copy_sixteens(out, text, length);
  return length >= 8 && dt_text_copy_eights(out, text, length);
}

/*
 * The same for many texts of 16 to 32 bytes, as most ids are, which are asked once, at the end,
 * whether all were plain. With SSE2 some are doubted without need: those with a space or an
 * exclamation mark.
 */
enum { DT_TEXT_SHORTEST_DOUBTED = 16, DT_TEXT_LONGEST_DOUBTED = 32 };

#if defined(__SSE2__)
typedef struct dt_text_doubts {
  __m128i least; /* of the bytes at each place */
  __m128i most;
  __m128i backslash;
} dt_text_doubts;

static DT_INLINE dt_text_doubts dt_text_no_doubts(void) {
  __m128i plain = _mm_set1_epi8('0');
  return (dt_text_doubts){plain, plain, _mm_setzero_si128()};
}

static DT_INLINE void dt_text_copy_doubted(char *out, const char *text, dt_text_doubts *doubts) {
  __m128i w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  doubts->least = _mm_min_epu8(doubts->least, w);
  doubts->most = _mm_max_epu8(doubts->most, w);
  doubts->backslash = _mm_or_si128(doubts->backslash, _mm_cmpeq_epi8(w, _mm_set1_epi8('\\')));
}

static DT_INLINE void dt_text_copy_doubting(char *out, const char *text, size_t length,
                                            dt_text_doubts *doubts) {
  dt_text_copy_doubted(out, text, doubts);
  dt_text_copy_doubted(out + length - 16, text + length - 16, doubts);
}

/* Bytes compare as signed numbers: 0x7F and what is no ASCII are no more than 0, plus one. */
static DT_INLINE bool dt_text_were_plain(const dt_text_doubts *doubts) {
  __m128i low = _mm_cmpgt_epi8(_mm_set1_epi8('"' + 1), doubts->least);
  __m128i ascii = _mm_cmpgt_epi8(_mm_add_epi8(doubts->most, _mm_set1_epi8(1)), _mm_setzero_si128());
  return _mm_movemask_epi8(_mm_or_si128(low, doubts->backslash)) == 0 &&
         _mm_movemask_epi8(ascii) == 0xFFFF;
}
#else
typedef struct dt_text_doubts {
  bool any;
} dt_text_doubts;

static DT_INLINE dt_text_doubts dt_text_no_doubts(void) {
  return (dt_text_doubts){false};
}

static DT_INLINE void dt_text_copy_doubting(char *out, const char *text, size_t length,
                                            dt_text_doubts *doubts) {
  doubts->any |= !dt_text_copy_plain(out, text, length);
}

static DT_INLINE bool dt_text_were_plain(const dt_text_doubts *doubts) {
  return !doubts->any;
}
#endif

#endif
