/// Walks up a network, a layer at a time, and works out what each takes and gives.
struct ShapeResolver {
  private(set) var layers: [ResolvedLayer] = []
  private(set) var torchModules: [String] = []
  private var shape: TensorShape
  private var parameterCount = 0

  init(input: TensorShape) {
    shape = input
  }

  mutating func append(_ layer: LayerSpecification, pointer: String) throws(PlanningError) {
    switch layer {
    case .dense(let units, let activation, let bias):
      try appendDense(units: units, bias: bias, pointer: pointer)
      if let activation { push(.activation(activation), output: shape, pointer: pointer) }
    case .conv2d(let filters, let kernel, let strides, let padding, let activation, let bias):
      let image = try requireImage(for: "conv2d", pointer: pointer)
      try appendConvolution(
        image, filters: filters, kernel: kernel, strides: strides, padding: padding, bias: bias, pointer: pointer)
      if let activation { push(.activation(activation), output: shape, pointer: pointer) }
    case .maxPool2d(let window, let strides):
      let image = try requireImage(for: "max_pool2d", pointer: pointer)
      let output = try pooled(image, window: window, strides: strides, pointer: pointer)
      push(.maxPooling(PoolingLayer(window: window, strides: strides)), output: output, pointer: pointer)
    case .averagePool2d(let window, let strides):
      let image = try requireImage(for: "average_pool2d", pointer: pointer)
      let output = try pooled(image, window: window, strides: strides, pointer: pointer)
      push(.averagePooling(PoolingLayer(window: window, strides: strides)), output: output, pointer: pointer)
    case .flatten:
      push(.flatten, output: .features(shape.elementCount), pointer: pointer)
    case .activation(let activation):
      push(.activation(activation), output: shape, pointer: pointer)
    }
  }

  /// The last layer has to give a logit a class, with nothing after them: the loss applies its own softmax.
  func requireLogits(classCount: Int) throws(PlanningError) {
    guard let last = layers.last else { return }
    guard case .features(classCount) = last.output else {
      throw issue(
        last.pointer,
        "The last layer gives \(last.output), and the dataset has \(classCount) classes: end with "
          + "{\"type\": \"dense\", \"units\": \(classCount)}.")
    }
    if case .activation = last.kind {
      throw issue(
        last.pointer, "The last layer has an activation. The loss takes logits and applies the softmax itself: drop it."
      )
    }
    guard parameterCount > 0 else {
      throw issue(last.pointer, "The network has no parameters to train: add a dense layer.")
    }
  }

  // MARK: Layers

  private mutating func appendDense(units: Int, bias: Bool, pointer: String) throws(PlanningError) {
    guard case .features(let inputs) = shape else {
      throw issue(pointer, "A dense layer takes features and gets an image of \(shape): put a flatten layer before it.")
    }
    try requirePositive(units, "units", pointer: pointer)
    let layer = DenseLayer(inputs: inputs, outputs: units, hasBias: bias)
    try charge(saturatingSum([saturatingProduct([inputs, units]), bias ? units : 0]), pointer: pointer)
    try requireRoom(for: .features(units), pointer: pointer)
    push(.dense(layer), output: .features(units), pointer: pointer)
  }

  private mutating func appendConvolution(
    _ image: Image, filters: Int, kernel: Extent, strides: Extent, padding: Padding, bias: Bool, pointer: String
  ) throws(PlanningError) {
    try requirePositive(filters, "filters", pointer: pointer)
    try requirePositive(kernel, "kernel_size", pointer: pointer)
    try requirePositive(strides, "strides", pointer: pointer)
    try charge(
      saturatingSum([
        saturatingProduct([filters, image.channels, kernel.height, kernel.width]), bias ? filters : 0,
      ]), pointer: pointer)
    let rows = try side(image.height, kernel.height, strides.height, padding, "height", pointer: pointer)
    let columns = try side(image.width, kernel.width, strides.width, padding, "width", pointer: pointer)
    let output = TensorShape.image(channels: filters, height: rows.output, width: columns.output)
    try requireRoom(for: output, pointer: pointer)
    let layer = ConvolutionLayer(
      channels: image.channels, filters: filters, kernel: kernel, strides: strides,
      padding: BorderWidths(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after),
      hasBias: bias)
    push(.convolution(layer), output: output, pointer: pointer)
  }

