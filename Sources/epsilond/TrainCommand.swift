import API
import ArgumentParser
import Foundation
import SQLiteStore
import Synchronization
import Worker

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Run one job, given as the body of POST /v1/jobs, with no server.",
    discussion: """
      The budget is charged as by the service: the ledger in --data-dir is the same one. Prints the job as \
      GET /v1/jobs/{id} would.
      """)

  @Argument(help: "A file with the JSON of the job; - for standard input.")
  var file: String
  @Option(help: "The folder of the ledger that holds the budget.")
  var dataDir: String
  @Option(name: .customLong("data-folder"), help: "A further folder that datasets may lie in; may be repeated.")
  var dataFolders: [String] = []
  @Option(help: "Threads; by default as many as there are cores.")
  var threads: Int?
  @Flag(help: "Only say what the job would cost.")
  var dryRun = false

  func run() async throws {
    let threads = threads ?? WorkerSetup.threads
    try WorkerEnvironment.ensure(threads: threads)
    let directory = try DataDirectory(creating: dataDir)
    let store = try SQLiteStore(path: directory.ledger)
    let context = try ProcessContext.full(directory, store: store, dataFolders: dataFolders)
    try context.registerKnownDatasets()
    let router = APIRouter(context: context)
    let body =
      try file == "-"
      ? FileHandle.standardInput.readToEnd() ?? Data() : Data(contentsOf: URL(fileURLWithPath: file))
    let response = router.handle(
      APIRequest(
        method: "POST", path: "/v1/jobs", query: dryRun ? "dry_run=true" : "",
        headers: ["content-type": "application/json"], body: [UInt8](body), caller: "command line"))
    guard !dryRun, response.status == 201, let location = response.header("Location") else {
      return try Output.print(response)
    }
    FileHandle.standardError.write(Data("epsilond: \(location)\n".utf8))
    try await train(at: location, router: router, store: store, directory: directory, threads: threads)
  }

  private func train(
    at location: String, router: APIRouter, store: SQLiteStore, directory: DataDirectory, threads: Int
  ) async throws {
    let worker = Worker(
      store: store,
      configuration: try WorkerSetup.configuration(directory, dataFolders: dataFolders, threads: threads))
    let termination = Termination()
    let isStopped = Mutex(false)
    let watch = Task {
      await termination.wait()
      isStopped.withLock { $0 = true }
      worker.stop()
    }
    defer { watch.cancel() }
    // Jobs run in the order they came, so others that waited in this ledger may run first.
    while true {
      let job = router.handle(APIRequest(method: "GET", path: location))
      guard case .bytes(let bytes) = job.body, let state = try Self.state(of: bytes) else {
        return try Output.print(job)
      }
      // A stopped job keeps what it committed and goes on with the next worker.
      guard ["queued", "running"].contains(state), !isStopped.withLock({ $0 }) else {
        try Output.print(job)
        guard state == "succeeded" else { throw ExitCode.failure }
        return
      }
      let outcome = await Self.runNext(worker)
      if try outcome.get() == nil { try await Task.sleep(for: .milliseconds(200)) }
    }
  }

  private static func runNext(_ worker: Worker) async -> Result<String?, any Error> {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(returning: Result { try worker.runNextJob()?.text })
      }
    }
  }

  private static func state(of body: [UInt8]) throws -> String? {
    try (JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?["state"] as? String
  }
}
