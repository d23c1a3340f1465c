extension PrivacyReport {
  /// The report as one paragraph and a list of assumptions, wrapped at 80 columns.
  public var text: String {
    let list = assumptions.map { Paragraph.fill("- " + $0) }
    return ([Paragraph.fill(summary), "Assumptions:"] + list).joined(separator: "\n") + "\n"
  }

  /// The report as a Markdown section: the paragraph, a table of the figures and the assumptions.
  public var markdown: String {
    var lines = ["## Privacy report", "", summary, "", "| | |", "| --- | --- |"]
    for entry in entries {
      switch entry.value {
      case .text(let text): lines.append("| \(entry.label) | \(text) |")
      case .number(let number): lines.append("| \(entry.label) | \(PrivacyReport.figure(number)) |")
      case .list: break
      }
    }
    lines += ["", "Assumptions:", ""] + assumptions.map { "- \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a reviewer reads first.
  private var summary: String {
    let upper = PrivacyReport.figure(epsilon.upper)
    var sentences = [
      "The release of \(setting.release) protects \(unitText): it is (ε, δ)-differentially private in the "
        + "\(setting.model) model with ε = \(upper) at δ = \(PrivacyReport.figure(delta)), where \(adjacencyText)."
    ]
    if epsilon.upper == .infinity {
      sentences[0] =
        "The release of \(setting.release) has no finite ε at δ = \(PrivacyReport.figure(delta)): it does not protect "
        + "\(unitText)."
    }
    if let lower = epsilon.lower, epsilon.upper < .infinity {
      sentences.append(
        "The least such ε is at least \(PrivacyReport.figure(lower)); both bounds are certified (\(accountantText)).")
    } else {
      sentences.append("The bound is by \(accountantText); how far it lies above the least ε is not known.")
    }
    if let gaussian {
      sentences.append(
        "It is μ-Gaussian differentially private with μ = \(PrivacyReport.figure(gaussian.mu)), but for a probability of "
          + "\(PrivacyReport.figure(gaussian.floor)), with a regret of \(PrivacyReport.figure(gaussian.regret)).")
    }
    if let risk {
      let rates = zip(risk.falsePositiveRates, risk.truePositiveRates).map {
        "at most \(PrivacyReport.figure($1)) of those who took part at a false positive rate of \(PrivacyReport.figure($0))"
      }
      sentences.append(
        "Whatever an attacker knows and does, telling whether \(unitNoun) took part succeeds with an advantage of at most "
          + "\(PrivacyReport.figure(risk.advantage)) over guessing; it finds " + rates.joined(separator: ", ") + ".")
    }
    return sentences.joined(separator: " ")
  }

  /// All digits, so that a bound is never rounded to the wrong side.
  private static func figure(_ number: Double?) -> String {
    guard let number else { return "not known" }
    return number.isFinite ? DecimalText(number).ecmaScript : "infinite"
  }
}

extension PrivacyReport {
  var unitText: String {
    switch setting.unit {
    case .example: "each single example"
    case .user(let size): "each user with at most \(size) \(size == 1 ? "example" : "examples")"
    }
  }

  private var unitNoun: String {
    switch setting.unit {
    case .example: "an example"
    case .user: "a user"
    }
  }

  var adjacencyText: String {
    let noun =
      switch setting.unit {
      case .example: "one example"
      case .user: "all examples of one user"
      }
    return switch relation {
    case .addOrRemoveOne: "neighboring datasets differ by \(noun) added or removed"
    case .replaceOne: "neighboring datasets differ by \(noun) replaced by any other"
    case .replaceSpecial: "neighboring datasets differ by \(noun) replaced by a record that contributes nothing"
    }
  }

  var accountantText: String {
    switch epsilon.method {
    case .closedForm: "closed form of the hockey-stick divergence"
    case .contourIntegral: "contour integral of the moment generating function with explicit error terms"
    case .lossDistribution: "privacy loss distributions with certified rounding"
    case .renyi: "Rényi divergence, an upper bound"
    }
  }

  /// What the figures rest on: what the event says about sampling and noise, then what the caller says.
  var assumptions: [String] {
    var collector = AssumptionCollector()
    collector.visit(event)
    return collector.sentences + setting.assumptions
  }
}

/// One sentence for each kind of assumption in an event, in the order in which they come up.
private struct AssumptionCollector {
  private(set) var sentences: [String] = []

  private mutating func add(_ sentence: String) {
    if !sentences.contains(sentence) { sentences.append(sentence) }
  }

  mutating func visit(_ event: PrivacyEvent) {
    switch event {
    case .noOp, .nonPrivate: break
    case .composed(let events): for inner in events { visit(inner) }
    case .selfComposed(let inner, _): visit(inner)
    case .poissonSampled(let probability, let inner):
      add(
        "Each batch holds every record independently with the stated probability (Poisson sampling)"
          + (probability < 1 ? "; shuffled or fixed-size batches are not covered." : "."))
      visit(inner)
    case .sampledWithoutReplacement(_, _, let inner):
      add("Each batch is a uniform sample of fixed size without replacement, drawn afresh each time.")
      visit(inner)
    case .repeatAndSelect(let inner, _, _):
      add("The number of repetitions is drawn from the stated distribution and only the best run is published.")
      visit(inner)
    default: visitLeaf(event)
    }
  }

  private mutating func visitLeaf(_ event: PrivacyEvent) {
    switch event {
    case .gaussian, .laplace: add("Contributions are clipped to the stated norm and the noise is exact and continuous.")
    case .truncatedPoissonSampledGaussian:
      add("Batches are Poisson-sampled and cut to the stated size uniformly at random.")
    case .randomAllocation: add("Each record takes part in the stated number of steps, chosen uniformly at random.")
    case .mixtureOfGaussians:
      add(
        "A contribution to a step has the stated sensitivities with the stated probabilities, independently each time.")
    case .treeAggregation: add("Records take part in the tree as its schedule says.")
    case .matrixFactorization: add("Records take part no more often, and no closer together, than the strategy says.")
    case .discreteGaussian, .discreteLaplace: add("The query is integer-valued and the noise is exactly discrete.")
    case .randomizedResponse: add("Each record is reported once, through the stated randomized response.")
    case .exponentialMechanism: add("The utility's range is bounded as stated.")
    case .epsilonDelta, .zeroConcentrated: add("Parts stated only by their own guarantee keep it.")
    default: break
    }
  }
}
