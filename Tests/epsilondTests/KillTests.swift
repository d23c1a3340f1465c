import Foundation
import Glibc
import TestSupport
import Testing

/// What holds when processes die without warning: nothing that ran is ever unpaid, and nothing is paid for twice.
@Suite struct KillTests {
  @Test func aJobSurvivesPowerCuts() async throws {
    try await withInstallation { installation in
      var server = try installation.start()
      let fixture = try TrainingFixture(installation, server)
      // The same run against a budget of the same size tells what all of it costs.
      let price = try server.client().post("/v1/budgets/\(fixture.budget)/preview", fixture.mechanism()).json
      let job = try server.createID("/v1/jobs", fixture.job())
      let audit = try Audit(server, fixture, job: job)

      // First right after the first commit, then at any time; more often than a job may lose its worker without getting on.
      for cut in 1...3 {
        let step = cut == 1 ? 1 : try audit.committedSteps(server) + Int.random(in: 1...TrainingFixture.steps / 5)
        let progress = try eventually("step \(step) is committed: \(try server.process.errors)", within: .seconds(90)) {
          let progress = try Progress(server, job: job)
          try audit.check(server)
          return progress.step >= step || progress.isEnded ? progress : nil
        }
        try #require(progress.state == "running", "\(progress)")
        Thread.sleep(forTimeInterval: .random(in: 0...0.2))
        try installation.cutPower(server)
        try installation.expectLedgerHolds("after power cut \(cut)")

        server = try installation.start()
        let committed = try audit.committedSteps(server)
        #expect(committed >= progress.step)
        try audit.check(server)
        try installation.expectLedgerHolds("after restart \(cut)")
        // The next attempt begins where the ledger says; the lease of the one that is gone has to run out first.
        let resumption = "job \(job): attempt \(cut + 1), from step \(committed) of \(TrainingFixture.steps)\n"
        try eventually(resumption) {
          try audit.check(server)
          return try server.process.errors.contains(resumption) ? true : nil
        }
      }

      let end = try server.waitForEnd(of: job)
      #expect(end.state == "succeeded", "\(end)")
      #expect(end.attempts == 4)
      #expect(try audit.committedSteps(server) == TrainingFixture.steps)
      let budget = try server.get("/v1/budgets/" + fixture.budget)
      #expect(budget["reserved"]["epsilon"].number == 0)
      let (spent, foreseen) = (budget["spent"]["epsilon"].number, price["epsilon_after"].number)
      #expect(abs(try #require(spent) - #require(foreseen)) <= 1e-14)
      #expect(try server.get("/v1/jobs/\(job)/artifacts")["data"].array.count == 4)
      try installation.expectLedgerHolds("at the end")
    }
  }

  @Test func workersLeaveWithTheirServer() async throws {
    try await withInstallation { installation in
      var server = try installation.start(workers: 2)
      let fixture = try TrainingFixture(installation, server)
      // One worker is replaced first: whoever starts later must not hold open what tells the others that the server is gone.
      let workers = Set(try installation.processes).subtracting([server.process.pid])
      #expect(workers.count == 2)
      let first = try #require(workers.min())
      Glibc.kill(first, SIGKILL)
      try eventually("another worker takes its place") {
        let now = Set(try installation.processes).subtracting([server.process.pid, first])
        return now.count == 2 ? true : nil
      }
      let job = try server.createID("/v1/jobs", fixture.job())
      try server.wait(for: job, step: 1)

      server.process.kill()
      try eventually("the workers leave") { try installation.processes.isEmpty ? true : nil }
      try installation.expectLedgerHolds("after the server was killed")

      // The worker committed what it had done and gave the job back: that is no loss, and nobody waits for its lease.
      server = try installation.start()
      let end = try server.waitForEnd(of: job)
      #expect(end.state == "succeeded" && end.attempts == 2, "\(end)")
      let audit = try Audit(server, fixture, job: job)
      #expect(try audit.committedSteps(server) == TrainingFixture.steps)
      try installation.expectLedgerHolds("at the end")
    }
  }
}

/// Looks at a job's budget and at the ledger as an auditor would, from outside.
private struct Audit {
  private let budgetPath: String
  private let job: String
  /// What the whole run costs at each order of the budget's filter: all of it is reserved when the job is taken.
  private let price: [Double]

  init(_ server: RunningServer, _ fixture: TrainingFixture, job: String) throws {
    budgetPath = "/v1/budgets/" + fixture.budget
    self.job = job
    price = Self.held(try server.get(budgetPath))
    #expect(!price.isEmpty && price.allSatisfy { $0 > 0 })
  }

  /// Spent and reserved together, at each order of the filter.
  private static func held(_ budget: JSON) -> [Double] {
    budget["filter"]["orders"].array.map { ($0["spent"].number ?? 0) + ($0["reserved"].number ?? 0) }
  }

  /// Expects that the budget holds the whole run, and has spent what is committed.
  func check(_ server: RunningServer) throws {
    // In this order: what is committed in between only makes the budget's figure larger.
    let step = try Progress(server, job: job).step
    let budget = try server.get(budgetPath)
    for (held, price) in zip(Self.held(budget), price) { #expect(abs(held - price) <= 1e-12 * price) }
    let share = Double(step) / Double(TrainingFixture.steps)
    for (order, price) in zip(budget["filter"]["orders"].array, price) {
      #expect(try #require(order["spent"].number) >= price * share * (1 - 1e-12))
    }
  }

  /// Steps that the ledger's entries say are paid for; the job must say the same.
  func committedSteps(_ server: RunningServer) throws -> Int {
    try eventually("the job stands where its entries do", within: .seconds(30)) {
      let before = try Progress(server, job: job)
      let entries = try server.list(budgetPath + "/ledger").filter { $0["kind"].string == "committed" }
      let counts = try entries.map { Int(try #require($0["count"].number)) }
      #expect(counts.allSatisfy { $0 > 0 })
      let sum = counts.reduce(0, +)
      let after = try Progress(server, job: job)
      #expect(before.step <= sum && sum <= after.step)
      return before.step == after.step ? sum : nil
    }
  }
}
