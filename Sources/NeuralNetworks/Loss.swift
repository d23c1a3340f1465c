import Tensors

/// What training makes small: a number for each example, from its outputs and its targets.
public enum Loss: String, Hashable, Sendable, CaseIterable {
  /// Of the softmax of the outputs [C] and one class id.
  case softmaxCrossEntropy = "softmax_cross_entropy"
  /// Of the softmax of each position of the outputs [T, C] and T class ids: the mean over the positions whose id is
  /// not −1, which means ignored; 0 if all are.
  case tokenCrossEntropy = "token_cross_entropy"
  /// Of the sigmoid of the outputs [k] and k zeros or ones: the mean over k.
  case binaryCrossEntropy = "binary_cross_entropy"
  /// Of the outputs [k] and k real numbers: the mean of the squares over k.
  case meanSquaredError = "mean_squared_error"
}

extension Loss {
  /// Targets of an example with such outputs.
  /// - Throws: `NetworkError.output` for a shape that the loss cannot take.
  package func targetCount(output: Shape) throws(NetworkError) -> Int {
    switch self {
    case .softmaxCrossEntropy:
      guard output.dimensions.count == 1 else {
        throw .output("a network must end in a vector of logits; it ends in \(output)")
      }
      return 1
    case .tokenCrossEntropy:
      guard let sequence = output.sequence else {
        throw .output("for \(rawValue) a network must end in logits for each position; it ends in \(output)")
      }
      return sequence.positions
    case .binaryCrossEntropy, .meanSquaredError:
      guard output.dimensions.count == 1 else {
        throw .output("for \(rawValue) a network must end in a vector; it ends in \(output)")
      }
      return output.count
    }
  }

  /// - Throws: `NetworkError.count`, `.label` or `.target` for targets that no example of such outputs can have.
  package func check(_ targets: Floats, output: Shape) throws(NetworkError) {
    let expected = try targetCount(output: output)
    guard targets.count == expected else { throw .count(what: "targets", expected: expected, got: targets.count) }
    let classes = output.dimensions[output.dimensions.count - 1]
    for target in targets {
      switch self {
      case .softmaxCrossEntropy, .tokenCrossEntropy:
        if self == .tokenCrossEntropy, target == -1 { continue }
        guard target >= 0, target < Float(classes), target.rounded() == target else {
          throw .label(target, classes: classes)
        }
      case .binaryCrossEntropy:
        guard target == 0 || target == 1 else { throw .target("target \(target) is neither 0 nor 1") }
      case .meanSquaredError:
        guard target.isFinite else { throw .target("target \(target) is not finite") }
      }
    }
  }

  /// Sets each example's loss and the gradient of that loss with respect to its outputs.
  /// - Parameter targets: checked by `check`.
  package func evaluate(
    _ output: Shape, count: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats,
    backend: any NumericBackend
  ) {
    switch self {
    case .softmaxCrossEntropy, .tokenCrossEntropy:
      backend.tokenCrossEntropy(
        count: count, positions: output.sequence?.positions ?? 1,
        classes: output.dimensions[output.dimensions.count - 1], outputs: outputs, targets: targets, losses: losses,
        gradient: gradient)
    case .binaryCrossEntropy:
      backend.binaryCrossEntropy(
        count: count, width: output.count, outputs: outputs, targets: targets, losses: losses, gradient: gradient)
    case .meanSquaredError:
      backend.meanSquaredError(
        count: count, width: output.count, outputs: outputs, targets: targets, losses: losses, gradient: gradient)
    }
  }
}
