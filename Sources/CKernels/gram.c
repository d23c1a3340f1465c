#include "gram.h"

#include "clones.h"

// Inner products of the rows of two matrices, in blocks of 4 by 4: each row that is loaded and widened to float64 serves
// four products, which is 16 independent chains of vectors of 8.
typedef double doubles8 __attribute__((vector_size(64)));
typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));
#define WIDENED(x) __builtin_convertvector(*(const floats8 *)(x), doubles8)

enum { SIDE = 4, TILE = 64, CHUNK = 256 };

/// products[i][j] += a_i · b_j over `columns` columns.
CK_INLINE void block_products(size_t columns, const float *const a[SIDE], const float *const b[SIDE],
                              double products[SIDE][SIDE]) {
  doubles8 sums[SIDE][SIDE] = {0};
  size_t k = 0;
  for (; k + 8 <= columns; k += 8) {
    doubles8 right[SIDE];
#pragma clang loop unroll(full)
    for (size_t j = 0; j < SIDE; j++) right[j] = WIDENED(b[j] + k);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < SIDE; i++) {
      doubles8 left = WIDENED(a[i] + k);
#pragma clang loop unroll(full)
      for (size_t j = 0; j < SIDE; j++) sums[i][j] += left * right[j];
    }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < SIDE; i++) {
#pragma clang loop unroll(full)
    for (size_t j = 0; j < SIDE; j++) {
      doubles8 s = sums[i][j];
      double sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
      for (size_t l = k; l < columns; l++) sum += (double)a[i][l] * (double)b[j][l];
      products[i][j] += sum;
    }
  }
}

/// Pointers to four rows from `row`; beyond the last the last again, whose products are then not used.
CK_INLINE void row_pointers(const float *matrix, size_t columns, size_t row, size_t rows, const float *pointers[SIDE]) {
  for (size_t i = 0; i < SIDE; i++) pointers[i] = matrix + (row + i < rows ? row + i : rows - 1) * columns;
}

/// tile[s - first_s][t - first_t] = x_s · x_t for s and t in two ranges of at most TILE rows; of a tile on the diagonal
/// only the blocks on and above it. The columns come in chunks, so that both ranges of rows stay in the second cache.
CK_INLINE void gram_tile(size_t rows, size_t columns, const float *x, size_t first_s, size_t first_t,
                         double tile[TILE][TILE]) {
  for (size_t i = 0; i < TILE; i++) {
    for (size_t j = 0; j < TILE; j++) tile[i][j] = 0;
  }
  for (size_t k = 0; k < columns; k += CHUNK) {
    size_t width = columns - k < CHUNK ? columns - k : CHUNK;
    for (size_t i = 0; i < TILE && first_s + i < rows; i += SIDE) {
      const float *left[SIDE], *right[SIDE];
      row_pointers(x + k, columns, first_s + i, rows, left);
      for (size_t j = first_s == first_t ? i : 0; j < TILE && first_t + j < rows; j += SIDE) {
        double products[SIDE][SIDE] = {0};
        row_pointers(x + k, columns, first_t + j, rows, right);
        block_products(width, left, right, products);
        for (size_t a = 0; a < SIDE; a++) {
          for (size_t b = 0; b < SIDE; b++) tile[i + a][j + b] += products[a][b];
        }
      }
    }
  }
}

CK_CLONES double ck_gram_squared_norm(size_t rows, size_t u_columns, const float *u, size_t g_columns,
                                      const float *g) {
  double of_u[TILE][TILE], of_g[TILE][TILE], diagonal = 0, above = 0;
  for (size_t s = 0; s < rows; s += TILE) {
    for (size_t t = s; t < rows; t += TILE) {
      gram_tile(rows, u_columns, u, s, t, of_u);
      gram_tile(rows, g_columns, g, s, t, of_g);
      for (size_t i = 0; i < TILE && s + i < rows; i++) {
        if (s == t) diagonal += of_u[i][i] * of_g[i][i];
        for (size_t j = s == t ? i + 1 : 0; j < TILE && t + j < rows; j++) above += of_u[i][j] * of_g[i][j];
      }
    }
  }
  double sum = diagonal + 2 * above;
  return sum < 0 ? 0 : sum;  // NaN stays.
}

CK_CLONES double ck_tied_inner_product(size_t head_rows, size_t rows, size_t columns, size_t vocabulary,
                                       ptrdiff_t padding, const float *tokens, const float *h, const float *p, const float *e) {
  double sum = 0;
  for (size_t t = 0; t < rows; t += SIDE) {
    const float *right[SIDE];
    row_pointers(e, columns, t, rows, right);
    for (size_t s = 0; s < head_rows; s += SIDE) {
      double products[SIDE][SIDE] = {0};
      const float *left[SIDE];
      row_pointers(h, columns, s, head_rows, left);
      block_products(columns, left, right, products);
      for (size_t j = 0; j < SIDE && t + j < rows; j++) {
        float token = tokens[t + j];
        if (!(token >= 0 && token < (float)vocabulary) || (ptrdiff_t)token == padding) continue;
        for (size_t i = 0; i < SIDE && s + i < head_rows; i++) {
          sum += (double)p[(s + i) * vocabulary + (size_t)token] * products[i][j];
        }
      }
    }
  }
  return sum;
}
