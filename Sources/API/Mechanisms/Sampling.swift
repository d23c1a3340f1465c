/// How batches are drawn, as the caller names it.
enum Sampling: String, CaseIterable {
  case poisson
  case withoutReplacement = "without_replacement"
  case shuffle
  case ballsInBins = "balls_in_bins"
  case fullBatch = "full_batch"

  /// Why the accountant refuses it. Answering for another way of sampling than the one that is used is how published
  /// guarantees came to be off by factors: shuffled batches accounted as Poisson leak up to four times what is stated
  /// (arXiv:2411.10614), and at equal parameters ε can be 1 for Poisson and above 10 for fixed-size batches
  /// (arXiv:2405.20769).
  var whyNotAvailable: String? {
    switch self {
    case .poisson, .fullBatch: nil
    case .shuffle:
      "shuffled batches have no proved bound here, and Poisson's would understate them (arXiv:2411.10614 measures up to "
        + "four times the stated ε). Sample by Poisson, or take POST /v1/statement: its figure with each example once per "
        + "epoch holds for any order of the data."
    case .withoutReplacement:
      "batches of fixed size have no proved bound here yet, and Poisson's would not cover them (arXiv:2405.20769). Sample "
        + "by Poisson, or take full_batch, which bounds it without amplification."
    case .ballsInBins:
      "balls-in-bins batches have no proved bound here yet, and Poisson's would not cover them. Sample by Poisson, or take "
        + "POST /v1/statement: its figure with each example once per epoch holds."
    }
  }
}
