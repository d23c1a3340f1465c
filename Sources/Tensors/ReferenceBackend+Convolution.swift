// Every function below walks the same index set: (output pixel, output channel, input channel, kernel offset), and reads
// or adds to one of the three tensors. `forEachTap` is that walk without the output channel.

extension ReferenceBackend {
  /// Calls `body(filter, channel, weight)` for every filter, every channel that it sees, and the place in the weights of
  /// the pair's first kernel offset.
  private func forEachPair(
    _ geometry: ConvolutionGeometry, _ body: (_ filter: Int, _ channel: Int, _ weight: Int) -> Void
  ) {
    for filter in 0..<geometry.outputChannels {
      for channel in 0..<geometry.groupChannels {
        let weight = (filter * geometry.groupChannels + channel) * geometry.input.windowCount
        body(filter, filter / geometry.groupFilters * geometry.groupChannels + channel, weight)
      }
    }
  }

  /// Calls `body(output pixel, input pixel, kernel offset)` for every tap that does not fall on padding.
  private func forEachTap(_ geometry: WindowGeometry, _ body: (_ position: Int, _ pixel: Int, _ offset: Int) -> Void) {
    let window = geometry.window
    for position in 0..<geometry.positions {
      let top = position / geometry.outputWidth * window.strideHeight - window.padding.top
      let left = position % geometry.outputWidth * window.strideWidth - window.padding.left
      for ky in 0..<window.kernelHeight {
        let row = top + ky * geometry.dilation.height
        guard row >= 0, row < geometry.height else { continue }
        for kx in 0..<window.kernelWidth {
          let column = left + kx * geometry.dilation.width
          guard column >= 0, column < geometry.width else { continue }
          body(position, row * geometry.width + column, ky * window.kernelWidth + kx)
        }
      }
    }
  }

  public func packedWeightCount(_ geometry: ConvolutionGeometry) -> Int { geometry.weightCount }

  public func packWeights(_ geometry: ConvolutionGeometry, weights: Floats, into packed: MutableFloats) {
    _ = packed.slice(0, geometry.weightCount).update(from: weights.slice(0, geometry.weightCount))
  }

  public func convolve(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, packedWeights: Floats, bias: Floats?,
    isRectified: Bool, output: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let y = output.slice(example * geometry.outputCount, geometry.outputCount)
      for i in y.indices { y[i] = bias?[i % filters] ?? 0 }
      forEachTap(geometry.input) { position, pixel, offset in
        forEachPair(geometry) { filter, channel, weight in
          y[position * filters + filter] += packedWeights[weight + offset] * x[pixel * channels + channel]
        }
      }
      if isRectified { relu(Floats(y), output: y) }
    }
  }

  public func convolutionInputGradient(
    _ geometry: ConvolutionGeometry, count: Int, outputGradient: Floats, packedWeights: Floats,
    inputGradient: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    for example in 0..<count {
      let dx = inputGradient.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      dx.update(repeating: 0)
      forEachTap(geometry.input) { position, pixel, offset in
        forEachPair(geometry) { filter, channel, weight in
          dx[pixel * channels + channel] += packedWeights[weight + offset] * dy[position * filters + filter]
        }
      }
    }
  }

  public func addConvolutionWeightGradientSum(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, to sum: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      forEachTap(geometry.input) { position, pixel, offset in
        forEachPair(geometry) { filter, channel, weight in
          sum[weight + offset] += dy[position * filters + filter] * x[pixel * channels + channel]
        }
      }
    }
  }

  public func exampleGradientCount(_ geometry: ConvolutionGeometry) -> Int { geometry.weightCount }

  public func convolutionExampleGradients(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, gradients: MutableFloats,
    squaredNorms: MutableDoubles
  ) {
    let width = geometry.weightCount
    for example in 0..<count {
      let gradient = gradients.slice(gradients.count == width ? 0 : example * width, width)
      gradient.update(repeating: 0)
      addConvolutionWeightGradientSum(
        geometry, count: 1, input: input.slice(example * geometry.inputCount, geometry.inputCount),
        outputGradient: outputGradient.slice(example * geometry.outputCount, geometry.outputCount), to: gradient)
      rowSquaredNorms(rows: 1, columns: width, Floats(gradient), into: squaredNorms.slice(example, 1))
    }
  }

  public func addExampleGradient(_ geometry: ConvolutionGeometry, _ gradient: Floats, to sum: MutableFloats) {
    precondition(gradient.count >= geometry.weightCount && sum.count >= geometry.weightCount)
    for i in 0..<geometry.weightCount { sum[i] += gradient[i] }
  }

  public func ghostScratchCount(_ geometry: ConvolutionGeometry, _ form: GhostForm) -> Int {
    geometry.positions * geometry.patchCount
  }

  /// The definition, in float64 where the products are exact; it serves for both forms.
  public func ghostSquaredNorms(
    _ geometry: ConvolutionGeometry, _ form: GhostForm, count: Int, input: Floats, outputGradient: Floats,
    scratch: MutableFloats, into squaredNorms: MutableDoubles
  ) {
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      squaredNorms[example] = (0..<geometry.groups).reduce(0) {
        $0 + max(squaredNormByGrams(geometry, group: $1, x, dy, patches: scratch), 0)
      }
    }
  }

  private func squaredNormByGrams(
    _ geometry: ConvolutionGeometry, group: Int, _ x: Floats, _ dy: Floats, patches scratch: MutableFloats
  ) -> Double {
    let (filters, width) = (geometry.groupFilters, geometry.patchCount)
    let patches = scratch.slice(0, geometry.positions * width)
    patches.update(repeating: 0)
    forEachTap(geometry.input) { position, pixel, offset in
      for channel in 0..<geometry.groupChannels {
        patches[position * width + channel * geometry.input.windowCount + offset] =
          x[pixel * geometry.inputChannels + group * geometry.groupChannels + channel]
      }
    }
    func gradients(_ position: Int) -> Floats {
      dy.slice(position * geometry.outputChannels + group * filters, filters)
    }
    var squaredNorm = 0.0
    for s in 0..<geometry.positions {
      for t in 0..<geometry.positions {
        squaredNorm +=
          dot(patches.slice(s * width, width), patches.slice(t * width, width)) * dot(gradients(s), gradients(t))
      }
    }
    return squaredNorm
  }

  private func dot(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}

