#include "recurrent.h"

#include "functions.h"

typedef float floats16 __attribute__((vector_size(64), aligned(4), may_alias));

enum { WIDTH = 16, ROWS = 4, PANEL = 4 };

CK_INLINE size_t padded(size_t units) { return (units + WIDTH - 1) / WIDTH * WIDTH; }

// MARK: The packed weights
//
// Vectors are of 16 units, the last padded with zeros:
//
//     biases     [4][padded units]                       LSTM: b_ih + b_hh; GRU: those sums for r and z, b_in, b_hn
//     W and U    [units / 16][k][gates][16] each         for x Wᵀ and h Uᵀ: the gates of 16 units side by side
//     U          [panel][k][vectors of the panel][16]    for dz U: its columns in panels of 64, the last perhaps narrower

CK_INLINE size_t forward_count(size_t gates, size_t depth, size_t units) { return gates * depth * padded(units); }

size_t ck_recurrent_packed_count(size_t gates, size_t inputs, size_t units) {
  return (4 + gates * (inputs + 2 * units)) * padded(units);
}

static float *pack_biases(size_t gates, size_t units, const float *restrict input, const float *restrict hidden,
                          float *restrict packed) {
  memset(packed, 0, 4 * padded(units) * sizeof(float));
  for (size_t g = 0; g < 4; g++, packed += padded(units)) {
    for (size_t j = 0; j < units; j++) {
      size_t last = 2 * units + j;
      if (gates == 4 || g < 2) {
        packed[j] = input[g * units + j] + hidden[g * units + j];
      } else {
        packed[j] = g == 2 ? input[last] : hidden[last];
      }
    }
  }
  return packed;
}

static float *pack_forward(size_t gates, size_t depth, size_t units, const float *restrict weights,
                           float *restrict packed) {
  for (size_t first = 0; first < units; first += WIDTH) {
    for (size_t k = 0; k < depth; k++) {
      for (size_t g = 0; g < gates; g++) {
        for (size_t unit = first; unit < first + WIDTH; unit++) {
          *packed++ = unit < units ? weights[(g * units + unit) * depth + k] : 0;
        }
      }
    }
  }
  return packed;
}

static void pack_backward(size_t depth, size_t units, const float *restrict weights, float *restrict packed) {
  size_t width = padded(units);
  for (size_t first = 0; first < width; first += PANEL * WIDTH) {
    size_t end = first + PANEL * WIDTH < width ? first + PANEL * WIDTH : width;
    for (size_t k = 0; k < depth; k++) {
      for (size_t column = first; column < end; column++) {
        *packed++ = column < units ? weights[k * units + column] : 0;
      }
    }
  }
}

void ck_recurrent_pack(size_t gates, size_t inputs, size_t units, const float *input_weights,
                       const float *hidden_weights, const float *input_bias, const float *hidden_bias,
                       float *packed) {
  packed = pack_biases(gates, units, input_bias, hidden_bias, packed);
  packed = pack_forward(gates, inputs, units, input_weights, packed);
  packed = pack_forward(gates, units, units, hidden_weights, packed);
  pack_backward(gates * units, units, hidden_weights, packed);
}

size_t ck_recurrent_work_count(size_t count, size_t units) { return 4 * count * padded(units); }

// MARK: Products

/// sums[r][v] = Σ_k a[r, k] · packed[k][v] for ROWS rows (or one) and `vectors` vectors of columns; the numbers are
/// constants in every call, so that the sums are in registers.
CK_INLINE void tile_product(size_t rows, size_t vectors, size_t depth, const float *a, size_t a_stride,
                            const float *packed, floats16 sums[ROWS][PANEL]) {
  floats16 local[ROWS][PANEL] = {0};
  for (size_t k = 0; k < depth; k++, packed += vectors * WIDTH) {
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      floats16 column = *(const floats16 *)(packed + v * WIDTH);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) local[r][v] += column * a[r * a_stride + k];
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = local[r][v];
  }
}

