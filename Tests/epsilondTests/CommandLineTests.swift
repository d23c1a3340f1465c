import Foundation
import TestSupport
import Testing

@Suite struct CommandLineTests {
  private static let run = ["--batch-size", "256", "--dataset-size", "60000", "--epochs", "60", "--delta", "1e-5"]

  @Test func calculatorsAnswerAsTheServiceDoes() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let asked = try server.client().post(
        "/v1/epsilon",
        #"{"noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "epochs": 60, "delta": 1e-5}"#)
      let epsilon = try Program.run(["epsilon", "--noise-multiplier", "1.1"] + Self.run)
      #expect(epsilon.status == 0 && epsilon.json == asked.json && asked.status == 200)

      let noise = try Program.run(["noise-multiplier", "--target-epsilon", "3"] + Self.run)
      let found = try #require(noise.json["noise_multiplier"].number)
      // What it found keeps the target when it is asked back, and nothing much smaller does.
      let back = try Program.run(["epsilon", "--noise-multiplier", "\(found)"] + Self.run).json["epsilon"].number
      #expect(try #require(back) <= 3)
      let less = try Program.run(["epsilon", "--noise-multiplier", "\(found * 0.999)"] + Self.run).json["epsilon"]
        .number
      #expect(try #require(less) > 3)

      let statement = try Program.run(["statement", "--noise-multiplier", "1.1", "--text"] + Self.run)
      #expect(statement.status == 0 && statement.output.hasPrefix("DP-SGD"), "\(statement.output)")
      let refused = try Program.run(["epsilon", "--noise-multiplier=-1"] + Self.run)
      #expect(refused.status == 1 && refused.output.isEmpty)
      #expect(JSON(Array(refused.errors.utf8))["errors"][0]["pointer"].string == "/noise_multiplier")
    }
  }

  @Test func calculatorsTakeEventsAndSecondOpinions() async throws {
    try await blocking {
      let folder = try TemporaryFolder()
      defer { folder.remove() }
      let file = folder.url.appendingPathComponent("event.json")
      try Data(#"{"type": "gaussian", "noise_multiplier": 2}"#.utf8).write(to: file)
      let event = ["--event", file.path, "--delta", "1e-5"]
      let epsilon = try Program.run(["epsilon", "--verify", "--risk", "--accountant", "pld"] + event)
      let answer = epsilon.json
      #expect(epsilon.status == 0 && answer["verification"]["agrees"].bool == true, "\(epsilon)")
      #expect(abs((answer["risk"]["mu"].number ?? 0) - 0.5) < 1e-3)
      // (ε, δ) of one Gaussian release, by its closed form.
      #expect(abs((answer["epsilon"].number ?? 0) - 1.9930914270) < 1e-6, "\(answer["epsilon"])")
      let delta = try Program.run(
        "delta", "--event", file.path, "--epsilon", "\(answer["epsilon"].number ?? 0)", "--verify")
      #expect(abs((delta.json["delta"].number ?? 0) - 1e-5) < 1e-10, "\(delta)")
      let solved = try Program.run(
        [
          "solve", "delta", "--target-epsilon", "2", "--noise-multiplier", "2", "--sampling", "full_batch", "--steps",
          "1",
        ])
      #expect(
        (solved.json["epsilon"].number ?? 9) <= 2 && solved.json["certificate"]["delta"].number != nil, "\(solved)")
      let report = try Program.run(["report", "--form", "text", "--release", "the mean"] + event)
      #expect(report.status == 0 && report.output.hasPrefix("The release of the mean protects"), "\(report)")

      try Data(#"{"type": "gaussian",, "noise_multiplier": 2}"#.utf8).write(to: file)
      let bad = try Program.run(["epsilon"] + event)
      #expect(bad.status != 0 && bad.errors.contains("line 1, column 21"), "\(bad)")
    }
  }

  @Test func benchAccountingMeasuresATask() async throws {
    try await blocking {
      let result = try Program.run("bench", "accounting", "--json", "--task", "a_rdp", "b_pld")
      let lines = result.output.split(separator: "\n").map { JSON(Array($0.utf8)) }
      #expect(lines.map { $0["task"].string } == ["a_rdp", "b_pld"], "\(result)")
      #expect(lines.allSatisfy { ($0["ms"].number ?? 0) > 0 && ($0["peak_mb"].number ?? 0) > 1 })
      // The figures that the peers agree on to the digits that they have.
      #expect(abs((lines[0]["value"].number ?? 0) - 2.59664) < 1e-4)
      #expect(abs((lines[1]["value"].number ?? 0) - 2.38169) < 1e-4 && (lines[1]["width"].number ?? 1) < 2e-3)
      let table = try Program.run("bench", "accounting", "--task", "a_rdp")
      #expect(table.output.hasPrefix("task") && table.output.split(separator: "\n").count == 2)
    }
  }

  @Test func trainsAFileAgainstTheBudget() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let fixture = try TrainingFixture(installation, server, epsilon: 0.5)
      server.process.send(SIGTERM)
      #expect(try server.process.waitForExit(within: .seconds(60)) == 0)

      let file = installation.dataFolder.appendingPathComponent("job.json")
      func train(_ flags: String...) throws -> Program.Result {
        try Program.run(["train", file.path, "--data-dir", installation.path] + flags)
      }
      try Data(fixture.job(steps: 20).utf8).write(to: file)
      let price = try train("--dry-run")
      #expect(price.status == 0 && price.json["dry_run"].bool == true && price.json["fits"].bool == true)
      let job = try train()
      #expect(job.status == 0 && job.json["state"].string == "succeeded", "\(job.errors)")
      #expect(job.json["progress"]["step"].number == 20)
      try installation.expectLedgerHolds("after the job")

      try Data(fixture.job(steps: 100_000).utf8).write(to: file)
      let refused = try train()
      #expect(refused.status == 1 && refused.output.isEmpty)
      #expect(JSON(Array(refused.errors.utf8))["code"].string == "budget_exceeded")
      try installation.expectLedgerHolds("after the refusal")
    }
  }

  @Test func anEditedByteIsFound() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let fixture = try TrainingFixture(installation, server)
      for noise in ["40.125", "41.125", "42.125"] {
        _ = try server.create(
          "/v1/budgets/\(fixture.budget)/charges", #"{"event": {"type": "gaussian", "noise_multiplier": \#(noise)}}"#)
      }
      server.process.send(SIGTERM)
      #expect(try server.process.waitForExit(within: .seconds(60)) == 0)
      try installation.expectLedgerHolds("before the edit")

      // The budget's first entry is 1; the second charge is entry 3.
      let file = installation.dataFolder.appendingPathComponent("ledger.sqlite")
      var bytes = try Data(contentsOf: file)
      let place = try #require(bytes.range(of: Data("41.125".utf8)), "the entry is in the file")
      bytes.replaceSubrange(place, with: Data("91.125".utf8))
      try bytes.write(to: file)
      let result = try Program.run("verify-ledger", "--data-dir", installation.path)
      #expect(result.status != 0 && result.output.contains("Entry 3 does not hold"), "\(result)")
    }
  }

  @Test(arguments: [
    (["serve", "--port", "0"], "--data-dir"),
    (["serve", "--port", "70000", "--data-dir", "DIR"], "--port"),
    (["serve", "--prot", "0", "--data-dir", "DIR"], "--prot"),
    (["serve", "--port", "0", "--workers", "65", "--data-dir", "DIR"], "--workers"),
    (["serve", "--port", "0", "--host", "no.such.host.invalid", "--data-dir", "DIR"], "no.such.host.invalid"),
    (["serve", "--port", "0", "--data-dir", "FILE"], "FILE"),
    (["verify-ledger", "--data-dir", "DIR"], "there is no ledger in DIR"),
    (["token", "list", "--data-dir", "DIR"], "there is no ledger in DIR"),
    (["token", "create", "--role", "king", "--data-dir", "DIR"], "--role is one of viewer"),
    (["train", "DIR/no-such-job.json", "--data-dir", "DIR"], "no-such-job.json"),
    (["epsilon", "--noise-multiplier", "1"], "--delta"),
    (["epsilon", "--event", "DIR/no-such-event.json", "--delta", "1e-5"], "no-such-event.json"),
    (["bench", "accounting", "--task", "z"], "no task z"),
    (["levitate"], "levitate"),
  ])
  func mistakesAreNamed(arguments: [String], named: String) async throws {
    try await blocking {
      let folder = try TemporaryFolder()
      defer { folder.remove() }
      let file = folder.url.appendingPathComponent("file")
      try Data("text".utf8).write(to: file)
      func filled(_ text: String) -> String {
        text.replacingOccurrences(of: "DIR", with: folder.url.path).replacingOccurrences(of: "FILE", with: file.path)
      }
      let result = try Program.run(arguments.map(filled))
      #expect(result.status > 0 && result.output.isEmpty, "\(result)")
      let line = try #require(result.errors.split(separator: "\n").first)
      #expect(line.hasPrefix("Error: ") && line.contains(filled(named)), "\(line)")
      #expect(!line.contains("NSCocoa") && !line.contains("Unknown error"), "\(line)")
    }
  }

  @Test func aTakenPortIsOneLine() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let port = String(server.port)
      let result = try Program.run("serve", "--port", port, "--no-auth", "--data-dir", installation.path)
      #expect(result.status != 0 && result.output.isEmpty)
      #expect(result.errors == "Error: 127.0.0.1:\(port): bind failed: Address already in use\n")
      #expect(try server.client().get("/healthz").status == 200)
    }
  }

  @Test func anUnknownTokenIsNamed() async throws {
    try await withInstallation { installation in
      _ = try installation.start(workers: 0)
      let id = "tok_aaaaaaaaaaaaaaaaaaaaaaaaaa"
      let result = try Program.run("token", "revoke", "--data-dir", installation.path, id)
      #expect(result.status != 0 && result.errors == "Error: There is no token \(id).\n", "\(result.errors)")
    }
  }
}
