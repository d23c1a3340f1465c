import ArgumentParser
import Foundation
import HTTPServer
import SQLiteStore
import Service

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve the REST API and the dashboard, and train the jobs.",
    discussion: "Prints one line with its URL when it is ready. SIGTERM ends it in order.")

  @Option(help: "Address to listen on.")
  var host = "127.0.0.1"
  @Option(help: "Port to listen on; 0 picks a free one.")
  var port: UInt16 = 8080
  @Option(help: "Folder of the ledger, the datasets, checkpoints and artifacts; made where missing.")
  var dataDir: String
  @Option(name: .customLong("data-folder"), help: "A further folder that datasets may lie in; may be repeated.")
  var dataFolders: [String] = []
  @Option(help: "Worker processes; 0 leaves the training to workers started by hand.")
  var workers = 1
  @Option(help: "Threads that accept, read and write.")
  var eventLoops = 1
  @Flag(help: "Ask nobody for a token; taken on loopback only.")
  var noAuth = false

  func validate() throws {
    guard (0...64).contains(workers) else { throw ValidationError("--workers is from 0 to 64") }
    guard (1...16).contains(eventLoops) else { throw ValidationError("--event-loops is from 1 to 16") }
  }

  func run() async throws {
    let termination = Termination()
    let directory = try DataDirectory(creating: dataDir)
    let store = try SQLiteStore(path: directory.ledger)
    try ProcessContext.full(directory, store: store, dataFolders: dataFolders).registerKnownDatasets()

    var http = HTTPServerConfiguration(host: host, port: port)
    http.eventLoopCount = eventLoops
    var configuration = ServiceConfiguration(
      http: http, version: Epsilond.version, artifactFolder: directory.artifacts.path,
      dataFolders: [directory.datasets.path] + dataFolders)
    configuration.isAuthenticationDisabled = noAuth
    let service: Service
    do {
      service = try Service.start(configuration, store: store)
    } catch Service.StartError.authenticationNeeded(let host) {
      throw CommandError("--no-auth is for loopback; others can reach \(host): create tokens instead")
    } catch let error as HTTPServerStartError {
      throw CommandError("\(host):\(port): \(error)")
    }
    let supervisor = try WorkerSupervisor(workers: workers, dataDirectory: directory, dataFolders: dataFolders)

    // One line, at once, for whoever waits for it: standard output may be a pipe.
    let shown = host.contains(":") ? "[\(host)]" : host
    FileHandle.standardOutput.write(Data("epsilond is ready at http://\(shown):\(service.port)\n".utf8))
    await termination.wait()
    async let workersEnd: Void = supervisor.stop(grace: .seconds(20))
    await service.shutdown(grace: .seconds(10))
    await workersEnd
  }
}
