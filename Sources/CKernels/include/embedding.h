#pragma once

#include <stddef.h>
#include <stdint.h>

// Tokens are floats that hold whole numbers. One that is outside 0...vocabulary - 1, or NaN, has no row: it is never
// used as an index.

/// y[i] = table[token i], for `count` tokens; 0 for one that has no row.
void ck_embedding_gather(size_t count, size_t vocabulary, size_t columns, const float *tokens, const float *table,
                         float *y);

/// table[token i] += factor · dy[i], for `count` tokens other than `padding`.
void ck_embedding_scatter(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding, const float *tokens,
                          float factor, const float *dy, float *table);

/// The squared norm of what `ck_embedding_scatter` adds with factor 1: the rows of equal tokens are added first, in
/// float64. Time O(count · columns), whatever the vocabulary.
///
/// `work`, aligned for doubles, has room for count · columns of them and `slot_count` uint32_t, a power of two and at
/// least 2 · count.
double ck_embedding_squared_norm(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding,
                                 const float *tokens, const float *dy, size_t slot_count, void *work);

/// y = the mean of table[token i] over `count` tokens; one that has no row counts as a row of zeros.
void ck_embedding_mean(size_t count, size_t vocabulary, size_t columns, const float *tokens, const float *table,
                       float *y);

/// table[token i] += factor · dy, one dy for all of `count` tokens other than `padding`.
void ck_embedding_mean_scatter(size_t count, size_t vocabulary, size_t columns, ptrdiff_t padding, const float *tokens,
                               float factor, const float *dy, float *table);

/// squares[i] = Σ over the different tokens of example i, other than `padding`, of the square of how often it is there:
/// the squared norm of what `ck_embedding_mean_scatter` adds, in units of factor² · |dy|².
///
/// `work` has room for 2 · slot_count + positions numbers; `slot_count` is a power of two and at least 2 · positions.
void ck_token_count_squares(size_t examples, size_t positions, size_t vocabulary, ptrdiff_t padding, const float *tokens,
                            size_t slot_count, uint32_t *work, double *squares);
