import CKernels

extension ck_window {
  init(_ geometry: WindowGeometry) {
    let window = geometry.window
    self.init(
      channels: geometry.channels, height: geometry.height, width: geometry.width,
      kernel_height: window.kernelHeight, kernel_width: window.kernelWidth, stride_height: window.strideHeight,
      stride_width: window.strideWidth,
      dilation_height: geometry.dilation.height, dilation_width: geometry.dilation.width, top: window.padding.top,
      left: window.padding.left,
      output_height: geometry.outputHeight, output_width: geometry.outputWidth)
  }
}

// MARK: - Pools

extension OneDNNBackend {
  public func maxPool(
    _ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats,
    winners: UnsafeMutableBufferPointer<UInt16>
  ) {
    precondition(input.count >= count * geometry.inputCount && output.count >= count * geometry.outputCount)
    precondition(winners.count >= count * geometry.outputCount)
    var window = ck_window(geometry)
    ck_max_pool(&window, count, input.baseAddress, output.baseAddress, winners.baseAddress)
  }

  public func maxPoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, winners: UnsafeMutableBufferPointer<UInt16>,
    inputGradient: MutableFloats
  ) {
    precondition(outputGradient.count >= count * geometry.outputCount)
    precondition(winners.count >= count * geometry.outputCount)
    precondition(inputGradient.count >= count * geometry.inputCount)
    var window = ck_window(geometry)
    ck_max_pool_gradient(
      &window, count, outputGradient.baseAddress, winners.baseAddress, inputGradient.baseAddress)
  }

  public func averagePool(_ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats) {
    precondition(input.count >= count * geometry.inputCount && output.count >= count * geometry.outputCount)
    var window = ck_window(geometry)
    ck_average_pool(&window, count, input.baseAddress, output.baseAddress)
  }

  public func averagePoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, inputGradient: MutableFloats
  ) {
    precondition(outputGradient.count >= count * geometry.outputCount)
    precondition(inputGradient.count >= count * geometry.inputCount)
    var window = ck_window(geometry)
    ck_average_pool_gradient(&window, count, outputGradient.baseAddress, inputGradient.baseAddress)
  }
}

// MARK: - Activations and loss

extension OneDNNBackend {
  public func relu(_ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    ck_relu(input.count, input.baseAddress, output.baseAddress)
  }

  public func reluInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats) {
    precondition(outputGradient.count >= output.count && inputGradient.count >= output.count)
    ck_relu_gradient(output.count, output.baseAddress, outputGradient.baseAddress, inputGradient.baseAddress)
  }

  public func tanh(_ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    ck_tanh(input.count, input.baseAddress, output.baseAddress)
  }

  public func tanhInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats) {
    precondition(outputGradient.count >= output.count && inputGradient.count >= output.count)
    ck_tanh_gradient(output.count, output.baseAddress, outputGradient.baseAddress, inputGradient.baseAddress)
  }

  public func dropOut(
    rate: Double, salt: UInt64, seeds: UnsafeBufferPointer<UInt64>, columns: Int, _ input: Floats, output: MutableFloats
  ) {
    precondition(input.count >= seeds.count * columns && output.count >= seeds.count * columns)
    ck_drop_out(
      seeds.count, columns, UInt32(rate * 0x1p32), Float(1 / (1 - rate)), salt, seeds.baseAddress, input.baseAddress,
      output.baseAddress)
  }

  public func softmaxCrossEntropy(
    count: Int, classes: Int, logits: Floats, labels: Floats, losses: MutableDoubles,
    gradient: MutableFloats
  ) {
    precondition(classes >= 1 && logits.count >= count * classes && gradient.count >= count * classes)
    precondition(labels.count >= count && losses.count >= count)
    precondition(labels.prefix(count).allSatisfy { $0 >= 0 && $0 < Float(classes) })
    ck_softmax_cross_entropy(
      count, classes, logits.baseAddress, labels.baseAddress, losses.baseAddress, gradient.baseAddress)
  }
}

// MARK: - Rows

extension OneDNNBackend {
  public func addToRows(_ bias: Floats, rows: Int, columns: Int, _ matrix: MutableFloats) {
    precondition(bias.count >= columns && matrix.count >= rows * columns)
    ck_add_to_rows(rows, columns, bias.baseAddress, matrix.baseAddress)
  }

  public func rowSquaredNorms(rows: Int, columns: Int, _ matrix: Floats, into squaredNorms: MutableDoubles) {
    precondition(matrix.count >= rows * columns && squaredNorms.count >= rows)
    ck_row_squared_norms(rows, columns, matrix.baseAddress, squaredNorms.baseAddress)
  }

  public func scaleRows(rows: Int, columns: Int, _ matrix: Floats, by factors: Floats, output: MutableFloats) {
    precondition(matrix.count >= rows * columns && output.count >= rows * columns && factors.count >= rows)
    ck_scale_rows(rows, columns, factors.baseAddress, matrix.baseAddress, output.baseAddress)
  }

  public func addWeightedRowSum(
    rows: Int, columns: Int, _ matrix: Floats, factors: Floats, to sum: MutableFloats
  ) {
    precondition(matrix.count >= rows * columns && sum.count >= columns && factors.count >= rows)
    ck_add_weighted_row_sum(rows, columns, factors.baseAddress, matrix.baseAddress, sum.baseAddress)
  }

  public func addRowSum(rows: Int, columns: Int, _ matrix: Floats, to sum: MutableFloats) {
    precondition(matrix.count >= rows * columns && sum.count >= columns)
    ck_add_row_sum(rows, columns, matrix.baseAddress, sum.baseAddress)
  }

  public func add(_ part: Floats, to sum: MutableFloats) {
    precondition(sum.count >= part.count)
    ck_add(part.count, part.baseAddress, sum.baseAddress)
  }

  public func groupRowSums(groups: Int, group: Int, columns: Int, _ matrix: Floats, output: MutableFloats) {
    precondition(matrix.count >= groups * group * columns && output.count >= groups * columns)
    ck_group_row_sums(groups, group, columns, matrix.baseAddress, output.baseAddress)
  }
}
