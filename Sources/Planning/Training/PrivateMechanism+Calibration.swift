import Accounting

extension PrivateMechanism {
  /// Clipping and noise of a specification whose fields were found to be in their domains; nil without privacy.
  init?(
    _ specification: JobSpecification, architecture: ModelArchitecture, sampling: PoissonSampling, steps: Int
  ) throws(PlanningError) {
    let privacy = specification.privacy
    guard privacy.isPrivate, let clipping = specification.training.clipping, let delta = privacy.delta else {
      return nil
    }
    clippingNorm = clipping.norm
    microbatches = Microbatches(
      size: specification.training.microbatchSize, expectedBatchSize: sampling.expectedBatchSize)
    self.clipping = ClippingRule(
      clipping, architecture: architecture, denominator: microbatches?.count ?? sampling.expectedBatchSize)
    adjacency = privacy.adjacency
    self.delta = delta
    // A first multiplier only, so that every property is set: the event, which the target needs, is a function of the whole.
    noiseMultiplier = privacy.noiseMultiplier ?? 1
    if let target = privacy.targetEpsilon {
      noiseMultiplier = try noiseMultiplier(reaching: target, sampling: sampling, steps: steps)
    }
  }

  /// The same with other noise.
  public func with(noiseMultiplier: Double) -> PrivateMechanism {
    var other = self
    other.noiseMultiplier = noiseMultiplier
    return other
  }

  /// The least σ found whose ε, evaluated again, is at or below `target`.
  private func noiseMultiplier(
    reaching target: Double, sampling: PoissonSampling, steps: Int
  ) throws(PlanningError) -> Double {
    let found: Double
    do {
      let calibration = try Calibration(target: PrivacyTarget(epsilon: target, delta: delta), relation: relation)
      found = try calibration.noiseMultiplier {
        .selfComposed(event: with(noiseMultiplier: $0).event(of: sampling), count: steps)
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
            + "target_epsilon or delta\(countHint), or train for fewer steps.")
      ])
    }
    return max(found, range.lowerBound)
  }

  /// With adaptive clipping the count may cost more than the whole target, whatever the noise on the gradients.
  private var countHint: String {
    if case .adaptive = clipping { " or clipping's count_stddev" } else { "" }
  }
}

extension ClippingRule {
  init(_ specification: ClippingSpecification, architecture: ModelArchitecture, denominator: Int) {
    func grouped(_ grouping: ModelArchitecture.Grouping) -> ClippingRule {
      let groups = architecture.groups(by: grouping)
      let count = (groups.max() ?? 0) + 1
      let norm = specification.norm / Double(count).squareRoot()
      return .grouped(ParameterGroups(groupOfParameter: groups, norms: Array(repeating: norm, count: count)))
    }
    self =
      switch specification.mode {
      case .flat: .flat
      case .automatic(let gamma): .automatic(gamma: gamma)
      case .normalised: .normalised
      case .perLayer: grouped(.layer)
      case .perBlock: grouped(.block)
      case .perParameter: grouped(.parameter)
      case .adaptive(let adaptive):
        .adaptive(
          AdaptiveClipping(
            targetQuantile: adaptive.targetQuantile, learningRate: adaptive.learningRate,
            countStandardDeviation: adaptive.countStandardDeviation ?? Double(denominator) / 20))
      }
  }
}
