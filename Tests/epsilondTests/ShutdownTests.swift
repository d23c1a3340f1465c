import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct ShutdownTests {
  @Test func terminationEndsInOrder() async throws {
    try await withInstallation { installation in
      var server = try installation.start()
      let fixture = try TrainingFixture(installation, server)
      let job = try server.createID("/v1/jobs", fixture.job())
      try server.wait(for: job, step: 1)

      // A question that takes some time; once a later connection is answered, the server has read it.
      let grid = (0..<4_000).map { "\(0.5 + Double($0) / 1_000)" }.joined(separator: ",")
      let question =
        #"{"noise_multiplier": [\#(grid)], "epochs": [3], "batch_size": [256], "dataset_size": 60000, "delta": [1e-5], "#
        + #""accountant": "rdp"}"#
      let client = try server.client()
      try client.write("POST", "/v1/frontier", [], body: Array(question.utf8))
      #expect(try server.client().get("/healthz").status == 200)
      server.process.send(SIGTERM)
      let (status, headers) = try client.readHead()
      let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) }
      let answer = JSON(try client.readBody(try #require(length)))
      #expect(status == 200 && answer["epsilon"].array.count == 4_000)

      #expect(try server.process.waitForExit(within: .seconds(60)) == 0)
      #expect(try installation.processes.isEmpty)
      try installation.expectLedgerHolds("after the shutdown")
      let log = try server.process.errors
      let line = try #require(log.split(separator: "\n").first { $0.contains("job \(job): queued at step ") }, "\(log)")
      let step = try #require(line.split(separator: " ").last.flatMap { Int($0) })

      // Another server's worker goes on from there.
      server = try installation.start()
      let end = try server.waitForEnd(of: job)
      #expect(end.state == "succeeded" && end.attempts == 2, "\(end)")
      #expect(
        try server.process.errors.contains("job \(job): attempt 2, from step \(step) of \(TrainingFixture.steps)\n"))
      try installation.expectLedgerHolds("at the end")
    }
  }
}
