import Tensors

/// The greatest value of each window.
package struct MaxPool: Layer {
  package let inputShape, outputShape: Shape
  private let geometry: WindowGeometry

  package init(input: Shape, window: Window) throws(TensorError) {
    geometry = try WindowGeometry(pooling: input, window: window)
    guard geometry.windowCount <= Int(UInt16.max) else {
      throw .window("a max pool's window of \(geometry.windowCount) pixels is larger than \(UInt16.max)")
    }
    inputShape = input
    outputShape = try Shape([geometry.channels, geometry.outputHeight, geometry.outputWidth])
  }

  package var label: String { "max pool \(inputShape) → \(outputShape)" }
  package var winnerCount: Int { geometry.outputCount }

  package func forward(_ pass: LayerPass) {
    pass.backend.maxPool(
      geometry, count: pass.count, input: Floats(pass.input), output: pass.output, winners: pass.winners)
  }

  package func backward(_ pass: LayerPass) {
    pass.backend.maxPoolInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient), winners: pass.winners,
      inputGradient: pass.inputGradient)
  }
}

/// The mean of each window over the pixels that are not padding.
package struct AveragePool: Layer {
  package let inputShape, outputShape: Shape
  private let geometry: WindowGeometry

  package init(input: Shape, window: Window) throws(TensorError) {
    geometry = try WindowGeometry(pooling: input, window: window)
    inputShape = input
    outputShape = try Shape([geometry.channels, geometry.outputHeight, geometry.outputWidth])
  }

  package var label: String { "average pool \(inputShape) → \(outputShape)" }

  package func forward(_ pass: LayerPass) {
    pass.backend.averagePool(geometry, count: pass.count, input: Floats(pass.input), output: pass.output)
  }

  package func backward(_ pass: LayerPass) {
    pass.backend.averagePoolInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient), inputGradient: pass.inputGradient)
  }
}

extension WindowGeometry {
  fileprivate init(pooling input: Shape, window: Window) throws(TensorError) {
    guard let image = input.image else { throw .window("a pool takes an image, not \(input)") }
    try self.init(channels: image.channels, height: image.height, width: image.width, window: window)
  }
}
