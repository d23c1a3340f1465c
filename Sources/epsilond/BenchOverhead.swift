import API
import ArgumentParser
import Foundation
import NeuralNetworks
import Planning

/// What privacy costs, as the papers on that question ask it: where the time of a step goes, how much slower it is than
/// without privacy, what memory it takes, and how large a batch can be; for four networks of the literature, without privacy
/// and with every way of clipping.
struct BenchOverhead: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overhead", abstract: "Time, memory and greatest batch of private training, by clipping method.")

  @Option(parsing: .upToNextOption, help: "Only these: \(Self.networks.map(\.name).joined(separator: ", ")).")
  var network: [String] = []
  @Option(help: "Memory that the greatest batch may take, in GB of 10⁹ bytes.")
  var memoryLimit = 4.0
  @Flag(help: "One JSON object a line, for programs.")
  var json = false
  @Option(help: "Also draws the time breakdown into this SVG file.")
  var svg: String?
  @Option(help: "Threads; by default as many as there are cores.")
  var threads: Int?
  @Option(help: "Seconds to measure each.")
  var seconds = 3.0

  static let networks: [(name: String, workload: BenchWorkload)] = [
    ("simple-convnet", .simpleConvNet), ("larger-convnet", .largerConvNet),
    ("resnet34-simplified", .simplifiedResNet34),
    ("vgg11", .vgg11),
  ]

  func validate() throws {
    let known = Self.networks.map(\.name)
    for name in network where !known.contains(name) {
      throw ValidationError("There is no network \(name); there are \(known.joined(separator: ", ")).")
    }
    guard memoryLimit > 0, memoryLimit <= 1e6 else { throw ValidationError("--memory-limit is above 0") }
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is above 0 and at most 600") }
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads is from 1 to 256") }
  }

  func run() throws {
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let settings = BenchSettings(threads: threads, seconds: seconds, backend: .oneDNN)
    let modes = [BenchMode.nonprivate] + TrainingMethod.allCases.map { .private($0) }
    var tables: [OverheadTable] = []
    for (name, workload) in Self.networks where network.isEmpty || network.contains(name) {
      var table = OverheadTable(network: name, batch: workload.defaultBatches[0])
      for mode in modes {
        let cell = BenchCell(workload: workload, batch: table.batch, mode: mode)
        let largest = try Self.largestBatch(
          workload, mode, threads: threads, bytes: memoryLimit * 1e9)
        table.append(mode, try cell.measureInAProcess(settings), largestBatch: largest)
        if json, let row = table.rows.last { print(table.line(row)) }
      }
      if !json { print(table.text + "\n") }
      tables.append(table)
    }
    if let svg { try Data(OverheadPlot(tables).text.utf8).write(to: URL(fileURLWithPath: svg)) }
  }

  /// The largest physical batch whose step holds at most so many bytes. All that depends on the batch are its examples and
  /// what is noted of each, so two engines tell the rest.
  private static func largestBatch(
    _ workload: BenchWorkload, _ mode: BenchMode, threads: Int, bytes: Double
  ) throws -> Int {
    let sizes = try [1024, 2048].map { batch in
      let step = try GradientEngine(
        network: workload.network(),
        configuration: BenchStep.configuration(batch: batch, mode: mode, threads: threads, backend: .oneDNN))
      // Beside the engine's memory there are the parameters.
      return Double(step.memory.total + step.network.parameterCount * MemoryLayout<Float>.size)
    }
    let slope = (sizes[1] - sizes[0]) / 1024
    return max(0, Int((bytes - (sizes[0] - 1024 * slope)) / slope))
  }
}

/// One network's figures.
struct OverheadTable {
  let network: String
  let batch: Int
  private(set) var rows: [Row] = []

  struct Row {
    let method: String
    let result: BenchResult
    /// Milliseconds of the step over those without privacy.
    let ratio: Double
    let largestBatch: Int
  }

  static let parts = ["forward", "backward", "norms", "clipped_sum", "noise", "update"]
  static let memory = ["parameters", "gradients", "activations", "book_keeping"]

  init(network: String, batch: Int) {
    self.network = network
    self.batch = batch
  }

  /// - Precondition: the first is the one without privacy.
  mutating func append(_ mode: BenchMode, _ result: BenchResult, largestBatch: Int) {
    let method = if case .private(let method) = mode { method.rawValue } else { "nonprivate" }
    let base = rows.first?.result.milliseconds ?? result.milliseconds
    rows.append(
      Row(method: method, result: result, ratio: result.milliseconds / base, largestBatch: largestBatch))
  }

  func line(_ row: Row) -> String {
    func numbers(_ group: String, _ names: [String]) -> JSONValue {
      .object(names.map { .init($0, JSONValue(row.result.number(group, $0))) })
    }
    let value: JSONValue = [
      "network": .string(network), "method": .string(row.method), "batch": .integer(batch),
      "ms_per_step": .number(row.result.milliseconds), "ratio": .number(row.ratio),
      "parts_ms": numbers("parts_ms", Self.parts), "memory_bytes": numbers("memory_bytes", Self.memory),
      "peak_rss_mb": JSONValue(row.result.number("peak_rss_mb")), "max_batch": .integer(row.largestBatch),
    ]
    return String(decoding: value.bytes, as: UTF8.self)
  }

  var text: String {
    let headings =
      ["method"] + Self.parts + ["ms", "ratio"] + Self.memory.map { $0 + " MB" } + ["RSS MB", "max batch"]
    let body = rows.map { row in
      let parts = Self.parts.map { Self.decimal(row.result.number("parts_ms", $0), 2) }
      let memory = Self.memory.map { Self.decimal(row.result.number("memory_bytes", $0).map { $0 / 1e6 }, 1) }
      let time = [Self.decimal(row.result.milliseconds, 2), Self.decimal(row.ratio, 2)]
      let rest = [Self.decimal(row.result.number("peak_rss_mb"), 0), String(row.largestBatch)]
      return [row.method] + parts + time + memory + rest
    }
    let widths = headings.indices.map { column in ([headings] + body).map { $0[column].count }.max() ?? 0 }
    let lines = ([headings] + body).map { cells in
      cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
    return (["\(network), batch \(batch)"] + lines).joined(separator: "\n")
  }

  private static func decimal(_ number: Double?, _ digits: Int) -> String {
    number.map { String(format: "%.\(digits)f", $0) } ?? "–"
  }
}
