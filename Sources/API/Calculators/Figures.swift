import Accounting

/// ε as an answer states it.
struct EpsilonFigure {
  /// Rounded up; infinite where no finite bound is proved. Of an estimate the estimate.
  var upper: Double
  /// Rounded down; nil where none is known.
  var lower: Double?
  var provenance: Provenance
}

extension EpsilonFigure {
  /// nil where an upper bound by Rényi divergence is all that the tight accountant has.
  init?(tight bracket: EpsilonBracket) {
    guard bracket.method != .renyi || bracket.lower != nil else { return nil }
    self.init(upper: bracket.upper, lower: bracket.lower, provenance: .tight(bracket.method))
  }

  init(moments bound: EpsilonBound) {
    self.init(upper: bound.epsilon, lower: nil, provenance: .moments(order: bound.order))
  }

  init(_ bound: EpsilonBound, fallback: String?) {
    self.init(upper: bound.epsilon, lower: nil, provenance: .renyi(order: bound.order, fallback: fallback))
  }
}

/// δ as an answer states it.
struct DeltaFigure {
  /// Rounded up. Of an estimate the estimate.
  var upper: Double
  /// Rounded down; nil where none is known.
  var lower: Double?
  var provenance: Provenance
}

extension DeltaFigure {
  /// nil where an upper bound by Rényi divergence is all that the tight accountant has.
  init?(tight bracket: DeltaBracket) {
    guard bracket.method != .renyi || bracket.lower != nil else { return nil }
    self.init(upper: bracket.upper, lower: bracket.lower, provenance: .tight(bracket.method))
  }

  init(moments bound: DeltaBound) {
    self.init(upper: bound.delta, lower: nil, provenance: .moments(order: bound.order))
  }

  init(_ bound: DeltaBound, fallback: String?) {
    self.init(upper: bound.delta, lower: nil, provenance: .renyi(order: bound.order, fallback: fallback))
  }
}