  private func pooled(
    _ image: Image, window: Extent, strides: Extent, pointer: String
  ) throws(PlanningError) -> TensorShape {
    try requirePositive(window, "pool_size", pointer: pointer)
    try requirePositive(strides, "strides", pointer: pointer)
    let rows = try side(image.height, window.height, strides.height, .valid, "height", pointer: pointer)
    let columns = try side(image.width, window.width, strides.width, .valid, "width", pointer: pointer)
    return .image(channels: image.channels, height: rows.output, width: columns.output)
  }

  private mutating func push(_ kind: ResolvedLayer.Kind, output: TensorShape, pointer: String) {
    torchModules += TorchModule.descriptions(of: kind)
    layers.append(
      ResolvedLayer(
        kind: kind, pointer: pointer, moduleIndex: torchModules.count - 1, input: shape, output: output))
    shape = output
  }

  // MARK: Shapes

  private struct Image {
    let channels: Int
    let height: Int
    let width: Int
  }

  private func requireImage(for name: String, pointer: String) throws(PlanningError) -> Image {
    guard case .image(let channels, let height, let width) = shape else {
      throw issue(
        pointer, "A \(name) layer takes an image and gets \(shape): it cannot follow a flatten or dense layer.")
    }
    return Image(channels: channels, height: height, width: width)
  }

  /// Output length and zeros before and after along one side, by the formulas of TensorFlow: `valid` gives
  /// ⌊(n − k)/s⌋ + 1, `same` gives ⌈n/s⌉ with max((⌈n/s⌉ − 1)·s + k − n, 0) zeros, the odd one at the end.
  private func side(
    _ length: Int, _ window: Int, _ stride: Int, _ padding: Padding, _ name: String, pointer: String
  ) throws(PlanningError) -> (output: Int, before: Int, after: Int) {
    switch padding {
    case .valid:
      guard window <= length else {
        throw issue(pointer, "A window of \(window) does not fit an image whose \(name) is \(length): make it smaller.")
      }
      return ((length - window) / stride + 1, 0, 0)
    case .same:
      guard window <= 2 * length else {
        throw issue(
          pointer, "A window of \(window) is more than twice the image, whose \(name) is \(length): make it smaller.")
      }
      let output = (length - 1) / stride + 1
      let zeros = max((output - 1) * stride + window - length, 0)
      return (output, zeros / 2, zeros - zeros / 2)
    }
  }

  // MARK: Limits

  private func requirePositive(_ value: Int, _ field: String, pointer: String) throws(PlanningError) {
    guard value >= 1 else {
      throw issue("\(pointer)/\(field)", "\(field) is at least 1, not \(value).")
    }
  }

  private func requirePositive(_ extent: Extent, _ field: String, pointer: String) throws(PlanningError) {
    try requirePositive(min(extent.height, extent.width), field, pointer: pointer)
  }

  private mutating func charge(_ parameters: Int, pointer: String) throws(PlanningError) {
    parameterCount = saturatingSum([parameterCount, parameters])
    guard parameterCount <= ModelArchitecture.parameterLimit else {
      let count = parameterCount == Int.max ? "over 9.2·10^18" : "\(parameterCount)"
      throw issue(
        pointer,
        "With this layer the network has \(count) parameters. Weights, gradients and optimizer state would need "
          + "\(describeBytes(Double(parameterCount) * 12)) of memory; the limit is "
          + "\(ModelArchitecture.parameterLimit) parameters.")
    }
  }

  private func requireRoom(for output: TensorShape, pointer: String) throws(PlanningError) {
    let count = output.elementCount
    guard count <= ModelArchitecture.activationLimit else {
      throw issue(
        pointer,
        "This layer gives \(output) for one example, \(describeBytes(Double(count) * 4)); the limit is "
          + "\(describeBytes(Double(ModelArchitecture.activationLimit) * 4)).")
    }
  }

  private func issue(_ pointer: String, _ detail: String) -> PlanningError {
    PlanningError([FieldIssue(at: pointer, detail)])
  }
}
