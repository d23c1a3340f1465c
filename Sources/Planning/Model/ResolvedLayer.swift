/// One layer of a network whose shapes are all known. Each activation is a layer of its own.
public struct ResolvedLayer: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case dense(DenseLayer)
    case convolution(ConvolutionLayer)
    case maxPooling(PoolingLayer)
    case averagePooling(PoolingLayer)
    case flatten
    case activation(Activation)
  }

  public let kind: Kind
  /// Where the caller wrote it: `/model/layers/3`, or `/model/preset`.
  public let pointer: String
  /// Its index in the equivalent `torch.nn.Sequential`: the prefix of its parameters' names (`3.weight`).
  public let moduleIndex: Int
  public let input: TensorShape
  public let output: TensorShape

  /// Numbers learnt in this layer; `Int.max` where the count would not fit.
  public var parameterCount: Int {
    switch kind {
    case .dense(let layer):
      saturatingSum([saturatingProduct([layer.inputs, layer.outputs]), layer.hasBias ? layer.outputs : 0])
    case .convolution(let layer):
      saturatingSum([saturatingProduct(layer.weightShape), layer.hasBias ? layer.filters : 0])
    case .maxPooling, .averagePooling, .flatten, .activation: 0
    }
  }

  /// Floating-point operations of the forward pass of one example, a multiplication and an addition counted apart.
  /// A Double: an estimate may be larger than any integer type.
  public var forwardOperations: Double {
    let outputs = Double(output.elementCount)
    switch kind {
    case .dense(let layer): return 2 * Double(layer.inputs) * Double(layer.outputs)
    case .convolution(let layer):
      return 2 * outputs * Double(layer.channels) * Double(layer.kernel.height) * Double(layer.kernel.width)
    case .maxPooling(let layer), .averagePooling(let layer):
      return outputs * Double(layer.window.height) * Double(layer.window.width)
    case .flatten: return 0
    case .activation: return outputs
    }
  }
}

/// `y = W x + b`, with W of shape [outputs, inputs] as in `torch.nn.Linear`.
public struct DenseLayer: Hashable, Sendable {
  public let inputs: Int
  public let outputs: Int
  public let hasBias: Bool
}

/// A two-dimensional cross-correlation with weights [filters, channels, height, width] as in `torch.nn.Conv2d`.
public struct ConvolutionLayer: Hashable, Sendable {
  public let channels: Int
  public let filters: Int
  public let kernel: Extent
  public let strides: Extent
  public let padding: BorderWidths
  public let hasBias: Bool

  public var weightShape: [Int] { [filters, channels, kernel.height, kernel.width] }
}

/// A maximum or average over windows that lie wholly inside the image.
public struct PoolingLayer: Hashable, Sendable {
  public let window: Extent
  public let strides: Extent
}

/// Rows and columns of zeros around an image.
public struct BorderWidths: Hashable, Sendable {
  public let top: Int
  public let left: Int
  public let bottom: Int
  public let right: Int

  public static let none = BorderWidths(top: 0, left: 0, bottom: 0, right: 0)

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// `torch.nn.Conv2d` pads both sides alike; anything else needs an `nn.ZeroPad2d` before it.
  public var isSymmetric: Bool { top == bottom && left == right }
}

extension ResolvedLayer {
  /// Names and shapes of its parameter tensors in torch's layout and order.
  var parameterShapes: [(name: String, shape: [Int])] {
    switch kind {
    case .dense(let layer):
      [("weight", [layer.outputs, layer.inputs])] + (layer.hasBias ? [("bias", [layer.outputs])] : [])
    case .convolution(let layer): [("weight", layer.weightShape)] + (layer.hasBias ? [("bias", [layer.filters])] : [])
    case .maxPooling, .averagePooling, .flatten, .activation: []
    }
  }
}
