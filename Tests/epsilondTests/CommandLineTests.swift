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
