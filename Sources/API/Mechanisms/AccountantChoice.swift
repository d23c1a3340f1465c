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

  /// Why it is refused; nil where it can be had.
  var whyNotAvailable: String? {
    switch self {
    case .auto, .rdp, .pld, .gdp: nil
    case .moments:
      "moments (Abadi et al. 2016) is not built in; rdp is the same bound with a tighter conversion. Send rdp or auto."
    }
  }

  /// Whether Rényi orders mean anything to it. With `auto` they ask for Rényi divergence.
  var takesOrders: Bool { self == .auto || self == .rdp }
}
