import Accounting

extension PrivateMechanism {
  /// Clipping and noise of a specification whose fields were found to be in their domains; nil without privacy.
  init?(_ specification: JobSpecification, sampling: PoissonSampling, steps: Int) throws(PlanningError) {
    let privacy = specification.privacy
    guard privacy.isPrivate, let clipping = specification.training.clipping, let delta = privacy.delta else {
      return nil
    }
    clippingNorm = clipping.norm
    adjacency = privacy.adjacency
    self.delta = delta
    if let written = privacy.noiseMultiplier {
      noiseMultiplier = written
    } else if let target = privacy.targetEpsilon {
      noiseMultiplier = try Self.noiseMultiplier(
        reaching: target, delta: delta, adjacency: privacy.adjacency, sampling: sampling, steps: steps)
    } else {
      return nil
    }
  }

  /// The least σ found whose ε, evaluated again, is at or below `target`.
  private static func noiseMultiplier(
    reaching target: Double, delta: Double, adjacency: Adjacency, sampling: PoissonSampling, steps: Int
  ) throws(PlanningError) -> Double {
    let found: Double
    do {
      let calibration = try Calibration(
        target: PrivacyTarget(epsilon: target, delta: delta), relation: adjacency.relation)
      found = try calibration.noiseMultiplier {
        .dpsgd(samplingProbability: sampling.probability, noiseMultiplier: $0, steps: steps)
      }.value
    } catch AccountingError.targetUnreachable {
      found = .infinity
    } catch {
      throw PlanningError([FieldIssue(.unsoundCombination, at: "/privacy/target_epsilon", "\(error)")])
    }
    let range = IssueCollector.noiseMultiplierRange
    guard found <= range.upperBound else {
      throw PlanningError([
        FieldIssue(
          at: "/privacy/target_epsilon",
          "No noise multiplier up to \(range.upperBound) reaches ε = \(target) at δ = \(delta) in \(steps) steps: raise "
            + "target_epsilon or delta, or train for fewer steps.")
      ])
    }
    return max(found, range.lowerBound)
  }
}
