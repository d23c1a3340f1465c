import Tensors

/// The greatest value of each window.
package struct MaxPool: Layer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let geometry: WindowGeometry

  /// - Parameter window: nil for one that covers the whole image or sequence, whose output is a vector.
  package init(input: Shape, window: Window?) throws(TensorError) {
    geometry = try WindowGeometry(pooling: input, window: window)
    guard geometry.windowCount <= Int(UInt16.max) else {
      throw .window("a max pool's window of \(geometry.windowCount) pixels is larger than \(UInt16.max)")
    }
    inputShapes = [input]
    outputShape = try geometry.pooledShape(of: input, isGlobal: window == nil)
  }

  package var label: String { "max pool \(inputShape) → \(outputShape)" }
  package var winnerCount: Int { geometry.outputCount }

  package func forward(_ pass: LayerPass) {
    pass.backend.maxPool(
      geometry, count: pass.count, input: Floats(pass.input), output: pass.output, winners: pass.winners)
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    pass.backend.maxPoolInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient), winners: pass.winners,
      inputGradient: inputGradient)
  }
}

/// The mean of each window over the pixels that are not padding.
package struct AveragePool: Layer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let geometry: WindowGeometry

  /// - Parameter window: nil for one that covers the whole image or sequence, whose output is a vector.
  package init(input: Shape, window: Window?) throws(TensorError) {
    geometry = try WindowGeometry(pooling: input, window: window)
    inputShapes = [input]
    outputShape = try geometry.pooledShape(of: input, isGlobal: window == nil)
  }

  package var label: String { "average pool \(inputShape) → \(outputShape)" }

  package func forward(_ pass: LayerPass) {
    pass.backend.averagePool(geometry, count: pass.count, input: Floats(pass.input), output: pass.output)
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    pass.backend.averagePoolInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient), inputGradient: inputGradient)
  }
}

extension WindowGeometry {
  fileprivate init(pooling input: Shape, window: Window?) throws(TensorError) {
    guard let image = input.plane else { throw .shape("a pool takes an image or a sequence, not \(input)") }
    let whole = Window(kernel: (image.height, image.width), stride: (1, 1))
    try self.init(channels: image.channels, height: image.height, width: image.width, window: window ?? whole)
  }

  fileprivate func pooledShape(of input: Shape, isGlobal: Bool) throws(TensorError) -> Shape {
    isGlobal
      ? try Shape([channels])
      : try input.replacingPlane(channels: channels, height: outputHeight, width: outputWidth)
  }
}
