import Datasets
import NeuralNetworks
import Tensors

/// Sums the clipped gradients of a sample of any size, by physical batches of one fixed size.
///
/// A sample is cut into batches of exactly `batchSize` rows. Rows without an example are computed all the same and add
/// nothing, so that shapes never depend on the sample. All clipped gradients go into one sum; noise is added to it once,
/// elsewhere, by whoever owns the step.
package final class ClippedGradientSum {
  package let engine: GradientEngine
  private let examples: Examples
  private let exampleSize: Int
  private let rule: FlatClippingRule

  /// - Parameters:
  ///   - engine: in mode `perExample` if there is a clipping norm.
  ///   - clippingNorm: nil adds gradients as they are (training on public data).
  package init(engine: GradientEngine, examples: Examples, clippingNorm: Double?) {
    precondition(clippingNorm == nil || engine.configuration.mode == .perExample, "clipping needs norms")
    self.engine = engine
    self.examples = examples
    rule = FlatClippingRule(clippingNorm: clippingNorm ?? .infinity)
    exampleSize = engine.network.inputShape.count
  }

  /// Seconds spent on copying examples into batches in the calls so far.
  package private(set) var dataSeconds = 0.0

  /// Adds Σ min(1, C/‖g‖)·g over the gradients g of the examples numbered by `sample` to `sum`.
  ///
  /// Changing one example of the sample moves the sum by at most 2C, adding or removing one by at most C, whatever the
  /// examples hold; with an empty sample nothing is added. That is so up to the rounding of the float32 additions
  /// themselves, which depends on everybody's terms (Casacuberta et al., CCS 2022, arXiv:2207.10635): the guarantee is
  /// one of ideal arithmetic, and reports say so.
  package func add(_ sample: [Int32], parameters: [Float], to sum: inout [Float]) throws {
    let batchSize = engine.configuration.batchSize
    for start in stride(from: 0, to: sample.count, by: batchSize) {
      let batch = sample[start..<min(start + batchSize, sample.count)]
      let clock = ContinuousClock.now
      for (row, example) in batch.enumerated() { try load(Int(example), row: row) }
      engine.clear(rows: batch.count..<batchSize)
      dataSeconds += (ContinuousClock.now - clock) / .seconds(1)
      try engine.accumulate(parameters: parameters, rule: rule)
    }
    try engine.takeGradient(addingTo: &sum)
  }

  private func load(_ example: Int, row: Int) throws {
    try examples.features.withUnsafeBufferPointer { features in
      try engine.load(
        row: row, features: features.extracting(example * exampleSize..<(example + 1) * exampleSize),
        label: examples.label(of: example))
    }
  }
}

extension GradientEngine {
  /// Puts an example with one class id into a row.
  func load(row: Int, features: Floats, label: Int) throws(NetworkError) {
    var target = Float(label)
    let result = withUnsafePointer(to: &target) { target in
      Result { () throws(NetworkError) in
        try load(row: row, features: features, targets: Floats(start: target, count: 1))
      }
    }
    try result.get()
  }
}