CK_INLINE void tile(size_t rows, size_t vectors, size_t depth, const float *a, size_t a_stride, const float *packed,
                    floats16 sums[ROWS][PANEL]) {
  if (rows == ROWS) {
    switch (vectors) {
      case 1: tile_product(ROWS, 1, depth, a, a_stride, packed, sums); break;
      case 2: tile_product(ROWS, 2, depth, a, a_stride, packed, sums); break;
      case 3: tile_product(ROWS, 3, depth, a, a_stride, packed, sums); break;
      default: tile_product(ROWS, 4, depth, a, a_stride, packed, sums);
    }
  } else {
    switch (vectors) {
      case 1: tile_product(1, 1, depth, a, a_stride, packed, sums); break;
      case 2: tile_product(1, 2, depth, a, a_stride, packed, sums); break;
      case 3: tile_product(1, 3, depth, a, a_stride, packed, sums); break;
      default: tile_product(1, 4, depth, a, a_stride, packed, sums);
    }
  }
}

/// z[r, slot(g), unit] += (a Wᵀ)[r, g, unit] for W packed, of one step: row r of a begins at r · a_stride, z is
/// [count, 4, padded(units)], and slot(g) is g but for the last gate.
CK_INLINE void add_product(size_t gates, size_t last_slot, size_t count, size_t depth, size_t units,
                           const float *packed, const float *a, size_t a_stride, float *z) {
  size_t width = padded(units);
  for (size_t first = 0; first < width; first += WIDTH, packed += depth * gates * WIDTH) {
    for (size_t r = 0; r < count;) {
      size_t rows = r + ROWS <= count ? ROWS : 1;
      floats16 sums[ROWS][PANEL];
      tile(rows, gates, depth, a + r * a_stride, a_stride, packed, sums);
      for (size_t i = 0; i < rows; i++, r++) {
        for (size_t g = 0; g < gates; g++) {
          size_t slot = g + 1 < gates ? g : last_slot;
          *(floats16 *)(z + (r * 4 + slot) * width + first) += sums[i][g];
        }
      }
    }
  }
}

/// z = biases + x Wᵀ + h Uᵀ of step t. For a GRU the two parts of n stay apart, in slots 2 and 3.
CK_INLINE void gate_sums(size_t gates, size_t count, size_t t, size_t steps, size_t inputs, size_t units,
                         const float *packed, const float *x, const float *hidden, float *z) {
  size_t width = padded(units);
  for (size_t r = 0; r < count; r++) memcpy(z + r * 4 * width, packed, 4 * width * sizeof(float));
  packed += 4 * width;
  add_product(gates, gates - 1, count, inputs, units, packed, x + t * inputs, steps * inputs, z);
  if (t == 0) return;
  packed += forward_count(gates, inputs, units);
  add_product(gates, 3, count, units, units, packed, hidden + (t - 1) * units, steps * units, z);
}

// MARK: Gates
//
// The functions of the gates work on 16 units at a time. The last units of a row are copied to places of 16 and back: one
// by one they would take longer than all the others.

/// places[g] = `valid` elements from x + g · stride, then zeros; and back.
CK_INLINE void copy_in(size_t rows, size_t valid, const float *x, size_t stride, float places[][WIDTH]) {
  for (size_t g = 0; g < rows; g++) {
    for (size_t l = 0; l < valid; l++) places[g][l] = x[g * stride + l];
    for (size_t l = valid; l < WIDTH; l++) places[g][l] = 0;
  }
}

CK_INLINE void copy_out(size_t rows, size_t valid, float places[][WIDTH], float *x, size_t stride) {
  for (size_t g = 0; g < rows; g++) {
    for (size_t l = 0; l < valid; l++) x[g * stride + l] = places[g][l];
  }
}

/// Asks for the cache lines of a row that the next step will use: rows are far apart, which hides them from the processor's
/// own prediction.
CK_INLINE void prefetch(const float *row, size_t count) {
  for (size_t j = 0; j < count; j += 16) __builtin_prefetch(row + j);
}

