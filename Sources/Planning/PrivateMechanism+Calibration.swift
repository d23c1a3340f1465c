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

  /// The least σ found, to a relative 10⁻⁶, whose ε is at or below `target`. ε falls as σ grows; what is returned was
  /// itself evaluated, so the answer holds whatever the search did on its way.
  private static func noiseMultiplier(
    reaching target: Double, delta: Double, adjacency: Adjacency, sampling: PoissonSampling, steps: Int
  ) throws(PlanningError) -> Double {
    func reaches(_ noiseMultiplier: Double) throws(PlanningError) -> Bool {
      let event = PrivacyEvent.dpsgd(
        samplingProbability: sampling.probability, noiseMultiplier: noiseMultiplier, steps: steps)
      do {
        return try RenyiAccountant(event: event, relation: adjacency.relation).epsilon(delta: delta).epsilon <= target
      } catch {
        throw PlanningError([FieldIssue(.unsoundCombination, at: "/privacy/target_epsilon", "\(error)")])
      }
    }
    let range = IssueCollector.noiseMultiplierRange
    guard try reaches(range.upperBound) else {
      throw PlanningError([
        FieldIssue(
          at: "/privacy/target_epsilon",
          "No noise multiplier up to \(range.upperBound) reaches ε = \(target) at δ = \(delta) in \(steps) steps: raise "
            + "target_epsilon or delta, or train for fewer steps.")
      ])
    }
    var enough = range.upperBound
    var tooLittle = range.lowerBound
    if try reaches(tooLittle) { return tooLittle }
    while enough > tooLittle * (1 + 1e-6) {
      // Over nine orders of magnitude the geometric mean halves the relative width.
      let middle = (tooLittle * enough).squareRoot()
      if try reaches(middle) { enough = middle } else { tooLittle = middle }
    }
    return enough
  }
}
