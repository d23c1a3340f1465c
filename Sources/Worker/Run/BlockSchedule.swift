import Planning

/// Where a run stops to commit and to measure. It depends on the plan and on timings of synthetic data only: were it to
/// follow the time of steps on private data, the times of commits would tell about them.
package struct BlockSchedule: Hashable {
  let steps: Int
  let sampling: PoissonSampling
  /// Steps in a block, at most.
  package let blockLength: Int
  /// Steps that a block has at least before the end of an epoch cuts it.
  private let leastLength: Int

  /// A block is about a 25th of the run, but no less than a quarter of a second and no more than twenty: that bounds both
  /// what the ledger writes and what a crash throws away.
  /// - Parameter leastSeconds: what a block takes at least where an epoch's end cuts it: a commit costs a synchronous
  ///   write, and on small data an epoch may be a few steps.
  package init(plan: TrainingPlan, secondsPerStep: Double, leastSeconds: Double = 0.25) {
    steps = plan.steps
    sampling = plan.sampling
    let wanted = min(max(secondsPerStep * Double(plan.steps) / 25, 0.25), 20)
    let length = secondsPerStep > 0 ? wanted / secondsPerStep : Double(plan.steps)
    blockLength = length < Double(plan.steps) ? max(1, Int(length)) : plan.steps
    let least = secondsPerStep > 0 ? leastSeconds / secondsPerStep : 0
    leastLength = least < Double(blockLength) ? max(1, Int(least)) : blockLength
  }

  /// The last step of the block that begins after `step`. Blocks lead up to the end of an epoch in equal parts: the next
  /// one that leaves a block its least length.
  package func end(after step: Int) -> Int {
    let epochEnd = firstStep(ofEpoch: epoch(at: step + leastLength - 1) + 1)
    let rest = (epochEnd < UInt128(steps) ? Int(epochEnd) : steps) - step
    let blocks = (rest + blockLength - 1) / blockLength
    return step + (rest + blocks - 1) / blocks
  }

  /// Whether to measure after `step`, when the last measure was after `previous`: at the ends of epochs (of up to 100 of
  /// them), at every tenth of the run, and at its end.
  package func isEvaluationDue(at step: Int, previous: Int) -> Bool {
    guard step > previous else { return false }
    if step == steps { return true }
    if step * 10 / steps > previous * 10 / steps { return true }
    let stride = max(1, epoch(at: steps) / 100)
    return epoch(at: step) / stride > epoch(at: previous) / stride
  }

  /// Whole expected passes over the data after `step`.
  private func epoch(at step: Int) -> UInt128 {
    UInt128(step) * UInt128(sampling.expectedBatchSize) / UInt128(sampling.datasetSize)
  }

  /// The first step by which `epoch` passes are complete.
  private func firstStep(ofEpoch epoch: UInt128) -> UInt128 {
    let examples = epoch * UInt128(sampling.datasetSize)
    let batch = UInt128(sampling.expectedBatchSize)
    return (examples + batch - 1) / batch
  }
}
