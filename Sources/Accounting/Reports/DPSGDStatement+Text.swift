extension DPSGDStatement {
  /// The statement as TF Privacy prints it for its RDP accountant, wrapped at 80 columns. The figures are those over the
  /// standard orders, to three places, rounded to nearest as in the original; the fields carry the exact bounds.
  public var text: String {
    var paragraphs = [
      Paragraph.fill(headline),
      Paragraph.fill(
        "This privacy guarantee protects the release of all model checkpoints in addition to the final model."),
      examplePart,
      userPart,
      Paragraph.fill(
        "(*) Poisson sampling is not usually done in training pipelines, but assuming that the data was randomly "
          + "shuffled, it is believed that the actual epsilon should be closer to this value than the conservative "
          + "assumption of an arbitrary data order."),
    ]
    if let user, user.eachOncePerEpoch.standard == .infinity || user.poissonSampled.standard == .infinity {
      paragraphs.append(
        Paragraph.fill(
          "(**) A finite example-level epsilon implies a finite user-level epsilon at any `max_examples_per_user`, but "
            + "because conversion from example-level to user-level DP is not exact, it is possible for the upper bound "
            + "on the user-level epsilon to still be infinite."))
    }
    return paragraphs.joined(separator: "\n\n") + "\n"
  }

  private var headline: String {
    let bound =
      run.maxExamplesPerUser.map { ", and at most \($0) examples per user." }
      ?? ", and no bound on number of examples per user."
    return "DP-SGD performed over \(run.datasetSize) examples with \(run.batchSize) examples per iteration, noise "
      + "multiplier \(DecimalText(run.noiseMultiplier).python) for \(DecimalText(run.epochs).python) epochs "
      + (run.usedMicrobatching ? "with" : "without") + " microbatching" + bound
  }

  private var examplePart: String {
    Paragraph.fill(
      "Example-level DP with add-or-remove-one adjacency at delta = \(DecimalText(run.delta).python) computed with RDP "
        + "accounting:")
      + figures(
        DecimalText.fixedPoint(example.eachOncePerEpoch.standard, width: 12),
        DecimalText.fixedPoint(example.poissonSampled.standard, width: 12))
  }

  private var userPart: String {
    guard let user else {
      return Paragraph.fill(
        "No user-level privacy guarantee is possible without a bound on the number of examples per user.")
    }
    func figure(_ epsilon: Double) -> String {
      epsilon == .infinity ? "    inf (**)" : DecimalText.fixedPoint(epsilon, width: 12)
    }
    return Paragraph.fill(
      "User-level DP with add-or-remove-one adjacency at delta = \(DecimalText(run.delta).python) computed using RDP "
        + "accounting and group privacy:")
      + figures(figure(user.eachOncePerEpoch.standard), figure(user.poissonSampled.standard))
  }

  private func figures(_ eachOncePerEpoch: String, _ poissonSampled: String) -> String {
    "\n    Epsilon with each example occurring once per epoch:  " + eachOncePerEpoch
      + "\n    Epsilon assuming Poisson sampling (*):               " + poissonSampled
  }
}
