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
    case moments
    case centralLimit = "central_limit_theorem"

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

  static func moments(order: Double?) -> Provenance {
    Provenance(accountant: .moments, method: .moments, order: order)
  }

  static let centralLimit = Provenance(accountant: .gdp, method: .centralLimit, order: nil)

  /// As the tight accountant knows it; what is no answer of it is as good as a Rényi bound.
  var tightMethod: TightMethod { TightMethod(rawValue: method.rawValue) ?? .renyi }

  /// Neither a bound from above nor from below.
  var isEstimate: Bool { method == .centralLimit }

  /// What the answer says about it.
  var members: [JSONValue.Member] {
    let members: [JSONValue.Member] = [
      .init("accountant", .string(accountant.rawValue)),
      .init("method", .string(method.rawValue)),
      .init("order", JSONValue(order)),
    ]
    return isEstimate ? members + [.init("estimate", true)] : members
  }

  var warning: String? {
    if isEstimate {
      return
        "accountant gdp: an estimate by the central limit theorem (arXiv:1911.11607), not a bound: the true figure can be "
        + "larger. Do not report or charge it; pld and rdp give bounds."
    }
    if accountant == .pld, method == .renyi {
      return
        "method renyi: the upper bound is by Rényi divergence, the least that is proved here, usually a few per cent above the "
        + "smallest true ε and sometimes more. The lower bound is what an attacker certainly reaches; of a mechanism that is given by "
        + "a property alone (zcdp, repeat_and_select) some mechanism with the property reaches it."
    }
    return fallback.map {
      "accountant auto: \($0), so the answer is by Rényi divergence (rdp): an upper bound, usually a few per cent above the "
        + "smallest true ε and sometimes more. There is no lower bound with it."
    }
  }
}