/// dh[r, unit] = (dz U)[r, unit], of one step; rows of dh are `padded(units)` long.
CK_INLINE void hidden_gradient(size_t gates, size_t count, size_t inputs, size_t units, const float *packed,
                               const float *dz, size_t dz_stride, float *dh) {
  size_t width = padded(units), depth = gates * units;
  packed += 4 * width + forward_count(gates, inputs + units, units);
  for (size_t first = 0; first < width; first += PANEL * WIDTH) {
    size_t vectors = width - first < PANEL * WIDTH ? (width - first) / WIDTH : PANEL;
    for (size_t r = 0; r < count;) {
      size_t rows = r + ROWS <= count ? ROWS : 1;
      floats16 sums[ROWS][PANEL];
      tile(rows, vectors, depth, dz + r * dz_stride, dz_stride, packed, sums);
      for (size_t i = 0; i < rows; i++, r++) {
        for (size_t v = 0; v < vectors; v++) *(floats16 *)(dh + r * width + first + v * WIDTH) = sums[i][v];
      }
    }
    packed += depth * vectors * WIDTH;
  }
}

// MARK: LSTM

/// c' = f c + i g, h' = o tanh c', from the sums z of 16 units, `z_stride` apart from gate to gate.
CK_INLINE void lstm_units(const float *restrict z, size_t z_stride, const float *restrict before, float *restrict y,
                          size_t stride, float *restrict c, float *restrict h) {
  for (size_t l = 0; l < WIDTH; l++) {
    float i = sigmoid_float(z[l]), f = sigmoid_float(z[z_stride + l]);
    float g = tanh_float(z[2 * z_stride + l]), o = sigmoid_float(z[3 * z_stride + l]);
    float cell = f * before[l] + i * g;
    y[l] = i;
    y[stride + l] = f;
    y[2 * stride + l] = g;
    y[3 * stride + l] = o;
    c[l] = cell;
    h[l] = o * tanh_float(cell);
  }
}

/// With dh and dc what reaches h' and c' from above and from later steps: dc += dh o (1 - tanh² c'); then
/// do = dh tanh c', di = dc g, df = dc c, dg = dc i, each times its gate's slope.
CK_INLINE void lstm_units_gradient(const float *restrict y, size_t stride, const float *restrict c,
                                   const float *restrict before, const float *restrict above,
                                   const float *restrict later, float *restrict dc, float *restrict d) {
  for (size_t l = 0; l < WIDTH; l++) {
    float i = y[l], f = y[stride + l], g = y[2 * stride + l], o = y[3 * stride + l];
    float squashed = tanh_float(c[l]), slope = above[l] + later[l];
    float cell = dc[l] + slope * o * (1 - squashed * squashed);
    d[l] = cell * g * (i * (1 - i));
    d[stride + l] = cell * before[l] * (f * (1 - f));
    d[2 * stride + l] = cell * i * (1 - g * g);
    d[3 * stride + l] = slope * squashed * (o * (1 - o));
    dc[l] = cell * f;
  }
}

static const float zeros[WIDTH] = {0};

CK_CLONES void ck_lstm(size_t count, size_t steps, size_t inputs, size_t units, const float *packed, const float *x,
                       float *gates, float *cells, float *hidden, size_t state_stride, float *work) {
  size_t row = steps * units, width = padded(units);
  for (size_t t = 0; t < steps; t++) {
    gate_sums(4, count, t, steps, inputs, units, packed, x, hidden, work);
    for (size_t r = 0; r < count; r++) {
      size_t place = r * row + t * units;
      prefetch(gates + r * state_stride + 4 * (t + 1) * units, t + 1 < steps ? 4 * units : 0);
      for (size_t j = 0; j < units; j += WIDTH) {
        float *y = gates + r * state_stride + 4 * t * units + j, *c = cells + r * state_stride + t * units + j;
        float *h = hidden + place + j;
        const float *z = work + r * 4 * width + j;
        if (j + WIDTH <= units) {
          lstm_units(z, width, t > 0 ? c - units : zeros, y, units, c, h);
        } else {
          float before[1][WIDTH], outputs[6][WIDTH];
          copy_in(1, t > 0 ? units - j : 0, c - (t > 0 ? units : 0), 0, before);
          lstm_units(z, width, before[0], outputs[0], WIDTH, outputs[4], outputs[5]);
          copy_out(4, units - j, outputs, y, units);
          copy_out(1, units - j, outputs + 4, c, 0);
          copy_out(1, units - j, outputs + 5, h, 0);
        }
      }
    }
  }
}

