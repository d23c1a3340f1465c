/// Zeros added around an image before a window slides over it. The sides may differ: TensorFlow's "same" puts the odd
/// row and column at the bottom and at the right.
public struct Padding: Hashable, Sendable {
  public var top, left, bottom, right: Int

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  public static let none = Padding(top: 0, left: 0, bottom: 0, right: 0)
  public static func all(_ size: Int) -> Padding { Padding(top: size, left: size, bottom: size, right: size) }
  public var isNone: Bool { self == .none }
}

/// A height and a width; a literal stands for both.
public struct Extent2: Hashable, Sendable, ExpressibleByIntegerLiteral {
  public var height, width: Int

  public init(height: Int, width: Int) { (self.height, self.width) = (height, width) }
  public init(integerLiteral side: Int) { self.init(height: side, width: side) }
}

/// A window that slides over an image: kernel, stride and padding, for a convolution or a pool.
public struct Window: Hashable, Sendable {
  public var kernelHeight, kernelWidth, strideHeight, strideWidth: Int
  public var padding: Padding

  public init(kernel: (height: Int, width: Int), stride: (height: Int, width: Int), padding: Padding = .none) {
    (kernelHeight, kernelWidth) = kernel
    (strideHeight, strideWidth) = stride
    self.padding = padding
  }

  /// A square window.
  public init(kernel: Int, stride: Int, padding: Padding = .none) {
    self.init(kernel: (kernel, kernel), stride: (stride, stride), padding: padding)
  }
}

/// A window over an image of a known size: everything a pool needs to know. All sizes are checked by the initializer.
public struct WindowGeometry: Hashable, Sendable {
  public let channels, height, width: Int
  public let window: Window
  /// Pixels from one tap of the window to the next.
  public let dilation: Extent2
  public let outputHeight, outputWidth: Int
  /// Elements of one example's input and output.
  public let inputCount, outputCount: Int
  /// Elements that the window sees of one channel.
  public let windowCount: Int

  /// - Throws: `TensorError`, for sizes that do not fit, a kernel larger than the padded image, a stride or dilation
  ///   below 1, or a padding that is negative or not smaller than the kernel (a window could then see padding only).
  public init(
    channels: Int, height: Int, width: Int, window: Window, dilation: Extent2 = 1
  ) throws(TensorError) {
    inputCount = try checkedProduct([channels, height, width])
    windowCount = try checkedProduct([window.kernelHeight, window.kernelWidth])
    let padding = window.padding
    outputHeight = try Self.outputSize(
      "height", input: height, kernel: window.kernelHeight, stride: window.strideHeight, dilation: dilation.height,
      padding: (padding.top, padding.bottom))
    outputWidth = try Self.outputSize(
      "width", input: width, kernel: window.kernelWidth, stride: window.strideWidth, dilation: dilation.width,
      padding: (padding.left, padding.right))
    outputCount = try checkedProduct([channels, outputHeight, outputWidth])
    (self.channels, self.height, self.width, self.window) = (channels, height, width, window)
    self.dilation = dilation
    _ = try checkedProduct([channels, paddedHeight, paddedWidth])
  }

  /// Output pixels.
  public var positions: Int { outputHeight * outputWidth }
  public var paddedHeight: Int { height + window.padding.top + window.padding.bottom }
  public var paddedWidth: Int { width + window.padding.left + window.padding.right }

  private static func outputSize(
    _ side: String, input: Int, kernel: Int, stride: Int, dilation: Int, padding: (before: Int, after: Int)
  ) throws(TensorError) -> Int {
    guard stride >= 1, stride <= Int32.max else { throw .window("a stride of \(stride) in \(side) is out of range") }
    guard kernel <= Int32.max else { throw .window("a kernel of \(kernel) in \(side) is out of range") }
    guard dilation >= 1, dilation <= Int32.max else {
      throw .window("a dilation of \(dilation) in \(side) is out of range")
    }
    let extent = (kernel - 1) * dilation + 1
    guard padding.before >= 0, padding.after >= 0, padding.before < extent, padding.after < extent else {
      throw .window("padding of \(padding) in \(side) must be at least 0 and less than the kernel, \(extent)")
    }
    let padded = input + padding.before + padding.after
    guard padded >= extent else {
      throw .window("a kernel of \(extent) does not fit in the padded \(side), \(padded)")
    }
    return (padded - extent) / stride + 1
  }
}

/// A two-dimensional convolution (cross-correlation, as in torch and TensorFlow). With groups, channels and filters are
/// split into as many parts, and a filter sees the channels of its own part only.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// The input's side of it: channels, height, width, window and dilation. Its `outputCount` is not this convolution's.
  public let input: WindowGeometry
  public let outputChannels: Int
  public let groups: Int
  /// Elements of one example's output: outputChannels · outputHeight · outputWidth.
  public let outputCount: Int
  /// outputChannels · inputChannels / groups · kernelHeight · kernelWidth.
  public let weightCount: Int

  /// - Throws: `TensorError`; see `WindowGeometry`; and for groups that do not divide channels and filters.
  public init(
    channels: Int, height: Int, width: Int, outputChannels: Int, window: Window, dilation: Extent2 = 1,
    groups: Int = 1
  ) throws(TensorError) {
    guard groups >= 1, channels % groups == 0, outputChannels % groups == 0 else {
      throw .window("\(groups) groups do not divide \(channels) channels and \(outputChannels) filters")
    }
    input = try WindowGeometry(
      channels: channels, height: height, width: width, window: window, dilation: dilation)
    outputCount = try checkedProduct([outputChannels, input.outputHeight, input.outputWidth])
    weightCount = try checkedProduct([outputChannels, channels / groups, window.kernelHeight, window.kernelWidth])
    self.outputChannels = outputChannels
    self.groups = groups
    // The patch matrix of one example is the largest thing derived from a geometry.
    _ = try checkedProduct([input.positions, input.channels, input.windowCount])
  }

  public var inputChannels: Int { input.channels }
  public var inputCount: Int { input.inputCount }
  public var window: Window { input.window }
  public var dilation: Extent2 { input.dilation }
  public var outputHeight: Int { input.outputHeight }
  public var outputWidth: Int { input.outputWidth }
  /// Output pixels, T in the literature on ghost norms.
  public var positions: Int { input.positions }
  public var groupChannels: Int { input.channels / groups }
  public var groupFilters: Int { outputChannels / groups }
  /// Input elements that one output element sees: inputChannels / groups · kernelHeight · kernelWidth.
  public var patchCount: Int { groupChannels * input.windowCount }
}
