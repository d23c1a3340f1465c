/// Rows and columns of a window or stride. In JSON `2` stands for `[2, 2]`. Along a sequence there is one row.
public struct Extent: Hashable, Sendable {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public init(_ side: Int) {
    self.init(height: side, width: side)
  }

  /// Along a sequence.
  public init(length: Int) {
    self.init(height: 1, width: length)
  }
}

/// What lies around an image or before and after a sequence.
public enum Padding: Hashable, Sendable {
  /// Zeros so that the output has ceil(input / stride) pixels a side; where their number is odd, the extra row or column
  /// goes to the bottom or right, as in TensorFlow.
  case same
  /// None.
  case valid
  /// That many rows on top and below, and columns left and right, as in PyTorch.
  case zeros(Extent)
}

/// An elementwise nonlinearity.
public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
  case relu, tanh, sigmoid, silu
  /// x where x > 0, else eˣ − 1.
  case elu
  /// x·Φ(x), with the error function.
  case gelu
  /// Its approximation with tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415, §2).
  case geluTanh = "gelu_tanh"
}

/// The number of dimensions along which a window moves.
public enum Spatial: Hashable, Sendable {
  /// A sequence.
  case one
  /// An image.
  case two
}

/// What a pool makes of its window.
public enum Pooling: Hashable, Sendable {
  case maximum, average
}

/// Which position of a sequence stands for the whole.
public enum SequencePosition: Hashable, Sendable {
  case first, last
}

/// A recurrent layer's cell, with the equations of torch.nn and zeros to begin with.
public enum RecurrentCell: Hashable, Sendable {
  case lstm, gru

  /// Rows of its weights are this many times the units.
  var gateCount: Int {
    switch self {
    case .lstm: 4
    case .gru: 3
    }
  }
}