CK_CLONES void ck_lstm_gradient(size_t count, size_t steps, size_t inputs, size_t units, const float *packed,
                                const float *gates, const float *cells, const float *dh, float *dz, size_t state_stride, float *work) {
  size_t row = steps * units, width = padded(units);
  float *later = work, *dc = work + count * width;
  memset(work, 0, 2 * count * width * sizeof(float));
  for (size_t t = steps; t-- > 0;) {
    for (size_t r = 0; r < count; r++) {
      size_t place = r * row + t * units, earlier = t > 0 ? units : 0;
      prefetch(gates + r * state_stride + 4 * (t * units - earlier), 4 * earlier);
      prefetch(dz + r * state_stride + 4 * (t * units - earlier), 4 * earlier);
      prefetch(dh + place - earlier, earlier);
      for (size_t j = 0; j < units; j += WIDTH) {
        const float *y = gates + r * state_stride + 4 * t * units + j, *above = dh + place + j;
        const float *c = cells + r * state_stride + t * units + j;
        float *d = dz + r * state_stride + 4 * t * units + j;
        float *from_later = later + r * width + j, *of_cell = dc + r * width + j;
        if (j + WIDTH <= units) {
          lstm_units_gradient(y, units, c, t > 0 ? c - units : zeros, above, from_later, of_cell, d);
        } else {
          float saved[7][WIDTH], outputs[4][WIDTH];
          copy_in(4, units - j, y, units, saved);
          copy_in(1, units - j, c, 0, saved + 4);
          copy_in(1, t > 0 ? units - j : 0, c - earlier, 0, saved + 5);
          copy_in(1, units - j, above, 0, saved + 6);
          lstm_units_gradient(
              saved[0], WIDTH, saved[4], saved[5], saved[6], from_later, of_cell, outputs[0]);
          copy_out(4, units - j, outputs, d, units);
        }
      }
    }
    if (t > 0) hidden_gradient(4, count, inputs, units, packed, dz + t * 4 * units, state_stride, later);
  }
}

// MARK: GRU

/// r, z, n and q of 16 units from the sums s (slots 2 and 3: the two parts of n), and h' = (1 - z) n + z h.
CK_INLINE void gru_units(const float *restrict s, size_t s_stride, const float *restrict before, float *restrict y,
                         size_t stride, float *restrict h) {
  for (size_t l = 0; l < WIDTH; l++) {
    float reset = sigmoid_float(s[l]), z = sigmoid_float(s[s_stride + l]);
    float candidate = s[3 * s_stride + l], n = tanh_float(s[2 * s_stride + l] + reset * candidate);
    y[l] = reset;
    y[stride + l] = z;
    y[2 * stride + l] = n;
    y[3 * stride + l] = candidate;
    h[l] = (1 - z) * n + z * before[l];
  }
}

/// h' = (1 - z) n + z h, n = tanh(a + r q): dz = dh (h - n), dn = dh (1 - z), each times its slope; dr = dn q; what reaches
/// h is dh z and, through the recurrent product, (dr, dz, dn r) U.
CK_INLINE void gru_units_gradient(const float *restrict y, size_t stride, const float *restrict before,
                                  const float *restrict above, const float *restrict product,
                                  float *restrict direct, float *restrict a, float *restrict u) {
  for (size_t l = 0; l < WIDTH; l++) {
    float reset = y[l], z = y[stride + l], n = y[2 * stride + l];
    float slope = above[l] + product[l] + direct[l];
    float of_n = slope * (1 - z) * (1 - n * n);
    float of_z = slope * (before[l] - n) * (z * (1 - z));
    float of_r = of_n * y[3 * stride + l] * (reset * (1 - reset));
    a[l] = of_r;
    a[stride + l] = of_z;
    a[2 * stride + l] = of_n;
    u[l] = of_r;
    u[stride + l] = of_z;
    u[2 * stride + l] = of_n * reset;
    direct[l] = slope * z;
  }
}

