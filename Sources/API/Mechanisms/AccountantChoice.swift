/// `accountant` as the caller names it.
enum AccountantChoice: String, CaseIterable {
  /// The tight accountant, or Rényi divergence where that is all there is.
  case auto
  /// Rényi divergence.
  case rdp
  /// The tight accountant: privacy loss distributions, and what is better where it is known.
  case pld
  /// The moments accountant of Abadi et al. 2016, as they defined it.
  case moments
  /// The central limit theorem: an estimate.
  case gdp

  /// Whether Rényi orders mean anything to it. With `auto` they ask for Rényi divergence.
  var takesOrders: Bool { self == .auto || self == .rdp }

  /// Whether a field can be solved for by it; nil, or why not.
  var whyNoSolution: String? {
    switch self {
    case .auto, .rdp, .pld: nil
    case .moments: "moments is for comparing figures; solve by rdp, which is the same bound with a tighter conversion."
    case .gdp: "gdp is an estimate: what it solves for could miss the target. Send auto, pld or rdp."
    }
  }
}
