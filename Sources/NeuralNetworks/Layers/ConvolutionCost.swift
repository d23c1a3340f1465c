import Tensors

/// What each method costs for one example, beyond the plain weight gradient that ordinary training needs too, in the time
/// of one multiplication of a matrix product; infinite where the convolution cannot have it.
///
/// With T output positions, N pixels, p filters and d elements in a patch (Cin of them in a pixel), by group:
///
///     keep           writing, reading and adding what is kept, d·p floats: 0.32 to 0.40 ns each, measured for 18,000 to
///                    300,000 of them
///     recompute      a second weight gradient, T·d·p
///     ghost          Gram matrices, T²(d + p), patches, T·d, and their product, T²/2
///     shifted ghost  Gram matrices, N²·Cin + T²·p, and for each of k² offsets a pass over T²/2
///
/// Bu et al.'s rule 2T² ≤ p·d (arXiv:2205.10683, §3) compares memory instead.
struct ConvolutionCost {
  let keep, recompute, ghost, shiftedGhost: Double

  /// A float that goes through memory instead of registers.
  private static let traffic = 16.0

  init(_ geometry: ConvolutionGeometry) {
    let groups = Double(geometry.groups), window = geometry.window
    let (t, d) = (Double(geometry.positions), Double(geometry.patchCount))
    let (channels, filters) = (Double(geometry.groupChannels), Double(geometry.groupFilters))
    let pixels = Double(geometry.input.height * geometry.input.width)
    let taps = Double(geometry.input.windowCount)
    keep = groups * d * filters * Self.traffic
    recompute = groups * t * d * filters
    ghost = groups * (t * t * (d + filters + Self.traffic / 2) + t * d * Self.traffic)
    shiftedGhost =
      window.strideHeight == 1 && window.strideWidth == 1
      ? groups * (pixels * pixels * (channels + Self.traffic) + t * t * (filters + taps * 2 + Self.traffic)) : .infinity
  }
}