// MARK: - Pools

extension ReferenceBackend {
  public func maxPool(
    _ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats,
    winners: UnsafeMutableBufferPointer<UInt16>
  ) {
    let channels = geometry.channels
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let y = output.slice(example * geometry.outputCount, geometry.outputCount)
      let winner = winners.slice(example * geometry.outputCount, geometry.outputCount)
      y.update(repeating: -.infinity)
      winner.update(repeating: 0)
      forEachTap(geometry) { position, pixel, offset in
        for channel in 0..<channels where x[pixel * channels + channel] > y[position * channels + channel] {
          y[position * channels + channel] = x[pixel * channels + channel]
          winner[position * channels + channel] = UInt16(offset)
        }
      }
    }
  }

  public func maxPoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, winners: UnsafeMutableBufferPointer<UInt16>,
    inputGradient: MutableFloats
  ) {
    let channels = geometry.channels
    for example in 0..<count {
      let dx = inputGradient.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      let winner = winners.slice(example * geometry.outputCount, geometry.outputCount)
      dx.update(repeating: 0)
      forEachTap(geometry) { position, pixel, offset in
        for channel in 0..<channels where Int(winner[position * channels + channel]) == offset {
          dx[pixel * channels + channel] += dy[position * channels + channel]
        }
      }
    }
  }

  public func averagePool(_ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats) {
    let channels = geometry.channels
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let y = output.slice(example * geometry.outputCount, geometry.outputCount)
      y.update(repeating: 0)
      forEachTap(geometry) { position, pixel, _ in
        let share = 1 / Float(geometry.pixelsSeen(from: position))
        for channel in 0..<channels { y[position * channels + channel] += share * x[pixel * channels + channel] }
      }
    }
  }

  public func averagePoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, inputGradient: MutableFloats
  ) {
    let channels = geometry.channels
    for example in 0..<count {
      let dx = inputGradient.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      dx.update(repeating: 0)
      forEachTap(geometry) { position, pixel, _ in
        let share = 1 / Float(geometry.pixelsSeen(from: position))
        for channel in 0..<channels { dx[pixel * channels + channel] += share * dy[position * channels + channel] }
      }
    }
  }
}

extension WindowGeometry {
  /// Pixels of the image, padding not counted, in the window of one output pixel: at least 1, because padding is less
  /// than the kernel.
  package func pixelsSeen(from position: Int) -> Int {
    let top = position / outputWidth * window.strideHeight - window.padding.top
    let left = position % outputWidth * window.strideWidth - window.padding.left
    let rows = min(top + window.kernelHeight, height) - max(top, 0)
    let columns = min(left + window.kernelWidth, width) - max(left, 0)
    return rows * columns
  }
}
