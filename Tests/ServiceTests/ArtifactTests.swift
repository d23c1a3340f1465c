import Foundation
import Ledger
import TestSupport
import Testing

@Suite struct ArtifactTests {
  private let model = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }

  private func withArtifacts(_ body: @escaping @Sendable (TestClient, String, LiveService) throws -> Void) async throws
  {
    try await withService { live in
      let job = try JobFixture(live)
      try job.claim()
      try job.commit()
      try job.finish(files: ["model.safetensors": model, "report.md": Array("# Report\n".utf8)])
      try body(try live.client(), "/v1/jobs/\(job.id)/artifacts", live)
    }
  }

  @Test func theListNamesEveryFileWithItsDigest() async throws {
    try await withArtifacts { client, path, _ in
      let list = try client.get(path).json["data"].array
      #expect(list.map { $0["name"].string } == ["model.safetensors", "report.md"])
      #expect(list[0]["bytes"].number == 1_000)
      #expect(list[0]["sha256"].string == "\(try Digest(of: model))")
    }
  }

  @Test func aFileComesWholeWithItsDigest() async throws {
    try await withArtifacts { client, path, _ in
      let response = try client.get(path + "/model.safetensors")
      #expect(response.status == 200)
      #expect(response.body == model)
      #expect(response["Accept-Ranges"] == "bytes")
      let digest = Data(try Digest(of: model).bytes).base64EncodedString()
      #expect(response["Repr-Digest"] == "sha-256=:\(digest):")
      #expect(response["ETag"] != nil)
      #expect(response["X-Content-Type-Options"] == "nosniff")
    }
  }

  @Test func rangesFollowTheirRules() async throws {
    try await withArtifacts { client, path, _ in
      let file = path + "/model.safetensors"
      let tag = try #require(try client.get(file)["ETag"])
      let rows: [(range: String, condition: String?, status: Int, body: Range<Int>)] = [
        ("bytes=0-9", nil, 206, 0..<10), ("bytes=990-", nil, 206, 990..<1_000), ("bytes=-5", nil, 206, 995..<1_000),
        ("bytes=0-9", tag, 206, 0..<10), ("bytes=0-9", "\"other\"", 200, 0..<1_000), ("items=0-9", nil, 200, 0..<1_000),
        ("bytes=9-0", nil, 200, 0..<1_000),
      ]
      for row in rows {
        let headers = [("Range", row.range)] + (row.condition.map { [("If-Range", $0)] } ?? [])
        let response = try client.get(file, headers)
        #expect(response.status == row.status, "\(row)")
        #expect(response.body == Array(model[row.body]), "\(row)")
        if row.status == 206 {
          #expect(response["Content-Range"] == "bytes \(row.body.lowerBound)-\(row.body.upperBound - 1)/1000")
        }
      }
      let outside = try client.get(file, [("Range", "bytes=1000-")])
      #expect(outside.status == 416)
      #expect(outside["Content-Range"] == "bytes */1000")
    }
  }

  @Test func anUnchangedFileIsNotSentAgain() async throws {
    try await withArtifacts { client, path, _ in
      let tag = try #require(try client.get(path + "/model.safetensors")["ETag"])
      let again = try client.get(path + "/model.safetensors", [("If-None-Match", tag)])
      #expect(again.status == 304)
    }
  }

  @Test func nothingButRegisteredNamesIsServed() async throws {
    try await withArtifacts { client, path, live in
      try Data("secret".utf8).write(to: live.directory.appendingPathComponent("artifacts/secret"))
      for name in [
        "secret", "..%2fsecret", "..%2Fsecret", "%2e%2e%2fsecret", "..%5csecret", "../secret", "..", ".", "%2e%2e",
        "model.safetensors%00", "model.safetensors/", "MODEL.SAFETENSORS", "%2fetc%2fpasswd", "report.md%0a",
        "nothing.bin", "..%2f..%2fledger.sqlite",
      ] {
        let response = try client.get(path + "/" + name)
        #expect((400..<500).contains(response.status), "\(name): \(response.status)")
        #expect(!response.text.contains("secret\n") && response.body != Array("secret".utf8), "\(name)")
      }
    }
  }

  @Test func aRegisteredFileThatIsGoneIsAPlainFailure() async throws {
    try await withArtifacts { client, path, live in
      try FileManager.default.removeItem(at: live.directory.appendingPathComponent("artifacts"))
      let response = try client.get(path + "/report.md")
      #expect(response.status == 500)
      #expect(response.json["code"].string == "internal_error")
      #expect(!response.text.contains(live.directory.path), "an answer tells nothing of the machine's folders")
    }
  }
}
