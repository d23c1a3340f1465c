// Every function below walks the same index set: (output pixel, output channel, input channel, kernel offset), and reads
// or adds to one of the three tensors. `forEachTap` is that walk without the output channel.

extension ReferenceBackend {
  /// Calls `body(output pixel, input pixel, kernel offset)` for every tap that does not fall on padding.
  private func forEachTap(_ geometry: WindowGeometry, _ body: (_ position: Int, _ pixel: Int, _ offset: Int) -> Void) {
    let window = geometry.window
    for position in 0..<geometry.positions {
      let top = position / geometry.outputWidth * window.strideHeight - window.padding.top
      let left = position % geometry.outputWidth * window.strideWidth - window.padding.left
      for dy in 0..<window.kernelHeight where top + dy >= 0 && top + dy < geometry.height {
        for dx in 0..<window.kernelWidth where left + dx >= 0 && left + dx < geometry.width {
          body(position, (top + dy) * geometry.width + left + dx, dy * window.kernelWidth + dx)
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
    output: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    let taps = geometry.input.windowCount
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let y = output.slice(example * geometry.outputCount, geometry.outputCount)
      for i in y.indices { y[i] = bias?[i % filters] ?? 0 }
      forEachTap(geometry.input) { position, pixel, offset in
        for filter in 0..<filters {
          for channel in 0..<channels {
            let weight = packedWeights[(filter * channels + channel) * taps + offset]
            y[position * filters + filter] += weight * x[pixel * channels + channel]
          }
        }
      }
    }
  }

  public func convolutionInputGradient(
    _ geometry: ConvolutionGeometry, count: Int, outputGradient: Floats, packedWeights: Floats,
    inputGradient: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    let taps = geometry.input.windowCount
    for example in 0..<count {
      let dx = inputGradient.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      dx.update(repeating: 0)
      forEachTap(geometry.input) { position, pixel, offset in
        for filter in 0..<filters {
          for channel in 0..<channels {
            let weight = packedWeights[(filter * channels + channel) * taps + offset]
            dx[pixel * channels + channel] += weight * dy[position * filters + filter]
          }
        }
      }
    }
  }

  public func addConvolutionWeightGradientSum(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, to sum: MutableFloats
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    let taps = geometry.input.windowCount
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      forEachTap(geometry.input) { position, pixel, offset in
        for filter in 0..<filters {
          for channel in 0..<channels {
            sum[(filter * channels + channel) * taps + offset] +=
              dy[position * filters + filter] * x[pixel * channels + channel]
          }
        }
      }
    }
  }

  public func exampleGradientCount(_ geometry: ConvolutionGeometry) -> Int { geometry.weightCount }

  public func convolutionExampleGradients(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, gradients: MutableFloats
  ) {
    for example in 0..<count {
      let gradient = gradients.slice(example * geometry.weightCount, geometry.weightCount)
      gradient.update(repeating: 0)
      addConvolutionWeightGradientSum(
        geometry, count: 1, input: input.slice(example * geometry.inputCount, geometry.inputCount),
        outputGradient: outputGradient.slice(example * geometry.outputCount, geometry.outputCount), to: gradient)
    }
  }

  public func addExampleGradient(_ geometry: ConvolutionGeometry, _ gradient: Floats, to sum: MutableFloats) {
    precondition(gradient.count >= geometry.weightCount && sum.count >= geometry.weightCount)
    for i in 0..<geometry.weightCount { sum[i] += gradient[i] }
  }

  public func ghostScratchCount(_ geometry: ConvolutionGeometry) -> Int { geometry.positions * geometry.patchCount }

  public func addGhostSquaredNorms(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, scratch: MutableFloats,
    to squaredNorms: MutableDoubles
  ) {
    let (channels, filters) = (geometry.inputChannels, geometry.outputChannels)
    let (positions, width) = (geometry.positions, geometry.patchCount)
    let patches = scratch.slice(0, positions * width)
    for example in 0..<count {
      let x = input.slice(example * geometry.inputCount, geometry.inputCount)
      let dy = outputGradient.slice(example * geometry.outputCount, geometry.outputCount)
      patches.update(repeating: 0)
      forEachTap(geometry.input) { position, pixel, offset in
        for channel in 0..<channels {
          patches[position * width + offset * channels + channel] = x[pixel * channels + channel]
        }
      }
      var squaredNorm = 0.0
      for s in 0..<positions {
        for t in 0..<positions {
          let ofPatches = dot(patches.slice(s * width, width), patches.slice(t * width, width))
          let ofGradients = dot(dy.slice(s * filters, filters), dy.slice(t * filters, filters))
          squaredNorm += ofPatches * ofGradients
        }
      }
      squaredNorms[example] += max(squaredNorm, 0)
    }
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
