#include "attention.h"

#include "functions.h"
#include "lanes.h"

/// The columns of a row that count, and how many are computed: for a causal row those up to a whole number of vectors, with
/// the rest as −∞, because single elements after the last vector would take longer than the vectors.
CK_INLINE size_t computed_columns(size_t columns, size_t size) {
  size_t whole = (columns + LANE_COUNT - 1) / LANE_COUNT * LANE_COUNT;
  return whole < size ? whole : size;
}

CK_CLONES void ck_attention_softmax(size_t matrices, size_t size, float scale, bool causal, float *restrict x) {
  for (size_t row = 0; row < matrices * size; row++, x += size) {
    size_t columns = causal ? row % size + 1 : size, computed = computed_columns(columns, size);
    for (size_t j = columns; j < computed; j++) x[j] = -__builtin_inff();
    float shift = lanes_max(computed, x);
    for (size_t j = 0; j < computed; j++) x[j] = exp_float(scale * (x[j] - shift));
    float inverse = (float)(1 / lanes_sum(computed, x));
    for (size_t j = 0; j < computed; j++) x[j] *= inverse;
    for (size_t j = computed; j < size; j++) x[j] = 0;
  }
}

CK_CLONES void ck_attention_softmax_gradient(size_t matrices, size_t size, float scale, bool causal,
                                             const float *restrict p, float *restrict dp) {
  for (size_t row = 0; row < matrices * size; row++, p += size, dp += size) {
    size_t columns = causal ? row % size + 1 : size, computed = computed_columns(columns, size);
    for (size_t j = columns; j < computed; j++) dp[j] = 0;
    float mean = (float)lanes_dot(computed, p, dp);
    for (size_t j = 0; j < computed; j++) dp[j] = scale * (p[j] * (dp[j] - mean));
    for (size_t j = computed; j < size; j++) dp[j] = 0;
  }
}
