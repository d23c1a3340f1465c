/// `accountant` as the caller names it, and what this version makes of it.
enum AccountantChoice: String, CaseIterable {
  case auto, rdp, pld, moments, gdp

  /// Why it is refused; nil where it can be had.
  var whyNotAvailable: String? {
    switch self {
    case .auto, .rdp: nil
    case .pld:
      "pld (privacy loss distributions) is not built in yet; rdp gives a proved upper bound, which is what auto answers with."
    case .moments:
      "moments (Abadi et al. 2016) is not built in; rdp is the same bound with a tighter conversion. Send rdp or auto."
    case .gdp:
      "gdp (central limit theorem) is an estimate that can lie below the truth, and is not built in; rdp gives a proved "
        + "upper bound. Send rdp or auto."
    }
  }

  /// What the answer says about it.
  var warning: String? {
    self == .auto
      ? "accountant auto: the tight accountant is not built in yet, so the answer is by Rényi divergence (rdp): an upper "
        + "bound, usually a few per cent above the smallest true ε and sometimes more. epsilon_lower is therefore null."
      : nil
  }
}
