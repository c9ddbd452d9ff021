/*
 * Copies text and finds out in the same pass whether it is plain: ASCII without
 * control bytes, quotes and backslashes, which JSON takes as it is. Inline, since it
 * is done for each attendee, and a call would cost as much as the copying.
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
 * No byte of the result has its top bit set if all eight bytes are plain. How: if a
 * number larger than the byte is subtracted from it, or 1 is added to 0x7F, the top bit
 * is set. A carry or borrow into the next byte comes only from a byte that is not plain.
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

#if defined(DT_HAS_VECTORS)
typedef signed char dt_text_block __attribute__((vector_size(16)));
typedef unsigned char dt_text_ublock __attribute__((vector_size(16)));

/* The same for sixteen bytes: a byte of the result is not 0 where the text is not plain. If 1 is
   added, control bytes and bytes that are not ASCII are below 0x21 as signed numbers. */
static DT_INLINE dt_text_block dt_text_copy_sixteen(char *out, const char *text) {
  dt_text_block w;
  memcpy(&w, text, sizeof w);
  memcpy(out, &w, sizeof w);
  dt_text_block unfit = (dt_text_block)((dt_text_ublock)w + 1) < 0x21;
  return unfit | (dt_text_block)(w == '"') | (dt_text_block)(w == '\\');
}

/* Most ids take the two steps before the loop. */
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

/* Copies a text and returns whether it is plain. Also false for a text of less than 8 bytes: the
   caller then writes it byte by byte. Copies 16 or 8 bytes a step; the last step overlaps. */
static DT_INLINE bool dt_text_copy_plain(char *out, const char *text, size_t length) {
  if (length >= 16)
    return dt_text_copy_sixteens(out, text, length);
  return length >= 8 && dt_text_copy_eights(out, text, length);
}

/*
 * The same for many texts of 16 to 32 bytes, the length of most ids. Whether all were plain is
 * asked once, at the end. With SSE2 the answer may be false without need: for texts that
 * hold a space or an exclamation mark.
 */
enum { DT_TEXT_SHORTEST_DOUBTED = 16, DT_TEXT_LONGEST_DOUBTED = 32 };

#if defined(__SSE2__)
typedef struct dt_text_doubts {
  __m128i least; /* the smallest byte at each place, of all texts */
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

/* SSE2 compares bytes as signed numbers: 0x7F and bytes that are not ASCII are at most 0 if 1 is
   added. */
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
