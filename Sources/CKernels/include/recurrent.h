#pragma once

#include <stddef.h>

// LSTM and GRU over `count` examples of `steps` positions, as torch defines them, with hidden state (and cell) 0 before the
// first. Arrays are example-major, [count, steps, …], and gates lie one after another in torch's order, each of `units`.
//
// x, `hidden` and dh are dense; of gates, cells and their gradients each example's begin `state_stride` floats after those
// of the example before.
//
// All recurrent state of one position is in the cache while its products and gates are computed, and each array passes
// through memory once.

/// Floats of the packed form of the weights.
size_t ck_recurrent_packed_count(size_t gates, size_t inputs, size_t units);

/// Packs W [gates · units, inputs], U [gates · units, units] and the biases b_ih and b_hh [gates · units]; 4 gates for
/// LSTM, 3 for GRU.
void ck_recurrent_pack(size_t gates, size_t inputs, size_t units, const float *input_weights,
                       const float *hidden_weights, const float *input_bias, const float *hidden_bias, float *packed);

/// Floats of `work` that the functions below need.
size_t ck_recurrent_work_count(size_t count, size_t units);

/// From x [.., inputs]: `gates` [.., 4 · units] receives i, f, g, o, `cells` and `hidden` [.., units] c and h.
void ck_lstm(size_t count, size_t steps, size_t inputs, size_t units, const float *packed, const float *x,
             float *gates, float *cells, float *hidden, size_t state_stride, float *work);

/// Sets `dz` [.., 4 · units], the gradient with respect to the gates before their functions, from `dh`, that with respect
/// to the outputs.
void ck_lstm_gradient(size_t count, size_t steps, size_t inputs, size_t units, const float *packed,
                      const float *gates, const float *cells, const float *dh, float *dz, size_t state_stride,
                      float *work);

/// From x [.., inputs]: `gates` [.., 4 · units] receives r, z, n and the recurrent part of n, U_n h + b_hn; `hidden`
/// receives h.
void ck_gru(size_t count, size_t steps, size_t inputs, size_t units, const float *packed, const float *x, float *gates,
            float *hidden, size_t state_stride, float *work);

/// Sets `input_dz` and `hidden_dz` [.., 3 · units], the gradients with respect to W x + b_ih and to U h + b_hh, which
/// differ in n by the factor r.
void ck_gru_gradient(size_t count, size_t steps, size_t inputs, size_t units, const float *packed,
                     const float *gates, const float *hidden, const float *dh, float *input_dz, float *hidden_dz,
                     size_t state_stride, float *work);
