import Accounting

/// Who computed a figure, and how.
struct Provenance: Hashable {
  /// Never `auto`: the one that answered.
  var accountant: AccountantChoice
  var method: Method
  /// The Rényi order of the bound; infinite where pure differential privacy decides, nil where no order takes part.
  var order: Double?
  /// Why the tight accountant did not answer, where `auto` would have preferred it.
  var fallback: String?

  enum Method: String {
    case closedForm = "closed_form"
    case contourIntegral = "contour_integral"
    case lossDistribution = "loss_distribution"
    case renyi

    init(_ method: TightMethod) {
      switch method {
      case .closedForm: self = .closedForm
      case .contourIntegral: self = .contourIntegral
      case .lossDistribution: self = .lossDistribution
      case .renyi: self = .renyi
      }
    }
  }

  static func renyi(order: Double?, fallback: String? = nil) -> Provenance {
    Provenance(accountant: .rdp, method: .renyi, order: order, fallback: fallback)
  }

  static func tight(_ method: TightMethod) -> Provenance {
    Provenance(accountant: .pld, method: Method(method), order: nil)
  }

  /// What the answer says about it.
  var members: [JSONValue.Member] {
    [
      .init("accountant", .string(accountant.rawValue)),
      .init("method", .string(method.rawValue)),
      .init("order", JSONValue(order)),
    ]
  }

  var warning: String? {
    fallback.map {
      "accountant auto: \($0), so the answer is by Rényi divergence (rdp): an upper bound, usually a few per cent above the "
        + "smallest true ε and sometimes more. There is no lower bound with it."
    }
  }
}

/// ε as an answer states it.
struct EpsilonFigure {
  /// Rounded up; infinite where no finite bound is proved.
  var upper: Double
  /// Rounded down; nil where none is known.
  var lower: Double?
  var provenance: Provenance
}

/// δ as an answer states it.
struct DeltaFigure {
  /// Rounded up.
  var upper: Double
  /// Rounded down; nil where none is known.
  var lower: Double?
  var provenance: Provenance
}
