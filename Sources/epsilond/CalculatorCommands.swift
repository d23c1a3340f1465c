import API
import ArgumentParser

/// The hyperparameters of a run, as the REST API names them. Their meaning and their bounds are the API's: a command
/// only turns flags into the same request.
struct MechanismOptions: ParsableArguments {
  @Option(help: "q, the chance of each example to be in a batch.")
  var sampleRate: Double?
  @Option(help: "Expected examples a batch; with --dataset-size instead of --sample-rate.")
  var batchSize: Int?
  @Option(help: "Examples in the dataset (public).")
  var datasetSize: Int?
  @Option(help: "Noisy updates.")
  var steps: Int?
  @Option(help: "Passes over the data, instead of --steps.")
  var epochs: Double?
  @Option(help: "poisson, full_batch, …")
  var sampling: String?
  @Option(help: "add_or_remove_one, replace_one, zero_out.")
  var adjacency: String?
  @Option(help: "auto, rdp, …")
  var accountant: String?
  @Option(parsing: .upToNextOption, help: "Rényi orders to use instead of optimising the order.")
  var orders: [Double] = []

  var fields: JSONFields {
    var fields = JSONFields()
    fields.set("sample_rate", sampleRate)
    fields.set("batch_size", batchSize)
    fields.set("dataset_size", datasetSize)
    fields.set("steps", steps)
    fields.set("epochs", epochs)
    fields.set("sampling", sampling)
    fields.set("adjacency", adjacency)
    fields.set("accountant", accountant)
    if !orders.isEmpty { fields.set("orders", json: .array(orders.map { .number($0) })) }
    return fields
  }
}

/// The members of a request body, absent ones left out.
struct JSONFields {
  private var members: [JSONValue.Member] = []

  mutating func set(_ name: String, json value: JSONValue) { members.append(.init(name, value)) }

  mutating func set(_ name: String, _ value: Double?) {
    if let value { set(name, json: .number(value)) }
  }
  mutating func set(_ name: String, _ value: Int?) {
    if let value { set(name, json: .integer(value)) }
  }
  mutating func set(_ name: String, _ value: String?) {
    if let value { set(name, json: .string(value)) }
  }

  var json: JSONValue { .object(members) }
}

struct EpsilonCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "epsilon", abstract: "What a DP-SGD run costs: its ε, as POST /v1/epsilon answers.")

  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "σ, the noise's standard deviation over the clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "The δ to give ε for.")
  var delta: Double
  @Option(help: "ε after this many points spread evenly over the run.")
  var trajectory: Int?

  func run() throws {
    var fields = mechanism.fields
    fields.set("noise_multiplier", noiseMultiplier)
    fields.set("delta", delta)
    fields.set("trajectory", trajectory)
    try Calculator.answer("/v1/epsilon", fields)
  }
}

struct DeltaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delta", abstract: "The δ of a DP-SGD run at a given ε, as POST /v1/delta answers.")

  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "σ, the noise's standard deviation over the clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "The ε to give δ for.")
  var epsilon: Double

  func run() throws {
    var fields = mechanism.fields
    fields.set("noise_multiplier", noiseMultiplier)
    fields.set("epsilon", epsilon)
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
    var fields = mechanism.fields
    fields.set("target_epsilon", targetEpsilon)
    fields.set("delta", delta)
    try Calculator.answer("/v1/noise-multiplier", fields)
  }
}

struct SolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solve", abstract: "Any one setting from the others and ε, as POST /v1/solve answers.")

  @Argument(help: "noise_multiplier, steps, epochs, batch_size or sample_rate.")
  var solveFor: String
  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "σ, the noise's standard deviation over the clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "The ε to stay at or below.")
  var targetEpsilon: Double
  @Option(help: "The δ that goes with it.")
  var delta: Double

  func run() throws {
    var fields = mechanism.fields
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
