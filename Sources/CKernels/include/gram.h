#pragma once

#include <stddef.h>

/// ‖UᵀG‖² = Σ over s, t of (u_s · u_t)(g_s · g_t), for U [rows, u_columns] and G [rows, g_columns]: the squared norm of a
/// weight gradient that is a sum over positions, without forming it. At least 0, or NaN.
///
/// In float64: the terms have both signs and may cancel almost wholly, and a norm that is too small would clip too
/// little. Each product of two elements is exact; the relative error is below 2⁻⁴⁰ unless the sum is less than 2⁻¹² of
/// the sum of its terms' absolute values.
double ck_gram_squared_norm(size_t rows, size_t u_columns, const float *u, size_t g_columns, const float *g);

/// ⟨H', E'⟩ for the two gradients of a table [vocabulary, columns] that is both an embedding and, transposed, the output
/// layer: Σ over s, t of p_s[token_t] (h_s · e_t), with h [head_rows, columns] the output layer's inputs,
/// p [head_rows, vocabulary] its output gradients, and e [rows, columns] the embedding's output gradients. A token outside 0...vocabulary - 1, or
/// equal to `padding`, has no gradient by the embedding. In float64.
double ck_tied_inner_product(size_t head_rows, size_t rows, size_t columns, size_t vocabulary, ptrdiff_t padding,
                             const float *tokens, const float *h, const float *p, const float *e);
