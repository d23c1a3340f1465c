import Planning

extension JobReport {
  /// `report.md`: the report for people.
  var markdown: String {
    let sections = [heading, guaranteeSection, trainingSection, resultsSection, resourcesSection, warningsSection]
    return sections.compactMap { $0 }.joined(separator: "\n\n") + "\n"
  }

  private var heading: String {
    """
    # \(Self.plain(job.name))

    Job \(job.id), trained by \(software) on \(Self.plain(dataset.name)).
    """
  }

  private var guaranteeSection: String {
    guard let guarantee else {
      return """
        ## No privacy guarantee

        This model was trained without clipping and noise on data that is declared public. It may repeat any of it.
        """
    }
    let rows: [(String, String)] = [
      ("ε (upper bound)", guarantee.epsilon.map { "\($0)" } ?? "∞"), ("δ", "\(guarantee.delta)"),
      ("neighboring relation", guarantee.adjacency.rawValue), ("unit of protection", Self.plain(guarantee.unit)),
      ("setting", "central: the service sees the data, everyone else sees what is released"),
      ("accountant", guarantee.accountant), ("Rényi order", guarantee.order.map { "\($0)" } ?? "∞"),
      ("noise multiplier σ", "\(guarantee.noiseMultiplier)"), ("clipping norm C", "\(guarantee.clippingNorm)"),
      ("sensitivity of the sum", "\(guarantee.sensitivity)"),
      ("noise standard deviation", "\(guarantee.noiseStandardDeviation)"),
      ("sampling probability q", "\(guarantee.samplingProbability)"), ("steps", "\(guarantee.steps)"),
      ("randomness", guarantee.randomness), ("arithmetic", guarantee.arithmetic),
    ]
    return """
      ## Guarantee

      This model is \(guarantee.sentence).

      \(Self.table(rows))

      What is released, and covered by this ε:
      \(Self.list(guarantee.released))

      What it assumes:
      \(Self.list(guarantee.assumptions))

      What it does not cover:
      \(Self.list(guarantee.notCovered))
      """
  }

  private var trainingSection: String {
    let rows: [(String, String)] = [
      (
        "dataset",
        "\(Self.plain(dataset.name)), \(dataset.examples) examples, "
          + (dataset.classes.map { "\($0) classes" } ?? "real numbers as targets")
      ),
      ("steps", "\(training.steps) (\(DecimalText.rounded(training.epochs, decimals: 3)) epochs)"),
      ("expected batch size", "\(training.expectedBatchSize)"),
      ("optimizer", Self.plain(training.optimizer.members)), ("schedule", Self.plain(training.schedule.members)),
      ("weights that are published", training.averageDecay.map { "moving average, decay \($0)" } ?? "the last step's"),
      ("clipping", training.clipping.map { Self.plain($0.members) } ?? "none"),
      ("microbatches", training.microbatchSize == 1 ? "none" : "of \(training.microbatchSize) expected examples"),
      ("loss", Self.plain(training.loss)),
      (
        "parameters",
        training.trainedParameterCount == training.parameterCount
          ? "\(training.parameterCount)"
          : "\(training.parameterCount), of which \(training.trainedParameterCount) are trained"
      ),
    ]
    return """
      ## Training

      \(Self.table(rows))

      ```
      \(training.modules.joined(separator: "\n"))
      ```
      """
  }

  private var resultsSection: String? {
    guard let evaluation, !metrics.isEmpty else { return nil }
    let rows = metrics.map { metric in
      "| \(metric.step) | \(DecimalText.rounded(metric.epoch, decimals: 2)) "
        + "| \(metric.epsilon.map(DecimalText.roundedUp) ?? "none") "
        + "| \(metric.accuracy.map { DecimalText.rounded($0 * 100, decimals: 2) + " %" } ?? "none") "
        + "| \(metric.loss.map { DecimalText.rounded($0, decimals: 4) } ?? "none") |"
    }
    return """
      ## Results on \(Self.plain(evaluation.name)) (public, \(evaluation.examples) examples)

      | step | epoch | ε so far | accuracy | loss |
      | ---: | ---: | ---: | ---: | ---: |
      \(rows.joined(separator: "\n"))
      """
  }

  private var resourcesSection: String {
    let (time, memory) = (profile.timing, profile.memory)
    func milliseconds(_ seconds: Double) -> String { DecimalText.rounded(seconds * 1000, decimals: 3) + " ms" }
    func megabytes(_ bytes: Int) -> String { DecimalText.rounded(Double(bytes) / 1e6, decimals: 1) + " MB" }
    let rows: [(String, String)] = [
      ("one step", milliseconds(time.step)), ("data", milliseconds(time.data)),
      ("forward", milliseconds(time.forward)), ("backward", milliseconds(time.backward)),
      ("norms", milliseconds(time.norms)), ("clipped sum", milliseconds(time.clippedSum)),
      ("noise", milliseconds(time.noise)), ("update", milliseconds(time.update)),
      ("memory: parameters", megabytes(memory.parameters)), ("memory: gradients", megabytes(memory.gradients)),
      ("memory: activations", megabytes(memory.activations)),
      ("memory: book-keeping", megabytes(memory.bookKeeping)), ("memory: peak", megabytes(memory.peak)),
    ]
    return """
      ## Time and memory

      Measured on synthetic data of the same shapes.

      \(Self.table(rows))

      \(profile.plan.map { "- \(Self.plain($0))" }.joined(separator: "\n"))
      """
  }

  private var warningsSection: String? {
    guard !warnings.isEmpty else { return nil }
    return "## Warnings\n\n" + Self.list(warnings.map { "`\($0.pointer)`: \($0.detail)" })
  }

  private static func table(_ rows: [(String, String)]) -> String {
    "| | |\n| --- | --- |\n" + rows.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n")
  }

  private static func list(_ items: [String]) -> String {
    items.map { "- \($0)" }.joined(separator: "\n")
  }

  /// A specification's fields in a row: `type sgd, learning_rate 0.1`.
  private static func plain(_ members: [FieldMember]) -> String {
    plain(members.map { "\($0.name) \($0.value)" }.joined(separator: ", "))
  }

  /// A caller's text as text: what would end a cell or begin markup is written as an entity.
  private static func plain(_ text: String) -> String {
    text.reduce(into: "") { plain, character in
      switch character {
      case "&": plain += "&amp;"
      case "<": plain += "&lt;"
      case ">": plain += "&gt;"
      case "|": plain += "&#124;"
      case "[": plain += "&#91;"
      case "`", "*", "_", "\\", "#": plain += "\\" + String(character)
      case _ where character.isNewline: plain += " "
      default: plain.append(character)
      }
    }
  }
}
