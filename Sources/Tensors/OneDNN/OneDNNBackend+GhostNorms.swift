import CKernels

// Ghost norms of convolutions by Gram matrices, two matrix products and one pass over their results for each example.
//
// With patches u_s and output gradients g_s of the positions s, the squared norm is Σ over s, t of (u_s · u_t)(g_s · g_t).
// For stride 1, u_s · u_t is itself a sum over the kernel's offsets k of x_{s+k} · x_{t+k} (x the pixels): the Gram matrix
// of the patches is a sum of shifted Gram matrices of the pixels. On an image padded on all sides, with lines of W
// pixels, "s + k" is a constant number of pixels after s for each offset, so that the sum runs over whole rows; output
// positions get lines of W as well, with zeros after their ends.

extension OneDNNBackend {
  public func ghostScratchCount(_ geometry: ConvolutionGeometry, _ form: GhostForm) throws(TensorError) -> Int {
    try GhostScratch(geometry, form, formed: exampleGradientCount(geometry)).count
  }

  public func ghostSquaredNorms(
    _ geometry: ConvolutionGeometry, _ form: GhostForm, count: Int, input: Floats, outputGradient: Floats,
    scratch: MutableFloats, into squaredNorms: MutableDoubles
  ) throws(TensorError) {
    precondition(squaredNorms.count >= count)
    let places = try GhostScratch(geometry, form, formed: exampleGradientCount(geometry))
    for i in 0..<count {
      let x = input.slice(i * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(i * geometry.outputCount, geometry.outputCount)
      var (squaredNorm, diagonal) = (0.0, 0.0)
      for group in 0..<geometry.groups {
        let part = try squaredNormByGrams(geometry, form, group: group, x, dy, scratch, places)
        squaredNorm += part.sum
        diagonal += part.diagonal
      }
      // The Gram matrices are in float32: their errors, of both signs, add up to a few 2⁻²⁴ of the diagonal's sum. Where
      // the sum is much less than that, it is mostly error.
      if squaredNorm < diagonal / 16 {
        try convolutionExampleGradients(
          geometry, count: 1, input: x, outputGradient: dy, gradients: scratch.slice(0, places.formed),
          squaredNorms: squaredNorms.slice(i, 1))
      } else {
        squaredNorms[i] = squaredNorm
      }
    }
  }

  private func squaredNormByGrams(
    _ geometry: ConvolutionGeometry, _ form: GhostForm, group: Int, _ x: Floats, _ dy: Floats, _ scratch: MutableFloats,
    _ places: GhostScratch
  ) throws(TensorError) -> (sum: Double, diagonal: Double) {
    let (channels, filters) = (geometry.groupChannels, geometry.groupFilters)
    let (pixels, positions) = (geometry.input.height * geometry.input.width, geometry.positions)
    var (rows, gradients) = (x, dy)
    var window = ck_window(geometry.input)
    switch form {
    case .patches:
      let patches = scratch.slice(places.rows)
      ck_patches(&window, group * channels, channels, x.baseAddress, patches.baseAddress)
      rows = Floats(patches)
    case .shifted where geometry.groups > 1:
      let part = scratch.slice(places.rows)
      ck_take_columns(pixels, geometry.inputChannels, group * channels, channels, x.baseAddress, part.baseAddress)
      rows = Floats(part)
    case .shifted: break
    }
    if geometry.groups > 1 {
      let part = scratch.slice(places.gradients)
      ck_take_columns(
        positions, geometry.outputChannels, group * filters, filters, dy.baseAddress, part.baseAddress)
      gradients = Floats(part)
    }
    var gram = try self.gram(rows, rows: rows.count / places.rowWidth, columns: places.rowWidth, scratch, places.gram)
    var other = try self.gram(gradients, rows: positions, columns: filters, scratch, places.gradientGram)
    let layout = places.layout
    if form == .shifted, places.isSpread {
      let (spread, spreadOther) = (scratch.slice(places.spreadGram), scratch.slice(places.spreadGradientGram))
      ck_spread_pixels(
        geometry.input.height, geometry.input.width, layout.line, layout.offset, layout.size, gram.baseAddress,
        spread.baseAddress)
      ck_spread_pixels(
        geometry.outputHeight, geometry.outputWidth, layout.line, 0, layout.outputSize, other.baseAddress,
        spreadOther.baseAddress)
      (gram, other) = (Floats(spread), Floats(spreadOther))
    }
    var diagonal = 0.0
    let sum = places.shifts.withUnsafeBufferPointer { shifts in
      ck_gram_product(
        layout.outputSize, layout.size, gram.baseAddress, shifts.count, shifts.baseAddress, layout.outputSize,
        other.baseAddress, &diagonal)
    }
    return (sum, diagonal)
  }

  /// A·Aᵀ.
  private func gram(
    _ matrix: Floats, rows: Int, columns: Int, _ scratch: MutableFloats, _ place: Range<Int>
  ) throws(TensorError) -> Floats {
    let result = scratch.slice(place)
    try multiply(
      MatrixProduct(m: rows, n: rows, k: columns, transposeB: true), matrix, matrix, into: result, accumulating: false)
    return Floats(result)
  }
}

/// Where the parts of one example's ghost norm lie in scratch.
private struct GhostScratch {
  /// Pixel (r, c) of the padded image is number r·line + c of `size`; the image's own first pixel is number `offset`.
  /// Output positions have numbers below `outputSize`.
  struct Layout {
    let line, offset, size, outputSize: Int
  }

