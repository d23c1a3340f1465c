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

// Multiplication by 2³²/φ spreads consecutive numbers; the middle bits are the best mixed.
CK_INLINE size_t spread(uint64_t token) { return (token * 2654435769u) >> 12; }

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
    size_t slot = spread((uint64_t)tokens[i]) & (slot_count - 1);
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

enum { WIDTH = 16 };
static const float no_row[WIDTH];

CK_INLINE const float *part_of_row(float token, size_t vocabulary, size_t columns, size_t first, const float *table) {
  return has_row(token, vocabulary) ? table + (size_t)token * columns + first : no_row;
}

// Sixteen columns in registers, in two chains, for a row takes less time than an addition's latency.
CK_CLONES void ck_embedding_mean(size_t count, size_t vocabulary, size_t columns, const float *restrict tokens,
                                 const float *restrict table, float *restrict y) {
  float share = 1.0f / (float)count;
  size_t j = 0;
  for (; j + WIDTH <= columns; j += WIDTH) {
    float even[WIDTH] = {0}, odd[WIDTH] = {0};
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
      const float *a = part_of_row(tokens[i], vocabulary, columns, j, table);
      const float *b = part_of_row(tokens[i + 1], vocabulary, columns, j, table);
      for (size_t l = 0; l < WIDTH; l++) even[l] += a[l];
      for (size_t l = 0; l < WIDTH; l++) odd[l] += b[l];
    }
    if (i < count) {
      const float *a = part_of_row(tokens[i], vocabulary, columns, j, table);
      for (size_t l = 0; l < WIDTH; l++) even[l] += a[l];
    }
    for (size_t l = 0; l < WIDTH; l++) y[j + l] = share * (even[l] + odd[l]);
  }
  for (; j < columns; j++) {
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += *part_of_row(tokens[i], vocabulary, columns, j, table);
    y[j] = share * sum;
  }
}

CK_CLONES void ck_embedding_mean_scatter(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding,
                                         const float *restrict tokens, float factor, const float *restrict dy,
                                         float *restrict table) {
  size_t j = 0;
  for (; j + WIDTH <= columns; j += WIDTH) {
    float change[WIDTH];
    for (size_t l = 0; l < WIDTH; l++) change[l] = factor * dy[j + l];
    for (size_t i = 0; i < count; i++) {
      if (!has_row(tokens[i], vocabulary) || (ptrdiff_t)tokens[i] == padding) continue;
      float *row = table + (size_t)tokens[i] * columns + j;
      for (size_t l = 0; l < WIDTH; l++) row[l] += change[l];
    }
  }
  for (; j < columns; j++) {
    float change = factor * dy[j];
    for (size_t i = 0; i < count; i++) {
      if (!has_row(tokens[i], vocabulary) || (ptrdiff_t)tokens[i] == padding) continue;
      table[(size_t)tokens[i] * columns + j] += change;
    }
  }
}

// A table of the tokens, by themselves where the vocabulary is small and by their hash otherwise. It is cleared once, and
// then where an example was; (c + 1)² = c² + (2c + 1).
void ck_token_count_squares(size_t examples, size_t positions, size_t vocabulary, ptrdiff_t padding, const float *tokens,
                            size_t slot_count, uint32_t *work, double *squares) {
  typedef struct {
    uint32_t key, count;  // Key: 1 + the token; 0 where the slot is free.
  } slot;
  slot *slots = (slot *)work;
  uint32_t *used = work + 2 * slot_count;
  memset(slots, 0, slot_count * sizeof(slot));
  for (size_t n = 0; n < examples; n++, tokens += positions) {
    uint64_t sum = 0;
    size_t used_count = 0;
    for (size_t i = 0; i < positions; i++) {
      if (!has_row(tokens[i], vocabulary) || (ptrdiff_t)tokens[i] == padding) continue;
      uint32_t token = (uint32_t)tokens[i];
      size_t place = token;
      if (vocabulary > slot_count) {
        place = spread(token) & (slot_count - 1);
        while (slots[place].key != 0 && slots[place].key != token + 1) place = (place + 1) & (slot_count - 1);
      }
      slots[place].key = token + 1;
      sum += 2 * (uint64_t)slots[place].count++ + 1;
      used[used_count++] = (uint32_t)place;
    }
    for (size_t i = 0; i < used_count; i++) slots[used[i]] = (slot){0, 0};
    squares[n] = (double)sum;
  }
}
