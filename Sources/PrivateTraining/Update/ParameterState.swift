import Planning
import Tensors

/// The numbers that training changes: the parameters, what the optimizer remembers of them, and their moving average. One
/// allocation, which belongs to one run.
package final class ParameterState {
  package let trainable: TrainableParameters
  /// In the layout of the network's parameters, the frozen ones included.
  package let parameters: MutableFloats
  /// As many as the rule remembers, each with one value for each trainable parameter, in their order. Zeros before the
  /// first step.
  package let memory: [MutableFloats]
  /// The average of each trainable parameter; nil where none is wanted.
  package let average: MutableFloats?
  /// Bytes of all of it.
  package let byteCount: Int
  private let arena: Arena

  /// - Parameter parameters: to begin with; the average begins there too.
  /// - Throws: `TensorError` for memory that is not to be had.
  package init(
    _ parameters: [Float], trainable: TrainableParameters, rule: UpdateRule, hasAverage: Bool
  ) throws(TensorError) {
    var layout = ArenaLayout()
    let all = try layout.reserve(parameters.count, of: Float.self)
    var vectors: [ArenaRegion<Float>] = []
    for _ in 0..<rule.stateCount + (hasAverage ? 1 : 0) {
      vectors.append(try layout.reserve(trainable.count, of: Float.self))
    }
    arena = try Arena(layout)
    byteCount = layout.byteCount
    self.trainable = trainable
    self.parameters = arena[all]
    memory = vectors.prefix(rule.stateCount).map { [arena] in arena[$0] }
    average = hasAverage ? arena[vectors[rule.stateCount]] : nil
    _ = self.parameters.update(fromContentsOf: parameters)
    guard let average else { return }
    trainable.forEachPiece(of: 0..<trainable.count) { number, place, length in
      _ = average.slice(number, length).update(fromContentsOf: self.parameters.slice(place, length))
    }
  }

  /// What is to be published: the average where there is one, and otherwise the parameters as they are.
  package var published: [Float] {
    var values = Array(parameters)
    guard let average else { return values }
    trainable.forEachPiece(of: 0..<trainable.count) { number, place, length in
      values.replaceSubrange(place..<place + length, with: average.slice(number, length))
    }
    return values
  }
}