CK_CLONES void ck_gru(size_t count, size_t steps, size_t inputs, size_t units, const float *packed, const float *x,
                      float *gates, float *hidden, size_t state_stride, float *work) {
  size_t row = steps * units, width = padded(units);
  for (size_t t = 0; t < steps; t++) {
    gate_sums(3, count, t, steps, inputs, units, packed, x, hidden, work);
    for (size_t r = 0; r < count; r++) {
      size_t place = r * row + t * units;
      prefetch(gates + r * state_stride + 4 * (t + 1) * units, t + 1 < steps ? 4 * units : 0);
      for (size_t j = 0; j < units; j += WIDTH) {
        float *y = gates + r * state_stride + 4 * t * units + j, *h = hidden + place + j;
        const float *s = work + r * 4 * width + j;
        if (j + WIDTH <= units) {
          gru_units(s, width, t > 0 ? h - units : zeros, y, units, h);
        } else {
          float before[1][WIDTH], outputs[5][WIDTH];
          copy_in(1, t > 0 ? units - j : 0, h - (t > 0 ? units : 0), 0, before);
          gru_units(s, width, before[0], outputs[0], WIDTH, outputs[4]);
          copy_out(4, units - j, outputs, y, units);
          copy_out(1, units - j, outputs + 4, h, 0);
        }
      }
    }
  }
}

CK_CLONES void ck_gru_gradient(size_t count, size_t steps, size_t inputs, size_t units, const float *packed,
                               const float *gates, const float *hidden, const float *dh, float *input_dz,
                               float *hidden_dz, size_t state_stride, float *work) {
  size_t row = steps * units, width = padded(units);
  float *by_product = work, *directly = work + count * width;
  memset(work, 0, 2 * count * width * sizeof(float));
  for (size_t t = steps; t-- > 0;) {
    for (size_t r = 0; r < count; r++) {
      size_t place = r * row + t * units, earlier = t > 0 ? units : 0;
      prefetch(gates + r * state_stride + 4 * (t * units - earlier), 4 * earlier);
      prefetch(input_dz + r * state_stride + 3 * (t * units - earlier), 3 * earlier);
      prefetch(hidden_dz + r * state_stride + 3 * (t * units - earlier), 3 * earlier);
      for (size_t j = 0; j < units; j += WIDTH) {
        const float *y = gates + r * state_stride + 4 * t * units + j, *above = dh + place + j;
        const float *h = hidden + place + j;
        float *a = input_dz + r * state_stride + 3 * t * units + j;
        float *u = hidden_dz + r * state_stride + 3 * t * units + j;
        float *product = by_product + r * width + j, *direct = directly + r * width + j;
        if (j + WIDTH <= units) {
          gru_units_gradient(y, units, t > 0 ? h - units : zeros, above, product, direct, a, u);
        } else {
          float saved[6][WIDTH], outputs[6][WIDTH];
          copy_in(4, units - j, y, units, saved);
          copy_in(1, t > 0 ? units - j : 0, h - earlier, 0, saved + 4);
          copy_in(1, units - j, above, 0, saved + 5);
          // Both results have the stride of the gates.
          gru_units_gradient(saved[0], WIDTH, saved[4], saved[5], product, direct, outputs[0], outputs[3]);
          copy_out(3, units - j, outputs, a, units);
          copy_out(3, units - j, outputs + 3, u, units);
        }
      }
    }
    if (t > 0) hidden_gradient(3, count, inputs, units, packed, hidden_dz + t * 3 * units, state_stride, by_product);
  }
}
