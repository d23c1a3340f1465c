import Datasets
import NeuralNetworks
import Planning
import Tensors

/// Sums the clipped gradients of a sample of any size, by physical batches of one fixed size.
///
/// A sample is cut into batches of exactly `batchSize` rows; those left over hold no example and add nothing, so that shapes
/// never depend on the sample. All clipped gradients go into one sum; noise is added to it once, elsewhere, by whoever owns
/// the step.
package final class ClippedGradientSum {
  package let engine: GradientEngine
  private let examples: Examples
  private let microbatches: (assignment: MicrobatchAssignment, sum: MicrobatchSum)?
  /// Of the seeds of dropout; nil where the network has none.
  private let seeds: Keystream?

  /// Seconds spent on copying examples into batches in the calls so far.
  package private(set) var dataSeconds = 0.0
  /// Of the last sample's contributions: +½ for each that was within the clipping norm, −½ for each other. Private, and
  /// what it is for is published with noise.
  package private(set) var signs = 0.0

  /// - Parameters:
  ///   - engine: in mode `perExample` where gradients are to be clipped one by one; otherwise in mode `batch`.
  ///   - microbatchCount: nil without microbatches.
  /// - Throws: `RandomnessError`, `TensorError`.
  package init(
    engine: GradientEngine, examples: Examples, microbatchCount: Int? = nil, key: AttemptKey
  ) throws {
    self.engine = engine
    self.examples = examples
    microbatches =
      if let microbatchCount {
        (try MicrobatchAssignment(key: key, count: microbatchCount), try MicrobatchSum(engine: engine))
      } else {
        nil
      }
    seeds = engine.network.hasDropout ? try Keystream(key: key) : nil
  }

  /// Whose total is the sum so far, in the layout of the network's parameters. Whoever uses it up sets them to 0.
  package var sums: [MutableFloats] { microbatches.map { [$0.sum.sum] } ?? engine.accumulators }

  /// Adds the contributions of the examples numbered by `sample` to `sums`.
  ///
  /// Adding or removing one example moves the sum by at most C, with microbatches by at most 2C, and replacing it by twice
  /// that, whatever the examples hold; with an empty sample nothing is added. That is so up to the rounding of the float32
  /// additions themselves, which depends on everybody's terms (Casacuberta et al., CCS 2022, arXiv:2207.10635): the
  /// guarantee is one of ideal arithmetic, and reports say so.
  ///
  /// - Parameter factors: nil adds gradients as they are (training on public data).
  package func add(_ sample: [Int32], step: Int, parameters: Floats, factors: ClippingFactors?) throws {
    signs = 0
    // In mode `batch` the engine asks no rule.
    let rule = factors ?? ClippingFactors(norms: [1])
    if let microbatches, let factors {
      for group in try microbatches.assignment.groups(of: sample, step: step) {
        try forEachBatch(of: group[...], step: step) { _ in
          try engine.accumulate(parameters: parameters, rule: rule)
        }
        signs += microbatches.sum.endMicrobatch(factors) ? 0.5 : -0.5
      }
    } else {
      precondition((factors != nil) == (engine.configuration.mode == .perExample), "clipping needs norms")
      try forEachBatch(of: sample[...], step: step) { count in
        try engine.accumulate(parameters: parameters, rule: rule)
        guard let factors else { return }
        countSigns(of: count, factors)
      }
    }
  }

  /// Loads batch after batch and calls `body` with the number of examples in it.
  private func forEachBatch(of sample: ArraySlice<Int32>, step: Int, _ body: (Int) throws -> Void) throws {
    let batchSize = engine.configuration.batchSize
    for start in stride(from: sample.startIndex, to: sample.endIndex, by: batchSize) {
      let batch = sample[start..<min(start + batchSize, sample.endIndex)]
      let begin = ContinuousClock.now
      for (row, example) in batch.enumerated() {
        let seed = try seeds?.word(at: .init(.dropout, step: step, block: Int(example))) ?? 0
        try engine.load(row: row, example: Int(example), of: examples, seed: seed)
      }
      engine.clear(rows: batch.count..<batchSize)
      dataSeconds += (ContinuousClock.now - begin) / .seconds(1)
      try body(batch.count)
    }
  }

  private func countSigns(of count: Int, _ factors: ClippingFactors) {
    let norms = engine.squaredNorms
    let groups = factors.norms.count
    for row in 0..<count { signs += factors.isWithin(squaredNorm: norms[row * groups]) ? 0.5 : -0.5 }
  }
}

extension GradientEngine {
  /// Puts a dataset's example into a row.
  func load(row: Int, example: Int, of examples: Examples, seed: UInt64 = 0) throws {
    let size = examples.elementCount, targets = examples.targetCount
    try examples.features.withUnsafeBufferPointer { features in
      try examples.targets.withUnsafeBufferPointer { all in
        try load(
          row: row, features: features.slice(example * size, size), targets: all.slice(example * targets, targets),
          seed: seed)
      }
    }
  }
}

extension Network {
  var hasDropout: Bool {
    nodes.contains {
      if case .dropout = $0.operation { true } else { false }
    }
  }
}
