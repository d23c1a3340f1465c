import CKernels
import Tensors

// Microbatches (mode `grouped`): the norm and the factor are those of the sum of the gradients of a group of examples,
// of any number, as in TensorFlow Privacy with more than one example in a microbatch:
//
//     for each group {
//       for each batch of its examples { load; clear; try engine.accumulateGroup(parameters: parameters) }
//       engine.finishGroup(rule: rule)
//     }

extension GradientEngine {
  /// Adds the gradients of the batch to the sum of the unfinished group.
  /// - Throws: `NetworkError.count`, `TensorError.library`.
  public func accumulateGroup(parameters: Floats) throws {
    precondition(configuration.mode == .grouped, "an engine that sums groups of examples")
    try run(parameters) { thread, worker in
      worker.accumulate(parameters: parameters, to: arena[execution.groupParts[thread]])
    }
  }

  /// Adds the unfinished group's sum, times what `rule` gives for its norms, to the accumulators, and begins a new group.
  ///
  /// - Returns: the group's squared norms and factors, by group of parameters.
  @discardableResult
  public func finishGroup(rule: some FactorRule) -> (squaredNorms: [Double], factors: [Float]) {
    precondition(configuration.mode == .grouped, "an engine that sums groups of examples")
    let parts = execution.groupParts.map { arena[$0] }
    let total = parts[0]
    for part in parts.dropFirst() {
      sweep { ck_add($0.count, part.slice($0).baseAddress, total.slice($0).baseAddress) }
      part.update(repeating: 0)
    }
    let groups = execution.groups
    var squaredNorms = [Double](repeating: 0, count: groups.count)
    for (parameter, group) in zip(network.parameters, groups.byParameter) where group >= 0 {
      var squaredNorm = 0.0
      ck_row_squared_norms(1, parameter.shape.count, total.slice(parameter).baseAddress, &squaredNorm)
      squaredNorms[group] += squaredNorm
    }
    var factors = [Float](repeating: 0, count: groups.count)
    squaredNorms.withUnsafeBufferPointer { squaredNorms in
      [true].withUnsafeBufferPointer { isExample in
        factors.withUnsafeMutableBufferPointer {
          rule.setFactors(squaredNorms: squaredNorms, isExample: isExample, firstRow: 0, count: 1, into: $0)
        }
      }
    }
    // A sum that is not finite has no direction to keep, and 0 · ∞ would spoil all that was added before.
    if !squaredNorms.allSatisfy(\.isFinite) { factors = factors.map { _ in 0 } }
    let sum = accumulators[0]
    for (parameter, group) in zip(network.parameters, groups.byParameter) where group >= 0 && factors[group] != 0 {
      withUnsafePointer(to: factors[group]) {
        ck_add_weighted_row_sum(
          1, parameter.shape.count, $0, total.slice(parameter).baseAddress, sum.slice(parameter).baseAddress)
      }
    }
    total.update(repeating: 0)
    return (squaredNorms, factors)
  }

  /// Calls `body` with each thread's part of the parameters.
  private func sweep(_ body: (Range<Int>) -> Void) {
    pool.run { body(WorkerPool.share(of: network.parameterCount, member: $0, members: pool.members, unit: 16)) }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  fileprivate func slice(_ range: Range<Int>) -> MutableFloats { slice(range.lowerBound, range.count) }
}
