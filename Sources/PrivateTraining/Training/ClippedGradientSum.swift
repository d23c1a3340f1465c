import Datasets
import NeuralNetworks

/// Sums the clipped gradients of a sample of any size, by physical batches of one fixed size.
///
/// A sample is cut into batches of exactly `batchSize` rows. Rows without an example of their own repeat one that is there
/// and get factor 0, so that shapes never depend on the sample. All clipped gradients go into one sum; noise is added to
/// it once, elsewhere, by whoever owns the step.
package final class ClippedGradientSum {
  package let engine: GradientEngine
  private let examples: Examples
  private let exampleSize: Int
  /// Nil adds gradients as they are (training on public data).
  private let clippingNorm: Double?
  private var factors: [Float]
  /// The example that each row of the batch holds.
  private var rows: [Int32]

  /// - Parameter engine: in mode `perExample` if there is a clipping norm.
  package init(engine: GradientEngine, examples: Examples, clippingNorm: Double?) {
    precondition(clippingNorm == nil || engine.configuration.mode == .perExample, "clipping needs norms")
    self.engine = engine
    self.examples = examples
    self.clippingNorm = clippingNorm
    exampleSize = engine.network.inputShape.count
    factors = Array(repeating: 0, count: engine.configuration.batchSize)
    rows = Array(repeating: 0, count: engine.configuration.batchSize)
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
    for start in stride(from: 0, to: sample.count, by: rows.count) {
      try addBatch(sample[start..<min(start + rows.count, sample.count)], parameters: parameters, to: &sum)
    }
  }

  private func addBatch(_ batch: ArraySlice<Int32>, parameters: [Float], to sum: inout [Float]) throws {
    let start = ContinuousClock.now
    for row in rows.indices {
      let isExample = row < batch.count
      try load(isExample ? batch[batch.startIndex + row] : batch[batch.startIndex], row: row)
      factors[row] = isExample ? 1 : 0
    }
    dataSeconds += (ContinuousClock.now - start) / .seconds(1)
    try engine.run(parameters: parameters)
    if let clippingNorm {
      guard try excludeNonFinite(parameters: parameters) else { return }
      for row in rows.indices where factors[row] != 0 {
        factors[row] = Clipping.factor(squaredNorm: engine.squaredNorms[row], clippingNorm: clippingNorm)
      }
    }
    try engine.addGradientSum(factors: factors, to: &sum)
  }

  /// Replaces rows whose gradient is not finite by a masked copy of one whose gradient is, and computes the batch again,
  /// until all are finite; false if no row is.
  ///
  /// A factor of 0 is not enough: 0 · ∞ is NaN and would spoil the sum for all. Dropping the whole batch is wrong too: one
  /// example could then remove the contributions of others, and the sum would move by more than C.
  private func excludeNonFinite(parameters: [Float]) throws -> Bool {
    while true {
      let norms = engine.squaredNorms
      if norms.allSatisfy(\.isFinite) { return true }
      guard let good = norms.firstIndex(where: \.isFinite) else { return false }
      let example = rows[good]
      for row in rows.indices where !norms[row].isFinite {
        try load(example, row: row)
        factors[row] = 0
      }
      try engine.run(parameters: parameters)
    }
  }

  private func load(_ example: Int32, row: Int) throws {
    rows[row] = example
    try examples.features.withUnsafeBufferPointer { features in
      try engine.load(
        row: row, features: features.extracting(Int(example) * exampleSize..<(Int(example) + 1) * exampleSize),
        label: examples.label(of: Int(example)))
    }
  }
}
