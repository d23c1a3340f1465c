import API
import ArgumentParser

struct EpsilonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "epsilon", abstract: "What a DP-SGD run costs: its ε, as POST /v1/epsilon answers.")

  @OptionGroup var mechanism: CompleteMechanismOptions
  @Option(help: "The δ to give ε for.")
  var delta: Double
  @Option(help: "ε after this many points spread evenly over the run.")
  var trajectory: Int?
  @Option(help: "Also the guarantee for a user who has this many examples.")
  var maxExamplesPerUser: Int?
  @Flag(help: "Compute it a second, independent way as well; a contradiction is an error.")
  var verify = false
  @Flag(help: "Also what an attacker can achieve, and μ.")
  var risk = false

  func run() throws {
    var fields = try mechanism.fields()
    fields.set("delta", delta)
    fields.set("trajectory", trajectory)
    fields.set("max_examples_per_user", maxExamplesPerUser)
    fields.set("verify", flag: verify)
    fields.set("risk", flag: risk)
    try Calculator.answer("/v1/epsilon", fields)
  }
}

struct DeltaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delta", abstract: "The δ of a DP-SGD run at a given ε, as POST /v1/delta answers.")

  @OptionGroup var mechanism: CompleteMechanismOptions
  @Option(help: "The ε to give δ for.")
  var epsilon: Double
  @Flag(help: "Compute it a second, independent way as well; a contradiction is an error.")
  var verify = false

  func run() throws {
    var fields = try mechanism.fields()
    fields.set("epsilon", epsilon)
    fields.set("verify", flag: verify)
    try Calculator.answer("/v1/delta", fields)
  }
}

struct NoiseMultiplierCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "noise-multiplier",
    abstract: "The smallest noise multiplier that keeps a run within ε, as POST /v1/noise-multiplier answers.")

  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "The ε to stay at or below.")
  var targetEpsilon: Double
  @Option(help: "The δ that goes with it.")
  var delta: Double

  func run() throws {
    var fields = try mechanism.fields()
    fields.set("target_epsilon", targetEpsilon)
    fields.set("delta", delta)
    try Calculator.answer("/v1/noise-multiplier", fields)
  }
}

struct SolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solve", abstract: "Any one setting from the others and ε, as POST /v1/solve answers.")

  @Argument(help: "noise_multiplier, steps, epochs, batch_size, sample_rate or delta.")
  var solveFor: String
  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "σ, the noise's standard deviation over the clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "The ε to stay at or below.")
  var targetEpsilon: Double
  @Option(help: "The δ that goes with it, unless it is what is asked for.")
  var delta: Double?

  func run() throws {
    var fields = try mechanism.fields()
    fields.set("solve_for", solveFor)
    fields.set("noise_multiplier", noiseMultiplier)
    fields.set("target_epsilon", targetEpsilon)
    fields.set("delta", delta)
    try Calculator.answer("/v1/solve", fields)
  }
}

struct StatementCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statement", abstract: "The DP-SGD statement of TF Privacy, as POST /v1/statement answers.")

  @Option var datasetSize: Int
  @Option var batchSize: Int
  @Option var noiseMultiplier: Double
  @Option var epochs: Double
  @Option var delta: Double
  @Flag(help: "Gradients were clipped by microbatch, which doubles the sensitivity.")
  var usedMicrobatching = false
  @Option(help: "The most examples that one user has.")
  var maxExamplesPerUser: Int?
  @Flag(help: "Print the statement's text alone.")
  var text = false

  func run() throws {
    var fields = JSONFields()
    fields.set("dataset_size", datasetSize)
    fields.set("batch_size", batchSize)
    fields.set("noise_multiplier", noiseMultiplier)
    fields.set("epochs", epochs)
    fields.set("delta", delta)
    fields.set("used_microbatching", json: .bool(usedMicrobatching))
    fields.set("max_examples_per_user", maxExamplesPerUser)
    try Calculator.answer("/v1/statement", fields, textOf: text ? "text" : nil)
  }
}

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "What a reviewer of privacy asks about a mechanism, as POST /v1/report answers.")

  enum Form: String, CaseIterable, ExpressibleByArgument {
    case json, text, markdown
  }

  @OptionGroup var mechanism: CompleteMechanismOptions
  @Option(help: "The δ to give ε for.")
  var delta: Double
  @Option(help: "What is published, as a noun phrase.")
  var release: String?
  @Option(help: "Report on users with at most this many examples instead of on single examples.")
  var maxExamplesPerUser: Int?
  @Option(help: "json, text or markdown.")
  var form = Form.json

  func run() throws {
    var fields = try mechanism.fields()
    fields.set("delta", delta)
    fields.set("release", release)
    fields.set("max_examples_per_user", maxExamplesPerUser)
    try Calculator.answer("/v1/report", fields, textOf: form == .json ? nil : form.rawValue)
  }
}
