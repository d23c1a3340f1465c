import API
import ArgumentParser
import Foundation

/// The hyperparameters of a run, or an event, as the REST API names them. Their meaning and their bounds are the API's: a
/// command only turns flags into the same request.
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
  @Option(help: "poisson, without_replacement, shuffle, balls_in_bins, full_batch.")
  var sampling: String?
  @Option(
    help: "Adaptive clipping: deviation of the noise on the number of examples within the norm, each counted ±1/2.")
  var clippedCountStddev: Double?
  @Option(help: "add_or_remove_one, replace_one, zero_out; with --event also replace_special.")
  var adjacency: String?
  @Option(help: "auto (tight where that can be), pld (tight or refused), rdp, moments, gdp.")
  var accountant: String?
  @Option(parsing: .upToNextOption, help: "Rényi orders to use instead of optimising the order.")
  var orders: [Double] = []

  func fields() throws -> JSONFields {
    var fields = JSONFields()
    fields.set("sample_rate", sampleRate)
    fields.set("batch_size", batchSize)
    fields.set("dataset_size", datasetSize)
    fields.set("steps", steps)
    fields.set("epochs", epochs)
    fields.set("sampling", sampling)
    fields.set("clipped_count_stddev", clippedCountStddev)
    fields.set("adjacency", adjacency)
    fields.set("accountant", accountant)
    if !orders.isEmpty { fields.set("orders", json: .array(orders.map { .number($0) })) }
    return fields
  }
}

/// A mechanism with nothing left out.
struct CompleteMechanismOptions: ParsableArguments {
  @OptionGroup var mechanism: MechanismOptions
  @Option(help: "σ, the noise's standard deviation over the clipping norm.")
  var noiseMultiplier: Double?
  @Option(help: "A file with an event as JSON, instead of a run's settings; - is standard input.")
  var event: String?

  func fields() throws -> JSONFields {
    var fields = try mechanism.fields()
    fields.set("noise_multiplier", noiseMultiplier)
    if let event { fields.set("event", json: try Self.event(in: event)) }
    return fields
  }

  private static func event(in path: String) throws -> JSONValue {
    let data =
      path == "-"
      ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(fileURLWithPath: path))
    do {
      return try JSONScanner.scan(Array(data)).value
    } catch let error as JSONSyntaxError {
      throw CommandError("\(path): line \(error.line), column \(error.column): \(error.reason)")
    }
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
  /// A flag that is set; one that is not says nothing.
  mutating func set(_ name: String, flag: Bool) {
    if flag { set(name, json: true) }
  }

  var json: JSONValue { .object(members) }
}
