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
  public let outputHeight, outputWidth: Int
  /// Elements of one example's input and output.
  public let inputCount, outputCount: Int
  /// Elements that the window sees of one channel.
  public let windowCount: Int

  /// - Throws: `TensorError`, for sizes that do not fit, a kernel larger than the padded image, a stride below 1, or a
  ///   padding that is negative or not smaller than the kernel (a window could then see padding only).
  public init(channels: Int, height: Int, width: Int, window: Window) throws(TensorError) {
    inputCount = try checkedProduct([channels, height, width])
    windowCount = try checkedProduct([window.kernelHeight, window.kernelWidth])
    let padding = window.padding
    outputHeight = try Self.outputSize(
      "height", input: height, kernel: window.kernelHeight, stride: window.strideHeight,
      padding: (padding.top, padding.bottom))
    outputWidth = try Self.outputSize(
      "width", input: width, kernel: window.kernelWidth, stride: window.strideWidth,
      padding: (padding.left, padding.right))
    outputCount = try checkedProduct([channels, outputHeight, outputWidth])
    (self.channels, self.height, self.width, self.window) = (channels, height, width, window)
    _ = try checkedProduct([channels, paddedHeight, paddedWidth])
  }

  /// Output pixels.
  public var positions: Int { outputHeight * outputWidth }
  public var paddedHeight: Int { height + window.padding.top + window.padding.bottom }
  public var paddedWidth: Int { width + window.padding.left + window.padding.right }

  private static func outputSize(
    _ side: String, input: Int, kernel: Int, stride: Int, padding: (before: Int, after: Int)
  ) throws(TensorError) -> Int {
    guard stride >= 1, stride <= Int32.max else { throw .window("a stride of \(stride) in \(side) is out of range") }
    guard kernel <= Int32.max else { throw .window("a kernel of \(kernel) in \(side) is out of range") }
    guard padding.before >= 0, padding.after >= 0, padding.before < kernel, padding.after < kernel else {
      throw .window("padding of \(padding) in \(side) must be at least 0 and less than the kernel, \(kernel)")
    }
    let padded = input + padding.before + padding.after
    guard padded >= kernel else {
      throw .window("a kernel of \(kernel) does not fit in the padded \(side), \(padded)")
    }
    return (padded - kernel) / stride + 1
  }
}

/// A two-dimensional convolution (cross-correlation, as in torch and TensorFlow), without groups or dilation.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// The input's side of it: channels, height, width and window. Its `outputCount` is not this convolution's.
  public let input: WindowGeometry
  public let outputChannels: Int
  /// Elements of one example's output: outputChannels · outputHeight · outputWidth.
  public let outputCount: Int
  /// outputChannels · inputChannels · kernelHeight · kernelWidth.
  public let weightCount: Int

  /// - Throws: `TensorError`; see `WindowGeometry`.
  public init(
    channels: Int, height: Int, width: Int, outputChannels: Int, window: Window
  ) throws(TensorError) {
    input = try WindowGeometry(channels: channels, height: height, width: width, window: window)
    outputCount = try checkedProduct([outputChannels, input.outputHeight, input.outputWidth])
    weightCount = try checkedProduct([outputChannels, channels, window.kernelHeight, window.kernelWidth])
    self.outputChannels = outputChannels
    // The patch matrix of one example is the largest thing derived from a geometry.
    _ = try checkedProduct([input.positions, patchCount])
  }

  public var inputChannels: Int { input.channels }
  public var inputCount: Int { input.inputCount }
  public var window: Window { input.window }
  public var outputHeight: Int { input.outputHeight }
  public var outputWidth: Int { input.outputWidth }
  /// Output pixels, T in the literature on ghost norms.
  public var positions: Int { input.positions }
  /// Input elements that one output pixel sees: inputChannels · kernelHeight · kernelWidth.
  public var patchCount: Int { input.channels * input.windowCount }
}
