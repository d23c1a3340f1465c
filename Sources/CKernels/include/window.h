#pragma once

#include <stddef.h>
#include <stdint.h>

/// A window that slides over an NHWC image, its taps `dilation` pixels apart. Padding is less than the kernel's extent, so
/// that every window without dilation sees the image.
typedef struct {
  ptrdiff_t channels, height, width;
  ptrdiff_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width, top, left;
  ptrdiff_t output_height, output_width;
} ck_window;

/// Greatest of each window; winners[i] is the position in the window (row-major, padding counted) of the first greatest.
void ck_max_pool(const ck_window *window, size_t count, const float *x, float *y, uint16_t *winners);
/// Sets dx.
void ck_max_pool_gradient(const ck_window *window, size_t count, const float *dy, const uint16_t *winners, float *dx);

/// Mean of each window over the pixels that are not padding.
void ck_average_pool(const ck_window *window, size_t count, const float *x, float *y);
/// Sets dx.
void ck_average_pool_gradient(const ck_window *window, size_t count, const float *dy, float *dx);

/// The patch of each output pixel of one image, of the channels `first` ..< `first + part` alone, as a row
/// [kernel_height, kernel_width, part], zero where it is padding.
void ck_patches(const ck_window *window, ptrdiff_t first, ptrdiff_t part, const float *x, float *patches);

/// The patches of all channels with the channel first, [channels, kernel_height, kernel_width]: the order of a weight.
void ck_patches_by_channel(const ck_window *window, const float *x, float *patches);

/// Spreads a [height·width, height·width] matrix of the pixels of an image, pixel (r, c) becoming number
/// offset + r·line + c, over a zero matrix [size, size].
void ck_spread_pixels(ptrdiff_t height, ptrdiff_t width, ptrdiff_t line, ptrdiff_t offset, ptrdiff_t size,
                      const float *matrix, float *spread);
/// Row i of `part` is columns first ..< first + columns of row i of `matrix`, whose rows are `stride` apart.
void ck_take_columns(size_t rows, size_t stride, size_t first, size_t columns, const float *matrix, float *part);
