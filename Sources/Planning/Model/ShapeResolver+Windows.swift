extension ShapeResolver {
  /// An image, or a sequence as an image of one row.
  private struct Plane {
    let spatial: Spatial
    let channels: Int
    let height: Int
    let width: Int

    func shape(channels: Int, height: Int, width: Int) -> TensorShape {
      spatial == .one
        ? .sequence(length: width, channels: channels) : .image(channels: channels, height: height, width: width)
    }
  }

  private mutating func plane(_ spatial: Spatial, _ input: Int) throws(PlanningError) -> Plane {
    switch spatial {
    case .one:
      let (length, channels) = try sequence(input)
      return Plane(spatial: .one, channels: channels, height: 1, width: length)
    case .two:
      let (channels, height, width) = try image(input)
      return Plane(spatial: .two, channels: channels, height: height, width: width)
    }
  }

  mutating func convolution(
    _ written: ConvolutionSpecification, input: Int
  ) throws(PlanningError) -> (ConvolutionLayer, TensorShape) {
    let plane = try plane(written.spatial, input)
    try requirePositive(written.filters, "filters")
    try requirePositive(written.kernel, "kernel_size")
    try requirePositive(written.strides, "strides")
    try requirePositive(written.dilation, "dilation_rate")
    try requirePositive(written.groups, "groups")
    guard plane.channels.isMultiple(of: written.groups), written.filters.isMultiple(of: written.groups) else {
      throw issue(
        "groups",
        "groups divides the \(plane.channels) channels and the \(written.filters) filters; \(written.groups) does not.")
    }
    let rows = try side(
      plane.height, Window(written.kernel.height, written.strides.height, written.dilation.height), written.padding,
      \.height)
    let columns = try side(
      plane.width, Window(written.kernel.width, written.strides.width, written.dilation.width), written.padding, \.width
    )
    let layer = ConvolutionLayer(
      spatial: written.spatial, channels: plane.channels, filters: written.filters, kernel: written.kernel,
      strides: written.strides,
      padding: BorderWidths(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after),
      dilation: written.dilation, groups: written.groups, hasBias: written.bias)
    return (layer, plane.shape(channels: written.filters, height: rows.output, width: columns.output))
  }

  mutating func pool(
    _ written: PoolingSpecification, input: Int
  ) throws(PlanningError) -> (PoolingLayer, TensorShape) {
    let plane = try plane(written.spatial, input)
    try requirePositive(written.window, "pool_size")
    try requirePositive(written.strides, "strides")
    guard saturatingProduct([written.window.height, written.window.width]) <= Self.poolLimit else {
      throw issue(
        "pool_size", "A pool's window has at most \(Self.poolLimit) pixels; global pooling takes whole images.")
    }
    let rows = try side(
      plane.height, Window(written.window.height, written.strides.height, 1), written.padding, \.height)
    let columns = try side(
      plane.width, Window(written.window.width, written.strides.width, 1), written.padding, \.width)
    guard rows.before == rows.after, columns.before == columns.after else {
      throw issue(
        "padding",
        "Padding of the same size needs an uneven border here, which pools do not have: give the padding as a number, or "
          + "choose another pool_size or strides.")
    }
    guard 2 * rows.before <= written.window.height, 2 * columns.before <= written.window.width else {
      throw issue("padding", "padding is at most half of pool_size, so that every window covers a part of the image.")
    }
    let layer = PoolingLayer(
      window: written.window, strides: written.strides, padding: Extent(height: rows.before, width: columns.before))
    return (layer, plane.shape(channels: plane.channels, height: rows.output, width: columns.output))
  }

  /// A window along one side.
  private struct Window {
    /// Pixels from its first to its last; `Int.max` where the count would not fit.
    let reach: Int
    let stride: Int

    init(_ size: Int, _ stride: Int, _ dilation: Int) {
      reach = saturatingSum([saturatingProduct([size - 1, dilation]), 1])
      self.stride = stride
    }
  }

  /// Windows that reach further, or move on further at once, are refused: no side is that long, and what pads an image up
  /// to them is computed with like the image itself.
  private static let reachLimit = 1 << 16
  /// The same for zeros on one side of it.
  private static let paddingLimit = 1 << 12
  /// Pixels of a pool's window.
  private static let poolLimit = 65_535

  /// Output length and zeros before and after along one side, by the formulas of TensorFlow: `valid` gives
  /// ⌊(n − k)/s⌋ + 1, `same` gives ⌈n/s⌉ with max((⌈n/s⌉ − 1)·s + k − n, 0) zeros, the odd one at the end. A number p is p
  /// zeros on each side, and then as `valid`.
  private func side(
    _ length: Int, _ window: Window, _ padding: Padding, _ side: KeyPath<Extent, Int>
  ) throws(PlanningError) -> (output: Int, before: Int, after: Int) {
    guard window.stride <= Self.reachLimit else {
      throw issue("strides", "strides are at most \(Self.reachLimit), not \(window.stride).")
    }
    switch padding {
    case .valid: return (try steps(length, window), 0, 0)
    case .zeros(let extent):
      let zeros = extent[keyPath: side]
      guard zeros >= 0, zeros < window.reach else {
        throw issue("padding", "padding is between 0 and less than the window's \(window.reach), not \(zeros).")
      }
      guard window.reach <= Self.reachLimit else {
        throw issue("A window that reaches over \(window.reach) does not fit a side of \(length): make it smaller.")
      }
      guard zeros <= Self.paddingLimit else {
        throw issue("padding", "padding is at most \(Self.paddingLimit), not \(zeros).")
      }
      return (try steps(length + 2 * zeros, window), zeros, zeros)
    case .same:
      guard window.reach <= 2 * length else {
        throw issue(
          "A window that reaches over \(window.reach) is more than twice the image, whose side is \(length): make it smaller."
        )
      }
      let output = (length - 1) / window.stride + 1
      let zeros = max((output - 1) * window.stride + window.reach - length, 0)
      return (output, zeros / 2, zeros - zeros / 2)
    }
  }

  private func steps(_ length: Int, _ window: Window) throws(PlanningError) -> Int {
    guard window.reach <= length else {
      throw issue("A window that reaches over \(window.reach) does not fit a side of \(length): make it smaller.")
    }
    return (length - window.reach) / window.stride + 1
  }
}
