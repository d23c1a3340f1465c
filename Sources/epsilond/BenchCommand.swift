import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure this build on this machine.",
    subcommands: [BenchAccounting.self, BenchTraining.self, BenchOverhead.self])
}

/// Times of repeated runs of one piece of work.
struct Timings {
  private(set) var seconds: [Double] = []

  /// Runs `body` once unmeasured, then until `budget` is spent or `limit` runs are made, at least three.
  init(budget: Duration = .seconds(3), limit: Int = 2_000, _ body: () throws -> Void) rethrows {
    try body()
    let clock = ContinuousClock()
    let end = clock.now + budget
    while seconds.count < limit, seconds.count < 3 || clock.now < end {
      let start = clock.now
      try body()
      seconds.append((clock.now - start) / .seconds(1))
    }
    seconds.sort()
  }

  var median: Double { seconds[seconds.count / 2] }
  var least: Double { seconds[0] }
}
