import API
import ArgumentParser
import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import Tensors

/// Compares per-example gradients of this build with those of a reference file.
struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients", abstract: "Compare per-example gradient norms and clipped sums with a reference.",
    discussion: """
      Runs a model on the examples and weights of a safetensors file, and prints the largest relative errors of each \
      example's gradient norm, of outputs and losses, and of every clipped sum that the file holds, as one JSON object. Exits \
      with 1 where one is above the tolerance. Parameters are matched by name, or else in the order of the file's param_order.
      """)

  @Option(help: "A JSON file with a job's `model` object, or with a whole job.")
  var model: String
  @Option(help: "The safetensors file with x, y, weights, norms and sums.")
  var reference: String
  @Option(help: "Which implementation computes: onednn or reference.")
  var backend: Backend = .onednn
  @Option(help: "How per-example gradients are formed: auto, instantiate, ghost, mixed_ghost or book_keeping.")
  var strategy: GradientStrategy = .auto
  @Option(help: "Threads.")
  var threads = 2
  @Option(help: "The largest relative error that passes.")
  var tolerance = 1e-5

  enum Backend: String, ExpressibleByArgument, CaseIterable {
    case onednn, reference

    var kind: BackendKind { self == .onednn ? .oneDNN : .reference }
  }

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads is from 1 to 1024") }
    guard tolerance > 0, tolerance < 1 else { throw ValidationError("--tolerance is above 0 and below 1") }
  }

  func run() throws {
    let file = try GradientReference(Safetensors(path: reference))
    let comparison = try GradientComparison(
      readModel(), file, backend: backend.kind, threads: threads, strategy: strategy)
    let agrees = comparison.worst <= tolerance
    let answer: JSONValue = .object(
      [
        .init("case", JSONValue(file.file.metadata["case"])),
        .init("backend", .string(backend.rawValue)),
        .init("strategy", .string(strategy.rawValue)),
        .init("examples", .integer(file.count)),
        .init("parameters", .integer(file.parameterNames.count)),
      ]
        + comparison.differences.map { .init($0.name, JSONValue($0.error.isFinite ? $0.error : nil)) }
        + [
          .init("worst", JSONValue(comparison.worst.isFinite ? comparison.worst : nil)),
          .init("tolerance", .number(tolerance)), .init("agrees", .bool(agrees)),
          .init("plan", .array(comparison.plan.map { .string($0) })),
        ])
    print(String(decoding: answer.bytes, as: UTF8.self))
    if !agrees { throw ExitCode(1) }
  }

  /// The model, alone or in a job.
  private func readModel() throws -> ModelSpecification {
    struct Job: Decodable { let model: ModelSpecification? }
    let text = try Data(contentsOf: URL(fileURLWithPath: model))
    do {
      let decoder = JSONDecoder()
      return try decoder.decode(Job.self, from: text).model ?? decoder.decode(ModelSpecification.self, from: text)
    } catch let error as DecodingError {
      throw CommandError("\(model): \(Self.place(of: error))")
    }
  }

  private static func place(of error: DecodingError) -> String {
    let context =
      switch error {
      case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
        .valueNotFound(_, let context):
        context
      @unknown default: DecodingError.Context(codingPath: [], debugDescription: "\(error)")
      }
    let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/")
    return path.isEmpty ? context.debugDescription : "/\(path): \(context.debugDescription)"
  }
}

extension GradientStrategy: ExpressibleByArgument {}
