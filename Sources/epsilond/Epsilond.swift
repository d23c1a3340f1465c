import ArgumentParser

/// The command line. `main.swift` would pin its globals to the main actor; a `@main` type does not.
@main
struct Epsilond: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "epsilond",
    abstract: "Privacy accounting, privacy budgets, and private training against them.",
    version: version,
    subcommands: [
      ServeCommand.self, WorkCommand.self, TrainCommand.self, PredictCommand.self, EpsilonCommand.self,
      DeltaCommand.self,
      NoiseMultiplierCommand.self, SolveCommand.self, StatementCommand.self, ReportCommand.self,
      VerifyLedgerCommand.self, GradientsCommand.self,
      TokenCommand.self, BenchCommand.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      exit(withError: CommandError.shown(error))
    }
  }
}
