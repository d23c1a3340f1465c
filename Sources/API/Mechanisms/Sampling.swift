/// How batches are drawn, as the caller names it. Answering for another way of sampling than the one that is used is how
/// published guarantees came to be off by factors: shuffled batches accounted as Poisson leak up to four times what is
/// stated (arXiv:2411.10614), and at equal parameters ε can be 1 for Poisson and above 10 for fixed-size batches
/// (arXiv:2405.20769). So each has a bound of its own.
enum Sampling: String, CaseIterable {
  case poisson
  case withoutReplacement = "without_replacement"
  case shuffle
  case ballsInBins = "balls_in_bins"
  case fullBatch = "full_batch"

  /// Whether an example's steps within an epoch depend on each other, so that only whole epochs compose.
  var unitIsEpoch: Bool { self == .shuffle || self == .ballsInBins }

  /// What the guarantee takes for granted of the batches.
  var assumption: String {
    switch self {
    case .poisson:
      "Each example is in each batch with probability sample_rate, independently of all else (Poisson sampling)."
    case .withoutReplacement:
      "Each batch is a uniform sample of batch_size of the dataset_size examples, independent of the other batches; "
        + "dataset_size is public, that of the dataset with the example that is added or removed."
    case .shuffle:
      "Each example is in one batch of an epoch, in any order that does not depend on the data; an example that is added, "
        + "removed or replaced leaves the batches of the others as they are."
    case .ballsInBins:
      "In each epoch each example is put into one of bins batches, each as likely, independently of all else; bins is the "
        + "number of full batches in the dataset."
    case .fullBatch: "Every step uses every example."
    }
  }

  /// What the answer warns of.
  var warning: String? {
    guard self == .shuffle else { return nil }
    return
      "Shuffled batches get no credit for their random order: the bound is that of one release of each example an epoch, "
      + "and holds for the worst order. Figures for Poisson sampling do not hold for shuffled batches, and can understate ε "
      + "by a lot (arXiv:2403.17673)."
  }
}
