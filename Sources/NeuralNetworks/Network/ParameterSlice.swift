import Tensors

/// Where one parameter tensor lies in the network's parameter buffer.
public struct ParameterSlice: Hashable, Sendable {
  /// As in torch's state dictionary: "0.weight".
  public let name: String
  /// Torch's layout: [outputs, inputs] for a dense layer, [filters, channels / groups, height, width] for a convolution,
  /// [outputs] for a bias.
  public let shape: Shape
  public let offset: Int
  public var range: Range<Int> { offset..<offset + shape.count }

  package init(name: String, shape: Shape, offset: Int) {
    (self.name, self.shape, self.offset) = (name, shape, offset)
  }
}

/// Lays the parameters of one layer out one after another.
package struct ParameterLayout {
  private let name: String
  private var offset: Int

  /// - Parameter name: of the layer; empty for one whose parameters have no prefix.
  package init(name: String, offset: Int) { (self.name, self.offset) = (name, offset) }

  /// The next parameter: "NAME.suffix".
  /// - Throws: `TensorError` for a shape that does not fit.
  package mutating func add(_ suffix: String, _ dimensions: [Int]) throws(TensorError) -> ParameterSlice {
    let slice = ParameterSlice(
      name: name.isEmpty ? suffix : "\(name).\(suffix)", shape: try Shape(dimensions), offset: offset)
    offset = slice.range.upperBound
    return slice
  }
}

extension UnsafeBufferPointer<Float> {
  package func slice(_ parameter: ParameterSlice) -> Floats { slice(parameter.offset, parameter.shape.count) }
}

extension UnsafeMutableBufferPointer<Float> {
  package func slice(_ parameter: ParameterSlice) -> MutableFloats { slice(parameter.offset, parameter.shape.count) }
}
