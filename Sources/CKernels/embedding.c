#include "embedding.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "clones.h"

CK_INLINE bool has_row(float token, size_t vocabulary) { return token >= 0 && token < (float)vocabulary; }

CK_CLONES void ck_embedding_gather(size_t count, size_t vocabulary, size_t columns, const float *restrict tokens,
                                   const float *restrict table, float *restrict y) {
  for (size_t i = 0; i < count; i++, y += columns) {
    if (!has_row(tokens[i], vocabulary)) {
      memset(y, 0, columns * sizeof(float));
      continue;
    }
    const float *row = table + (size_t)tokens[i] * columns;
    for (size_t j = 0; j < columns; j++) y[j] = row[j];
  }
}

CK_CLONES void ck_embedding_scatter(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding,
                                    const float *restrict tokens, float factor, const float *restrict dy,
                                    float *restrict table) {
  for (size_t i = 0; i < count; i++, dy += columns) {
    if (!has_row(tokens[i], vocabulary) || (ptrdiff_t)tokens[i] == padding) continue;
    float *row = table + (size_t)tokens[i] * columns;
    for (size_t j = 0; j < columns; j++) row[j] += factor * dy[j];
  }
}

// Equal tokens meet in a hash table of the example's own tokens: it is cleared for each example and small enough for the
// first cache, which a table over the vocabulary would not be. A slot holds 1 + the place of the first such token;
// collisions go to the next slot. The table is at most half full, so the search ends.
CK_CLONES double ck_embedding_squared_norm(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding,
                                           const float *restrict tokens, const float *restrict dy, size_t slot_count,
                                           void *work) {
  double *restrict rows = work;
  uint32_t *restrict slots = (uint32_t *)(rows + count * columns);
  memset(slots, 0, slot_count * sizeof(uint32_t));
  for (size_t i = 0; i < count; i++, dy += columns) {
    if (!has_row(tokens[i], vocabulary) || (ptrdiff_t)tokens[i] == padding) continue;
    // Multiplication by 2³²/φ spreads consecutive numbers; the middle bits are the best mixed.
    size_t slot = (((uint64_t)tokens[i] * 2654435769u) >> 12) & (slot_count - 1);
    while (slots[slot] != 0 && tokens[slots[slot] - 1] != tokens[i]) slot = (slot + 1) & (slot_count - 1);
    if (slots[slot] == 0) {
      slots[slot] = (uint32_t)i + 1;
      double *row = rows + i * columns;
      for (size_t j = 0; j < columns; j++) row[j] = (double)dy[j];
    } else {
      double *row = rows + (slots[slot] - 1) * columns;
      for (size_t j = 0; j < columns; j++) row[j] += (double)dy[j];
    }
  }
  // The lanes run on from row to row: a chain of additions for each row alone would be most of the time.
  double lanes[16] = {0}, sum = 0;
  for (size_t slot = 0; slot < slot_count; slot++) {
    if (slots[slot] == 0) continue;
    const double *row = rows + (slots[slot] - 1) * columns;
    size_t j = 0;
    for (; j + 16 <= columns; j += 16) {
      for (size_t l = 0; l < 16; l++) lanes[l] += row[j + l] * row[j + l];
    }
    for (; j < columns; j++) sum += row[j] * row[j];
  }
  for (size_t l = 0; l < 16; l++) sum += lanes[l];
  return sum;
}
