import Glibc

/// Evaluates the divergence of one mechanism; holds what serves every order, like the quadrature nodes of sampled ones.
struct MechanismEvaluator {
  private let mechanism: Mechanism
  private var method: Method

  /// What is kept from one order to the next.
  private indirect enum Method {
    case closedForm
    case poisson(PoissonGaussianProfile)
    case replaced(ReplacedRecordDivergence)
    case mixture(MixtureDivergence)
    case fixedSize(FixedSizeProfile)
    case branches([(weight: Double, evaluator: MechanismEvaluator)])
    case allocation(AllocationDivergence)
    case sampled(SampledAtomsDivergence)
    case selection(SelectionDivergence)
  }

  init(_ mechanism: Mechanism) {
    self.mechanism = mechanism
    method =
      switch mechanism {
      case .poissonGaussian(let probability, let noise, let replaceOne):
        replaceOne
          ? .replaced(ReplacedRecordDivergence(samplingProbability: probability, noiseMultiplier: noise))
          : .poisson(PoissonGaussianProfile(samplingProbability: probability, noiseMultiplier: noise))
      case .gaussianMixture(let mixture): .mixture(MixtureDivergence(mixture))
      case .fixedSizeGaussian(let sample): .fixedSize(FixedSizeProfile(sample))
      case .truncatedPoissonGaussian(let sample):
        .branches(sample.branches.map { ($0.weight, MechanismEvaluator($0.mechanism)) })
      case .allocatedGaussian(let release):
        release.replaceOne
          ? .replaced(ReplacedRecordDivergence(noiseMultiplier: release.noiseMultiplier, bins: release.bins))
          : .allocation(AllocationDivergence(noiseMultiplier: release.noiseMultiplier, bins: release.bins))
      case .sampled(let base, let probability): .sampled(SampledAtomsDivergence(base: base, probability: probability))
      case .selection(let selection): .selection(SelectionDivergence(selection))
      default: .closedForm
      }
  }

  /// Restricts every choice of a second order, in private selection, to a list.
  mutating func restrictInnerOrders(to orders: [Double]) {
    if case .selection(var divergence) = method {
      divergence.restrict(to: orders)
      method = .selection(divergence)
    }
  }

  /// Upper bound of the divergence of order α > 1, finite, of one application.
  mutating func divergence(order: Double) -> Double {
    switch method {
    case .closedForm: return closedForm(order: order)
    case .poisson(var profile):
      method = .closedForm  // So that the nodes have one owner and are extended in place.
      defer { method = .poisson(profile) }
      return profile.divergence(order: order)
    case .replaced(var divergence):
      method = .closedForm
      defer { method = .replaced(divergence) }
      return divergence.upperBound(order: order)
    case .mixture(var divergence):
      method = .closedForm
      defer { method = .mixture(divergence) }
      return divergence.upperBound(order: order)
    case .fixedSize(var profile):
      method = .closedForm
      defer { method = .fixedSize(profile) }
      return profile.divergence(order: order)
    case .allocation(var divergence):
      method = .closedForm
      defer { method = .allocation(divergence) }
      return divergence.divergence(order: order)
    case .sampled(var divergence):
      method = .closedForm
      defer { method = .sampled(divergence) }
      return divergence.upperBound(order: order)
    case .selection(var divergence):
      method = .closedForm
      defer { method = .selection(divergence) }
      return divergence.divergence(order: order)
    case .branches(var branches):
      method = .closedForm
      defer { method = .branches(branches) }
      return Self.mean(of: &branches, order: order)
    }
  }

  /// Branches that are told: E[rᵅ] is the weighted mean of theirs, and so is its excess over 1.
  private static func mean(
    of branches: inout [(weight: Double, evaluator: MechanismEvaluator)], order: Double
  ) -> Double {
    var logExcess = -Double.infinity
    for index in branches.indices {
      let divergence = branches[index].evaluator.divergence(order: order)
      let excess = LogExcess.of(divergence: divergence, order: order) + log(branches[index].weight)
      logExcess = LogExcess.sum(logExcess, excess.raised(by: 4 * ulp * abs(excess)))
    }
    return LogExcess.divergence(logExcess: logExcess, order: order)
  }

  private func closedForm(order: Double) -> Double {
    switch mechanism {
    case .gaussian(let noise), .gaussianWithin(let noise, _):
      GaussianDivergence.upperBound(noiseMultiplier: noise, order: order)
    case .laplace(let noise): LaplaceDivergence.upperBound(noiseMultiplier: noise, order: order)
    case .randomizedResponse(let p, let buckets, let replaceOne):
      RandomizedResponseDivergence.upperBound(
        noiseParameter: p, buckets: Double(buckets), order: order, replaceOne: replaceOne)
    case .zeroConcentrated(let rho, let xi):
      ZeroConcentratedDivergence.upperBound(rho: rho, xi: xi, order: order)
    case .pure(let epsilon): PureDivergence.upperBound(epsilon: epsilon, order: order)
    case .boundedRange(let epsilon): BoundedRangeDivergence.upperBound(epsilon: epsilon, order: order)
    case .discreteLaplace(let scale, let sensitivity):
      DiscreteLaplaceDivergence.upperBound(scale: scale, sensitivity: sensitivity, order: order)
    case .discreteGaussian(let scale, let sensitivity):
      DiscreteGaussianDivergence.upperBound(scale: scale, sensitivity: sensitivity, order: order)
    default: .infinity
    }
  }
}