  let layout: Layout
  /// The distance from an output position to each pixel that it sees.
  let shifts: [UInt]
  /// Patches, or pixels of a group.
  let rows: Range<Int>
  let rowWidth: Int
  let gradients, gram, gradientGram, spreadGram, spreadGradientGram: Range<Int>
  let isSpread: Bool
  /// Floats of a formed gradient, which begins at 0.
  let formed: Int
  let count: Int

  init(_ geometry: ConvolutionGeometry, _ form: GhostForm, formed: Int) throws(TensorError) {
    let input = geometry.input, padding = input.window.padding
    var end = 0
    func place(_ sizes: Int...) throws(TensorError) -> Range<Int> {
      let start = end
      end += (try checkedProduct(sizes) + 15) & ~15
      return start..<start + sizes.reduce(1, *)
    }
    let none = 0..<0
    let pixels = input.height * input.width
    gradients = geometry.groups > 1 ? try place(geometry.positions, geometry.groupFilters) : none
    gradientGram = try place(geometry.positions, geometry.positions)
    switch form {
    case .patches:
      layout = Layout(
        line: geometry.outputWidth, offset: 0, size: geometry.positions, outputSize: geometry.positions)
      shifts = [0]
      rowWidth = geometry.patchCount
      rows = try place(geometry.positions, rowWidth)
      gram = try place(geometry.positions, geometry.positions)
      (isSpread, spreadGram, spreadGradientGram) = (false, none, none)
    case .shifted:
      let line = input.paddedWidth
      layout = Layout(
        line: line, offset: padding.top * line + padding.left, size: input.paddedHeight * line,
        outputSize: (geometry.outputHeight - 1) * line + geometry.outputWidth)
      shifts = (0..<input.windowCount).map {
        let (ky, kx) = $0.quotientAndRemainder(dividingBy: input.window.kernelWidth)
        return UInt(ky * geometry.dilation.height * line + kx * geometry.dilation.width)
      }
      rowWidth = geometry.groupChannels
      rows = geometry.groups > 1 ? try place(pixels, rowWidth) : none
      gram = try place(pixels, pixels)
      isSpread = layout.size != pixels || layout.outputSize != geometry.positions
      spreadGram = isSpread ? try place(layout.size, layout.size) : none
      spreadGradientGram = isSpread ? try place(layout.outputSize, layout.outputSize) : none
    }
    self.formed = formed
    count = max(end, formed)
  }
}

extension UnsafeMutableBufferPointer<Float> {
  fileprivate func slice(_ range: Range<Int>) -> MutableFloats { slice(range.lowerBound, range.count) }
}
